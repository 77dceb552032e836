"""Starting the threads that read clients, and waiting for their end."""

from __future__ import annotations

import socket
import threading
import weakref
from collections.abc import Iterator

import pytest

from server_parts.wire.readers import Readers
from server_parts.wire.wire import Wire
from tests.peers import WAIT, wait_until

pytestmark = pytest.mark.usefixtures("no_threads_left")


@pytest.fixture
def link() -> Iterator[tuple[socket.socket, Wire]]:
    """What a reader reads."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, Wire(ours)


def test_a_reader_is_told_what_to_read(link: tuple[socket.socket, Wire]) -> None:
    """The connection and its wire."""
    readers, told = Readers(), list[tuple[socket.socket, Wire]]()
    readers.start(lambda *what: told.append(what), *link, name="one")
    assert readers.join(WAIT) == []
    assert told == [link]


def test_all_are_waited_for_together(link: tuple[socket.socket, Wire]) -> None:
    """Those that do not end in time are named; the rest has ended."""
    readers, gate = Readers(), threading.Event()
    readers.start(lambda *_: gate.wait(WAIT), *link, name="one")
    readers.start(lambda *_: gate.wait(WAIT), *link, name="two")
    readers.start(lambda *_: readers.leave(), *link, name="three")
    assert wait_until(lambda: "reader three" not in {thread.name for thread in threading.enumerate()})
    assert sorted(readers.join(0.1)) == ["reader one", "reader two"]
    gate.set()
    assert readers.join(WAIT) == []


def test_whoever_has_left_is_forgotten(link: tuple[socket.socket, Wire]) -> None:
    """When the next one comes."""
    readers, left = Readers(), []

    def read(*_: object) -> None:
        left.append(weakref.ref(threading.current_thread()))
        readers.leave()

    readers.start(read, *link, name="one")
    assert wait_until(lambda: bool(left))
    gate = threading.Event()
    readers.start(lambda *_: gate.wait(WAIT), *link, name="two")
    readers.start(lambda *_: gate.wait(WAIT), *link, name="three")
    assert wait_until(lambda: left[0]() is None)
    gate.set()
    assert readers.join(WAIT) == []


def test_a_lack_of_threads_is_told(link: tuple[socket.socket, Wire], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a reader that was never started."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    readers = Readers()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(RuntimeError):
        readers.start(lambda *_: readers.leave(), *link, name="one")
    assert readers.join(WAIT) == []
