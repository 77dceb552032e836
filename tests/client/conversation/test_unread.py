"""What counts as unread, and until when."""

from __future__ import annotations

from typing import Any

import pytest

from chat_common import Frame
from tests.client.fakes import message, timeless
from tests.client.talk import Talk


@pytest.mark.parametrize("answer", ["/reply yes", "/msg bob yes", "/switch @bob", "/nick anna"])
def test_a_private_conversation_is_unread_until_one_goes_or_writes_there(answer: str) -> None:
    """An answer is a sign that it was read; under another name it cannot be read any more."""
    talk = Talk()
    talk.enter("@ann+bob")
    talk.hear(message(1, "psst", room="@ann+bob"))
    assert talk.unread() == {"@bob": 1}
    talk.type("and you all", "/msg carol psst")
    assert talk.unread() == {"@bob": 1}
    talk.type(answer)
    if answer.startswith("/nick"):
        talk.hear({"type": "presence", "room": None, "renamed": [["ann", "anna"]], "members": 0})
    assert talk.unread() == {}


def test_a_room_that_was_left_is_not_unread() -> None:
    """Nobody could ever go there to read it."""
    talk = Talk("lobby", "builds")
    talk.hear(message(1, "done", room="builds"))
    assert talk.unread() == {"#builds": 1}
    talk.type("/leave builds")
    assert talk.unread() == {}


def test_who_is_here_is_not_known_offline() -> None:
    """Neither how many there are nor that somebody is away, until the server says it again."""
    talk = Talk(rich=True)
    talk.enter("@ann+bob")
    talk.type("/switch @bob")
    talk.hear({"type": "who", "room": "@ann+bob", "members": [{"name": "bob", "away": "lunch"}]})
    assert talk.status().absent == "bob is away"
    talk.type("/switch lobby")
    assert talk.status().members == 2
    talk.it.disconnected()
    assert talk.status().members is None
    talk.type("/switch @bob")
    assert talk.status().absent == ""
    talk.welcome()
    talk.enter("@ann+bob")
    talk.type("/switch lobby")
    assert talk.status().members == 2


def test_whether_the_partner_is_there_follows_what_the_server_says() -> None:
    """Not connected, away, and asked again when somebody who was away writes."""
    talk = Talk(rich=True)
    talk.enter("@ann+bob")
    talk.type("/switch @bob")
    who: Frame = {"type": "who", "room": "@ann+bob"}
    talk.hear({**who, "members": [{"name": "bob", "away": "lunch"}]})
    talk.asked()
    talk.hear(message(1, "I am back", room="@ann+bob"))
    assert talk.asked() == [who]
    talk.hear({**who, "members": [{"name": "bob"}]})
    assert talk.status().absent == ""
    talk.hear({"type": "presence", "room": "@ann+bob", "left": ["bob"], "members": 1})
    assert talk.status().absent == "bob is not here"


def came_back(talk: Talk, room: str, last: int, *messages: Frame, **more: Any) -> list[str]:
    """The link was gone; what is shown when that room is resumed."""
    talk.it.disconnected()
    talk.welcome()
    talk.enter(room, last, *messages, **more)
    talk.it.tell_news(0.0)
    return [timeless(line) for line in talk.board.lines]


def test_private_messages_missed_offline_are_news() -> None:
    """A line stands before them, they are counted in the status, and they ring once."""
    talk = Talk(rich=True)
    talk.enter("@ann+bob")
    missed = [message(id, "psst", room="@ann+bob") for id in (1, 2)]
    lines = came_back(talk, "@ann+bob", 2, *missed)
    assert lines[0] == "── 2 new messages in @bob ──"
    assert talk.unread() == {"@bob": 2}
    assert talk.board.rung == 1


def test_who_wrote_privately_for_the_first_time_while_offline_is_news() -> None:
    """That conversation is not known from before; but one at the very first start is no news."""
    talk = Talk(rich=True)
    talk.enter("@ann+eve", 1, message(1, "long ago", "eve", "@ann+eve"))
    assert (talk.unread(), talk.board.rung) == ({}, 0)
    lines = came_back(talk, "@ann+bob", 1, message(1, "psst", room="@ann+bob"))
    assert lines[0] == "── 1 new message in @bob ──"
    assert (talk.unread(), talk.board.rung) == ({"@bob": 1}, 1)


def test_rooms_are_unread_after_a_loss_as_they_are_live() -> None:
    """Another room is counted; the present one has its line, and is read."""
    talk = Talk("lobby", "builds", rich=True)
    assert came_back(talk, "builds", 1, message(1, "done", room="builds"))[0] == "── 1 new message in #builds ──"
    assert came_back(talk, "lobby", 1, message(1))[0] == "── 1 new message ──"
    assert talk.unread() == {"#builds": 1}
    assert talk.board.rung == 0


def test_ones_own_texts_and_ignored_people_are_no_news() -> None:
    """What nobody else said, or nobody sees, is neither counted nor announced."""
    talk = Talk(rich=True)
    talk.type("/ignore eve")
    mine, hidden = message(1, "mine", "ann"), message(2, "ann!", "eve")
    assert came_back(talk, "lobby", 2, mine, hidden) == ["ann: mine ✓"]
    assert came_back(talk, "lobby", 4, message(3, "more", "ann"), message(4))[0] == "── 1 new message ──"


def test_what_came_since_one_left_a_room_is_new() -> None:
    """Not what was on the screen before."""
    talk = Talk("lobby", "builds", rich=True)
    talk.hear(message(1, room="builds"))
    talk.type("/leave builds", "/join builds")
    talk.enter("builds", 2, message(1, "old", room="builds"), message(2, "new", room="builds"))
    assert [timeless(line) for line in talk.board.lines[-3:]] == [
        "#builds bob: old",
        "── 1 new message in #builds ──",
        "#builds bob: new",
    ]


def test_news_that_waits_is_not_told_to_whom_it_is_unwelcome() -> None:
    """Who came before /joins off was typed is not told after it."""
    talk = Talk(rich=True)
    talk.hear({"type": "presence", "room": "lobby", "joined": ["eve"], "members": 3})
    talk.it.tell_news(0.0)
    talk.type("/joins off")
    talk.it.tell_news(9.0)
    assert not any("eve" in line for line in talk.board.lines)


def test_mentions_missed_offline_are_told_on_coming_back() -> None:
    """Once, when all rooms have come; and not again after the next loss, unless there are more."""
    talk = Talk("lobby", "builds", rich=True)
    talk.it.disconnected()
    talk.welcome()
    talk.it.heard({"type": "joined", "room": "lobby", "last": 1, "members": 1})
    for room in ("builds", "lobby"):
        if room == "builds":
            talk.enter(room, 1, message(1, "ann?", room=room))
        else:
            talk.it.heard({"type": "history", "room": room, "messages": [message(1, "hi ann")]})
        talk.it.tell_news(0.0)
    told = [line for line in talk.board.lines if "mentioned" in line]
    assert told == ["── You were mentioned 2 times while you were not here: /mentions ──"]
    assert not any("mentioned" in line for line in came_back(talk, "lobby", 2, message(2, "annual")))
    assert any("3 times" in line for line in came_back(talk, "lobby", 3, message(3, "Ann!")))
