"""Finding messages: a full-text index beside the log, and a plain scan where SQLite lacks FTS5.

The index is a file of its own, `search.db`, with one connection that writes it and one lock. It holds nothing that is
not in the log: it follows behind on its own thread, is caught up before every search, and is made anew if it is lost
or damaged. So appending costs nothing for it (inside the same transaction it would halve the rate), and nothing that
happens to it can hurt a message. It reads the log through a read-only connection and must not know who searches.
"""

from __future__ import annotations

import logging
import math
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from server_parts.storage.finding import Finds, Found, Wanted, end_of_search
from server_parts.storage.outage import of_the_search_index
from server_parts.storage.records import Message, StorageError
from server_parts.storage.search_query import DAY, Query, spaced
from server_parts.storage.sqlite.amending import Forgotten
from server_parts.storage.sqlite.files import READING_PATIENCE, ReaderPool, connect, create_private, told
from server_parts.storage.sqlite.indexing import (
    FINDABLE,
    SLICE,
    VERSION,
    forget,
    index,
    is_merge_due,
    make_tables,
    merge,
    note_merge,
    outdated,
    progress,
)
from server_parts.storage.sqlite.match_expression import EVER, Scope, make_vocabulary, match_expression, vocabulary
from server_parts.storage.sqlite.reader import ITS_SESSION, MESSAGE, messages

log = logging.getLogger("chat.search")

INDEX: Final = "search.db"
STEPS: Final = 1000  # of SQLite's machine between two looks at the clock
GATHER: Final = 1.0  # seconds to let messages gather: each commit of the index competes with theirs for the disk
POLITENESS: Final = 20  # rest so many times as long as the last slice took, while there is appending: that comes first
BREATH: Final = 0.001  # lets a waiting search have the lock
TOLD_WITHIN: Final = 1.0  # seconds from when an entry is in the log to when the index is told what it has changed
MAX_FORGOTTEN: Final = 20_000
MAX_BEHIND: Final = 20_000  # further behind than this, catching up takes longer than looking through the messages


_FLOORS: Final = "WITH floors (room, id) AS (VALUES {floors})"
_CONDITIONS: Final = f"""
    {{rooms}} AND {FINDABLE} AND lower(m.sender) NOT IN ({{without}}) AND m.ts >= :since AND m.ts < :until
    AND m.id > coalesce((SELECT f.id FROM floors AS f WHERE f.room = m.room), 0)"""
_FIND: Final = f"""
    {_FLOORS} SELECT {MESSAGE}
    FROM words CROSS JOIN chat.messages AS m ON m.n = words.rowid CROSS JOIN chat.rooms AS r ON r.id = m.room
    {ITS_SESSION}
    WHERE words MATCH :match AND words.rowid BETWEEN :low AND :high AND {_CONDITIONS}
    ORDER BY words.rowid DESC LIMIT :limit"""
_SCAN: Final = f"""
    {_FLOORS} SELECT {MESSAGE} FROM messages AS m CROSS JOIN rooms AS r ON r.id = m.room {ITS_SESSION}
    WHERE m.n BETWEEN :low AND :high AND {_CONDITIONS} AND {{words}}
    ORDER BY m.n DESC"""

_NEWEST: Final = "SELECT max(n) FROM messages"
_FIRST_SINCE: Final = "SELECT min(start) FROM days WHERE day >= ?"
_FIRST_AFTER: Final = """
    SELECT min(start) FROM days WHERE start > (SELECT coalesce(max(start), 0) FROM days WHERE day <= ?)"""


def has_fts5() -> bool:
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("CREATE VIRTUAL TABLE probe USING fts5(text)")
    except sqlite3.Error:
        return False
    finally:
        connection.close()
    return True


# --- What both ways of searching share --------------------------------------------------------------------------


