"""Programs under test may keep their compiled modules, whatever whoever runs the tests says."""

from __future__ import annotations

import os
import subprocess
import sys

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
