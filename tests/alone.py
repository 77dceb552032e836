"""Lets a test that judges times have the machine for itself: the other workers wait between two tests until it is done.

    pytestmark = pytest.mark.alone

A pytest plugin, by way of conftest.py.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

# Locked, not read; any two files that every worker finds.
DOOR: Final = Path(__file__).with_name("conftest.py")
ROOM: Final = Path(__file__)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "alone: judges times; no other test runs meanwhile")


# Around everything else, also around the time-out of the test: it must not run out while the test waits for its turn.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    with _turn(alone=item.get_closest_marker("alone") is not None):
        return (yield)


@contextmanager
def _turn(alone: bool) -> Iterator[None]:
    if fcntl is None:
        yield
        return
    with DOOR.open() as door, ROOM.open() as room:
        # Who wants to be alone keeps the door until the room is empty, or newcomers would keep it full for ever.
        fcntl.flock(door, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        if not alone:
            fcntl.flock(door, fcntl.LOCK_UN)
        yield
