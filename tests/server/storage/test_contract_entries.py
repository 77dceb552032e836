"""What every log promises of entries that speak of others: replies, edits, deletions, reactions."""

from __future__ import annotations

from pathlib import Path

import pytest

from server_parts.storage.amending import MOST_REACTIONS
from server_parts.storage.records import CHANGE, DELETE, EDIT, REACT, REPLY, About, Fate, Message, Receipt
from server_parts.storage.store import Store

from .drafts import SESSION, Backend, append, draft, entry, say, texts, trim_all

TS = 1_790_000_000.125


def at(log: Store, id: int, room: str = "lobby") -> Message:
    (message,) = log.after(room, id - 1, 1)
    assert message.id == id
    return message


def fate(log: Store, id: int) -> Fate | None:
    return at(log, id).fate


def test_a_reply_is_a_message_of_its_own(log: Store) -> None:
    """It knows what it answers, has a receipt and is found; what it answers stays as it was."""
    say(log, "a question")
    (reply,) = append(log, entry(REPLY, 1, "an answer", "bob"))
    assert (reply.id, reply.about) == (2, About(REPLY, 1))
    assert at(log, 2) == reply
    assert at(log, 1)[8:] == (None, None, None)
    assert log.receipt(SESSION, reply.seq) == Receipt("lobby", 2)
    assert log.search("answer", {}, 9) == [reply]


def test_an_edit_gives_its_message_another_text(log: Store) -> None:
    """In every page, with its time; and the entry has a number of its own."""
    say(log, "frist", "other")
    (edit,) = append(log, entry(EDIT, 1, "first"))
    assert (edit.id, edit.text, edit.about) == (3, "first", About(EDIT, 1))
    assert texts(log.after("lobby", 0, 9)) == ["first", "other", "first"]
    assert fate(log, 1) == Fate(TS + 1, 3)
    assert (fate(log, 2), fate(log, 3)) == (None, None)
    assert log.receipt(SESSION, edit.seq) == Receipt("lobby", 3)
    assert log.said("lobby", 1) == at(log, 1)


def test_only_the_last_edit_keeps_its_text(log: Store) -> None:
    """Old texts are nowhere."""
    say(log, "one")
    append(log, entry(EDIT, 1, "two"))
    append(log, entry(EDIT, 1, "three"), entry(EDIT, 1, "four"))
    assert texts(log.after("lobby", 0, 9)) == ["four", "", "", "four"]
    assert fate(log, 1) == Fate(TS + 1, 4)


def test_a_deletion_leaves_only_the_number(log: Store) -> None:
    """And takes the text of an edit, and the reactions, with it."""
    say(log, "one")
    append(log, entry(EDIT, 1, "two"), entry(REACT, 1, "+1", "bob"))
    append(log, entry(DELETE, 1, "/me deleted message #1"))
    assert texts(log.after("lobby", 0, 9)) == ["", "", "+1", "/me deleted message #1"]
    assert [message.fate for message in log.after("lobby", 0, 9)] == [None] * 4
    assert log.said("lobby", 1) is None
    assert say(log, "next")[0].id == 5


def test_reactions_are_one_a_person(log: Store) -> None:
    """By name without case, the newest last; another one replaces, and an action takes it back."""
    say(log, "one")
    for sender, text in (("alice", "+1"), ("bob", "+1"), ("Alice", "\u2764"), ("carol", "\U0001f389")):
        append(log, entry(REACT, 1, text, sender))
    assert fate(log, 1) == Fate(reactions=(("bob", "+1"), ("Alice", "\u2764"), ("carol", "\U0001f389")))
    for sender in ("BOB", "carol", "nobody", "alice"):
        append(log, entry(REACT, 1, "/me took the reaction back", sender))
    assert fate(log, 1) is None
    assert texts(log.after("lobby", 1, 4)) == ["+1", "+1", "\u2764", "\U0001f389"]


def test_reactions_survive_an_edit(log: Store) -> None:
    say(log, "one")
    append(log, entry(REACT, 1, "+1", "bob"), entry(EDIT, 1, "two"), entry(REACT, 1, "-1", "carol"))
    assert fate(log, 1) == Fate(TS + 1, 3, (("bob", "+1"), ("carol", "-1")))


def test_only_so_many_react_to_a_message(log: Store) -> None:
    """What comes too late is stored without a text; who has reacted may choose another one."""
    say(log, "one")
    append(log, *(entry(REACT, 1, "+1", f"user{number}") for number in range(MOST_REACTIONS)))
    too_much, other = append(log, entry(REACT, 1, "+1", "late"), entry(REACT, 1, "-1", "user0"))
    assert (too_much.text, other.text) == ("", "-1")
    found = fate(log, 1)
    assert found is not None
    assert (len(found.reactions), found.reactions[-1]) == (MOST_REACTIONS, ("user0", "-1"))


@pytest.mark.parametrize("kind", [EDIT, REACT])
def test_what_cannot_change_anything_has_no_text(log: Store, kind: str) -> None:
    """Its message was deleted, trimmed, was never said, is in another room, or changes another one itself."""
    say(log, "gone", "deleted", "edited", "kept")
    append(log, entry(DELETE, 2, "/me deleted message #2"), entry(EDIT, 3, "new"), entry(REACT, 4, "+1"))
    say(log, "in den", room="den")
    trim_all(log, keep_messages=6)
    before = log.after("lobby", 0, 9)
    assert before[0].id == 2
    for id in (1, 2, 5, 6, 7, 99, 0):
        (stored,) = append(log, entry(kind, id, "void"))
        assert (stored.text, at(log, stored.id)) == ("", stored), id
    assert append(log, entry(kind, 2, "void", room="den"))[0].text == ""
    assert log.after("lobby", 0, 6) == before
    assert log.search("void", {}, 9) == []


