"""Messages that speak of others, as one person sees and says them."""

from __future__ import annotations

from typing import Any

import pytest

from client_parts.input.commands import Correction
from client_parts.input.correctable import Correctable
from tests.client.fakes import message, timeless
from tests.client.talk import Talk


def modern(*rooms: str, rich: bool = True, **more: Any) -> Talk:
    talk = Talk(*rooms, online=False, rich=rich)
    talk.welcome(features=["by", "entries"], tag="here", **more)
    return talk


def heard(talk: Talk, *frames: dict[str, Any]) -> list[str]:
    return ["\n".join(map(timeless, line.split("\n"))) for line in talk.hear(*frames)]


def frames(talk: Talk) -> list[dict[str, Any]]:
    """What is sent, without what every text has."""
    sent = [say.frame() for say in iter(talk.it.state.outgoing.next, None)]
    return [{key: one[key] for key in one if key not in ("type", "seq", "room")} for one in sent]


def two_messages(**more: Any) -> Talk:
    talk = modern(**more)
    talk.hear(message(1, "where do we meet?"), message(2, "no idea", "carol"), message(3, "mine", "ann"))
    return talk


# --- What is shown ---


def test_an_answer_has_a_quote_before_it() -> None:
    """Short, in a row of its own, with the room's mark and the time."""
    talk = two_messages()
    assert heard(talk, message(4, "at the harbour", "carol", reply=1)) == [
        "↪ bob: where do we meet?\ncarol: at the harbour"
    ]
    long = heard(talk, message(5, "x" * 200, "bob"), message(6, "why?", "carol", reply=5))[1]
    assert len(long.split("\n")[0]) < 65
    assert heard(talk, message(7, "what?", "carol", reply=99)) == ["↪ [99]\ncarol: what?"]


def test_an_answer_in_a_pipe_is_one_line() -> None:
    """The quote is in brackets, and cannot end them."""
    talk = modern(rich=False)
    talk.hear(message(1, "where (and when) do we meet?"))
    line = talk.hear(message(2, "at the harbour", "carol", reply=1))
    assert line == ["(to bob: where [and when] do we meet?) carol: at the harbour"]


def test_what_is_on_the_screen_changes_in_place() -> None:
    """Edited, reacted to, deleted: the row says so, and no other comes; an answer's quote changes too."""
    talk = two_messages()
    talk.hear(message(4, "at the harbour", "carol", reply=1))
    talk.board.lines[:] = [talk.board.keys["lobby", 1], talk.board.keys["lobby", 4]]
    shown = talk.board.lines
    for frame in (
        message(5, "where shall we meet?", "bob", edit=1),
        message(6, "👍", "carol", react=1),
        message(7, "👍", "eve", react=1),
        message(8, "🎉", "dan", react=1),
    ):
        talk.it.heard(frame)
    first, second = ["\n".join(map(timeless, line.split("\n"))) for line in shown]
    assert first == "bob: where shall we meet? (edited) [👍 2 · 🎉 1]"
    assert second == "↪ bob: where shall we meet?\ncarol: at the harbour"
    talk.it.heard(message(9, "/me took it back", "EVE", react=1))
    assert shown[0].endswith("[👍 1 · 🎉 1]")
    talk.it.heard(message(10, "/me deleted message #1", "bob", delete=1))
    assert [line.rsplit("\n")[0].split(" ", 1)[1] for line in shown] == ["bob: (deleted)", "↪ bob: (deleted)"]


def test_what_has_scrolled_away_gets_a_line_of_its_own() -> None:
    """Who did what to which message."""
    talk = two_messages()
    lines = heard(
        talk,
        message(4, "here", "bob", edit=1),
        message(5, "👍", "carol", react=1),
        message(6, "/me took it back", "carol", react=1),
        message(7, "/me deleted", "bob", delete=1),
    )
    assert lines == [
        "bob corrected [1]: here",
        "carol reacted to [1] (bob: here): 👍",
        "carol took back a reaction to [1] (bob: here)",
        "bob deleted message [1]",
    ]


