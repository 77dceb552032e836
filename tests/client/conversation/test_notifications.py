"""Who is notified of what, the line where one left, and being away by itself: without a clock and a screen."""

from __future__ import annotations

import math

import pytest

from client_parts.screen.window import FOCUS_IN, FOCUS_OUT
from terminal_parts.keys import Key
from tests.client.fakes import message
from tests.client.talk import Talk


@pytest.fixture
def talk() -> Talk:
    """Of somebody who looks elsewhere."""
    talk = Talk(rich=True)
    talk.enter("@ann+bob")
    talk.board.window.takes(Key(FOCUS_OUT))
    return talk


@pytest.mark.parametrize(("when", "number"), [("on", 3), ("mentions", 2), ("off", 0)])
def test_one_is_notified_as_one_chose(talk: Talk, when: str, number: int) -> None:
    """Of every message, of one's name and private messages, or never; not of what was sent oneself."""
    talk.type(f"/notify {when}", "/bell off", "/set notify_command say -x")
    talk.hear(message(1, "hello"), message(2, "hi ann\n;"), message(1, "/me waves", room="@ann+bob"))
    talk.hear(message(3, "ann: me", sender="ann"))
    told = [
        ("bob in #lobby", "hello", "say -x"),
        ("bob in #lobby", "hi ann␊;", "say -x"),
        ("bob in private", "waves", "say -x"),
    ]
    assert talk.board.notified == told[3 - number :]
    assert talk.board.rung == 0


def test_who_looks_is_not_notified(talk: Talk) -> None:
    """The bell rings all the same."""
    talk.board.window.takes(Key(FOCUS_IN))
    talk.hear(message(1, "ann?"))
    assert (talk.board.notified, talk.board.rung) == ([], 1)


def test_ignored_people_notify_nobody(talk: Talk) -> None:
    talk.type("/ignore bob")
    talk.hear(message(1, "ann?"))
    assert talk.board.notified == []


def test_what_came_at_once_is_one_notification(talk: Talk) -> None:
    """After a lost link; with how many more there are."""
    talk.hear(message(1, "before"))
    talk.it.disconnected()
    talk.it.heard({"type": "welcome", "name": "ann", "color": "blue", "epoch": "e1", "accepted": 0})
    talk.enter("lobby", 4, *(message(number, f"ann {number}") for number in (2, 3, 4)))
    assert talk.board.notified == [("bob in #lobby (and 2 more)", "ann 4", "")]


def test_a_line_shows_where_one_left(talk: Talk) -> None:
    """Before the first message after that, once; each time that the window loses the focus."""
    assert talk.hear(message(1, "one"), message(2, "two"))[0] == "── new since you left ──"
    assert sum("since you left" in line for line in talk.board.lines) == 1
    window = talk.board.window
    window.takes(Key(FOCUS_IN))
    assert not any("since you left" in line for line in talk.hear(message(3, "three")))
    window.takes(Key(FOCUS_OUT))
    window.takes(Key(FOCUS_IN))
    assert not any("since you left" in line for line in talk.hear(message(4, "four")))
    window.takes(Key(FOCUS_OUT))
    assert not any("since you left" in line for line in talk.hear(message(5, "mine", sender="ann")))
    assert any("since you left" in line for line in talk.hear(message(6, "six")))


def test_who_is_away_sees_one_line(talk: Talk) -> None:
    """Though there are two reasons for it."""
    talk.type("/away")
    talk.hear(message(1, "one"), message(2, "two"))
    assert [line for line in talk.board.lines if line.startswith("──")] == ["── new while you are away ──"]


def test_away_by_itself_and_back_with_a_key() -> None:
    """When it is time, and not before; the server is told of both."""
    talk = Talk(rich=True)
    window = talk.board.window
    touched = window.touched = 1_000.0
    assert talk.it.tell_news(1_001.0) > touched + 30
    talk.type("/autoaway 10")
    talk.asked()
    assert talk.it.tell_news(1_599.0) <= 1_600.0
    assert talk.asked() == []
    talk.it.tell_news(1_600.0)
    assert {"type": "away", "text": "away"} in talk.asked()
    assert talk.board.lines[-1] == "* you are marked as away: no key for 10 minutes"
    assert talk.status().away
    talk.it.tell_news(1_700.0)
    assert talk.status().away
    window.touched = 1_701.0
    talk.it.tell_news(1_701.0)
    assert {"type": "away", "text": None} in talk.asked()
    assert talk.board.lines[-1] == "* you are back"
    assert not talk.status().away


def test_who_said_that_they_are_away_stays_so() -> None:
    """Also when they press a key; and in a pipe nobody is away by itself."""
    talk = Talk(rich=True)
    talk.type("/autoaway 1", "/away lunch")
    talk.board.window.touched = 0.0
    talk.it.tell_news(1_000.0)
    talk.board.window.touched = 1_001.0
    talk.it.tell_news(1_002.0)
    assert talk.it.state.away.text == "lunch"
    pipe = Talk()
    pipe.type("/autoaway 1")
    pipe.board.window.touched = 0.0
    assert pipe.it.tell_news(1_000.0) == math.inf
    assert not pipe.status().away


@pytest.mark.parametrize("words", ["0", "soon", "-1", "1.5", "5 6", "99999"])
def test_a_wrong_time_shows_the_usage(words: str) -> None:
    [shown] = Talk().type(f"/autoaway {words}")
    assert "/autoaway [MINUTES|off]" in shown
