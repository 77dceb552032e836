"""What is changed about a room, as its log tells: a line of the server's, once, which is no news and nobody's words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_common import Frame
from client_parts.input.correctable import Correctable
from client_parts.link.accepted_frames import acceptable
from client_parts.screen import order
from client_parts.screen.view import View
from tests.client.fakes import SAID, message, timeless, unpainted
from tests.client.talk import Talk


def modern(*rooms: str, rich: bool = False) -> Talk:
    talk = Talk(*rooms, online=False, rich=rich)
    talk.welcome(features=["by", "entries", "changes"], tag="here")
    return talk


def change(id: int, sender: str = "bob", room: str = "lobby", **changed: Any) -> Frame:
    return message(id, "/me changed ann and the room", sender, room, seq=0, change=changed)


def event(room: str = "lobby", **settings: Any) -> Frame:
    return {"type": "room", "room": room, "topic": "", "mode": "open", "slow": 0, "by": "bob", "ts": SAID, **settings}


def test_a_change_is_told_once() -> None:
    """By its entry; from the event the client only learns how the room is."""
    talk = modern("lobby", "den")
    assert talk.hear(change(1, topic="tea"), event(topic="tea")) == ["bob changed the topic to “tea”"]
    assert talk.hear(event(topic="tea", slow=60), change(2, mode="open", slow=60)) == [
        "bob set the mode to open (everybody may talk); set slow mode to one message in 1 min"
    ]
    assert talk.type("/topic")[0].startswith("* #lobby: the topic is “tea” · open (everybody may talk) · slow mode: ")
    assert talk.hear(change(3, topic="", slow=0), change(4), change(1, room="den", topic="x")) == [
        "bob removed the topic; ended slow mode",
        "bob changed the room",
        "#den bob changed the topic to “x”",
    ]


def test_a_server_of_before_is_heard_as_before() -> None:
    """It makes no entries: its event is told."""
    talk = Talk()
    assert talk.hear(event(topic="tea")) == ["* bob changed the topic to “tea”"]


def test_it_is_no_news() -> None:
    """No bell, nothing unread, no mention, nobody to be answered; also if somebody is ignored who has made it."""
    talk = modern("lobby", "den", rich=True)
    talk.type("/bell on", "/ignore bob")
    assert len(talk.hear(change(1, room="den", topic="ann, look"), change(1, topic="ann"))) == 2
    assert (talk.unread(), talk.board.rung) == ({}, 0)
    talk.type("/unignore bob")
    talk.asked()
    talk.type("/react +1", "/edit x")
    assert talk.said() == []


def test_one_s_own_is_no_message_to_correct() -> None:
    """The last message is what somebody has said last."""
    talk = modern(rich=True)
    talk.hear(message(1, "mine", "ann", by="here", seq=1), change(2, "ann", topic="tea"))
    assert talk.it.vocabulary().correctable == Correctable("lobby", 1, "mine")


def test_after_a_lost_link_it_comes_with_what_was_said() -> None:
    """In its place, once; only where the history is not whole, the settings are told too."""
    talk = modern()
    talk.hear(message(1))
    talk.it.disconnected()
    back = {"type": "joined", "room": "lobby", "last": 3, "members": 2, "topic": "tea"}
    page = {"type": "history", "room": "lobby", "messages": [message(2), change(3, topic="tea")]}
    shown = [timeless(unpainted(line)) for line in talk.hear(back, page)]
    assert [line for line in shown if "tea" in line] == ["bob changed the topic to “tea”"]
    talk.it.disconnected()
    gap = {**page, "messages": [message(8)], "gap": True}
    assert "* the topic of #lobby is “cake”" in talk.hear({**back, "topic": "cake", "last": 8}, gap)


def test_a_deleted_one_changes_in_place() -> None:
    """And is quoted as deleted; one that was deleted before tells nothing of what it said."""
    talk = modern(rich=True)
    shown = talk.hear(change(1, topic="rude"), message(2, "why?", reply=1))
    assert timeless(shown[0]) == "bob changed the topic to “rude”"
    talk.it.heard(message(3, "/me deleted message #1", "carol", delete=1))
    assert timeless(shown[0]) == "bob changed the room (deleted)"
    assert "↪ bob: (deleted)" in shown[1]
    gone = {**change(4), "text": "", "deleted": True, "change": {}}
    assert [timeless(unpainted(line)) for line in talk.hear(gone)] == ["bob changed the room (deleted)"]


names = st.sampled_from(["bob", "set", "bob.set"])
texts = st.text(st.sampled_from("/me bobchangedthopicto “tea”\n*"), max_size=40) | st.just(
    "/me changed the topic to “tea”"
)


@given(names, texts, st.sampled_from(["classic", "short"]))
def test_no_message_reads_like_one(name: str, text: str, style: str) -> None:
    """Whoever says it, in either style: after the time, a message has its author as messages have."""
    view = View(style)
    for topic in ("", "tea"):
        told = unpainted(view.deed(change(1, topic=topic), order.made(change(1, topic=topic))))
        assert unpainted(view.message(message(1, text, name))) != told


def test_a_form_like_an_action_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check above can fail: an action has a star before its author, and the server's line has none."""
    told = unpainted(View("short").deed(change(1, topic="tea"), "* " + order.made(change(1, topic="tea"))))
    assert unpainted(View("short").message(message(1, "/me changed the topic to “tea”"))) == told


@pytest.mark.parametrize("odd", [{"topic": 3}, {"slow": "x"}, {"mode": []}, "tea", 3, [1]])
def test_an_odd_change_is_passed_over(odd: Any) -> None:
    """As other frames that are not as the protocol says."""
    assert acceptable({**message(1), "change": {"topic": "tea", "new": [1]}})
    assert not acceptable({**message(1), "change": odd})
