"""How a client introduces itself, and what the welcome changes."""

from __future__ import annotations

from chat_common import MAX_HELLO_LINE, encode_frame
from client_parts.screen.status import status_line
from tests.client.fakes import message, unpainted
from tests.client.talk import Talk


def test_the_hello_says_who_where_and_from_when() -> None:
    """Everything the server needs to welcome, or to resume."""
    talk = Talk("lobby", "builds", online=False, history=5)
    hello = talk.it.hello("s" * 32, "t" * 32)
    assert hello["protocol"] == 1
    assert hello["client"] == "client.py 1.0.0"
    assert hello["features"] == ["by"]
    assert hello["rooms"] == {"lobby": None, "builds": None}
    assert (hello["history"], hello["token"], "epoch" in hello) == (5, "t" * 32, False)
    talk.welcome(last=7)
    again = talk.it.hello("s" * 32, None)
    assert (again["rooms"], again["epoch"], "token" in again) == ({"lobby": 7, "builds": 7}, "e1", False)


def test_a_new_log_is_told_and_shown_from_its_end() -> None:
    """Another epoch: the positions mean nothing, and a person is told."""
    talk = Talk()
    talk.hear(message(1))
    talk.it.disconnected()
    talk.board.lines.clear()
    talk.it.heard({"type": "welcome", "name": "ann", "color": "blue", "epoch": "e2", "accepted": 0})
    assert "history was replaced" in talk.board.lines[0]
    assert talk.it.state.cursors.positions() == {"lobby": None}


def test_wishes_are_kept_offline() -> None:
    """A colour goes into the next hello, and being away is asked for after it."""
    talk = Talk()
    talk.it.disconnected()
    assert talk.type("/color red", "/away lunch") == [
        "* color: red, for this run only",
        "* you are marked as away",
    ]
    assert "ann · away · " in unpainted(status_line(talk.status(), 80))
    assert talk.it.hello("s", None)["color"] == "red"
    talk.welcome()
    assert talk.asked() == [{"type": "away", "text": "lunch"}]


def test_a_hello_fits_its_line_however_many_rooms_there_are() -> None:
    """What does not fit is joined after the welcome."""
    talk = Talk(*(f"{number:03}{'x' * 50}" for number in range(100)))
    hello = talk.it.hello("s" * 32, "t" * 43)
    assert len(encode_frame(hello)) <= MAX_HELLO_LINE
    talk.it.heard({"type": "welcome", "name": "ann", "color": "blue", "epoch": "e1", "accepted": 0})
    joined = {frame["room"] for frame in talk.asked()}
    assert joined | set(hello["rooms"]) == set(talk.it.state.cursors.rooms())
    assert not joined & set(hello["rooms"])


def test_rooms_entered_offline_are_entered_on_return() -> None:
    """The next hello names them."""
    talk = Talk()
    talk.it.disconnected()
    talk.type("/join builds")
    assert talk.it.hello("s", None)["rooms"] == {"lobby": 0, "builds": None}


def test_an_old_private_room_is_not_asked_for_under_a_new_name() -> None:
    """The server would deny it."""
    talk = Talk()
    talk.enter("@ann+bob")
    talk.hear({"type": "presence", "room": None, "renamed": [["ann", "anna"]]})
    assert list(talk.it.hello("s", None)["rooms"]) == ["lobby"]
