"""What becomes of texts and names in a conversation, without any connection."""

from __future__ import annotations

from chat_common import MAX_TEXT
from tests.client.fakes import message, timeless
from tests.client.talk import Talk


def test_an_own_text_appears_when_it_is_confirmed() -> None:
    """Typed text is sent, and shown once, with a tick, in the room's order."""
    talk = Talk()
    assert talk.type("hello") == []
    assert talk.said() == [(1, "lobby", "hello")]
    assert talk.hear(message(1, "hello", "ann", seq=1)) == ["ann: hello ✓"]
    assert talk.hear(message(1, "hello", "ann", seq=1)) == []


def test_history_is_no_receipt() -> None:
    """An earlier process's message with the same number and name confirms nothing."""
    talk = Talk()
    talk.type("new text")
    talk.said()
    talk.enter("lobby", 1, message(1, "old text", "ann", seq=1))
    assert len(talk.it.state.outgoing) == 1


def test_a_strangers_number_is_no_receipt() -> None:
    """Everybody counts from 1: only one's own message confirms one's own text."""
    talk = Talk()
    talk.type("mine")
    talk.said()
    assert talk.hear(message(1, "theirs", "bob", seq=1)) == ["bob: theirs"]
    assert len(talk.it.state.outgoing) == 1


def test_where_typed_lines_stay_a_receipt_is_short() -> None:
    """A screen that echoes does not show the text twice."""
    talk = Talk()
    talk.board.echoes = True
    talk.type("hello")
    talk.said()
    assert talk.hear(message(1, "hello", "ann", seq=1)) == ["* delivered [1] *"]


def test_text_typed_offline_waits_and_is_resumed_in_order() -> None:
    """Nothing is lost: neither what was typed meanwhile nor what others said."""
    talk = Talk()
    talk.it.disconnected()
    talk.type("one", "two")
    assert talk.it.status("offline", waiting=True).waiting == ("one", "two")
    talk.it.heard({"type": "welcome", "name": "ann", "color": "blue", "epoch": "e1", "accepted": 1})
    talk.enter("lobby", 2, message(1, "meanwhile"), message(2, "one", "ann", seq=1))
    assert [timeless(line) for line in talk.board.lines] == [
        "── 1 new message ──",
        "bob: meanwhile",
        "ann: one ✓",
    ]
    assert talk.said() == [(2, "lobby", "two")]


def test_a_refused_text_is_given_back() -> None:
    """The reason and the text, so that it can be copied; it counts as failed."""
    talk = Talk()
    talk.type("/msg nobody psst")
    talk.said()
    [line] = talk.hear({"type": "error", "code": "no_such_user", "text": "there is no nobody", "seq": 1})
    assert line == "Not delivered: There is no nobody. Your text was: psst"
    assert (talk.it.state.refused, len(talk.it.state.outgoing)) == (1, 0)


def test_a_full_disk_keeps_the_text() -> None:
    """storage_unavailable holds everything, says so once, and loses nothing."""
    talk = Talk()
    talk.type("one", "two")
    talk.said()
    lines = talk.hear(
        {"type": "error", "code": "storage_unavailable", "text": "The disk is full.", "seq": 1},
        {"type": "error", "code": "bad_seq", "text": "expected 1", "seq": 2, "accepted": 0},
    )
    assert lines == ["Not delivered yet: The disk is full. Trying again…"]
    assert talk.it.state.outgoing.held
    talk.it.state.outgoing.release()
    assert talk.said() == [(1, "lobby", "one"), (2, "lobby", "two")]


def test_a_text_that_is_refused_again_is_not_told_of_again() -> None:
    """Only another reason, or another text, is news."""
    talk = Talk()
    talk.type("one", "two")

    def refuse(seq: int, text: str) -> list[str]:
        talk.said()
        lines = talk.hear({"type": "error", "code": "storage_unavailable", "text": text, "seq": seq})
        talk.it.state.outgoing.release()
        return lines

    assert refuse(1, "the disk is full") == ["Not delivered yet: The disk is full. Trying again…"]
    assert refuse(1, "the disk is full") == []
    assert refuse(1, "the disk is broken") == ["Not delivered yet: The disk is broken. Trying again…"]
    talk.hear({"type": "ack", "seq": 1, "id": 1, "room": "lobby"})
    assert refuse(2, "the disk is broken") == ["Not delivered yet: The disk is broken. Trying again…"]


def test_a_long_text_is_split() -> None:
    """More than a message may hold becomes several; NUL cannot be sent at all."""
    talk = Talk()
    talk.type("x" * (MAX_TEXT + 1) + "\0")
    assert [len(text) for _, _, text in talk.said()] == [MAX_TEXT, 1]


def test_a_long_text_of_many_lines_is_split_between_them() -> None:
    """Where a line ends, unless that is too far back; the parts make the whole."""
    talk = Talk()
    lines = [f"{number:03} " + "x" * 95 for number in range(120)]
    talk.type("\n".join(lines))
    texts = [text for _, _, text in talk.said()]
    assert [len(text) for text in texts] == [4_999, 4_999, 1_999]
    assert "\n".join(texts).split("\n") == lines
    talk.type("short\n" + "y" * 6_000)
    assert [len(text) for _, _, text in talk.said()] == [MAX_TEXT, 1_006]


def test_my_name_is_what_the_server_says() -> None:
    """A change counts from the moment the server tells it, in whatever room."""
    talk = Talk()
    talk.type("/nick anna")
    assert talk.asked() == [{"type": "nick", "name": "anna"}]
    assert talk.it.state.name == "ann"
    renamed = {"type": "presence", "room": "lobby", "renamed": [["ann", "anna"]], "members": 1}
    assert talk.hear(renamed, {**renamed, "room": None}) == ["You are now anna."]
    talk.type("hi")
    talk.said()
    assert talk.hear(message(1, "hi", "anna", seq=1)) == ["anna: hi ✓"]


def test_an_error_cannot_steer_the_terminal() -> None:
    """Sentences from the server are as harmless as texts, and so is a text that comes back."""
    talk = Talk()
    talk.type("\x1b[2Jboo")
    talk.said()
    talk.hear(
        {"type": "error", "code": "internal", "text": "\x1b[2J\nx"},
        {"type": "error", "code": "denied", "text": "\x9b", "seq": 1},
    )
    assert not any(mark in line for line in talk.board.lines for mark in ("\x1b", "\x9b", "\n"))