def test_a_deletion_is_told_once() -> None:
    """The server's event and the entry say the same, of messages that are here and of others."""
    talk = two_messages()
    for id in (1, 77):
        event = {"type": "deleted", "room": "lobby", "id": id, "by": "eve"}
        entry = message(id + 100, "/me deleted", "eve", delete=id)
        talk.enter("lobby", id + 99)
        assert heard(talk, event, entry) == [f"eve deleted message [{id}]"]


def test_entries_are_no_news() -> None:
    """They neither ring nor count as unread; an answer to oneself does both."""
    talk = modern("lobby", "den")
    talk.hear(
        message(1, "mine", "ann", "den"),
        message(2, "ann!", "bob", "den", edit=1),
        message(3, "👍", room="den", react=1),
    )
    assert (talk.unread(), talk.board.rung) == ({}, 0)
    talk.hear(message(4, "yes", room="den", reply=1))
    assert (talk.unread(), talk.board.rung) == ({"#den": 1}, 1)


def test_what_ignored_people_do_is_not_seen() -> None:
    """Their reactions are not counted, their corrections and what they say in quotes not shown."""
    talk = two_messages()
    talk.type("/ignore carol")
    assert heard(talk, message(4, "x", "carol", edit=2), message(5, "👍", "carol", react=1)) == []
    assert heard(talk, message(6, "👎", "eve", react=2)) == []
    assert heard(talk, message(7, "really?", reply=2)) == ["↪ [2]\nbob: really?"]
    assert "👍" not in talk.board.keys["lobby", 1]


@pytest.mark.parametrize("is_resumed", [True, False])
def test_what_happened_meanwhile_is_applied(is_resumed: bool) -> None:
    """After a lost link what was shown changes; a page of the past shows messages as they are, and nothing else."""
    talk = two_messages() if is_resumed else modern()
    entry = message(4 if is_resumed else 2, "here", edit=1)
    history = [entry] if is_resumed else [message(1, "here", edited=5.0, reactions={"👍": ["eve"]}), entry]
    talk.it.disconnected()
    talk.it.heard({"type": "welcome", "name": "ann", "color": "blue", "epoch": "e1", "accepted": 0, "tag": "here"})
    del talk.board.lines[:]
    talk.enter("lobby", history[-1]["id"], *history)
    shown = [timeless(line) for line in talk.board.lines if "bob" in line]
    assert shown == (["bob corrected [1]: here"] if is_resumed else ["bob: here (edited) [👍 1]"])


# --- What is said ---

SAID = [
    ("/re yes", {"text": "yes", "reply": 2}),
    ("/re 1 yes", {"text": "yes", "reply": 1}),
    ("/re [1] yes", {"text": "yes", "reply": 1}),
    ("/re bob yes", {"text": "yes", "reply": 1}),
    ("/re @BOB yes", {"text": "yes", "reply": 1}),
    ("/re nobody knows", {"text": "nobody knows", "reply": 2}),
    ("/edit mine, too", {"text": "mine, too", "edit": 3}),
    ("/delete", {"text": "", "delete": 3}),
    ("/delete 1", {"text": "", "delete": 1}),
    ("/react :+1:", {"text": "👍", "react": 2}),
    ("/react 1 :tada:", {"text": "🎉", "react": 1}),
    ("/react 1 🐌", {"text": "🐌", "react": 1}),
    ("/react", {"text": "", "react": 2}),
    ("/react 1", {"text": "", "react": 1}),
]