def test_what_is_changed_about_a_room_can_be_deleted(log: Store) -> None:
    """And answered; nothing else changes it, no search finds it, and nothing is left of it then."""
    say(log, "one")
    append(log, entry(CHANGE, 0, '{"topic":"whales"}'), entry(EDIT, 2, "x"), entry(REACT, 2, "x"), entry(REPLY, 2, "?"))
    assert texts(log.after("lobby", 0, 9)) == ["one", '{"topic":"whales"}', "", "", "?"]
    assert at(log, 2).about == About(CHANGE, 0)
    assert log.search("whales", {}, 9) == log.search("topic", {}, 9) == []
    append(log, entry(DELETE, 2, "/me deleted message #2"))
    assert (at(log, 2).text, at(log, 2).about) == ("", About(CHANGE, 0))
    trim_all(log, keep_messages=5)
    assert log.after("lobby", 0, 1)[0].id == 2


def test_nothing_speaks_of_what_comes_later(log: Store) -> None:
    """Nor of itself, whatever is stored in one go."""
    append(log, entry(EDIT, 2, "x"), draft("one"), entry(DELETE, 3, "said"), entry(DELETE, 5, "said"), draft("two"))
    assert texts(log.after("lobby", 0, 9)) == ["", "one", "said", "said", "two"]


def test_a_deletion_or_reply_that_comes_too_late_is_harmless(log: Store) -> None:
    """It keeps its text: nothing of it is untrue."""
    say(log, "one")
    for kind in (DELETE, REPLY):
        append(log, entry(DELETE, 1, "/me deleted message #1"), entry(kind, 1, "said"), entry(kind, 99, "said"))
    assert texts(log.after("lobby", 0, 9))[2:] == ["said", "said", "/me deleted message #1", "said", "said"]


def test_search_knows_the_present_text(log: Store) -> None:
    """Once, and under the number of the message; entries that change others are not found."""
    say(log, "a whale", "another whale")
    assert len(log.search("whale", {}, 9)) == 2  # an index has seen them
    append(log, entry(EDIT, 1, "a dolphin"), entry(REACT, 2, "whale", "bob"))
    assert [m.id for m in log.search("whale", {}, 9)] == [2]
    assert [(m.id, m.text) for m in log.search("dolphin", {}, 9)] == [(1, "a dolphin")]
    append(log, entry(EDIT, 1, "a seal"), entry(EDIT, 1, "a whale again"), entry(DELETE, 2, "/me deleted whale"))
    assert [m.id for m in log.search("whale", {}, 9)] == [1]
    assert log.search("seal", {}, 9) == log.search("dolphin", {}, 9) == []
    assert [m.id for m in log.search("from:alice", {}, 9)] == [1]
    assert log.search("from:bob", {}, 9) == []


def test_an_edit_that_changes_nothing_is_an_edit(log: Store) -> None:
    """For searches too, whatever comes after it."""
    say(log, "a whale")
    assert len(log.search("whale", {}, 9)) == 1
    append(log, entry(EDIT, 1, "a whale"))
    assert [m.id for m in log.search("whale", {}, 9)] == [1]
    append(log, entry(EDIT, 1, "a whale"), entry(EDIT, 1, "a seal"))
    assert [m.id for m in log.search("seal", {}, 9)] == [1]
    assert log.search("whale", {}, 9) == []


def test_an_edit_before_anybody_searched(log: Store) -> None:
    """Also if the index sees the message for the first time then, and again later."""
    say(log, "a whale")
    append(log, entry(EDIT, 1, "a dolphin"))
    assert log.search("whale", {}, 9) == []
    append(log, entry(EDIT, 1, "a whale \u00e9"))
    assert [m.id for m in log.search("whale \u00e9", {}, 9)] == [1]
    append(log, entry(DELETE, 1, "/me deleted message #1"))
    assert log.search("whale", {}, 9) == log.search("\u00e9", {}, 9) == []


def test_a_page_counts_what_reactions_take(log: Store) -> None:
    """Many of them make it shorter, as a long text does."""
    say(log, "a", "b", "c")
    append(log, *(entry(REACT, 1, "+1", f"user{number}") for number in range(20)))
    assert [len(log.after("lobby", 0, 3, size)) for size in (2, 100, 1_000)] == [1, 1, 3]


def test_trimming_takes_targets_and_entries(log: Store) -> None:
    say(log, "whale", "whale", "whale")
    append(log, entry(EDIT, 1, "whale two"), entry(EDIT, 2, "dolphin"))
    trim_all(log, keep_messages=3)
    assert [m.id for m in log.search("whale", {}, 9)] == [3]
    assert texts(log.after("lobby", 0, 9)) == ["whale", "whale two", "dolphin"]
    trim_all(log, keep_messages=0)
    assert log.search("whale", {}, 9) == []


def test_entries_survive_a_restart(backend: Backend, tmp_path: Path) -> None:
    """With what they did."""
    if not backend.durable:
        pytest.skip("nothing survives it")
    log = backend.open(tmp_path / "data")
    say(log, "whale", "needle")
    append(log, entry(EDIT, 1, "dolphin"), entry(REACT, 1, '"\u2764\\', "bob"), entry(REPLY, 1, "yes", "bob"))
    append(log, entry(DELETE, 2, "/me deleted message #2"))
    before = log.after("lobby", 0, 9)
    log.close()
    log = backend.open(tmp_path / "data")
    assert log.after("lobby", 0, 9) == before
    assert [m.id for m in log.search("dolphin", {}, 9)] == [1]
    assert log.search("whale", {}, 9) == log.search("needle", {}, 9) == []
    log.close()
