"""Accepting connections over loopback, while there are descriptors and while there are none."""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace

import pytest

from server_parts.wire import acceptor as acceptor_module
from server_parts.wire.acceptor import FIRST_PAUSE, LONGEST_PAUSE, Acceptor, refuse
from tests.peers import WAIT
from tests.server.wire.slow_client import read_all

FULL = b"full\n"
SHORT = 0.05  # seconds that pass without anything


class Listener(socket.socket):
    """Fails to accept so many times, as the system does; whoever is waiting goes on waiting."""

    failures = 0
    error = errno.EMFILE

    def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        if self.failures:
            self.failures -= 1
            raise OSError(self.error, os.strerror(self.error))
        return super().accept()


@pytest.fixture
def listener() -> Iterator[Listener]:
    """On a free port of this machine."""
    with Listener(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener


@pytest.fixture
def acceptor(listener: Listener) -> Iterator[Acceptor]:
    """With a spare descriptor."""
    with closing(Acceptor(listener, FULL)) as acceptor:
        yield acceptor


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, none of which takes any time."""
    made: list[float] = []
    monkeypatch.setattr(acceptor_module, "time", SimpleNamespace(sleep=made.append))
    return made


def connect(listener: Listener) -> socket.socket:
    return socket.create_connection(listener.getsockname(), timeout=WAIT)


def test_a_connection_comes_in(listener: Listener, acceptor: Acceptor) -> None:
    """With the address it comes from; reading from it waits, although the listener never does."""
    with connect(listener) as peer:
        accepted = acceptor.accept(WAIT)
        assert accepted is not None
        connection, address = accepted
        with connection:
            assert address == peer.getsockname()
            assert connection.gettimeout() is None
            connection.sendall(b"hello\n")
            assert peer.recv(100) == b"hello\n"


def test_nobody_comes(acceptor: Acceptor, pauses: list[float]) -> None:
    """It returns after the time that it was told, and makes no pause."""
    begun = time.monotonic()
    assert acceptor.accept(SHORT) is None
    assert SHORT * 0.9 < time.monotonic() - begun < WAIT
    assert acceptor.accept(0.0) is None
    assert pauses == []


def test_a_connection_that_vanishes_costs_nothing(listener: Listener, acceptor: Acceptor, pauses: list[float]) -> None:
    """The next one is accepted at once."""
    listener.failures, listener.error = 1, errno.ECONNABORTED
    with connect(listener):
        assert acceptor.accept(WAIT) is None
        accepted = acceptor.accept(WAIT)
        assert accepted is not None
        accepted[0].close()
    assert pauses == []


def test_without_descriptors_one_is_told_so(listener: Listener, acceptor: Acceptor, pauses: list[float]) -> None:
    """The spare one is given up for it; whoever comes later comes in."""
    with connect(listener) as unlucky, connect(listener):
        listener.failures = 1
        assert acceptor.accept(WAIT) is None
        assert read_all(unlucky) == FULL
        accepted = acceptor.accept(WAIT)
        assert accepted is not None
        accepted[0].close()
    assert pauses == [FIRST_PAUSE]


def test_pauses_grow_until_somebody_comes_in(listener: Listener, acceptor: Acceptor, pauses: list[float]) -> None:
    """Each is twice as long as the one before, up to a limit; after a success there is none."""
    with connect(listener):
        listener.failures = 20  # each round fails twice: at first, and with the spare one
        for _ in range(10):
            assert acceptor.accept(WAIT) is None
        assert pauses == [min(FIRST_PAUSE * 2**number, LONGEST_PAUSE) for number in range(9)]
        accepted = acceptor.accept(WAIT)
        assert accepted is not None
        accepted[0].close()
    del pauses[:]
    assert acceptor.accept(0.0) is None
    assert pauses == []


def test_without_a_spare_descriptor_it_goes_on(
    listener: Listener, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    """Nobody is told anything, and the next one with whom there is one is let in."""
    monkeypatch.setattr(os, "open", lambda *_: (_ for _ in ()).throw(OSError(errno.EMFILE, "none left")))
    with closing(Acceptor(listener, FULL)) as acceptor, connect(listener):
        listener.failures = 1
        assert acceptor.accept(WAIT) is None
        accepted = acceptor.accept(WAIT)
        assert accepted is not None
        accepted[0].close()
    assert pauses == [FIRST_PAUSE]


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="this system does not show descriptors in /proc")
def test_closing_gives_the_spare_descriptor_back(listener: Listener) -> None:
    """Also the second time; the listener stays open."""
    before = set(os.listdir("/proc/self/fd"))
    acceptor = Acceptor(listener, FULL)
    acceptor.close()
    acceptor.close()
    assert set(os.listdir("/proc/self/fd")) == before
    assert listener.fileno() >= 0


def test_refusing_says_why_and_waits_for_nobody(listener: Listener) -> None:
    """Also to somebody who is gone already."""
    for leaves in (False, True):
        with connect(listener) as peer:
            connection, _ = listener.accept()
            if leaves:
                peer.close()
            refuse(connection, FULL)
            assert connection.fileno() < 0
            assert leaves or read_all(peer) == FULL