@pytest.mark.parametrize(("line", "frame"), SAID, ids=[line for line, _ in SAID])
def test_commands_speak_of_messages(line: str, frame: dict[str, Any]) -> None:
    """Of the one that is named, or of the last that can be meant."""
    talk = two_messages()
    assert talk.type(line) == []
    assert frames(talk) == [frame]


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("/re hm", "Nobody else has said anything in lobby"),
        ("/react :+1:", "Nobody else has said anything in lobby"),
        ("/edit x", "no message of yours here to correct"),
        ("/delete", "no message of yours here to delete"),
        ("/react :thmbsup:", "did you mean :thumbsup:?"),
        ("/react 1 " + "!" * 33, "at most 32 characters"),
        ("/re", "Usage: /re [N|NAME] TEXT"),
        ("/delete 1 2", "is not expected here"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(line: str, part: str) -> None:
    """And nothing is sent."""
    talk = modern()
    [sentence] = talk.type(line)
    assert part in sentence
    assert frames(talk) == []


@pytest.mark.parametrize("line", ["/re hm", "/edit x", "/delete", "/react :+1:"])
def test_an_old_server_is_named(line: str) -> None:
    """One sentence; it would take the entry for a text."""
    talk = Talk(rich=True)
    talk.hear(message(1), message(2, "mine", "ann"))
    [sentence] = talk.type(line)
    assert "too old" in sentence
    assert frames(talk) == []


def test_a_message_on_its_way_is_not_passed_over() -> None:
    """Its author means that one, not the one before."""
    talk = two_messages()
    talk.type("newer")
    assert talk.it.vocabulary().correctable is None
    assert "still on its way" in talk.type("/edit x")[0]
    frames(talk)
    talk.hear(message(4, "newer", "ann", seq=1, by="here"))
    assert talk.it.vocabulary().correctable == Correctable("lobby", 4, "newer")


def test_a_correction_goes_to_the_room_where_it_began() -> None:
    """As it was typed, also if it looks like a command; one that changes nothing goes nowhere."""
    talk = two_messages()
    which = Correctable("lobby", 3, "mine")
    talk.it.obey(Correction(which, "/edit"))
    talk.it.obey(Correction(which, "mine"))
    assert [say.frame() for say in talk.it.state.outgoing.texts()] == [
        {"type": "say", "room": "lobby", "text": "/edit", "seq": 1, "edit": 3}
    ]


def test_entries_are_sent_again_until_their_receipt_comes() -> None:
    """Like texts, with what they speak of; their receipt changes the row."""
    talk = two_messages()
    talk.type("/edit better", "/react 1 :+1:")
    assert len(frames(talk)) == 2
    talk.it.disconnected()
    welcome = {"type": "welcome", "name": "ann", "color": "blue", "epoch": "e1", "accepted": 1, "tag": "here"}
    talk.it.heard({**welcome, "features": ["entries"]})
    talk.enter("lobby", 4, message(4, "better", "ann", seq=1, by="here", edit=3))
    assert frames(talk) == [{"text": "👍", "react": 1}]
    talk.hear(message(5, "👍", "ann", seq=2, by="here", react=1))
    assert len(talk.it.state.outgoing) == 0


@pytest.mark.parametrize("welcome", [{"epoch": "e2", "features": ["entries"]}, {"epoch": "e1", "features": ["by"]}])
def test_entries_do_not_go_where_they_mean_something_else(welcome: dict[str, Any]) -> None:
    """Into another log, or to a server that would take them for texts; texts go there, with numbers without gaps."""
    talk = two_messages()
    talk.type("one", "/react 1 :+1:", "two", "/delete 1")
    talk.it.disconnected()
    del talk.board.lines[:]
    talk.it.heard({"type": "welcome", "name": "ann", "color": "blue", "accepted": 0, "tag": "here", **welcome})
    assert sum(line.startswith("Not delivered: this server") for line in talk.board.lines) == 2
    assert [(say.seq, say.text) for say in talk.it.state.outgoing.texts()] == [(1, "one"), (2, "two")]


def test_a_refused_deletion_is_told_without_a_text() -> None:
    """There is nothing to copy."""
    talk = two_messages()
    talk.type("/delete 1")
    frames(talk)
    error = {"type": "error", "code": "not_yours", "text": "that is not yours", "seq": 1, "fatal": False}
    assert talk.hear(error) == ["Not delivered: That is not yours."]
