"""Telling connections for which there is no place that there is none, each in a form that it understands.

Most programs speak first, and a browser does not understand what a native client does. So a connection is watched for a
moment; that is done by one thread for all of them, and only for so many. It must not know what the words mean.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from server_parts.wire import sockets
from server_parts.wire.acceptor import refuse

MOMENT: Final = 0.3  # seconds
MOST: Final = 16  # connections that are watched; a further one is told at once
READ: Final = 16 * 1024


class TurningAway:
    """`turn_away` belongs to the accept thread. `close` waits for nobody."""

    def __init__(self, is_for: Callable[[bytes], bool]) -> None:
        """`is_for`: whether somebody who begins like that understands the other words."""
        self._is_for = is_for
        self._waiting: deque[tuple[float, socket.socket, bytes, bytes]] = deque()
        self._lock = threading.Lock()  # guards what waits, and whether somebody looks after it
        self._thread: threading.Thread | None = None

    def turn_away(self, connection: socket.socket, words: bytes, other_words: bytes) -> None:
        """Say one of the two to a connection, and end it, without waiting for it."""
        with self._lock:
            if len(self._waiting) >= MOST:
                refuse(connection, words)
                return
            self._waiting.append((time.monotonic() + MOMENT, connection, words, other_words))
            if self._thread is not None:
                return
            # It lives as long as somebody waits. A daemon: a moment later it ends in any case.
            self._thread = threading.Thread(target=self._run, name="turning away", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # no more threads to be had
            self._thread = None
            self.close()

    def close(self) -> None:
        """Everybody who still waits is told now."""
        with self._lock:
            waiting, thread = list(self._waiting), self._thread
            self._waiting.clear()
        for _, connection, words, _ in waiting:
            refuse(connection, words)
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while (waiting := self._next()) is not None:
            until, connection, words, other_words = waiting
            first = self._first(connection, until - time.monotonic())
            refuse(connection, other_words if self._is_for(first) else words)

    def _next(self) -> tuple[float, socket.socket, bytes, bytes] | None:
        """They came one after the other, so whoever is first has waited longest."""
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._thread = None
            return None

    @staticmethod
    def _first(connection: socket.socket, seconds: float) -> bytes:
        """What it says; that must be read, or the end would be a reset, which swallows the words."""
        with contextlib.suppress(OSError):
            if sockets.readable(connection, seconds):
                return connection.recv(READ)
        return b""
