"""Tests that judge times have the machine for themselves, whichever copy of the project runs them."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import pytest

if sys.platform == "win32":
    pytest.skip("locks of this kind are a Unix thing", allow_module_level=True)

import fcntl

from tests import alone
from tests.bench.contestants import ROOT
from tests.faults.odd_server import serving

pytestmark = pytest.mark.once


@pytest.fixture
def copy(tmp_path: Path) -> ModuleType:
    """The same plugin in another checkout."""
    for file in ("alone.py", "conftest.py"):
        shutil.copy(Path(alone.__file__).with_name(file), tmp_path)
    spec = importlib.util.spec_from_file_location("copied_alone", tmp_path / "alone.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def is_taken(plugin: ModuleType) -> bool:
    """Whether a test that wants to be alone would have to wait."""
    with plugin.open_lock(plugin.ROOM) as room:
        try:
            fcntl.flock(room, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_another_copy_waits_for_this_test(copy: ModuleType) -> None:
    """This one is in the room, as the plugin saw to."""
    assert is_taken(copy)


def test_a_name_that_cannot_be_used_is_no_drama(
    copy: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Another user's file, or a trap: then at least the workers of one copy wait for each other."""
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path / "nowhere"))
    assert is_taken(copy) is False
    with copy.open_lock(copy.ROOM) as room:
        fcntl.flock(room, fcntl.LOCK_SH)
        assert is_taken(copy)


def test_in_the_usual_run_nobody_waits(request: pytest.FixtureRequest) -> None:
    """Whoever is alone is thorough; but for the tests in a browser, which are run by themselves."""
    alone_here = [item for item in request.session.items if item.get_closest_marker("alone")]
    waits = [item.nodeid for item in alone_here if not item.get_closest_marker("thorough")]
    assert [name for name in waits if not name.startswith("tests/browser/")] == []


@pytest.mark.alone
@pytest.mark.thorough
@pytest.mark.skipif(not alone.has_memory(), reason="there is no memory to put files in")
def test_servers_keep_their_data_in_memory() -> None:
    """Those of the fault tests, and those of the benchmark."""
    with serving() as server:
        assert f"\0--data\0{alone.MEMORY}/" in Path(f"/proc/{server.pid}/cmdline").read_text()
    usage = subprocess.check_output([sys.executable, "-m", "tests.bench", "--help"], cwd=ROOT, text=True)
    assert f"(default: {alone.MEMORY})" in usage
