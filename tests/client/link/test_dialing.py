"""Connecting: to each address of a name, by one deadline, and given up at once."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from client_parts.link.attempt import Attempt
from client_parts.link.dialing import Deadline, connect
from client_parts.link.secure import SecureWire, shake_hands
from client_parts.link.wire import PlainWire
from tests.client.link.test_secure import pair_of_sockets
from tests.tls.certificates import trusting_context

SECONDS = 10.0
Address = tuple[str, int]


@pytest.fixture
def answering() -> Iterator[Address]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()


@pytest.fixture
def refusing() -> Iterator[Address]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()


@pytest.fixture
def silent() -> Iterator[Address]:
    """One that answers nobody any more: as many wait already as may."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield listener.getsockname()
        for one in waiting:
            one.close()


@pytest.fixture
def lead_to(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets a name lead to these addresses."""

    def lead(*addresses: Address) -> None:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", address) for address in addresses]
        monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found)

    return lead


def dial(seconds: float = SECONDS) -> Address:
    """Whom a connection to that name leads to."""
    with connect("a.example", 1, Deadline(seconds), lambda _: None) as connection:
        address: Address = connection.getpeername()
        return address


def test_the_first_that_answers(lead_to: Callable[..., None], refusing: Address, answering: Address) -> None:
    lead_to(refusing, answering, refusing)
    assert dial() == answering


def test_nobody_who_answers_is_told_of_the_last(lead_to: Callable[..., None], refusing: Address) -> None:
    lead_to(refusing, refusing)
    with pytest.raises(ConnectionRefusedError):
        dial()


def test_a_silent_address_leaves_time_for_the_next(
    lead_to: Callable[..., None], silent: Address, answering: Address
) -> None:
    """All of them share one deadline."""
    begun = time.monotonic()
    lead_to(silent, answering)
    assert dial(seconds=1.0) == answering
    lead_to(silent, silent)
    with pytest.raises(TimeoutError):
        dial(seconds=0.4)
    assert time.monotonic() - begun < SECONDS / 2


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
