"""The same person in two terminals: what the other one says is one's own, and never a receipt."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client.fakes import message, timeless
from tests.client.talk import Talk


def tagged(*rooms: str, rich: bool = False, tag: str | None = "here") -> Talk:
    talk = Talk(*rooms, online=False, rich=rich)
    talk.welcome(tag=tag)
    return talk


def comes_back(talk: Talk, *messages: dict[str, object], accepted: int = 0, **more: object) -> list[str]:
    """Lose the link and resume the lobby; what is shown of it."""
    talk.it.disconnected()
    talk.it.heard(
        {"type": "welcome", "name": "ann", "color": "blue", "epoch": "e1", "accepted": accepted, "tag": "here", **more}
    )
    talk.board.lines.clear()
    talk.enter("lobby", len(messages), *messages)
    return [timeless(line) for line in talk.board.lines]


def test_ones_own_receipt_bears_ones_own_tag() -> None:
    """Name, tag and seq: then the text has arrived."""
    talk = tagged()
    talk.type("hello")
    talk.said()
    assert talk.hear(message(1, "hello", "ann", seq=1, by="here")) == ["ann: hello ✓"]
    assert len(talk.it.state.outgoing) == 0


@pytest.mark.parametrize("elsewhere", [{"by": "elsewhere"}, {"by": ""}, {"by": None}, {}])
def test_the_other_terminals_message_with_the_same_seq_is_no_receipt(elsewhere: dict[str, Any]) -> None:
    """One's own text stays on its way until its own receipt comes."""
    talk = tagged()
    talk.type("hello")
    talk.said()
    assert talk.hear(message(1, "from there", "ann", seq=1, **elsewhere)) == ["ann: from there"]
    assert [say.text for say in talk.it.state.outgoing.texts()] == ["hello"]
    assert talk.hear(message(2, "hello", "ann", seq=1, by="here")) == ["ann: hello ✓"]
    assert len(talk.it.state.outgoing) == 0


def test_ones_own_tag_under_another_name_is_no_receipt() -> None:
    """All three have to agree."""
    talk = tagged()
    talk.type("hello")
    talk.said()
    assert talk.hear(message(1, "hello", "bob", seq=1, by="here")) == ["bob: hello"]
    assert len(talk.it.state.outgoing) == 1


def test_a_tag_without_the_awaited_seq_is_no_receipt() -> None:
    """A message of one's own that nobody waits for is shown without a tick."""
    talk = tagged()
    assert talk.hear(message(1, "hello", "ann", seq=7, by="here")) == ["ann: hello"]


@pytest.mark.parametrize("more", [{}, {"by": "any"}])
def test_without_a_tag_the_name_and_the_seq_decide(more: dict[str, Any]) -> None:
    """An older server gives none."""
    talk = tagged(tag=None)
    talk.type("hello")
    talk.said()
    assert talk.hear(message(1, "hello", "ann", seq=1, **more)) == ["ann: hello ✓"]


def test_the_other_terminals_messages_are_shown_whole_where_typed_lines_stay() -> None:
    """They were not typed on this screen."""
    talk = tagged()
    talk.board.echoes = True
    talk.type("hello")
    talk.said()
    assert talk.hear(message(1, "from there", "ann", seq=1, by="elsewhere")) == ["ann: from there"]
    assert talk.hear(message(2, "hello", "ann", seq=1, by="here")) == ["* delivered [2] *"]


def test_the_other_terminals_messages_are_no_news() -> None:
    """Neither unread nor a mention nor a reason to ring, in any room, also while away."""
    talk = tagged("lobby", "builds", rich=True)
    talk.type("/bell on", "/away")
    talk.enter("@ann+bob")
    for room in ("lobby", "builds", "@ann+bob"):
        talk.hear(message(1, "I am ann", "ann", room, seq=1, by="elsewhere"))
    assert (talk.unread(), talk.board.rung) == ({}, 0)
    assert talk.type("/back") == ["* you are back"]
    talk.it.tell_news(0.0)
    assert talk.board.lines == ["* you are back"]


