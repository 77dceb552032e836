"""What an encrypted wire does beyond what it shares with other wires, for which see `test_wire.py`."""

from __future__ import annotations

import math
import socket
import threading

import pytest

from server_parts.wire import tls_wire
from server_parts.wire.tls_wire import MOST_UNSENT, MUCH, TlsWire
from server_parts.wire.wire import LITTLE
from tests.peers import WAIT
from tests.server.wire.encrypted import encrypted_pair
from tests.tls.certificates import needs_openssl, server_context, trusting_context
from tls_parts.channel import Channel

pytestmark = needs_openssl


def test_little_memory_is_set_aside_to_wait_with(set_aside: list[int]) -> None:
    """Only after much has come at once it is more, until little comes again."""
    ours, theirs = socket.socketpair()
    wire, peer = encrypted_pair(ours, theirs)
    with peer, ours:
        set_aside.clear()
        peer.sendall(b"x" * 10_000)
        got = 0
        while got < 10_000:
            got += len(wire.receive())
        assert set_aside == [LITTLE, MUCH]
        for _ in range(2):
            peer.sendall(b"hello\n")
            assert wire.receive() == b"hello\n"
        assert set_aside[2:] == [MUCH, LITTLE]


def test_an_end_that_comes_with_a_text() -> None:
    """The text is received, then the end, although the connection below stays open."""
    ours, theirs = socket.socketpair()
    wire = TlsWire(ours, server_context())
    peer = Channel(trusting_context(), server_side=False, host="localhost")
    with ours, theirs:
        theirs.settimeout(WAIT)
        shaking = threading.Thread(target=wire.shake_hands, args=(WAIT, lambda step: step()))
        shaking.start()
        while not peer.shake_hands():
            theirs.sendall(peer.outgoing())
            peer.feed(theirs.recv(MUCH))
        peer.seal(b"goodbye\n")
        peer.end()
        theirs.sendall(peer.outgoing())  # with the end of the handshake, too
        shaking.join(WAIT)
        assert wire.readable(0.0)
        assert wire.receive() == b"goodbye\n"
        assert wire.readable(0.0)
        assert wire.receive() == b""


class Renewing(Channel):
    """Stands for the channel of a client that asks with all it says for an answer, as a renewal of keys may."""

    def feed(self, data: bytes) -> None:
        self._ready += b"z" * 10_000

    def read(self) -> bytes:
        return b"x"


def receives(times: int) -> bool:
    """Whether so much can be received from a client that reads none of the answers."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        wire = TlsWire(ours, server_context())
        wire._channel = Renewing(server_context(), server_side=True)
        for _ in range(times):
            theirs.sendall(b"anything")
            if not wire.receive():
                return False
            assert len(wire._unsent) <= MOST_UNSENT + 10_000 or math.isinf(tls_wire.MOST_UNSENT)
    return True


def test_answers_that_nobody_reads_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection ends; nothing else would end it."""
    some = MOST_UNSENT // 10_000
    assert receives(some // 2)
    assert not receives(2 * some)
    monkeypatch.setattr(tls_wire, "MOST_UNSENT", math.inf)
    assert receives(2 * some)
