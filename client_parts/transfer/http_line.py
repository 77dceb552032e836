"""One connection for requests over HTTP, one after the other. It waits: for a reader, for bytes, and only so long.

It must not know files. Any thread may cut it.
"""

from __future__ import annotations

import select
import socket
from contextlib import suppress
from typing import Final

from client_parts.files.http import Answer, HeadReader, HttpError
from client_parts.link.wire import Wire

_CHUNK: Final = 262_144
_QUIET: Final = 300.0  # seconds in which nothing moves: servers let transfers wait for their turn
_UNSENT: Final = 262_144  # bytes in the kernel that have not left: more would only look like progress
_INTERIM: Final = 100, 199  # answers before the answer
_MOST_INTERIM: Final = 10


class Silence(OSError):
    """Nothing has moved for too long."""


class HttpLine:
    """One thread uses it."""

    def __init__(self, wire: Wire, quiet: float = _QUIET) -> None:
        self._wire = wire
        self._quiet = quiet
        self._arrived = b""  # and not taken yet
        _tune(wire.socket)

    # --- Out ---

    def send(self, data: bytes) -> bool:
        """Send all of it. False if the server has begun to answer instead: it reads no more."""
        rest = memoryview(data)
        while rest or self._wire.has_unsent:
            if self._has_something(wants_to_send=True):
                return False
            with suppress(BlockingIOError, InterruptedError):
                self._wire.flush()
                if rest:
                    rest = rest[self._wire.send(rest[:_CHUNK]) :]
        return True

    def _has_something(self, *, wants_to_send: bool) -> bool:
        """Wait. Whether there is something to read. Silence if nothing is possible for long."""
        if self._arrived:
            return True
        waiting = [self._wire.socket] if wants_to_send else []
        readable, writable, _ = select.select([self._wire.socket], waiting, [], self._quiet)
        if not readable and not writable:
            raise Silence("nothing has moved for too long")
        if not readable:
            return False
        self._take_in()
        return bool(self._arrived)

    def _take_in(self) -> None:
        """ConnectionError at the end of what the server says."""
        with suppress(BlockingIOError, InterruptedError):
            data = self._wire.recv(_CHUNK)
            if not data:
                raise ConnectionResetError("the server closed the connection")
            self._arrived += data

    # --- In ---

    def answer(self) -> Answer:
        """The next answer. HttpError if it is none."""
        for _ in range(_MOST_INTERIM):
            reader = HeadReader()
            while (found := reader.feed(self._some())) is None:
                pass
            self._arrived = reader.rest
            if not _INTERIM[0] <= found.status <= _INTERIM[1]:
                return found
        raise HttpError("too many answers before the answer")

    def _some(self) -> bytes:
        while not self._arrived:
            self._has_something(wants_to_send=self._wire.has_unsent)
            if self._wire.has_unsent:
                self._wire.flush()
        taken, self._arrived = self._arrived, b""
        return taken

    def piece(self, most: int) -> bytes:
        """Some of a body, of which so many bytes are left."""
        data = self._some()
        self._arrived = data[most:]
        return data[:most]

    def text(self, answer: Answer, most: int = 500) -> str:
        """The beginning of what a refusal says; nothing if that is no text."""
        length = min(answer.number("content-length") or 0, most)
        if not answer.fields.get("content-type", "").startswith("text/plain"):
            return ""
        data = b""
        with suppress(OSError):
            while len(data) < length:
                data += self.piece(length - len(data))
        return data.decode("utf-8", "replace").strip()

    def close(self) -> None:
        self._wire.close()


def _tune(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 5), ("TCP_NOTSENT_LOWAT", _UNSENT)):
            if (option := getattr(socket, name, None)) is not None:
                connection.setsockopt(socket.IPPROTO_TCP, option, value)
