"""The full-text index: it follows the log, never speaks for it, and can be thrown away at any time."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from server_parts.storage import finding
from server_parts.storage.finding import Wanted
from server_parts.storage.records import StorageError
from server_parts.storage.search_query import DAY, parse
from server_parts.storage.sqlite import amending, indexing, search_index
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.sqlite.match_expression import MOST_WORDS, Scope, match_expression
from server_parts.storage.sqlite.search_index import SearchIndex, has_fts5, message_range

from .drafts import append, draft, say, texts

EVERYWHERE = Scope((), True, {})

pytestmark = pytest.mark.skipif(not has_fts5(), reason="this SQLite has no FTS5")


def watch(log: SqliteLog) -> sqlite3.Connection:
    """A look at the index from outside."""
    return sqlite3.connect(f"{log.path.with_name('search.db').as_uri()}?mode=ro", timeout=5, uri=True)


def wait_until_indexed(log: SqliteLog, n: int) -> None:
    deadline = time.monotonic() + 10
    while done(log) < n:
        assert time.monotonic() < deadline, "the index does not follow"
        time.sleep(0.01)


def done(log: SqliteLog) -> int:
    """How far the index is, seen from outside."""
    if not log.path.with_name("search.db").is_file():
        return -1
    with closing(watch(log)) as index:
        try:
            return int(index.execute("SELECT done FROM about").fetchone()[0])
        except sqlite3.DatabaseError:  # not made yet, or not yet thrown away
            return -1


def postings(log: SqliteLog, word: str) -> int:
    """How many messages the index itself has for a word, whether they still exist or not."""
    with closing(watch(log)) as index:
        return len(index.execute("SELECT rowid FROM words WHERE words MATCH ?", (f"text : {word}",)).fetchall())


def stop_following(log: SqliteLog) -> None:
    """End the index's own thread, so that only searches bring the index forward."""
    assert log._index
    log._index._closing.set()
    log._index._work.set()
    log._index._thread.join(10)
    assert not log._index._thread.is_alive()
    log._index._closing.clear()


def test_the_index_follows_by_itself(sqlite: SqliteLog) -> None:
    """Messages are indexed without anybody searching, also more than one slice of them."""
    append(sqlite, *(draft("needle", seq=i) for i in range(1, indexing.SLICE * 2 + 2)))
    wait_until_indexed(sqlite, indexing.SLICE * 2 + 1)
    assert postings(sqlite, "needle") == indexing.SLICE * 2 + 1


def test_search_does_not_wait_for_the_index(sqlite: SqliteLog) -> None:
    """With the index's own thread stopped, a search still finds everything that was appended before it."""
    stop_following(sqlite)
    assert sqlite._index
    append(sqlite, *(draft(f"needle {i}", seq=i) for i in range(5000)))
    assert texts(sqlite._index.search(Wanted(parse("needle"), {}, 2), EVERYWHERE).messages) == [
        "needle 4999",
        "needle 4998",
    ]
    assert len(sqlite.search("needle", {}, 9999)) == postings(sqlite, "needle") == 5000


