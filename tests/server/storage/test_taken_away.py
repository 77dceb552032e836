"""Texts that were edited or deleted are gone: from the files, and from the index whatever happens to it."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from server_parts.storage.records import DELETE, EDIT
from server_parts.storage.sqlite import search_index
from server_parts.storage.sqlite.log import SqliteLog
from tests.peers import WAIT, wait_until
from tests.postgres import needs_postgres

from .drafts import append, draft, entry, say, texts
from .postgres_logs import execute, postgres_log
from .test_search_index import stop_following, wait_until_indexed

with suppress(ImportError):
    from server_parts.storage.postgres.schema import INDEXING, LOCK

MARKER = b"zanzibarmarker"
WORD = MARKER.decode()
LONG = f"{WORD} {'x' * 4_900}"  # its row does not fit into one page of the file


def files_with(folder: Path, marker: bytes) -> list[str]:
    """Of the database, its write-ahead logs and the index."""
    return sorted(path.name for path in folder.iterdir() if marker in path.read_bytes())


def wait_until_merged(log: SqliteLog) -> None:
    index = log._index
    assert index is not None

    def is_clean() -> bool:
        with index._lock:
            return not (index._forgotten or index._to_merge)

    assert wait_until(is_clean)


@pytest.mark.parametrize("text", [WORD, f"a {WORD} é", LONG])
@pytest.mark.parametrize("kind", [EDIT, DELETE])
def test_an_old_text_leaves_all_files(tmp_path: Path, text: str, kind: str) -> None:
    """Once the server has had its regular look at what there is to trim; a backup never has it."""
    log = SqliteLog(tmp_path)
    say(log, *[f"text {number}" for number in range(50)])
    (message,) = say(log, text)
    say(log, *[f"text {number}" for number in range(50)])
    wait_until_indexed(log, 101)
    assert files_with(tmp_path, MARKER) != [], "else this would show nothing"
    append(log, entry(kind, message.id, "/me says something else"))
    wait_until_merged(log)
    log.trim()
    assert files_with(tmp_path, MARKER) == []
    log.backup(tmp_path / "copy")
    assert files_with(tmp_path, MARKER) == []
    assert log.search(WORD, {}, 9) == []
    assert len(log.search("text", {}, 200)) == 100
    log.close()
    assert files_with(tmp_path, MARKER) == []


def test_an_edit_and_its_message_go_together(tmp_path: Path) -> None:
    """The text of the edit stands in two messages."""
    log = SqliteLog(tmp_path)
    say(log, "first")
    append(log, entry(EDIT, 1, LONG))
    wait_until_indexed(log, 2)
    assert files_with(tmp_path, MARKER) != []
    append(log, entry(DELETE, 1, "/me deleted message #1"))
    wait_until_merged(log)
    log.trim()
    assert files_with(tmp_path, MARKER) == []
    log.close()


def test_a_restart_goes_on_with_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the server stopped before the words had left the index."""
    log = SqliteLog(tmp_path)
    say(log, WORD, "text")
    assert len(log.search(WORD, {}, 9)) == 1
    stop_following(log)
    append(log, entry(DELETE, 1, "/me deleted message #1"))
    assert log.search(WORD, {}, 9) == []
    log.close()
    assert files_with(tmp_path, MARKER) == ["search.db"]
    log = SqliteLog(tmp_path)
    assert wait_until(lambda: files_with(tmp_path, MARKER) == [])
    log.close()


@pytest.fixture
def behind(tmp_path: Path) -> SqliteLog:
    """A log whose index has two messages, and does not know yet that both have changed."""
    log = SqliteLog(tmp_path)
    say(log, "whale one", "whale two")
    assert len(log.search("whale", {}, 9)) == 2
    stop_following(log)
    append(log, entry(EDIT, 1, "dolphin"), entry(DELETE, 2, "/me deleted message #2"))
    return log


@pytest.mark.parametrize("knows", [True, False])
def test_an_index_that_was_told_nothing_is_made_anew(behind: SqliteLog, tmp_path: Path, knows: bool) -> None:
    """The process ended between the edit and the index: what is searched for is found all the same."""
    index = behind._index
    assert index is not None
    if not knows:
        index._forgotten.clear()
    else:
        assert texts(behind.search("dolphin", {}, 9)) == ["dolphin"]
    behind.close()
    log = SqliteLog(tmp_path)
    assert texts(log.search("dolphin", {}, 9)) == ["dolphin"]
    assert log.search("whale", {}, 9) == []
    wait_until_indexed(log, 4)
    assert texts(log.search("dolphin", {}, 9)) == ["dolphin"]
    assert log.search("whale", {}, 9) == []
    log.close()


