"""What a person asks for, and what is refused at once."""

from __future__ import annotations

import pytest

from tests.client.fakes import message
from tests.client.talk import Talk


def test_private_messages_and_the_answer() -> None:
    """They are marked with the other's name, and /reply goes there."""
    talk = Talk()
    assert "Nobody has written" in talk.type("/reply hm")[0]
    talk.enter("@ann+bob")
    assert talk.hear(message(1, "psst", room="@ann+bob")) == ["@bob bob: psst"]
    talk.type("/reply what?", "/msg carol did you hear")
    assert talk.said() == [(1, "@bob", "what?"), (2, "@carol", "did you hear")]
    talk.type("/switch @bob")
    assert talk.hear(message(2, "listen", room="@ann+bob")) == ["@bob bob: listen"]
    assert talk.type("/leave") == ["* now talking in #lobby"]


@pytest.mark.parametrize(
    "line", ["/nick a b", "/nick server", "/color ultraviolet", "/join Ö", "/msg ö x", "/switch @"]
)
def test_what_the_server_would_refuse_is_refused_here(line: str) -> None:
    """A sentence, and no request."""
    talk = Talk()
    assert len(talk.type(line)) == 1
    assert talk.asked() == []
    assert talk.said() == []


def test_ignored_people_are_not_shown() -> None:
    """Neither what they say nor that they come and go; whatever the case; until they are shown again."""
    talk = Talk()
    assert talk.type("/ignore b b") == [
        '"b b" is not a valid name: a name is made of A-Z a-z 0-9 _ . - and starts with a letter or a digit.'
    ]
    assert talk.type("/ignore BOB") == [
        "* nobody called BOB has been here so far; ignored anyway",
        "* ignored: BOB",
    ]
    coming = {"type": "presence", "room": "lobby", "joined": ["bob"], "members": 2}
    assert talk.hear(message(1), coming) == []
    assert talk.type("/unignore bob", "/unignore bob") == ["* bob is shown again", "* You did not ignore bob."]
    assert talk.hear(message(2, "again")) == ["bob: again"]
    assert talk.type("/ignore bob") == ["* ignored: bob"]


def test_ignored_people_stay_ignored_under_a_new_name() -> None:
    """And under the one they had, should they come back with it; a new name of others changes nothing."""
    talk = Talk()
    talk.type("/ignore bob")
    talk.hear({"type": "presence", "room": "lobby", "renamed": [["bob", "Robert"], ["carol", "carla"]], "members": 3})
    assert talk.hear(message(1, sender="Robert"), message(2, sender="bob")) == []
    assert talk.hear(message(3, "hi", sender="carla")) == ["carla: hi"]
    assert talk.type("/ignore") == ["* ignored: bob, Robert"]


def test_away_is_asked_for_and_asked_again_after_a_reconnect() -> None:
    """The server forgets it with the connection; the client does not."""
    talk = Talk()
    talk.type("/away lunch")
    assert talk.asked() == [{"type": "away", "text": "lunch"}]
    talk.it.disconnected()
    talk.welcome()
    assert talk.asked() == [{"type": "away", "text": "lunch"}]
    talk.type("/back")
    assert talk.asked() == [{"type": "away", "text": None}]


def test_requests_have_their_wire_form() -> None:
    """/who, /rooms, /search and /color ask for what the page says."""
    talk = Talk()
    talk.type("/who", "/who builds", "/rooms", "/search a b", "/color RED", "/switch @Bob", "/who")
    assert talk.asked() == [
        {"type": "who", "room": "lobby"},
        {"type": "who", "room": "builds"},
        {"type": "rooms"},
        {"type": "search", "text": "a b", "count": True},
        {"type": "color", "color": "red"},
        {"type": "who", "room": "@ann+bob"},
    ]


def test_a_colour_that_is_not_named_is_a_question() -> None:
    """One's own and all others are told, as with other choices, and nothing is asked of the server."""
    talk = Talk()
    [line] = talk.type("/color")
    assert line.startswith("* color: blue; there are: black, ")
    assert talk.asked() == []


def test_questions_make_no_sense_offline() -> None:
    """They are refused with a sentence, and not asked later."""
    talk = Talk()
    talk.it.disconnected()
    for line in ("/who", "/rooms", "/search x", "/history", "/nick bob"):
        assert "offline" in talk.type(line)[0]
    talk.welcome()
    assert talk.asked() == []


def test_the_screen_is_cleared_on_request() -> None:
    """/clear."""
    talk = Talk()
    talk.type("/clear")
    assert talk.board.cleared == 1


@pytest.mark.parametrize("line", ["/ignore ann", "/ignore ANN"])
def test_nobody_ignores_themselves(line: str) -> None:
    """Neither by that command, in any case, nor by taking a name that they ignore."""
    talk = Talk()
    assert talk.type(line, "/ignore") == ["You cannot ignore yourself.", "* You ignore nobody."]
    talk.type("/ignore bob")
    talk.hear({"type": "presence", "room": "lobby", "renamed": [["ann", "Bob"]], "members": 2})
    assert talk.hear(message(1, "hello", "Bob")) == ["Bob: hello"]
    assert talk.type("/ignore") == ["* You ignore nobody."]


def test_a_reply_after_a_restart_goes_to_who_wrote_last() -> None:
    """Of all the private rooms that are resumed, by the time; not to those who are ignored, nor to oneself."""
    talk = Talk()
    talk.type("/ignore eve")
    talk.enter("@ann+dan", 1, message(1, "later", "Dan", "@ann+dan", ts=300.0))
    talk.enter("@ann+bob", 2, message(1, "sooner", "bob", "@ann+bob", ts=200.0))
    talk.enter("@ann+eve", 1, message(1, "latest", "eve", "@ann+eve", ts=400.0))
    talk.enter("@ann+carol", 1, message(1, "mine", "ann", "@ann+carol", ts=500.0))
    talk.type("/reply hi")
    assert talk.said() == [(1, "@Dan", "hi")]


def test_a_reply_to_nobody_says_how_to_write() -> None:
    """Public messages are no reason to reply."""
    talk = Talk()
    talk.enter("lobby", 1, message(1))
    assert talk.type("/reply hi") == ["Nobody has written to you privately yet; /msg NAME TEXT writes to somebody."]
    assert talk.said() == []


def test_a_reply_follows_a_new_name() -> None:
    """Who wrote is reached under the name that they have now."""
    talk = Talk()
    talk.hear({"type": "joined", "room": "@ann+bob", "last": 0, "members": 2}, message(1, "psst", "bob", "@ann+bob"))
    talk.hear({"type": "presence", "room": "lobby", "renamed": [["bob", "rob"]], "members": 2})
    talk.type("/reply hi")
    assert talk.said() == [(1, "@rob", "hi")]
