"""The parts of the log in PostgreSQL that need no database: hints, places of words, arrays, sessions that are held."""

from __future__ import annotations

import importlib.util
import random
import socket
import threading

import pytest

if importlib.util.find_spec("psycopg") is None:
    pytest.skip("psycopg is not installed", allow_module_level=True)

import psycopg

from server_parts.storage.postgres.batch import SEPARATORS, Batch, Holding
from server_parts.storage.postgres.connections import Address, NoAnswer, Reach, Watch, connect
from server_parts.storage.postgres.errors import reason
from server_parts.storage.postgres.feed import Hint, hints
from server_parts.storage.postgres.postings import (
    ALL,
    SIZE,
    groups_of,
    keys_of,
    newest_first,
    of_lists,
    packed,
    unpacked,
)
from server_parts.storage.postgres.rooms import Rooms, fallen
from server_parts.storage.postgres.sessions import MOST, Sessions
from server_parts.storage.records import Moved, StorageError
from server_parts.storage.search_query import parse

from .drafts import draft

# --- Hints ---


def test_a_hint_says_where_to_look() -> None:
    """Which server has appended how much, and which number is the newest now."""
    assert list(hints("7 1:2:30 5:1:9")) == [Hint(7, 1, 2, 30), Hint(7, 5, 1, 9)]


@pytest.mark.parametrize("payload", ["", "7", "x 1:2:3", "7 1:2", "7 1:2:3:4", "7 a:b:c", "\x00", "7 1:2:3 junk"])
def test_what_is_no_hint_says_nothing(payload: str) -> None:
    """Anybody who may connect to the database may notify."""
    assert list(hints(payload)) == []


# --- Places of words ---


