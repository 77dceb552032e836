"""Lets a test that judges times have the machine for itself: the other workers wait between two tests until it is done.

    pytestmark = pytest.mark.alone

So do the workers of other copies of the project, if the same user runs them. And server processes keep their data in
memory then, if there is enough of it: what a disk takes to sync, at times a fifth of a second, would be blamed on them.

Waiting costs all workers time, so such a test is thorough as well. One that also judges something else uses
`at_its_pace`, and judges that beside others. A pytest plugin, by way of conftest.py.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Final

import pytest

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

# Locked, not read, and left there: who deleted one would lock another than those who have it open.
DOOR: Final = "chat-pair-tests-door"
ROOM: Final = "chat-pair-tests-room"
MEMORY: Final = "/dev/shm"
ENOUGH: Final = 1 << 30  # bytes
BESIDE_OTHERS: Final = 10.0  # times as long as with the machine for itself


@pytest.fixture(params=["beside others", pytest.param("alone", marks=[pytest.mark.alone, pytest.mark.thorough])])
def at_its_pace(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same test twice. Beside others, everything may take ten times as long as `slowly` would allow."""
    from tests.faults import actors
    from tests.peers import SLOWNESS

    if request.param != "alone":
        monkeypatch.setattr(actors, "SLOWNESS", BESIDE_OTHERS * SLOWNESS)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "alone: judges times; no other test runs meanwhile")
    config.addinivalue_line("markers", "thorough: takes long; runs only if it is asked for, with -m thorough")
    config.addinivalue_line("markers", "once: shows the same with every Python; .ci/run repeats it with no other")


# Around everything else, also around the time-out of the test: it must not run out while the test waits for its turn.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    alone = item.get_closest_marker("alone") is not None
    with _turn(alone), in_memory() if alone else nullcontext():
        return (yield)


@contextmanager
def _turn(alone: bool) -> Iterator[None]:
    if fcntl is None:
        yield
        return
    with open_lock(DOOR) as door, open_lock(ROOM) as room:
        # Who wants to be alone keeps the door until the room is empty, or newcomers would keep it full for ever.
        fcntl.flock(door, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        if not alone:
            fcntl.flock(door, fcntl.LOCK_UN)
        yield


def open_lock(name: str) -> IO[bytes]:
    """The same file in every copy of the project; if somebody else sits on its name, one of this copy alone."""
    file = Path(tempfile.gettempdir(), f"{name}-{os.getuid()}")
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError:
        descriptor = os.open(Path(__file__).with_name("conftest.py" if name == DOOR else "alone.py"), os.O_RDONLY)
    return os.fdopen(descriptor, "rb")


@contextmanager
def in_memory() -> Iterator[None]:
    """The data of servers that are started is on no disk: see data_folder in tests/bench/contestants.py."""
    if not has_memory():
        yield
        return
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CHAT_TESTS_DATA", MEMORY)
        yield


def has_memory() -> bool:
    try:
        there = os.statvfs(MEMORY)
    except (OSError, AttributeError):
        return False
    return os.access(MEMORY, os.W_OK) and not there.f_flag & os.ST_NOEXEC and there.f_bavail * there.f_frsize >= ENOUGH
