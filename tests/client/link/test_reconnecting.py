"""What is said of the connection, when the next try is due, and when a text waits: without a clock."""

from __future__ import annotations

import socket

import pytest

from client_parts.conversation.delivery import Outgoing
from client_parts.link.link import Patience
from client_parts.link.reconnecting import Lateness, ResendPlan, ReturnPlan, link_state, next_try, no_connection


def test_a_person_brings_the_next_try_forward_to_once_a_second() -> None:
    """However much is typed, and never back; who types nothing waits for the pause."""
    coming_back = ReturnPlan(Patience(first_pause=20, longest_pause=30, hurry=1.0))
    pause = coming_back.plan(100.0)
    assert coming_back.due == 100.0 + pause >= 115.0
    for _ in range(3):
        coming_back.bring_forward()
        assert coming_back.due == 101.0
    assert coming_back.plan(101.5) >= 22.5  # and the pauses go on growing
    coming_back.succeeded()
    assert coming_back.plan(200.0) <= 20.0


def test_a_short_pause_is_not_made_longer() -> None:
    """The first try comes sooner than a hurried one would."""
    coming_back = ReturnPlan(Patience(first_pause=0.5, hurry=1.0))
    coming_back.plan(100.0)
    coming_back.bring_forward()
    assert coming_back.due <= 100.5


def test_a_text_that_was_not_stored_goes_out_soon_after_one_that_was() -> None:
    """Or after the person writes more; where neither happens, it waits for the pause."""
    outgoing, resending = Outgoing(), ResendPlan(Patience(hold=1.0))
    outgoing.add("lobby", "one")
    now = 100.0
    for _ in range(5):  # the database is away for a while
        outgoing.hold()
        resending.tend(outgoing, now)
        assert resending.due is not None
        now = resending.due
        resending.tend(outgoing, now)
        assert not outgoing.held
    outgoing.hold()
    resending.tend(outgoing, now)
    assert resending.due is not None
    assert resending.due >= now + 20.0
    resending.bring_forward(now)
    assert resending.due <= now + 1.0
    resending.tend(outgoing, now + 1.0)
    resending.bring_forward(now)  # nothing is held any more
    assert not outgoing.held
    assert resending.due is None


def test_clients_do_not_all_send_again_at_once_where_many_talk() -> None:
    """Each has its own moment of a second, which a hundred more messages leave as it is."""
    dues = []
    for _ in range(50):
        outgoing, resending = Outgoing(), ResendPlan(Patience(hold=1.0))
        outgoing.add("lobby", "one")
        for now in (100.0, 200.0, 300.0):  # pauses grow
            outgoing.hold()
            resending.tend(outgoing, now)
            resending.tend(outgoing, now + 50.0)
        outgoing.hold()
        resending.tend(outgoing, 400.0)
        for _ in range(100):
            resending.bring_forward(400.0)
        assert resending.due is not None
        dues.append(resending.due)
    assert max(dues) - min(dues) > 0.5


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
