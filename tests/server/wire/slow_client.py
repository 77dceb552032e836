"""A client that reads slowly or not at all, and what can be said of what it gets."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

from server_parts.wire.outbox import Outbox

MEGABYTE = 1024 * 1024
STALLED = b"what the kernel took before"

Open = Callable[..., tuple[Outbox, socket.socket]]


def read(theirs: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = theirs.recv(size - len(data))
        assert piece, f"the end after {len(data)} of {size} bytes"
        data += piece
    return data


def read_all(theirs: socket.socket) -> bytes:
    return b"".join(iter(lambda: theirs.recv(65_536), b""))


def block(number: int, size: int = 10_000) -> bytes:
    return f"{number:08}".encode() * (size // 8)


def swallow(ours: socket.socket) -> None:
    """Fill the kernel's buffer, so that not a byte more goes out until the client reads."""
    ours.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            ours.send(STALLED)
    ours.setblocking(True)


def stall(outbox: Outbox) -> bytes:
    """Offer three blocks to a client that does not read; what they were."""
    blocks = [block(number) for number in range(3)]
    assert all(outbox.offer(each) for each in blocks)
    assert outbox.backlog == 30_000
    return b"".join(blocks)


def read_stalled(theirs: socket.socket, expected: bytes) -> bytes:
    """Read what the kernel had swallowed and as much as is expected after it; the latter."""
    data = b""
    while len(data.replace(STALLED, b"")) < len(expected):
        data += theirs.recv(65_536)
    return data.replace(STALLED, b"")


def answer(outbox: Outbox, block: bytes) -> None:
    """What a reader does with an answer of its own: wait until it and all before it is sent."""
    outbox.offer_pages((block,))
    outbox.drain()
