"""Starting the threads that read clients, and waiting for their end."""

from __future__ import annotations

import threading
import weakref

import pytest

from server_parts.wire.readers import Readers
from tests.peers import WAIT, wait_until

pytestmark = pytest.mark.usefixtures("no_threads_left")


def test_all_are_waited_for_together() -> None:
    """Those that do not end in time are named; the rest has ended."""
    readers, gate = Readers(), threading.Event()
    readers.start(gate.wait, WAIT, name="one")
    readers.start(gate.wait, WAIT, name="two")
    readers.start(readers.leave, name="three")
    assert wait_until(lambda: "reader three" not in {thread.name for thread in threading.enumerate()})
    assert sorted(readers.join(0.1)) == ["reader one", "reader two"]
    gate.set()
    assert readers.join(WAIT) == []


def test_whoever_has_left_is_forgotten() -> None:
    """When the next one comes."""
    readers, left = Readers(), []

    def read() -> None:
        left.append(weakref.ref(threading.current_thread()))
        readers.leave()

    readers.start(read, name="one")
    assert wait_until(lambda: bool(left))
    gate = threading.Event()
    readers.start(gate.wait, WAIT, name="two")
    readers.start(gate.wait, WAIT, name="three")
    assert wait_until(lambda: left[0]() is None)
    gate.set()
    assert readers.join(WAIT) == []


def test_a_lack_of_threads_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a reader that was never started."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    readers = Readers()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(RuntimeError):
        readers.start(readers.leave, name="one")
    assert readers.join(WAIT) == []
