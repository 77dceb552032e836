"""Connecting: by a deadline, and given up at once."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from client_parts.link.attempt import Attempt
from client_parts.link.dialing import Deadline, Place, connect, places_of, wait_for_a_sign
from client_parts.link.secure import SecureWire, shake_hands
from client_parts.link.wire import PlainWire
from tests.client.link.test_secure import pair_of_sockets
from tests.tls.certificates import trusting_context

SECONDS = 10.0


def anywhere(_: socket.socket) -> None:
    """Whoever does not need to interrupt it."""


def test_a_name_leads_to_each_place_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the system."""
    there = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 1)) for address in ("::2", "::1", "::2")]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: there)
    assert [place.address for place in places_of("a.example", 1)] == [("::2", 1), ("::1", 1)]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [])
    with pytest.raises(socket.gaierror, match="has no address"):
        places_of("a.example", 1)


def test_who_refuses_is_told_at_once(refusing: Place) -> None:
    with pytest.raises(ConnectionRefusedError):
        connect(refusing, Deadline(SECONDS), anywhere)


def test_a_silent_place_is_given_up_in_time(silent: Place) -> None:
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        connect(silent, Deadline(0.2), anywhere)
    assert time.monotonic() - begun < SECONDS / 2


def test_a_sign_of_life_is_left_to_be_read() -> None:
    """What hangs gives none, and what ends the connection has an end to be read."""
    here, there = pair_of_sockets()
    with here, there:
        there.sendall(b"yes")
        wait_for_a_sign(here, b"anybody?", Deadline(SECONDS))
        assert (there.recv(100), here.recv(100)) == (b"anybody?", b"yes")
        there.close()
        wait_for_a_sign(here, b"", Deadline(SECONDS))
        assert here.recv(100) == b""
    here, there = pair_of_sockets()
    with there, pytest.raises(TimeoutError):
        wait_for_a_sign(here, b"anybody?", Deadline(0.1))
    assert here.fileno() == -1


def test_a_deadline_that_is_over_is_over() -> None:
    with pytest.raises(TimeoutError):
        Deadline(0).left()
    assert 0 < Deadline(SECONDS).left() <= SECONDS


# --- Giving up ---


def test_giving_up_interrupts_the_handshake() -> None:
    """Whoever leaves, or ends the program, does not leave a thread behind that waits for somebody silent."""
    here, there = pair_of_sockets()
    ended, begun = threading.Event(), threading.Event()

    def connect(hold: Callable[[socket.socket], None]) -> SecureWire:
        hold(here)
        begun.set()
        try:
            return shake_hands(here, trusting_context(), "localhost", Deadline(60))
        finally:
            ended.set()

    attempt = Attempt(connect, lambda: None)
    assert begun.wait(SECONDS)
    attempt.give_up()
    assert ended.wait(SECONDS)
    there.close()


def test_what_is_given_up_before_it_begins_is_not_begun() -> None:
    asked, answered = threading.Event(), threading.Event()
    problems: list[OSError] = []

    def connect(hold: Callable[[socket.socket], None]) -> PlainWire:
        asked.set()
        assert answered.wait(SECONDS)
        with socket.socket() as connection:
            try:
                hold(connection)
            except OSError as problem:
                problems.append(problem)
                answered.clear()
                raise
        raise AssertionError

    attempt = Attempt(connect, lambda: None)
    assert asked.wait(SECONDS)
    attempt.give_up()
    answered.set()
    deadline = time.monotonic() + SECONDS
    while answered.is_set():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert len(problems) == 1
