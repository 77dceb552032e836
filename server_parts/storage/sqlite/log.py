"""The log in SQLite: what is appended is committed to disk before anybody is told.

One connection writes, for one thread at a time: whoever appends, claims or trims. Numbers are kept in memory and change
only after a commit. Reading, searching and the files themselves are next door. It must not know clients or frames.

What a failed commit leaves behind. SQLite in WAL mode writes a transaction's pages behind the last committed one, syncs
them, and only then lets any connection see them. If writing or syncing fails (full disk, I/O error), nobody sees them,
the next transaction is written over them from the same place, and `append` has raised StorageError. But until then the
pages may lie in the file complete, and if this process ends now, the next one to open the log takes them for committed:
a sync that failed does not mean bytes that are not there. That is harmless, for three reasons:

* Each page's checksum continues that of the page before, so only the last transaction tried can come back, whole, and
  only if it directly follows what was committed: no half batch, no remains of two.
* Its numbers were told to nobody, and the process that would have given them to other messages is gone.
* It carries its sessions' `accepted` with it. A client that was told `storage_unavailable` sends again, with the same
  session and seq, and is recognised: stored once.

For that same reason the writing connection is never reopened while the process lives. As the only connection it would
read the file afresh and bring back, under our feet, what we have just reported as failed.
"""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

from chat_common import partners
from server_parts.storage.file_folder import FileFolder
from server_parts.storage.finding import Found, Wanted
from server_parts.storage.message_log import TRIM_SLICE
from server_parts.storage.records import ACTS, Message, Receipt, Run, StorageError
from server_parts.storage.search_query import DAY
from server_parts.storage.session_store import SessionRecord
from server_parts.storage.sqlite import accounts, file_rows
from server_parts.storage.sqlite.adding import add_messages
from server_parts.storage.sqlite.amending import Forgotten, amend, forgotten
from server_parts.storage.sqlite.attaching import Attaching
from server_parts.storage.sqlite.file_rows import SqliteFileRows
from server_parts.storage.sqlite.files import (
    DATABASE,
    FILES,
    OLDEST_SQLITE,
    OPENING_PATIENCE,
    WRITING_PATIENCE,
    FolderLock,
    LogError,
    connect,
    create_private,
    make_durable,
    prepare_folder,
    told,
)
from server_parts.storage.sqlite.match_expression import EVER, Scope
from server_parts.storage.sqlite.numbers import Batch, Numbers
from server_parts.storage.sqlite.reader import LogReader
from server_parts.storage.sqlite.schema import BLOCK, check_schema, migrate
from server_parts.storage.sqlite.search_index import Scanner, SearchIndex, has_fts5
from server_parts.storage.store import Entry, Store

_SET_ROOM: Final = """
    INSERT INTO rooms (id, name, private, last) VALUES (?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET last = excluded.last"""
_FIND_SESSION: Final = "SELECT id FROM sessions WHERE token = ?"
_ADD_SESSION: Final = "INSERT INTO sessions (token, accepted, used) VALUES (?, 0, ?)"
_SET_ACCEPTED: Final = "UPDATE sessions SET accepted = ? WHERE id = ?"
_SET_OWNER: Final = "UPDATE sessions SET owner = ? WHERE id = ?"
_ADD_SPAN: Final = "INSERT OR REPLACE INTO spans VALUES (?, ?, ?)"
_ADD_DAY: Final = "INSERT INTO days VALUES (?, ?)"
_ADD_PARTICIPANT: Final = "INSERT OR IGNORE INTO participants (name, room) VALUES (?, ?)"
_HAS_SPOKEN: Final = "UPDATE participants SET spoke = 1 WHERE name = ? AND room = ?"

_OLDEST: Final = "SELECT n, id, ts, sender, text, fate FROM messages WHERE room = ? ORDER BY id LIMIT ?"
_DELETE_UP_TO: Final = "DELETE FROM messages WHERE room = ? AND id <= ?"
_SET_FIRST: Final = "UPDATE rooms SET first = ? WHERE id = ?"
_DELETE_SPANS: Final = """
    DELETE FROM spans WHERE n BETWEEN :low AND :high
    AND NOT EXISTS (SELECT 1 FROM messages WHERE n BETWEEN :low AND :high)"""

