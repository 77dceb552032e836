"""What carries the bytes of a link: a socket as it is, or one that encrypts (`secure.py`). Nobody ever waits here.

It must not know what the bytes mean.
"""

from __future__ import annotations

import socket
from typing import Protocol


class Wire(Protocol):
    """One thread uses it; `socket` is there for looking at, and for options. OSError says that it is broken."""

    socket: socket.socket

    @property
    def has_unsent(self) -> bool:
        """Whether something that was taken by `send` has not left yet."""

    def flush(self) -> None:
        """Let that leave, as far as it goes at once."""

    def send(self, data: bytes | memoryview) -> int:
        """Take some of it; how much that was. BlockingIOError: nothing, now."""

    def recv(self, size: int) -> bytes:
        """What has arrived; nothing at the end that the other side has said. BlockingIOError: nothing yet."""

    def close(self) -> None: ...


class PlainWire:
    """Bytes go as they are."""

    has_unsent = False

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.socket = connection

    def flush(self) -> None:
        """The kernel has it already."""

    def send(self, data: bytes | memoryview) -> int:
        return self.socket.send(data)

    def recv(self, size: int) -> bytes:
        return self.socket.recv(size)

    def close(self) -> None:
        self.socket.close()
