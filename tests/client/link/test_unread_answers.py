"""A server that renews its keys again and again may ask each time for an answer, and read none of them."""

from __future__ import annotations

import math
import socket

import pytest

from client_parts.link import secure
from client_parts.link.secure import SecureWire
from tests.tls.certificates import der, key_pair, needs_openssl, trusting_context
from tls_parts.channel import Channel

pytestmark = needs_openssl
ANSWER = 10_000
SOME = secure._MOST_UNSENT // ANSWER


class Renewing(Channel):
    """Stands for the channel to such a server: it has an answer to everything."""

    def feed(self, data: bytes) -> None:
        self._ready += b"z" * ANSWER

    def read(self) -> bytes:
        return b"x"

    def certificate(self) -> bytes:
        return der(key_pair())


def receive(times: int) -> None:
    """OSError if the wire is broken before."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        wire = SecureWire(ours, Renewing(trusting_context(), server_side=False))
        for _ in range(times + 1):  # one is there from the beginning
            theirs.sendall(b"anything")
            assert wire.recv(65_536) == b"x"


def test_they_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The link is lost then; nothing else would end it."""
    receive(SOME // 2)
    with pytest.raises(OSError, match="does not read"):
        receive(2 * SOME)
    monkeypatch.setattr(secure, "_MOST_UNSENT", math.inf)
    receive(2 * SOME)
