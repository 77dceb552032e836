"""Channels that share the buffer for what they send: each takes its own, in any number of threads."""

from __future__ import annotations

import ssl
import threading

import pytest

from tests.peers import WAIT
from tests.tls.certificates import needs_openssl, server_context, trusting_context
from tls_parts.channel import Channel
from tls_parts.outlet import Outlet

pytestmark = [needs_openssl, pytest.mark.usefixtures("no_threads_left")]
THREADS, CONNECTIONS = 6, 10
LARGE = b"x" * 200_000


def carry(sender: Channel, receiver: Channel) -> None:
    if sender.has_outgoing:
        receiver.feed(sender.outgoing())


def step(server: Channel, client: Channel) -> bool:
    """One of the handshake; whether it was the last."""
    done = client.shake_hands() & server.shake_hands()
    carry(client, server)
    carry(server, client)
    return done


def say(sender: Channel, receiver: Channel, text: bytes) -> bytes:
    """What is heard of it."""
    rest = memoryview(text)
    while rest:
        rest = rest[sender.seal(rest) :]
        carry(sender, receiver)
    return receiver.read() or b""


def pair(outlet: Outlet) -> tuple[Channel, Channel]:
    server = Channel(server_context(), server_side=True, outlet=outlet)
    return server, Channel(trusting_context(), server_side=False, host="localhost")


def fail(server: Channel, client: Channel) -> None:
    """Break off in the middle of a handshake, with what the server had to say to it."""
    client.shake_hands()
    carry(client, server)
    assert not server.shake_hands()
    server.feed(b"\x17\x03\x03\x00\x20" + b"z" * 32)
    with pytest.raises(ssl.SSLError):
        server.shake_hands()
    assert server.has_outgoing


def test_handshakes_that_overlap_do_not_mix() -> None:
    """Each step of one comes between two of the other; nothing is left behind for somebody else."""
    outlet = Outlet()
    pairs = [pair(outlet), pair(outlet)]
    shaken = [False, False]
    while not all(shaken):
        shaken = [step(*each) for each in pairs]
        assert outlet.buffer.pending == 0
    for number, (server, client) in enumerate(pairs):
        assert say(server, client, b"you are %d" % number) == b"you are %d" % number
        assert say(client, server, b"I am %d" % number) == b"I am %d" % number


def test_a_failed_handshake_leaves_nothing_behind() -> None:
    """What OpenSSL answers to garbage is that channel's own."""
    outlet = Outlet()
    (failing, _), (server, client) = pair(outlet), pair(outlet)
    failing.feed(b"\x16\x03\x01\x00\x04garbage")
    with pytest.raises(ssl.SSLError):
        failing.shake_hands()
    assert failing.has_outgoing
    while not step(server, client):
        pass
    assert say(server, client, b"hello") == b"hello"


def test_what_was_left_behind_does_not_leave() -> None:
    """By somebody who was interrupted before it could be taken: the next one sends its own, and nothing else."""
    outlet = Outlet()
    server, client = pair(outlet)
    while not step(server, client):
        outlet.buffer.write(b"somebody else's")
    for text in (b"hello", b"bye"):
        outlet.buffer.write(b"somebody else's")
        assert say(server, client, text) == text
    outlet.buffer.write(b"somebody else's")
    client.feed(server.sealed(b"hello again")[1])
    assert client.read() == b"hello again"
    outlet.buffer.write(b"somebody else's")
    assert server.read() is None
    assert say(client, server, b"hello") == b"hello"
    assert not server.has_outgoing
    outlet.buffer.write(b"somebody else's")
    server.end()
    carry(server, client)
    assert client.read() == b""
    assert client.ended


class Noting:
    """Stands for a lock, and notes how often it was taken."""

    def __init__(self) -> None:
        self.taken = 0

    def __enter__(self) -> None:
        self.taken += 1

    def __exit__(self, *_: object) -> None:
        pass


def test_small_records_do_not_hold_up_the_others() -> None:
    """Thousands of them may come at once; the lock is free after each."""
    outlet = Outlet()
    server, client = pair(outlet)
    while not step(server, client):
        pass
    for _ in range(100):
        client.seal(b"x")
    carry(client, server)
    noting = Noting()
    outlet.lock = noting  # type: ignore[assignment]
    assert server.read() == b"x" * 100
    assert noting.taken == 100


def test_many_threads_at_once() -> None:
    """Hands are shaken or not, much and little is said, and ends are told, all through the same outlet."""
    outlet, problems, done = Outlet(), list[BaseException](), list[int]()

    def connect(number: int) -> None:
        fail(*pair(outlet))
        server, client = pair(outlet)
        while not step(server, client):
            pass
        for text in (b"%d" % number, LARGE, b"bye"):
            assert say(server, client, text) == text
            assert say(client, server, text) == text
        server.end()
        carry(server, client)
        assert client.read() == b""
        assert client.ended

    def run(first: int) -> None:
        try:
            for number in range(first, first + CONNECTIONS):
                connect(number)
                done.append(number)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=run, args=(CONNECTIONS * number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert problems == []
    assert len(done) == THREADS * CONNECTIONS
    assert outlet.buffer.pending == 0
