"""Ports for servers that come and go."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


class ReservedPort:
    """A port that nobody else is given while a server of ours is away from it.

    A bound socket that does not listen holds it: whoever connects is refused. Elsewhere than on Linux such a socket
    would keep our own server out too, and there the port is only one that was free.
    """

    def __init__(self) -> None:
        self._holder = socket.socket()
        self._holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._holder.bind(("127.0.0.1", 0))
        self.number: int = self._holder.getsockname()[1]
        if sys.platform != "linux":
            self._holder.close()

    def release(self) -> None:
        self._holder.close()


@contextmanager
def black_hole(*, is_full: bool = True) -> Iterator[int]:
    """The port of a server that hangs: it accepts nobody. If it is full, not even its kernel answers."""
    with ExitStack() as opened:
        listener = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0 if is_full else 8))
        for one in [opened.enter_context(socket.socket()) for _ in range(4 if is_full else 0)]:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