def test_an_index_far_behind_is_not_waited_for(sqlite: SqliteLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the index has much to catch up with, a search looks through the messages and finds the same."""
    monkeypatch.setattr(search_index, "MAX_BEHIND", 100)
    stop_following(sqlite)
    append(sqlite, *(draft(f"needle {i}", seq=i) for i in range(101)))
    assert sqlite._index
    with pytest.raises(StorageError, match="the search index is being made: 0 of 101 messages"):
        sqlite._index.search(Wanted(parse("needle"), {}, 2), EVERYWHERE)
    assert texts(sqlite.search("needle", {}, 2)) == ["needle 100", "needle 99"]


def test_appending_goes_on_while_others_search(sqlite: SqliteLog) -> None:
    """Searches in several threads find at least what was stored before each began, while the log grows."""
    stop, missing = threading.Event(), []

    def search() -> None:
        while not stop.is_set():
            expected = sqlite.last("lobby")
            if len(sqlite.search("needle", {}, 10**6)) < expected:
                missing.append(expected)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(100):
        say(sqlite, *["needle"] * 5)
    stop.set()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    assert missing == []
    assert len(sqlite.search("needle", {}, 10**6)) == 500


def test_trimmed_messages_leave_the_index(sqlite: SqliteLog) -> None:
    """After trimming the index itself shrinks, for public and private rooms and for any script."""
    for room in ("lobby", "@alice+bob"):
        append(sqlite, *(draft(f"needle nädel 針 {i}", room, seq=i) for i in range(700)))
    assert len(sqlite.search("needle", {"@alice+bob": 0}, 9999)) == 1400
    while sqlite.trim(keep_messages=5):
        pass
    assert len(sqlite.search("nadel", {"@alice+bob": 0}, 9999)) == 10
    assert [postings(sqlite, word) for word in ("needle", "nadel", '"針"')] == [10, 10, 10]


def test_trimming_what_is_not_indexed_is_harmless(sqlite: SqliteLog) -> None:
    """Words forgotten twice, or never indexed at all, spoil no later search."""
    say(sqlite, *["needle"] * 20)
    assert len(sqlite.search("needle", {}, 99)) == 20
    assert sqlite._index
    gone = [
        amending.Forgotten(n, 1, False, "alice", "needle", trimmed=True) for n in (*range(1, 11), *range(1, 11), 15)
    ]
    sqlite._index.forget(gone)
    say(sqlite, "needle again")
    assert len(sqlite.search("needle", {}, 99)) == 10
    assert len(sqlite.after("lobby", 0, 99)) == 21
    while sqlite.trim(keep_messages=0):
        pass
    say(sqlite, "needle at last")
    assert texts(sqlite.search("needle", {}, 99)) == ["needle at last"]


@pytest.mark.parametrize("damage", ["noise", "missing", "truncated", "another log's", "older version"])
def test_a_lost_index_is_made_anew(tmp_path: Path, damage: str) -> None:
    """Whatever happens to search.db while the server is down, every search finds all, and soon from a new index."""
    log = SqliteLog(tmp_path)
    append(log, *(draft(f"needle {i}", seq=i) for i in range(300)))
    assert len(log.search("needle", {}, 999)) == 300
    log.close()
    spoil(tmp_path / "search.db", damage)
    log = SqliteLog(tmp_path)
    assert len(log.search("needle", {}, 999)) == 300
    wait_until_indexed(log, 300)
    assert postings(log, "needle") == 300
    log.close()


def spoil(path: Path, damage: str) -> None:
    if damage == "noise":
        path.write_bytes(b"\xa5" * 9000)
    elif damage == "missing":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(path.read_bytes()[:5000])
    else:
        change = "UPDATE about SET epoch = 'x'" if damage == "another log's" else "UPDATE about SET version = 0"
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute(change)
            connection.execute("INSERT INTO words (words) VALUES ('delete-all')")


def test_an_index_that_cannot_be_written_hurts_nothing_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where search.db cannot be made, searching is slower and the operator told why, once; later the index comes."""
    (tmp_path / "search.db").mkdir()
    log = SqliteLog(tmp_path)
    assert [message.id for message in say(log, "needle", "needle")] == [1, 2]
    assert len(log.search("needle", {}, 9)) == 2
    for _ in range(2):
        assert log._index
        log._index._work_off()
    (tmp_path / "search.db").rmdir()
    wait_until_indexed(log, 2)
    assert len(log.search("needle", {}, 9)) == 2
    log.close()
    complaint, end = caplog.messages
    assert complaint.startswith("searching is slower for now: ")
    assert "search.db" in complaint
    assert end.startswith("searching is as fast as before, after ")


def test_a_log_without_fts5_needs_no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where SQLite lacks FTS5, the log searches by looking and makes no index."""
    monkeypatch.setattr("server_parts.storage.sqlite.log.has_fts5", lambda: False)
    log = SqliteLog(tmp_path)
    append(log, *(draft(f"needle {i}" if i % 1000 == 0 else "straw", seq=i) for i in range(7000)))
    assert texts(log.search("needle", {}, 3)) == ["needle 6000", "needle 5000", "needle 4000"]
    assert not list(tmp_path.glob("search*"))
    log.close()


@pytest.mark.parametrize(
    ("text", "scope", "expression"),
    [
        ('"blue" wha', Scope((), True, {}), '(text : ("blue" AND "wha" *)) NOT tags : ("private")'),
        ('"blue"', Scope((7, 9), True, {}), '(text : ("blue")) NOT (tags : ("private") NOT tags : ("r7" OR "r9"))'),
        (
            '"blue whale" from:ab',
            Scope((7,), False, {}),
            'tags : ("u6162") AND text : ("blue whale") AND tags : ("r7")',
        ),
        ("since:2026-01-01", Scope((7,), True, {}), 'tags : ("r7" OR "public")'),
    ],
)
def test_a_query_for_the_index(text: str, scope: Scope, expression: str) -> None:
    """The index itself is asked for nothing in closed rooms, whatever else guards them."""
    assert match_expression(parse(text), scope, lambda _: []) == expression


@pytest.mark.parametrize(
    ("count", "asked"), [(0, '"whal" *'), (2, '("whale0" OR "whale1")'), (MOST_WORDS + 1, '"whal" *')]
)
def test_a_beginning_becomes_words(count: int, asked: str) -> None:
    """Those that the index has, unless they are too many."""
    words = [f"whale{number}" for number in range(count)]
    expression = match_expression(parse("whal"), Scope((7,), False, {}), {"whal": words}.__getitem__)
    assert expression == f'text : ({asked}) AND tags : ("r7")'


def test_many_words_that_begin_so_are_found(sqlite: SqliteLog) -> None:
    """On both sides of the number up to which each is asked for."""
    said = [f"whale{number} wha{number}le" for number in range(MOST_WORDS + 2)]
    say(sqlite, *said)
    for text in ("whale", "whale1", "whale10", "whale*", "wha1"):
        begun = [one for one in said[::-1] if any(word.startswith(text.rstrip("*")) for word in one.split())]
        assert texts(sqlite.search(text, {}, 99)) == begun


def test_days_bound_what_is_looked_at(sqlite: SqliteLog) -> None:
    """Of a range of days only the messages between their ends are looked at, however the clock stepped."""
    for day in (10, 11, 11, 13, 12, 14):
        append(sqlite, draft(ts=day * DAY + 5.0))
    expected = {"since:1970-01-13": (4, 2**62), "until:1970-01-12": (1, 3), "since:1970-01-12 until:1970-01-13": (2, 5)}
    with sqlite._reader.pool.lend() as connection:
        assert {text: message_range(connection, parse(text)) for text in expected} == expected
        assert message_range(connection, parse("until:1970-01-05"))[1] < 1
        assert message_range(connection, parse("since:1970-02-05"))[0] > 6


def test_closing_stops_the_thread(tmp_path: Path) -> None:
    """After close the index's thread has ended."""
    log = SqliteLog(tmp_path)
    index = log._index
    assert isinstance(index, SearchIndex)
    log.close()
    assert not index._thread.is_alive()


def test_a_search_is_cut_when_its_time_is_over(sqlite: SqliteLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the index: it says that it is not whole, and the next search is as good as ever."""
    say(sqlite, *["needle"] * 2000)
    monkeypatch.setattr(finding, "SEARCH_TIME", -1.0)
    assert sqlite.find(Wanted(parse("needle"), {}, 50)).partial
    monkeypatch.setattr(finding, "SEARCH_TIME", 60.0)
    assert sqlite.find(Wanted(parse("needle"), {}, 50, most=1001)).total == 1001