def test_an_index_that_is_told_too_much_is_made_anew(behind: SqliteLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than it can remember."""
    assert behind._index is not None
    monkeypatch.setattr(search_index, "MAX_FORGOTTEN", len(behind._index._forgotten))
    append(behind, entry(EDIT, 1, "seal"), entry(EDIT, 1, "shark"))
    assert texts(behind.search("shark", {}, 9)) == ["shark"]
    assert texts(behind.search("from:alice", {}, 9)) == ["shark"]
    for word in ("whale", "dolphin", "seal"):
        assert behind.search(word, {}, 9) == [], word
    behind.close()


def test_an_entry_may_be_seen_before_it_is_told(behind: SqliteLog) -> None:
    """The index waits for what it is about to be told, and passes the entry then."""
    index = behind._index
    assert index is not None
    told = list(index._forgotten)
    index._forgotten.clear()
    with index._lock, index._open() as connection:
        assert index._index_slice(connection)
        assert connection.execute("SELECT done FROM about").fetchone() == (2,)
        index.forget(told)
        while index._index_slice(connection):
            pass
        assert connection.execute("SELECT done FROM about").fetchone() == (4,)
    assert texts(behind.search("dolphin", {}, 9)) == ["dolphin"]
    assert behind.search("whale", {}, 9) == []
    behind.close()


def test_many_edits_under_searches(tmp_path: Path) -> None:
    """Whatever the index saw of them, in the end it has the last text of each message."""
    log = SqliteLog(tmp_path)
    say(log, *[f"start {number}" for number in range(20)])
    until = time.monotonic() + min(2.0, WAIT)
    round = 0
    while time.monotonic() < until:
        round += 1
        append(log, *(entry(EDIT, id, f"round{round} {id}") for id in range(1, 21) if (id + round) % 3))
        if round % 2:
            assert len(log.search(f"round{round}", {}, 99)) in (13, 14)
    append(log, draft("the end"))
    assert sorted(texts(log.search("round*", {}, 99))) == sorted(texts(log.after("lobby", 0, 20)))
    assert problem_of(log) is None
    log.close()


def problem_of(log: SqliteLog) -> str | None:
    """What FTS5 itself says of the index."""
    assert log._index is not None
    with log._index._lock, log._index._open() as connection:
        try:
            connection.execute("INSERT INTO words (words) VALUES ('integrity-check')")
        except sqlite3.DatabaseError as error:
            return str(error)
    return None


# --- PostgreSQL -------------------------------------------------------------------------------------------------


@needs_postgres
@pytest.mark.parametrize("kind", [EDIT, DELETE])
def test_an_old_text_is_in_no_table(tmp_path: Path, kind: str) -> None:
    """Nor is it in the index, where there is one for its block already."""
    from server_parts.storage.postgres.postings import SIZE

    def rows_with_it() -> int:
        found = execute(
            tmp_path, f"SELECT count(*) FROM chat.messages WHERE text LIKE '%{WORD}%' OR fate LIKE '%{WORD}%'"
        )
        words = execute(tmp_path, f"SELECT count(*) FROM chat.postings WHERE word LIKE '%{WORD}%'")
        return int(found[0][0]) + int(words[0][0])

    with closing(postgres_log(tmp_path)) as log:
        say(log, WORD, "text")
        log.append([draft("")._replace(texts=["filling"] * SIZE)], {})
        assert wait_until(lambda: rows_with_it() == 2)
        append(log, entry(EDIT, 1, f"{WORD} again"), entry(kind, 1, "other words"))
        assert rows_with_it() == 0
        assert [m.id for m in log.search("text", {}, 9)] == [2]
        assert [m.id for m in log.search("other words", {}, 9)] == ([1] if kind == EDIT else [])
        assert log.search(WORD, {}, 9) == []


@needs_postgres
def test_recent_messages_do_not_wait_for_the_index(tmp_path: Path) -> None:
    """Whoever is making it: the block that they are in is not complete."""
    with closing(postgres_log(tmp_path)) as log:
        say(log, "whale")
        with closing(postgres_log(tmp_path)) as other, other._writer.transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCK, INDEXING))
            append(log, entry(EDIT, 1, "dolphin"))
        assert texts(log.search("dolphin", {}, 9)) == ["dolphin"]
