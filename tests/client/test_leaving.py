"""A goodbye in its order, and what is said of the connection, without a clock."""

from __future__ import annotations

import socket

import pytest

from client_parts.delivery import Outgoing
from client_parts.leaving import Farewell, Step
from client_parts.link import Patience
from client_parts.link_words import Lateness, link_state, next_try, no_connection

PATIENCE = Patience(undelivered=3.0, goodbye=1.0)


def test_texts_on_their_way_get_a_moment_and_then_the_answer_does() -> None:
    """The goodbye is said once."""
    farewell = Farewell(PATIENCE)
    steps = [farewell.next(now, waiting=True) for now in (10.0, 12.9, 13.0, 13.9, 14.0)]
    assert steps == [Step.WAIT, Step.WAIT, Step.SAY_BYE, Step.WAIT, Step.GO]


def test_without_texts_the_goodbye_is_said_at_once() -> None:
    """Also as soon as the last one is confirmed."""
    assert Farewell(PATIENCE).next(10.0, waiting=False) is Step.SAY_BYE
    farewell = Farewell(PATIENCE)
    assert [farewell.next(10.0, waiting=True), farewell.next(10.1, waiting=False)] == [Step.WAIT, Step.SAY_BYE]
    assert farewell.due == 11.1


def test_a_text_is_late_after_a_moment_and_at_once_offline() -> None:
    """Each text has its own moment."""
    outgoing, lateness = Outgoing(), Lateness()
    assert not lateness.is_late(outgoing, 10.0, online=False)
    outgoing.add("lobby", "one")
    assert not lateness.is_late(outgoing, 10.0, online=True)
    due = lateness.due(10.0)
    assert 10.0 < due < 11.0
    assert lateness.is_late(outgoing, due, online=True)
    assert lateness.due(due) == float("inf")
    outgoing.delivered(1)
    outgoing.add("lobby", "one")  # the same words are another text
    assert not lateness.is_late(outgoing, due, online=True)
    assert lateness.is_late(outgoing, due, online=False)


@pytest.mark.parametrize(
    ("online", "waiting", "seconds", "words"),
    [
        (True, 3, 0.0, "online"),
        (False, 3, 2.0, "offline, 3 waiting"),
        (False, 0, 1.2, "reconnecting in 2 s"),
        (False, 0, -1.0, "reconnecting"),
    ],
)
def test_the_state_of_the_link_in_words(online: bool, waiting: int, seconds: float, words: str) -> None:
    """What waits matters more than when."""
    assert link_state(online=online, waiting=waiting, seconds=seconds) == words


@pytest.mark.parametrize(
    ("waiting", "seconds", "words"),
    [(2, 14.2, "again in 15 s"), (2, 0.0, ""), (0, 14.2, "")],
)
def test_texts_that_wait_are_told_with_the_next_try(waiting: int, seconds: float, words: str) -> None:
    """Without them, the state of the link says it already."""
    assert next_try(waiting=waiting, seconds=seconds) == words


@pytest.mark.parametrize(
    ("problem", "part"),
    [
        (ConnectionRefusedError(), "No server answers at there:1"),
        (socket.gaierror(), "no such host"),
        (TimeoutError(), "nobody answered"),
    ],
)
def test_why_there_is_no_connection(problem: OSError, part: str) -> None:
    """With what to do about it."""
    sentence = no_connection("there:1", problem)
    assert part in sentence
    assert "python server.py" in sentence