@pytest.mark.parametrize("count", [0, 1, 2, SIZE // 16 - 1, SIZE // 16, SIZE // 16 + 1, SIZE - 1, SIZE])
def test_places_are_kept_whatever_their_number(count: int) -> None:
    """A few as a list, many as a bit each: the same comes out."""
    places = sorted(random.Random(count).sample(range(SIZE), count))
    data = packed(places)
    assert list(newest_first(unpacked(data))) == places[::-1]
    assert len(data) <= SIZE // 8
    assert unpacked(data) & ~ALL == 0


def test_lists_are_put_together() -> None:
    """Those of several words, also where they are as long as a bit for each message would be, or share places."""
    lists = [[0, 7, 4_095], [7, 8], list(range(20, SIZE // 16 + 15))]
    data = b"".join(map(packed, lists))
    assert len(data) == SIZE // 8
    assert sorted(newest_first(of_lists(data))) == sorted({place for places in lists for place in places})


def test_a_message_is_found_by_all_that_it_is() -> None:
    """Its words, its author, its room and whether that is private; by nothing, if its text was taken away."""
    assert keys_of("Alice", 7, False, "Café au lait") == {"wcafe", "wau", "wlait", "ualice", "r7"}
    assert keys_of("bob", 8, True, "x" * 99) == {"w" + "x" * 64, "ubob", "r8", "p"}
    assert keys_of("bob", 8, True, "") == set()


def test_a_query_becomes_groups() -> None:
    """Each word of a phrase is needed, one of the authors, and what begins so only at the end of a phrase."""
    groups = groups_of(parse('"blue whale"* fox from:bob from:alice'))
    assert [[(key.text, key.prefix) for key in group] for group in groups] == [
        [("wblue", False)],
        [("wwhale", True)],
        [("wfox", True)],
        [("ualice", False), ("ubob", False)],
    ]


# --- Arrays ---


def held() -> dict[str, Holding]:
    return {"s": Holding(5, 0, 1)}


@pytest.mark.parametrize(
    "texts", [[""], ["", ""], ["a", ""], ["a\nb", "c\td"], list(SEPARATORS), ["".join(SEPARATORS)]]
)
def test_no_text_is_taken_for_a_separator(texts: list[str]) -> None:
    """Whatever characters it has."""
    drafts = [draft(session="s", seq=1)._replace(texts=texts), draft("second", session="s", seq=9)]
    values = Batch(drafts, {"lobby": 1}, held()).values({"s": 9}, tells=False)
    runs, between, separator = (value.decode() for value in values[-3:] if isinstance(value, bytes))
    found = [run.split(separator)[:-1] if separator else [run] for run in runs.split(between)]
    assert found == [texts, ["second"]]
    assert bool(separator) == (len(texts) > 1)


def test_runs_get_the_numbers_of_their_rooms() -> None:
    """In the order of the drafts, room by room."""
    drafts = [draft("a", "den"), draft("b")._replace(texts=["b", "c"]), draft("d", "den")]
    batch = Batch(drafts, {"lobby": 1, "den": 2}, {})
    assert batch.names == ["lobby", "den"]
    assert [(run.room, run.id, run.texts) for run in batch.runs([12, 7])] == [
        ("den", 6, ["a"]),
        ("lobby", 11, ["b", "c"]),
        ("den", 7, ["d"]),
    ]


# --- Sessions and rooms ---


def test_a_session_in_doubt_must_be_taken() -> None:
    """Until then nothing is stored for it; others are not touched."""
    sessions = Sessions()
    sessions.hold({"a": Holding(1, 5, 1), "b": Holding(2, 0, 1)})
    sessions.doubt(["a"])
    with pytest.raises(Moved) as raised:
        sessions.held(["a", "b"])
    assert raised.value.sessions == {"a"}
    assert sessions.held(["b"]).keys() == {"b"}
    sessions.hold({"a": Holding(1, 6, 2)})
    assert sessions.held(["a", "never seen"])["a"].accepted == 6
    assert sessions.of_ids(["1", "99"]) == ["a"]


def test_not_all_sessions_are_remembered_for_ever() -> None:
    """Those that were taken longest ago go first; what is in doubt stays in doubt."""
    sessions = Sessions()
    sessions.doubt(["doubtful"])
    for number in range(MOST + 10):
        sessions.hold({f"s{number}": Holding(number, 0, 1)})
    assert sessions.held(["s0", f"s{MOST + 9}"]).keys() == {f"s{MOST + 9}"}
    with pytest.raises(Moved):
        sessions.held(["doubtful"])


def test_numbers_only_rise() -> None:
    """Whatever is heard late; a number that is lower in the database than it was here is noticed."""
    rooms = Rooms()
    rooms.learn([(1, "lobby", 3, 9)])
    rooms.learn([(1, "lobby", 2, 8)])
    rooms.raise_last("lobby", 7)
    assert (rooms.first["lobby"], rooms.last["lobby"]) == (3, 9)
    assert fallen(rooms.last, [(1, "lobby", 3, 9)]) == []
    assert fallen(rooms.last, [(1, "lobby", 3, 8)]) == fallen(rooms.last, []) == ["lobby"]


# --- Errors and connections ---


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (psycopg.errors.InvalidPassword, "the password is wrong"),
        (psycopg.errors.DiskFull, "the disk is full (53100)"),
        (psycopg.errors.QueryCanceled, "it took too long (57014)"),
        (psycopg.errors.AdminShutdown, "it is stopping or starting (57P01)"),
        (psycopg.errors.IdleSessionTimeout, "this server was silent for too long (57P05)"),
        (psycopg.errors.UndefinedTable, "UndefinedTable (42P01)"),
        (psycopg.OperationalError, "the connection failed"),
    ],
)
def test_a_reason_is_told_without_the_text_of_the_error(error: type[psycopg.Error], words: str) -> None:
    """In which there may be anything."""
    told = reason(error("host=db password=s3cr3t"))
    assert told.startswith(words)
    assert "s3cr3t" not in told


def test_an_address_shows_no_password() -> None:
    """Also where a record is logged."""
    assert repr(Address("postgresql://chat:s3cr3t@db/chat", "postgresql://chat@db/chat")).count("s3cr3t") == 0


def test_a_reason_stays_until_it_is_known_better() -> None:
    """Whoever asks meanwhile is told at once; and nothing any more once all is well."""
    reach = Reach(Address("", "db"))
    reach.check()
    reach.lose("first")
    reach.lose("second")
    with pytest.raises(StorageError, match=r"^first$"):
        reach.check()
    reach.stay_away(StorageError("third"))
    with pytest.raises(StorageError, match=r"^third$"):
        reach.check()
    reach.regain()
    reach.check()
    reach.closed = True
    with pytest.raises(StorageError, match="closed"):
        reach.check()


def test_a_database_that_refuses_is_not_silent() -> None:
    """Only one of which nothing is heard may be there for others."""
    reach = Reach(Address("", "db"))
    for error, is_silent in ((StorageError("refused"), False), (NoAnswer("nothing"), True), (StorageError(""), False)):
        reach.stay_away(error)
        assert reach.is_silent is is_silent
    reach.stay_away(NoAnswer("nothing"))
    reach.regain()
    assert not reach.is_silent


def test_an_attempt_to_connect_tells_a_refusal_from_silence() -> None:
    """One place where nothing listens, and one that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(NoAnswer):
            connect(Address(f"postgresql://127.0.0.1:{port}/chat?connect_timeout=2", "db"), "test")
    with pytest.raises(StorageError) as refused:
        connect(Address(f"postgresql://127.0.0.1:{port}/chat", "db"), "test")
    assert not isinstance(refused.value, NoAnswer)


def test_a_watch_ends_by_itself() -> None:
    """Also if it was never started."""
    before = threading.active_count()
    Watch().stop()
    started = Watch()
    started.start()
    assert threading.active_count() == before + 1
    started.stop()
    assert threading.active_count() == before
