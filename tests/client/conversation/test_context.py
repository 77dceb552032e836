"""What stood around a message is shown without a trace in what was read, and told apart from older pages."""

from __future__ import annotations

import pytest

from client_parts.screen.found import matches
from tests.client.fakes import message
from tests.client.talk import Talk


@pytest.fixture
def talk() -> Talk:
    """Somebody who has found two messages, in two rooms."""
    talk = Talk()
    talk.type("/search whale")
    found = [message(9, "a whale", room="den"), message(5, "whale", room="lobby"), message(5, "whale", room="attic")]
    talk.hear({"type": "results", "text": "whale", "messages": found, "total": 3})
    talk.asked()
    return talk


def page(room: str, *ids: int, **more: object) -> dict[str, object]:
    said = [message(id, f"whale {id}", room=room) for id in ids]
    return {"type": "history", "room": room, "messages": said, "gap": False, "more": False, **more}


def test_a_found_message_is_shown_among_its_neighbours(talk: Talk) -> None:
    """In its room; it bears a sign, and its match is marked."""
    talk.type("/context 9")
    assert talk.asked() == [{"type": "history", "room": "den", "before": 14, "limit": 9}]
    lines = talk.hear(page("den", 4, 5, 6, 7, 8, 9, 10))
    assert lines[0] == "* around [9] in #den:"
    assert [line.partition(" den")[0] for line in lines[1:]] == ["  [5]", "  [6]", "  [7]", "  [8]", "→ [9]", "  [10]"]
    assert [line.rpartition("bob: ")[2] for line in lines[-2:]] == ["*whale* 9", "whale 10"]


def test_a_number_may_mean_several_messages(talk: Talk) -> None:
    """Then the newest of the search, unless a room is named; without a search, that of the present room."""
    talk.type("/context 5", "/context [5] #Attic", "/context 7", "/context 1 @bob")
    assert [request["room"] for request in talk.asked()] == ["lobby", "attic", "lobby", "@ann+bob"]


def test_it_does_not_count_as_read(talk: Talk) -> None:
    """/history goes on where it was, and both answers find their question in whichever order they were asked."""
    talk.type("/join den")
    talk.enter("den", 1_000, message(1_000, room="den"))
    talk.asked()
    talk.type("/history 2", "/context 9")
    [older, near] = talk.asked()
    assert (older["before"], near["before"]) == (1_000, 14)
    assert talk.hear(page("den", 998, 999))[-1] == "* /history shows still older messages"
    assert talk.hear(page("den", 8, 9, 10))[0] == "* around [9] in #den:"
    talk.type("/context 9", "/history 2")
    assert talk.asked()[1]["before"] == 998
    assert talk.hear(page("den", 9))[0] == "* around [9] in #den:"
    assert talk.hear(page("den", 996, 997))[-1] == "* /history shows still older messages"


def test_what_is_ignored_is_not_shown(talk: Talk) -> None:
    """Neither there nor found by its number."""
    talk.type("/ignore bob", "/context 9")
    assert talk.hear(page("den", 8, 9)) == ["* around [9] in #den:"]


def test_what_was_done_to_messages_is_no_message(talk: Talk) -> None:
    """A correction or reaction is not listed beside what it changed, unless its own number was asked for."""
    talk.type("/context 9")
    [said, edited, liked] = (message(id, f"whale {id}", room="den") for id in (9, 10, 11))
    done: dict[str, object] = {"messages": [said, {**edited, "edit": 9}, {**liked, "react": 9}]}
    assert len(talk.hear(page("den", **done))) == 2
    talk.type("/context 11 den")
    assert [line.split()[0] for line in talk.hear(page("den", **done))[1:]] == ["[9]", "→"]


def test_a_change_of_the_room_reads_as_everywhere(talk: Talk) -> None:
    """Not as a text that somebody has said."""
    talk.type("/context 9")
    change = {**message(10, "/me set the mode to open", room="den"), "change": {"mode": "open"}}
    told = talk.hear(page("den", messages=[message(9, "whale", room="den"), change]))[-1]
    assert told.startswith("  [10] den ")
    assert told.endswith(" bob set the mode to open (everybody may talk)")


@pytest.mark.parametrize("ids", [(), (8, 10)])
def test_a_message_that_is_not_there(talk: Talk, ids: tuple[int, ...]) -> None:
    """Said in a sentence; an answer after the link was lost is nobody's."""
    talk.type("/context 9")
    assert talk.hear(page("den", *ids)) == ["* There is no message [9] in #den."]
    talk.type("/context 9")
    talk.it.disconnected()
    assert talk.it._paging.context.takes("den", []) is False


def test_offline_nothing_is_waited_for() -> None:
    """As with every request."""
    talk = Talk(online=False)
    assert talk.type("/context 9") == ["You are offline; try again when the connection is back."]
    assert talk.it._paging.context.takes("lobby", []) is False


@pytest.mark.parametrize("words", ["", "x", "0", "5 a b"])
def test_a_wrong_number_is_told(talk: Talk, words: str) -> None:
    [line] = talk.type(f"/context {words}")
    assert line.endswith("/context N [ROOM]")
    assert talk.asked() == []


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [
        ("whale", "Whale whales", ["Whale", "whales"]),
        ('"whale"', "Whale whales", ["Whale"]),
        ('"wha"', "Whale whales", []),
        ("wha*", "Whale whales", ["Whale", "whales"]),
        ("wha", "a Whale, awhale", ["Whale"]),
        ('"blue wha"', "blue whale", []),
        ('"blue wha"*', "blue whale", ["blue whale"]),
        ("from:wha", "whale", []),
    ],
)
def test_a_word_may_be_a_beginning(query: str, text: str, marked: list[str]) -> None:
    """A bare word marks the words that begin so, as a whole; one in quotation marks only itself."""
    assert [text[start:end] for start, end in matches(query, text)] == marked
