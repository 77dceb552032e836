"""Entering, leaving and switching rooms, and who can read what is said there."""

from __future__ import annotations

from tests.client.fakes import message
from tests.client.talk import Talk


def test_a_waiting_text_for_another_place_names_it() -> None:
    """So that private words are not taken for public ones."""
    talk = Talk()
    talk.type("/join builds", "here", "/msg bob psst", "/switch lobby")
    assert talk.it.status("offline", waiting=True).waiting == ("#builds here", "@bob psst")


def test_rooms_can_be_entered_switched_and_left() -> None:
    """The present room follows, and the prompt shows it."""
    talk = Talk()
    talk.type("/join #Builds")
    assert talk.asked() == [{"type": "join", "room": "builds", "history": 20}]
    assert talk.status().prompt == "builds> "
    talk.enter("builds")
    talk.type("made it", "/switch lobby", "back")
    assert [room for _, room, _ in talk.said()] == ["builds", "lobby"]
    talk.type("/leave builds")
    assert talk.asked() == [{"type": "leave", "room": "builds"}]
    assert talk.type("/switch builds") == ["You are not in builds; /join builds enters a room."]


def test_leaving_the_last_room_leaves_nowhere_to_talk() -> None:
    """A text in no room is refused at once, with the way out."""
    talk = Talk()
    talk.type("/leave")
    assert talk.status().prompt == "(no room)> "
    assert talk.type("hello") == ["You are in no room; /join ROOM enters one."]
    assert talk.type("/leave") == ["You are in no room; /join ROOM enters one."]


def test_a_room_with_waiting_text_is_not_left() -> None:
    """Leaving would make the text undeliverable."""
    talk = Talk()
    talk.it.disconnected()
    assert "still waiting" in talk.type("hello", "/leave")[0]


def test_a_refused_room_is_not_entered() -> None:
    """The present room goes back to one that we are in."""
    talk = Talk()
    talk.type("/join secret")
    talk.hear({"type": "error", "code": "denied", "text": "You may not.", "field": "room"})
    assert talk.status().prompt == "lobby> "
    assert "secret" not in talk.it.state.cursors


def test_other_rooms_are_marked() -> None:
    """A message from elsewhere names its room; one of the present room does not."""
    talk = Talk("lobby", "builds")
    assert talk.hear(message(1, "here"), message(1, "there", room="builds")) == ["bob: here", "#builds bob: there"]


def test_who_can_read_a_line_never_changes() -> None:
    """Wherever one talks, private and other rooms' lines bear their mark; and each turn leaves a trace."""
    talk = Talk("lobby", "builds")
    talk.enter("@ann+bob")
    said = [message(1), message(1, room="builds"), message(1, room="@ann+bob")]
    marked: list[list[str]] = []
    for turn, trace in (
        ("lobby", []),
        ("@bob", ["* now talking to bob in private"]),
        ("builds", ["* now talking in #builds"]),
    ):
        assert talk.type(f"/switch {turn}") == trace
        marked.append(list(talk.hear(*({**one, "id": len(marked) + 1} for one in said))))
    assert marked == [["bob: hello", "#builds bob: hello", "@bob bob: hello"]] * 3


def test_what_waits_before_the_first_welcome_names_whom_it_is_for() -> None:
    """Not the room that is theirs together."""
    talk = Talk(online=False)
    talk.type("/msg bob hi")
    assert talk.it.unconfirmed() == ("@bob hi",)


def test_a_room_that_is_entered_later_shows_as_much_of_its_past_as_the_first() -> None:
    """What was wished at the start, also if that is nothing."""
    talk = Talk(history=0)
    talk.type("/join builds")
    assert talk.asked() == [{"type": "join", "room": "builds", "history": 0}]
    assert talk.it.hello("s", None)["history"] == 0