def message_range(connection: sqlite3.Connection, query: Query) -> tuple[int, int]:
    """Between which messages the wanted days lie: what is outside need not be looked at."""
    low, high = 1, EVER
    if query.since > -math.inf:
        low = connection.execute(_FIRST_SINCE, (query.since // DAY,)).fetchone()[0] or EVER
    if query.until < math.inf:
        next_day = connection.execute(_FIRST_AFTER, (math.ceil(query.until / DAY) - 1,)).fetchone()[0]
        high = next_day - 1 if next_day else EVER
    return low, high


def _values(query: Query, low: int, high: int) -> dict[str, Any]:
    names = {f"without{at}": name for at, name in enumerate(query.without)}
    return {"since": query.since, "until": query.until, "low": low, "high": high, **names}


def _without(query: Query) -> str:
    return ", ".join(f":without{at}" for at in range(len(query.without)))


def _rooms(scope: Scope) -> str:
    public = f" OR NOT r.private AND m.room NOT IN ({', '.join(map(str, scope.hidden))})" * scope.public
    return f"(m.room IN ({', '.join(map(str, scope.rooms))}){public})"


def _floors(scope: Scope) -> str:
    return ", ".join(f"({room:d}, {id:d})" for room, id in scope.floors.items()) or "(NULL, 0)"


# --- With an index ----------------------------------------------------------------------------------------------


def _in_time(connection: sqlite3.Connection, sql: str, values: dict[str, Any], finds: Finds) -> Found:
    """The messages that come within SEARCH_TIME."""
    deadline = end_of_search()
    connection.set_progress_handler(lambda: time.monotonic() > deadline, STEPS)
    try:
        for row in connection.execute(sql, values):
            finds.add(Message.of_row(row))
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return finds.found(partial=True)
    finally:
        connection.set_progress_handler(None, 0)
    return finds.found()


class SearchIndex:
    """The index of one log, and the thread that keeps it close behind."""

    def __init__(self, chat: Path, epoch: str, newest: int = 0) -> None:
        """`newest`: the newest message when the log was opened."""
        self._chat, self._path, self._epoch = chat, chat.with_name(INDEX), epoch
        self._lock = threading.Lock()  # guards the connection and all it says
        self._connection: sqlite3.Connection | None = None
        self._opened_at = newest
        self._forgotten: deque[Forgotten] = deque()
        self._is_lossy = False  # more was to be forgotten than could be remembered
        self._to_merge = self._merging = False  # words that were dropped are in the file still
        self._work = threading.Event()
        self._closing = threading.Event()
        self._outage = of_the_search_index(log)
        self._work.set()  # what was appended before the last stop may not be indexed yet
        # A daemon: the index survives being cut off anywhere, so nobody needs to wait for it when all else failed.
        self._thread = threading.Thread(target=self._follow, name="search-index", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Something was appended."""
        if not self._work.is_set():
            self._work.set()

    def forget(self, gone: list[Forgotten]) -> None:
        """Drop the words of messages that are gone, or say something else now; later, on the index's own thread.

        If this is lost on the way (a full queue, a crash) of what was trimmed, that costs some space: words without a
        message find nothing. For what was edited or deleted, the index is made anew.
        """
        if len(self._forgotten) + len(gone) > MAX_FORGOTTEN:
            self._is_lossy = True
        else:
            self._forgotten.extend(gone)
        self.wake()

    def search(self, wanted: Wanted, scope: Scope) -> Found:
        """StorageError if the index is not of use just now: look through the messages instead."""
        query, finds = wanted.query, Finds(wanted)
        with self._lock, self._open() as connection:
            self._catch_up(connection)
            low, high = message_range(connection, query)
            values = {"match": match_expression(query, scope, vocabulary(connection)), "limit": finds.left}
            values |= _values(query, low, min(high, scope.end - 1))
            sql = _FIND.format(floors=_floors(scope), rooms=_rooms(scope), without=_without(query))
            return _in_time(connection, sql, values, finds)

    def _catch_up(self, connection: sqlite3.Connection) -> None:
        newest, done = progress(connection)
        if newest - done > MAX_BEHIND:
            raise StorageError(f"the search index is being made: {done} of {newest} messages")
        until = time.monotonic() + TOLD_WITHIN
        while self._index_slice(connection):
            if progress(connection)[1] > done:
                done, until = progress(connection)[1], time.monotonic() + TOLD_WITHIN
            elif time.monotonic() > until:
                raise StorageError("the search index is not told what has changed")
            time.sleep(0)

    def close(self) -> None:
        self._closing.set()
        self._work.set()
        self._thread.join(READING_PATIENCE)
        with self._lock:
            self._disconnect()

    # The thread

    def _follow(self) -> None:
        rest = GATHER
        while not self._closing.wait(rest):
            rest = self._work_off()
            self._work.wait()

    def _work_off(self) -> float:
        """Index one slice; how long to rest after it."""
        self._work.clear()
        start = time.monotonic()
        try:
            with self._lock, self._open() as connection:
                more = self._index_slice(connection)
                if self._to_merge and not more:
                    more = self._merge(connection)
        except StorageError as error:
            if not self._closing.is_set():
                self._outage.note(error)
            self._work.set()
            return 1.0
        self._outage.end()
        appending = self._work.is_set() or self._to_merge
        if more:
            self._work.set()
        rest = BREATH if more else GATHER
        return rest + POLITENESS * (time.monotonic() - start) if appending else rest

    # The connection. All of this under the lock.

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """The connection, made when it is first needed. A damaged index is thrown away, to be made anew next time."""
        if self._closing.is_set():
            raise StorageError("the log is closed")
        with told(f"{self._path} cannot be searched"):
            try:
                if self._connection is None:
                    self._connection = self._connect()
                yield self._connection
            except sqlite3.DatabaseError as error:
                if self._connection and self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                    self._discard()
                raise

    def _connect(self) -> sqlite3.Connection:
        create_private(self._path)
        connection = connect(self._path, "rw", READING_PATIENCE)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA synchronous = NORMAL")  # a power failure may take back a slice, never break it
            connection.create_function("spaced", 1, spaced, deterministic=True)
            self._prepare(connection)
            make_vocabulary(connection)
            self._to_merge = is_merge_due(connection)
            connection.execute("ATTACH ? AS chat", (f"{self._chat.absolute().as_uri()}?mode=ro",))
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Make the tables, anew if they belong to another log or to another version of this file."""
        with suppress(sqlite3.OperationalError):  # no such table
            if connection.execute("SELECT epoch, version FROM about").fetchone() == (self._epoch, VERSION):
                return
        make_tables(connection, self._epoch)

    def _index_slice(self, connection: sqlite3.Connection) -> bool:
        """Bring the index forward by at most one slice, in one transaction; whether there is more."""
        newest, done = progress(connection)
        if done >= newest and not self._forgotten:
            return False
        gone = list(self._forgotten)[:SLICE]
        connection.execute("BEGIN IMMEDIATE")
        edited = forget(connection, gone)
        if edited:
            note_merge(connection, due=True)
        first = connection.execute("SELECT min(n) FROM chat.messages WHERE n > ?", (done,)).fetchone()[0]
        upto = min(first + SLICE - 1, newest) if first else done
        if (stop := outdated(connection, done + 1, upto)) is not None:
            self._check_known(stop)
            upto = stop - 1
        index(connection, done + 1, upto)
        connection.execute("UPDATE about SET done = ?", (upto,))
        connection.execute("COMMIT")
        if edited:
            self._to_merge, self._merging = True, False
        for _ in gone:
            self._forgotten.popleft()
        return bool(upto < newest or self._forgotten)

    def _check_known(self, entry: int) -> None:
        """What an entry has changed is about to be told; if not, as the process has ended since, nobody knows it."""
        if entry <= self._opened_at or self._is_lossy:
            self._discard()
            self._is_lossy = False
            raise StorageError("the search index is made anew")

    def _merge(self, connection: sqlite3.Connection) -> bool:
        """Let words that were dropped leave the file, little by little; whether there is more of that to do."""
        if not self._merging:
            self._merging, more = True, merge(connection, begins=True)
        else:
            more = merge(connection, begins=False)
        if not more:
            self._to_merge = self._merging = False
            note_merge(connection, due=False)
            connection.execute("PRAGMA main.wal_checkpoint(TRUNCATE)")
        return more

    def _discard(self) -> None:
        self._disconnect()
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                self._path.with_name(self._path.name + suffix).unlink()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


# --- Without an index -------------------------------------------------------------------------------------------


class Scanner:
    """The same answers without FTS5: looks through the messages, newest first, a slice at a time."""

    def __init__(self, pool: ReaderPool) -> None:
        self._pool = pool

    def search(self, wanted: Wanted, scope: Scope) -> Found:
        query, finds = wanted.query, Finds(wanted)
        deadline = end_of_search()
        with self._pool.lend() as connection:
            low, high = message_range(connection, query)
            high = min(high, scope.end - 1, connection.execute(_NEWEST).fetchone()[0] or 0)
        while high >= low and finds.left:
            if time.monotonic() > deadline:
                return finds.found(partial=True)
            for message in self._slice(query, scope, max(low, high - SLICE + 1), high)[: finds.left]:
                finds.add(message)
            high -= SLICE
        return finds.found()

    def _slice(self, query: Query, scope: Scope, low: int, high: int) -> list[Message]:
        sql = _SCAN.format(floors=_floors(scope), rooms=_rooms(scope), without=_without(query), words=_likely(query))
        with self._pool.lend() as connection:
            rows = connection.execute(sql, _values(query, low, high)).fetchall()
        return [message for message in messages(rows) if query.matches(message.sender, message.ts, message.text)]


def _likely(query: Query) -> str:
    """What SQL can rule out by itself: plain ASCII texts that do not even contain the letters of a word."""
    words = {word for phrase in query.phrases for word in phrase.words if word.isascii()}
    letters = " AND ".join(f"m.text LIKE '%{word}%'" for word in sorted(words)) or "1"
    return f"({letters} OR length(m.text) <> length(CAST(m.text AS BLOB)))"
