"""The threads that read clients, one for each: how they are started, and how their end is waited for."""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from collections.abc import Callable

from server_parts.wire.wire import Wire

Read = Callable[[socket.socket, Wire], object]


class _Reader(threading.Thread):
    """A daemon only because starting any other thread takes as long as there are many. It is joined in the end.

    `run` calls what reads by itself. By way of `threading.Thread.run` the interpreter would call itself once more, and
    that takes half a kilobyte of the stack. A reader in the clear gets by with two pages of it, but not with much room.
    """

    def __init__(self, read: Read, connection: socket.socket, wire: Wire, name: str) -> None:
        super().__init__(name=f"reader {name}", daemon=True)
        self._what = read, connection, wire

    def run(self) -> None:
        read, connection, wire = self._what
        del self._what  # whoever waits for the thread's end need not keep them until then
        read(connection, wire)


class Readers:
    """`start` and `join` belong to one thread at a time: the accept thread, and after it the main thread."""

    def __init__(self) -> None:
        self._threads: set[threading.Thread] = set()
        self._leaving: deque[threading.Thread] = deque()  # those of them that are about to end

    def start(self, read: Read, connection: socket.socket, wire: Wire, *, name: str) -> None:
        """Run it in a thread of its own. RuntimeError: there are no more threads to be had."""
        reader = _Reader(read, connection, wire, name)
        reader.start()
        self._threads.add(reader)
        while self._leaving:
            ended = self._leaving.popleft()
            ended.join()
            self._threads.discard(ended)

    def leave(self) -> None:
        """A reader's own last step but for its log record."""
        self._leaving.append(threading.current_thread())

    def join(self, seconds: float) -> list[str]:
        """Wait for all of them together; the names of those that are left."""
        until = time.monotonic() + seconds
        for reader in self._threads:
            reader.join(max(until - time.monotonic(), 0.0))
        return [reader.name for reader in self._threads if reader.is_alive()]
