"""What an encrypted wire does for its memory's sake. What it shares with other wires is in `test_wire.py`."""

from __future__ import annotations

import socket
import threading

from server_parts.wire.tls_wire import LITTLE, TlsWire
from server_parts.wire.wire import RECEIVE
from tests.peers import WAIT
from tests.tls.certificates import needs_openssl, server_context, trusting_context

pytestmark = needs_openssl


class Watched(TlsWire):
    """Notes for how much it sets memory aside."""

    __slots__ = ("asked",)

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection, server_context())
        self.asked: list[int] = []

    def _receive(self, most: int) -> bytes:
        self.asked.append(most)
        return super()._receive(most)


def test_little_memory_is_set_aside_to_wait_with() -> None:
    """Only after much has come at once it is as much as a plain wire has, until little comes again."""
    ours, theirs = socket.socketpair()
    wire, clients = Watched(ours), list[socket.socket]()
    client = threading.Thread(target=lambda: clients.append(trusting_context().wrap_socket(theirs)))
    client.start()
    assert wire.shake_hands(WAIT, lambda step: step())
    client.join(WAIT)
    with clients[0] as peer, ours:
        wire.asked.clear()
        peer.sendall(b"x" * 10_000)
        got = 0
        while got < 10_000:
            got += len(wire.receive())
        assert wire.asked == [LITTLE, RECEIVE]
        for _ in range(2):
            peer.sendall(b"hello\n")
            assert wire.receive() == b"hello\n"
        assert wire.asked[2:] == [RECEIVE, LITTLE]