def test_after_a_return_only_this_sessions_texts_are_ticked() -> None:
    """The lost receipt is in the history; the other terminal's text with the same seq stands beside it."""
    talk = tagged()
    talk.type("hello", "still to come")
    talk.said()
    there, here = (message(id, f"from {by}", "ann", seq=1, by=by) for id, by in ((1, "elsewhere"), (2, "here")))
    assert comes_back(talk, there, here, accepted=1) == ["ann: from elsewhere", "ann: from here ✓"]
    assert talk.said() == [(2, "lobby", "still to come")]
    assert talk.hear(message(3, "from there", "ann", seq=2, by="elsewhere")) == ["ann: from there"]
    assert talk.hear(message(4, "still to come", "ann", seq=2, by="here")) == ["ann: still to come ✓"]


def test_history_is_no_receipt_under_ones_own_tag_either() -> None:
    """What the server has accepted is what the welcome says."""
    talk = tagged()
    talk.type("hello")
    talk.said()
    comes_back(talk, message(1, "hello", "ann", seq=1, by="here"))
    assert len(talk.it.state.outgoing) == 1


def test_a_return_to_an_older_server_goes_by_the_name_again() -> None:
    """The tag belongs to the connection."""
    talk = tagged()
    talk.type("hello")
    assert comes_back(talk, message(1, "old", "ann", seq=9), tag=None) == ["ann: old ✓"]
    talk.said()
    assert talk.hear(message(2, "hello", "ann", seq=1)) == ["ann: hello ✓"]


def test_older_pages_tick_nothing() -> None:
    """They may be of any session."""
    talk = tagged()
    talk.enter("lobby", 9)
    talk.type("/history 2")
    page = [message(1, "there", "ann", seq=1, by="elsewhere"), message(2, "here", "ann", seq=1, by="here")]
    lines = talk.hear({"type": "history", "room": "lobby", "messages": page})
    assert [timeless(line) for line in lines[:2]] == ["ann: there", "ann: here"]


# --- away in one of them is away in all ---


def requests(talk: Talk, kind: str) -> list[object]:
    """The texts of the requests of a kind that are to be sent; nothing is left of them."""
    sent = [frame for frame in talk.it.state.requests if frame["type"] == kind]
    talk.it.state.requests.clear()
    return [frame["text"] for frame in sent]


def test_away_in_the_other_terminal_shows_here() -> None:
    """And so does the return, with how much was said meanwhile; it is told once."""
    talk = tagged("lobby", rich=True)
    talk.enter("lobby", 0)
    assert talk.hear({"type": "away", "text": "tea"}) == ["* you are marked as away"]
    assert talk.it.status("online", waiting=False).away
    talk.hear(message(1, "hello", "bob"))
    assert talk.hear({"type": "away", "text": None}) == [
        "── 1 new message while you were away ──",
        "* you are back",
    ]
    assert talk.hear({"type": "away"}) == []
    assert not talk.it.status("online", waiting=False).away
    assert requests(talk, "away") == []


@pytest.mark.parametrize("elsewhere", ["lunch", None])
def test_the_welcome_tells_what_was_said_elsewhere(elsewhere: str | None) -> None:
    """A stale note does not come back with the connection."""
    talk = tagged()
    talk.type("/away tea")
    assert requests(talk, "away") == ["tea"]
    comes_back(talk, away=elsewhere)
    assert requests(talk, "away") == []
    assert talk.it.state.away.text == elsewhere


def test_who_is_alone_says_it_again() -> None:
    """The server knows only those who are connected."""
    talk = tagged()
    talk.type("/away tea")
    talk.it.state.requests.clear()
    comes_back(talk)
    assert requests(talk, "away") == ["tea"]


@pytest.mark.parametrize("typed", ["tea", None])
def test_what_was_typed_without_a_connection_counts_most(typed: str | None) -> None:
    """It is the newest."""
    talk = tagged()
    if typed is None:
        talk.type("/away before")
    talk.it.disconnected()
    talk.type(f"/away {typed}" if typed else "/back")
    comes_back(talk, away="elsewhere")
    assert requests(talk, "away") == [typed]
    assert talk.it.state.away.text == typed
