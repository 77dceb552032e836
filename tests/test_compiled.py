"""Programs under test, and tests, keep their compiled modules, whatever whoever runs the tests says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import compiled

ASK = "import sys; print(sys.dont_write_bytecode, sys.pycache_prefix or '')"


def test_a_program_may_keep_them() -> None:
    """One that a test starts has its modules to read when it is started again."""
    forbidden, where = subprocess.check_output([sys.executable, "-c", ASK], text=True).rstrip("\n").split(" ", 1)
    assert forbidden == "False"
    assert where or not sys.dont_write_bytecode


def test_where_nothing_is_forbidden_nothing_is_changed(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are kept beside the source, as usual."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    before = dict(os.environ)
    compiled.pytest_configure(pytestconfig)
    assert dict(os.environ) == before


def test_what_was_asked_for_is_what_a_worker_imports(tmp_path: Path) -> None:
    """A folder, a file, and one test of a file; each file once."""
    for name in ("a/test_one.py", "a/b/test_two.py", "a/helper.py", "test_three.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    asked = [f"{tmp_path}/a", f"{tmp_path}/a/b/test_two.py", f"{tmp_path}/test_three.py::test_x[1::2]"]
    found = [str(file.relative_to(tmp_path)) for file in compiled.test_files(asked)]
    assert found == ["a/b/test_two.py", "a/test_one.py", "test_three.py"]


def test_what_is_forbidden_is_allowed_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written beside the source, and one module that is broken keeps none of the others away."""
    source, elsewhere = tmp_path / "source", tmp_path / "elsewhere"
    source.mkdir()
    (source / "test_broken_in_turn.py").write_text("1 / 0")
    (source / "test_kept_in_turn.py").write_text("assert True")
    monkeypatch.syspath_prepend(str(source))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    with compiled.kept(elsewhere):
        compiled.import_all(sorted(source.glob("*.py")), source)
    assert (sys.dont_write_bytecode, sys.pycache_prefix) == (True, None)
    assert [file.name for file in source.iterdir() if file.suffix != ".py"] == []
    assert [file.name.partition(".")[0] for file in elsewhere.rglob("test_kept*.pyc")] == ["test_kept_in_turn"]
    assert sys.modules.pop("test_kept_in_turn").__name__ == "test_kept_in_turn"