_NOTE_USE: Final = "UPDATE sessions SET used = ? WHERE token = ? AND used < ?"
# Never the newest one: its number would be given again, and with it what is left of its messages.
_UNUSED: Final = f"""
    SELECT id, token FROM sessions
    WHERE used < ? AND token <> '' AND id < (SELECT max(id) FROM sessions) ORDER BY used LIMIT {TRIM_SLICE}"""
_DELETE_SESSION: Final = "DELETE FROM sessions WHERE id = ?"
_DELETE_SPANS_OF: Final = "DELETE FROM spans WHERE session = ?"

_ABOUT: Final = "SELECT epoch FROM about"


class SqliteLog(accounts.SqliteAccounts, Store):
    """Rooms in `<folder>/chat.db`.

    May be opened in one thread and used in another; but appending, claiming and trimming stay with one at a time.
    """

    def __init__(self, folder: Path, *, full_text: bool = True) -> None:
        """Open or make the log of a folder; LogError says why that cannot be. `full_text` off does without FTS5."""
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            needed = ".".join(map(str, OLDEST_SQLITE))
            raise LogError(f"this Python has SQLite {sqlite3.sqlite_version}; the log needs {needed} or newer")
        self.path = folder / DATABASE
        self._closed = False
        self._has_erased = False  # a text was taken away that the write-ahead log still has
        self._to_trim: list[str] = []  # rooms that trimming has still to look at
        prepare_folder(folder)
        self._lock = FolderLock(folder)
        try:
            create_private(self.path)
            with told(f"{self.path} cannot be opened", LogError):
                self._writer = self._open_writer()
        except BaseException:
            self._lock.release()
            raise
        self._reader = LogReader(self.path)
        self.files: FileFolder = self._open_files(folder)
        newest = self._numbers.newest
        self._index = SearchIndex(self.path, self.epoch, newest) if full_text and has_fts5() else None
        self._scanner = Scanner(self._reader.pool)

    def _open_files(self, folder: Path) -> FileFolder:
        try:
            return FileFolder(folder / FILES, SqliteFileRows(self._reader))
        except BaseException:
            self._reader.close()
            self._writer.close()
            self._lock.release()
            raise

    def _open_writer(self) -> sqlite3.Connection:
        connection = connect(self.path, "rw", OPENING_PATIENCE)
        try:
            check_schema(connection, self.path)
            make_durable(connection, self.path)
            migrate(connection, self.path)
            self.epoch = connection.execute(_ABOUT).fetchone()[0]
            self._numbers = Numbers(connection)
            if not self._numbers.are_whole:
                raise LogError(f"{self.path} is damaged: its newest message does not fit the numbers of its room")
            connection.execute(f"PRAGMA busy_timeout = {int(WRITING_PATIENCE * 1000)}")
        except BaseException:
            connection.close()
            raise
        return connection

    # Appending

    def write(self, entry: Entry) -> list[Run]:
        drafts, accepted, owners = entry.drafts, entry.accepted, entry.owners
        numbers = self._numbers
        batch = numbers.new_batch()
        with Attaching(self.files) as attaching, self._transaction() as connection:
            sessions = self._sessions(connection, batch, {draft.session for draft in drafts}.union(accepted, owners))
            for change in entry.account_changes():
                accounts.write(connection, change)
            numbers.add(batch, drafts, sessions)
            add_messages(connection, batch.rows)
            connection.executemany(_ADD_SPAN, batch.spans)
            connection.executemany(_ADD_DAY, batch.days)
            connection.executemany(_SET_ROOM, numbers.room_rows(batch))
            connection.executemany(_ADD_PARTICIPANT, batch.participants())
            if batch.speakers:
                connection.executemany(_HAS_SPOKEN, batch.speakers)
            connection.executemany(_SET_ACCEPTED, [(seq, sessions[key]) for key, seq in accepted.items()])
            if owners:
                connection.executemany(_SET_OWNER, [(owner, sessions[key]) for key, owner in owners.items()])
            attaching.attach(connection, batch)
            gone = self._amend(connection, batch) if batch.speaking else []
        numbers.committed(batch)
        self._has_erased = self._has_erased or bool(gone)
        if gone and self._index:
            self._index.forget(gone)
        if self._index:
            self._index.wake()
        return batch.runs

    def _amend(self, connection: sqlite3.Connection, batch: Batch) -> list[Forgotten]:
        """Let entries do what they do to others. Returns what the index has to forget."""
        gone = []
        for at in batch.speaking:
            run = batch.runs[at]
            batch.runs[at], some = amend(connection, run, self._numbers.id_of(batch, run.room))
            gone += some
        return gone

    def _sessions(self, connection: sqlite3.Connection, batch: Batch, tokens: Iterable[str]) -> dict[str, int]:
        """The number of each session, new ones stored."""
        return {
            token: self._numbers.session_ids.get(token) or self._find_session(connection, batch, token)
            for token in tokens
        }

    def _find_session(self, connection: sqlite3.Connection, batch: Batch, token: str) -> int:
        if connection.execute(_FIND_SESSION, (token,)).fetchone() is None:
            connection.execute(_ADD_SESSION, (token, int(time.time() // DAY)))
        number = batch.new_sessions[token] = int(connection.execute(_FIND_SESSION, (token,)).fetchone()[0])
        return number

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it on disk, or none of it and StorageError."""
        if self._closed:
            raise StorageError("the log is closed")
        with told(f"{self.path} cannot be written"):
            try:
                self._roll_back()  # what an earlier failure could not roll back must not be committed with this
                self._writer.execute("BEGIN IMMEDIATE")
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                self._numbers.note_spans_anew()
                with suppress(sqlite3.Error):
                    self._roll_back()
                raise

    def _roll_back(self) -> None:
        if self._writer.in_transaction:  # some errors make SQLite roll back by itself
            self._writer.execute("ROLLBACK")

    # Reading

    def session(self, key: str) -> SessionRecord:
        return self._reader.session(key)

    def receipt(self, session: str, seq: int) -> Receipt | None:
        return self._reader.receipt(session, seq)

    def last(self, room: str) -> int:
        return self._numbers.last.get(room, 0)

    def first(self, room: str) -> int:
        return self._numbers.first.get(room, 1)

    def rooms(self) -> dict[str, int]:
        return self._numbers.last.copy()

    def after(self, room: str, after: int, limit: int, size: float = math.inf) -> list[Message]:
        return self._reader.after(room, after, limit, size)

    def said(self, room: str, id: int) -> Message | None:
        found = self._reader.said(room, id)
        return found if found is not None and found.text else None

    def backup(self, target: Path) -> None:
        """See `backup.back_up`. May be called from any thread while the server goes on."""
        self._reader.backup(target)

    def find(self, wanted: Wanted) -> Found:
        scope = self._scope(wanted)
        if not wanted.query or not (scope.rooms or scope.public) or wanted.limit <= 0:
            return Found([])
        if self._index:
            with suppress(StorageError):  # being made anew, or its disk is full: slower is better than not at all
                return self._index.search(wanted, scope)
        return self._scanner.search(wanted, scope)

    def _number_of(self, wanted: Wanted) -> int:
        """The place among all messages of `before`, or of the next one kept in its room; 0 if it may not be read."""
        assert wanted.before is not None
        room, id = wanted.before
        if room not in self._numbers.room_ids or not wanted.may_read(room, id):
            return 0
        return self._reader.number_of(self._numbers.room_ids[room], id)

    def _scope(self, wanted: Wanted) -> Scope:
        room, rooms, floors = wanted.room, wanted.query.rooms, wanted.floors
        everywhere = room is None and not rooms
        chosen = set(rooms) if room is None else {room} & (rooms or {room})
        names = floors.keys() if everywhere else (name for name in chosen if wanted.may_read(name, EVER))
        ids = {name: self._numbers.room_ids[name] for name in names if name in self._numbers.room_ids}
        limits = {id: floors[name] for name, id in ids.items() if floors.get(name, 0) > 0}
        end = EVER if wanted.before is None else self._number_of(wanted)
        hidden = tuple(self._numbers.room_ids[name] for name in wanted.hidden if name in self._numbers.room_ids)
        return Scope(tuple(sorted(ids.values())), everywhere, limits, end, hidden if everywhere else ())

    # Trimming

    def trim(self, keep_days: float | None = None, keep_messages: int | None = None) -> bool:
        oldest = -math.inf if keep_days is None else time.time() - keep_days * DAY
        most = math.inf if keep_messages is None else keep_messages
        if self._has_erased:
            self._wipe()
        self._forget_files()
        if keep_days is None and keep_messages is None:
            return False
        self._to_trim = self._to_trim or [room for room in self._numbers.last if room != ACTS]
        gone: dict[str, list[tuple[Any, ...]]] = {}
        left = TRIM_SLICE  # messages and rooms to look at before the hub has its turn again
        with self._transaction() as connection:
            while self._to_trim and left > 0:
                room = self._to_trim[-1]
                rows = self._past(connection, room, oldest, most, left)
                if rows:
                    gone[room] = rows
                    self._delete(connection, room, rows)
                left -= len(rows) + 1
                if left >= 0:
                    self._to_trim.pop()
        self._forget(gone)
        return bool(self._to_trim)

    def _forget_files(self) -> None:
        if self._closed:
            raise StorageError("the log is closed")
        with told(f"{self.path} cannot be read"):
            is_any = file_rows.is_any_to_forget(self._writer)
        if is_any:  # as almost never: else nothing is to be written, nor synced
            with self._transaction() as connection:
                file_rows.forget(connection)

    def _wipe(self) -> None:
        """Let what was taken away leave the write-ahead log too; later, if somebody reads there just now."""
        with told(f"{self.path} cannot be written"):
            ((busy, *_),) = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._has_erased = bool(busy)

    def _past(
        self, connection: sqlite3.Connection, room: str, oldest: float, most: float, limit: int
    ) -> list[tuple[Any, ...]]:
        """The oldest messages of a room that may go, at most `limit`."""
        allowed = self._numbers.last[room] - most

        def stays(row: tuple[Any, ...]) -> bool:
            return bool(row[1] > allowed and row[2] >= oldest)

        start = connection.execute(_OLDEST, (self._numbers.room_ids[room], 1)).fetchone()
        if start is None or stays(start):
            return []
        rows = connection.execute(_OLDEST, (self._numbers.room_ids[room], limit)).fetchall()
        return list(takewhile(lambda row: not stays(row), rows))

    def _delete(self, connection: sqlite3.Connection, room: str, rows: Sequence[tuple[Any, ...]]) -> None:
        room_id, newest = self._numbers.room_ids[room], rows[-1][1]
        connection.execute(_DELETE_UP_TO, (room_id, newest))
        connection.execute(_SET_FIRST, (newest + 1, room_id))
        file_rows.remove_up_to(connection, room, newest)
        for block in {row[0] // BLOCK for row in rows}:
            connection.execute(_DELETE_SPANS, {"low": block * BLOCK, "high": block * BLOCK + BLOCK - 1})
        self._numbers.note_spans_anew()  # the present block may be among them

    def _forget(self, gone: Mapping[str, Sequence[tuple[Any, ...]]]) -> None:
        for room, rows in gone.items():
            self._numbers.first[room] = rows[-1][1] + 1
            if self._index:
                id, private = self._numbers.room_ids[room], bool(partners(room))
                self._index.forget([forgotten(n, id, private, *row) for n, _, _, *row in rows])

    def note_use(self, sessions: Sequence[str], day: int) -> None:
        with self._transaction() as connection:
            connection.executemany(_NOTE_USE, [(day, session, day) for session in sessions])

    def forget_sessions(self, day: int) -> bool:
        with told(f"{self.path} cannot be read"):
            unused = self._writer.execute(_UNUSED, (day,)).fetchall()
        if not unused:
            return False  # as almost always: then nothing is to be written, nor synced
        ids = [(id,) for id, _ in unused]
        with self._transaction() as connection:
            connection.executemany(_DELETE_SPANS_OF, ids)
            connection.executemany(_DELETE_SESSION, ids)
        for _, token in unused:
            self._numbers.session_ids.pop(token, None)
        return len(unused) == TRIM_SLICE

    def close(self) -> None:
        """In this order: readers first, so that the writer is the last to leave and SQLite tidies its files up."""
        if self._closed:
            return
        self._closed = True
        if self._index:
            self._index.close()
        self._reader.close()
        self._writer.close()
        self._lock.release()
