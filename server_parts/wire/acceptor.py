"""Accepting connections, also when the system has no descriptor left for one more.

A connection that cannot be accepted stays in the listener's queue, and the listener stays readable: without pauses, a
loop would eat a processor. A spare descriptor is kept for that day: given up for a moment, it lets one connection in,
to be told why it cannot stay.
It must not know clients, or what the words mean.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
import time
from typing import Final

from server_parts.wire import sockets

OUT_OF_DESCRIPTORS: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
FIRST_PAUSE, LONGEST_PAUSE = 0.01, 1.0  # seconds

Accepted = tuple[socket.socket, tuple[str, int]]  # the connection, and where it comes from


class Acceptor:
    """One thread's. It does not own the listener; `close` gives back what it keeps beside it."""

    def __init__(self, listener: socket.socket, full: bytes) -> None:
        """`full` is what a connection is told for which there is no descriptor."""
        listener.setblocking(False)  # a connection may be gone again between being seen and being accepted
        self._listener = listener
        self._full = full
        self._spare = _spare_descriptor()
        self._pause = 0.0
        self._is_crowd = False  # somebody has just come, so the next may be there: accepted without a look before

    def accept(self, seconds: float) -> Accepted | None:
        """The next connection; None if none comes within so many seconds, or it went away, or could not be let in."""
        if self._pause:
            time.sleep(self._pause)
        try:
            # Not every system wakes accept() when it is shut down.
            if not (self._is_crowd or sockets.readable(self._listener, seconds)):
                return None
            self._is_crowd = False
            connection, address = self._listener.accept()
            if sys.platform != "linux":
                connection.setblocking(True)  # others may pass the listener's mode on
        except OSError as error:
            if error.errno in OUT_OF_DESCRIPTORS:
                self._turn_one_away()
                self._pause = min(max(self._pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
            return None  # ECONNABORTED and its like: that client went away again
        self._pause = 0.0
        self._is_crowd = True
        return connection, address[:2]

    def close(self) -> None:
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None

    def _turn_one_away(self) -> None:
        if self._spare is not None:
            os.close(self._spare)
            with contextlib.suppress(OSError):
                refuse(self._listener.accept()[0], self._full)
        self._spare = _spare_descriptor()


def refuse(connection: socket.socket, last_words: bytes) -> None:
    """Say that to a connection and end it, without waiting for it."""
    with contextlib.suppress(OSError), connection:
        connection.setblocking(False)
        connection.send(last_words)


def _spare_descriptor() -> int | None:
    try:
        return os.open(os.devnull, os.O_RDONLY)
    except OSError:
        return None
