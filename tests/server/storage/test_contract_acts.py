"""What every log promises for moderation: a room that is kept and never found, texts taken away, rooms left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from chat_common import private_room
from server_parts.storage.finding import Found, Wanted
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.message_log import everything_in
from server_parts.storage.records import ACTS, DELETE, Receipt, StorageError
from server_parts.storage.search_query import parse
from server_parts.storage.store import Store

from .drafts import SESSION, Backend, append, draft, entry, say, texts, trim_all


def test_the_room_of_the_acts_is_nobodys(log: Store) -> None:
    """No name is part of it, and no search finds it; its messages are numbered and kept like others."""
    say(log, "needle", "second", room=ACTS)
    say(log, "needle here")
    log.claim("alice", "hash-1")
    assert private_room("", "") == ACTS
    assert log.rooms()[ACTS] == log.last(ACTS) == 2
    assert texts(log.after(ACTS, 0, 9)) == ["needle", "second"]
    assert [log.private_rooms(name) for name in ("", "alice", "+")] == [{}, {}, {}]
    assert log.conversations("") == log.conversations("alice") == []
    assert texts(log.search("needle", log.private_rooms("alice"), 9)) == ["needle here"]
    assert log.search(f"needle in:{ACTS}", {}, 9) == log.search("needle", {}, 9, ACTS) == []
    assert log.find(Wanted(parse("needle"), {}, 9, before=(ACTS, 2))) == Found([])


def test_acts_are_never_trimmed(log: Store) -> None:
    """Whatever is to be kept of other rooms."""
    append(log, draft("an act", ACTS, ts=1.0), draft("a text", ts=1.0))
    trim_all(log, keep_days=1, keep_messages=1)
    trim_all(log, keep_messages=0)
    assert (texts(log.after(ACTS, 0, 9)), log.first(ACTS)) == (["an act"], 1)
    assert (log.after("lobby", 0, 9), log.first("lobby")) == ([], 2)


def test_the_memory_log_keeps_all_acts() -> None:
    """Its bound is for what people say."""
    log = MemoryLog(keep=2)
    say(log, "a", "b", "c", room=ACTS)
    say(log, "a", "b", "c")
    assert texts(log.after(ACTS, 0, 9)) == ["a", "b", "c"]
    assert texts(log.after("lobby", 0, 9)) == ["b", "c"]


def test_a_text_is_taken_away_together_with_its_act(log: Store) -> None:
    """The row stays with its number, its author and its receipt; the text is in no page and no search."""
    append(log, *(draft(f"needle {i}", seq=i) for i in (1, 2, 3)))
    assert len(log.search("needle from:alice", {}, 9)) == 3  # an index has seen it
    stored = append(log, entry(DELETE, 2, "gone"), draft("deleted", ACTS))
    assert [(message.room, message.id) for message in stored] == [("lobby", 4), (ACTS, 1)]
    assert [getattr(log.said("lobby", id), "id", None) for id in range(4)] == [None, 1, None, 3]
    assert texts(log.after("lobby", 0, 9)) == ["needle 1", "", "needle 3", "gone"]
    assert [m.id for m in everything_in("lobby", log)] == [1, 2, 3, 4]
    for query in ("needle", "2", "from:alice", "needle from:alice", "need*"):
        assert 2 not in [m.id for m in log.search(query, {}, 9)], query
    assert texts(log.search("from:alice", {}, 9)) == ["needle 3", "needle 1"]
    assert log.receipt(SESSION, 2) == Receipt("lobby", 2)
    assert say(log, "needle 4")[0].id == 5


def test_a_text_is_taken_away_before_anybody_searched(log: Store) -> None:
    """Then no index has its words; and neither later searches nor trimming stumble over it."""
    say(log, "needle 1", "needle 2")
    append(log, entry(DELETE, 1, "gone"))
    assert texts(log.search("needle", {}, 9)) == ["needle 2"]
    append(log, entry(DELETE, 1, "gone"), entry(DELETE, 2, "gone"))
    assert log.search("needle", {}, 9) == log.search("from:alice", {}, 9) == []
    trim_all(log, keep_messages=1)
    assert (log.first("lobby"), texts(log.after("lobby", 0, 9))) == (5, ["gone"])
    say(log, "needle 3")
    assert texts(log.search("needle", {}, 9)) == ["needle 3"]


def test_taking_away_what_is_not_there_does_nothing(log: Store) -> None:
    """A message that was trimmed, never said, or in a room that nobody knows."""
    say(log, "a", "b")
    trim_all(log, keep_messages=1)
    nothing = [entry(DELETE, 1, "gone"), entry(DELETE, 99, "gone"), entry(DELETE, 1, "gone", room="den")]
    append(log, *nothing)
    assert texts(log.after("lobby", 0, 9)) == ["b", "gone", "gone"]


def test_what_was_taken_away_stays_away(backend: Backend, tmp_path: Path) -> None:
    """Also after a restart, and so do the acts."""
    if not backend.durable:
        pytest.skip("nothing survives it")
    log = backend.open(tmp_path / "data")
    say(log, "needle 1", "needle 2")
    append(log, entry(DELETE, 1, "gone"), draft("an act", ACTS))
    log.close()
    log = backend.open(tmp_path / "data")
    assert texts(log.after("lobby", 0, 9)) == ["", "needle 2", "gone"]
    assert texts(log.search("needle", {}, 9)) == ["needle 2"]
    assert texts(log.after(ACTS, 0, 9)) == ["an act"]
    log.close()


def test_a_closed_log_takes_nothing_away(log: Store) -> None:
    """All of an entry, or nothing of it."""
    if isinstance(log, MemoryLog):
        pytest.skip("it cannot fail")
    log.close()
    with pytest.raises(StorageError):
        append(log, entry(DELETE, 1, "gone"))


def test_hidden_rooms_are_left_out(log: Store) -> None:
    """Neither found, nor counted, nor of use as a place to go on from; by whichever way they are asked for."""
    append(log, *(draft("needle", room) for room in ("lobby", "den", "cave", "@alice+bob")))

    def find(text: str = "needle", *, room: str | None = None, before: tuple[str, int] | None = None) -> list[str]:
        wanted = Wanted(parse(text), {"@alice+bob": 0}, 9, room, before, 9, hidden={"den", "nowhere"})
        found = log.find(wanted)
        assert found.total == len(found.messages)
        return [message.room for message in found.messages]

    assert find() == find("from:alice") == ["@alice+bob", "cave", "lobby"]
    assert find(room="den") == find("needle in:den") == find(before=("den", 1)) == []
    assert find("needle in:den in:cave") == ["cave"]
    assert find(before=("cave", 1)) == ["lobby"]
    assert len(log.search("needle", {}, 9)) == 3  # for anybody else
