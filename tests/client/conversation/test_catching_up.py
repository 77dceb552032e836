"""The past of a room: what came meanwhile, gaps, older pages."""

from __future__ import annotations

from tests.client.fakes import message, timeless
from tests.client.talk import Talk


def test_a_jump_is_said_and_filled() -> None:
    """A hole between live messages is reported, and the room resumed from before it."""
    talk = Talk()
    [line] = talk.hear(message(1), message(4))[1:]
    assert "messages between 1 and 4 are missing" in line
    assert talk.asked() == [{"type": "join", "room": "lobby", "after": 1}]
    talk.enter("lobby", 4, message(2), message(3), message(4))
    assert talk.hear(message(5, "next")) == ["bob: next"]


def test_a_gap_is_said() -> None:
    """A history that does not reach back to where we were is not passed over in silence."""
    talk = Talk()
    talk.enter("lobby", 50, message(40), gap=True)
    assert any("missing" in line for line in talk.board.lines)


def test_an_unannounced_gap_is_said_too() -> None:
    """The numbers themselves tell."""
    talk = Talk()
    talk.enter("lobby", 50, message(40))
    assert any("missing" in line for line in talk.board.lines)


def test_who_comes_right_back_to_a_room_is_shown_its_recent_messages() -> None:
    """What was still on its way from before is part of them: it neither stands alone, nor makes the rest look lost."""
    talk = Talk("lobby", "builds")
    talk.enter("builds", 56)
    talk.type("/leave builds", "/join builds")
    assert talk.asked() == [{"type": "leave", "room": "builds"}, {"type": "join", "room": "builds", "history": 20}]
    assert talk.hear(message(57, "late", room="builds")) == []
    talk.hear({"type": "presence", "room": "builds", "left": ["ann"], "members": 1})
    talk.enter("builds", 58, *(message(id, f"no. {id}", room="builds") for id in (56, 57, 58)), gap=True)
    assert talk.board.lines[0] == "* you are in #builds (2 here)"
    assert list(map(timeless, talk.board.lines[1:])) == [
        "#builds bob: no. 56",
        "── 2 new messages in #builds ──",
        "#builds bob: no. 57",
        "#builds bob: no. 58",
    ]
    assert talk.hear(message(59, "live", room="builds")) == ["#builds bob: live"]


def test_older_messages_come_page_by_page() -> None:
    """Each /history goes further back, and pages do not move the position in the room."""
    talk = Talk()
    talk.enter("lobby", 50, message(50))
    talk.type("/history 2")
    assert talk.asked() == [{"type": "history", "room": "lobby", "limit": 2, "before": 50}]
    lines = talk.hear(
        {"type": "history", "room": "lobby", "messages": [message(48, "a")], "more": True},
        {"type": "history", "room": "lobby", "messages": [message(49, "b")], "more": False},
    )
    assert [timeless(line) for line in lines[:2]] == ["bob: a", "bob: b"]
    talk.type("/history")
    assert talk.asked()[0]["before"] == 48
    assert talk.hear(message(51, "live")) == ["bob: live"]
    assert "nothing older" in talk.hear({"type": "history", "room": "lobby", "messages": []})[0]
