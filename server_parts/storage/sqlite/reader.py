"""Reading a log that lies in SQLite, from any thread and from other processes, also while a server writes it.

Everything here goes through read-only connections, in bounded pages. It must not write, checkpoint, or know the hub.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from server_parts.storage.records import Message, Receipt, messages_of, messages_within
from server_parts.storage.session_store import SessionRecord
from server_parts.storage.sqlite.backup import Copied, back_up
from server_parts.storage.sqlite.files import DATABASE, LogError, ReaderPool, connect_reader, told
from server_parts.storage.sqlite.schema import BEFORE_ENTRIES, BEFORE_FILES, BLOCK, MIGRATIONS, check_schema

# The fields of a Message, in their order. Sessions that nobody uses any more are deleted before their messages.
MESSAGE: Final = "r.name, m.id, m.ts, m.sender, m.color, m.text, coalesce(s.token, ''), m.seq, m.about, m.fate, m.file"
ITS_SESSION: Final = "LEFT JOIN sessions AS s ON s.id = m.session"

_AFTER: Final = f"""
    SELECT {MESSAGE} FROM rooms AS r JOIN messages AS m ON m.room = r.id {ITS_SESSION}
    WHERE r.name = ? AND m.id > ? ORDER BY m.id LIMIT ?"""
_ONE: Final = f"""
    SELECT {MESSAGE} FROM rooms AS r JOIN messages AS m ON m.room = r.id {ITS_SESSION} WHERE r.name = ? AND m.id = ?"""
_NUMBER: Final = "SELECT n FROM messages WHERE room = ? AND id >= ? ORDER BY id LIMIT 1"
_ROOMS: Final = "SELECT name, last FROM rooms"
_SESSION: Final = "SELECT accepted, owner FROM sessions WHERE token = ?"
_RECEIPT: Final = f"""
    SELECT r.name, m.id
    FROM (SELECT p.session, p.n FROM sessions AS s JOIN spans AS p ON p.session = s.id
          WHERE s.token = :token AND p.seq <= :seq ORDER BY p.seq DESC LIMIT 1) AS span
    CROSS JOIN messages AS m ON m.n BETWEEN span.n AND (span.n | {BLOCK - 1})
    CROSS JOIN rooms AS r ON r.id = m.room
    WHERE m.session = span.session AND m.seq = :seq LIMIT 1"""


def messages(rows: Iterable[tuple[Any, ...]]) -> list[Message]:
    return list(messages_of(rows))


def _of_version(sql: str, version: int) -> str:
    """The same with columns that are not there yet left out."""
    if version <= BEFORE_ENTRIES:
        sql = sql.replace("m.about, m.fate", "NULL, NULL")
    return sql.replace("m.file", "NULL") if version <= BEFORE_FILES else sql


class LogReader:
    """The reading half of a log."""

    def __init__(self, path: Path, version: int = len(MIGRATIONS)) -> None:
        """`version`: of the tables, which may be older ones."""
        self.path = path
        self._after = _of_version(_AFTER, version)
        self.pool = ReaderPool(path)
        self._lookups = ReaderPool(path, 2)  # of single rows: the hub must not wait behind pages and scans

    def after(self, room: str, after: int, limit: int, size: float = math.inf) -> list[Message]:
        with (
            self.pool.lend() as connection,
            closing(connection.execute(self._after, (room, after, max(limit, 0)))) as rows,
        ):
            return messages_within(size, rows)

    def said(self, room: str, id: int) -> Message | None:
        """The message with that number, if it is kept."""
        rows = self.look_up(_ONE, (room, id))
        return Message.of_row(rows[0]) if rows else None

    def number_of(self, room: int, id: int) -> int:
        """The number among all messages of the first one in a room from `id` on; 0 if there is none."""
        with self.pool.lend() as connection:
            row = connection.execute(_NUMBER, (room, id)).fetchone()
        return row[0] if row else 0

    def rooms(self) -> dict[str, int]:
        return dict(self.fetch(_ROOMS, ()))

    def session(self, key: str) -> SessionRecord:
        rows = self.look_up(_SESSION, (key,))
        return SessionRecord(*rows[0]) if rows else SessionRecord()

    def receipt(self, session: str, seq: int) -> Receipt | None:
        rows = self.look_up(_RECEIPT, {"token": session, "seq": seq})
        return Receipt(*rows[0]) if rows else None

    def backup(self, target: Path) -> Copied:
        """See `backup.back_up`."""
        return back_up(self.path, self.pool, target)

    def fetch(self, sql: str, values: Any) -> list[tuple[Any, ...]]:
        """Many rows, or a few that take long to find."""
        with self.pool.lend() as connection:
            return connection.execute(sql, values).fetchall()

    def look_up(self, sql: str, values: Any) -> list[tuple[Any, ...]]:
        """A few rows, which are found by an index."""
        with self._lookups.lend() as connection:
            return connection.execute(sql, values).fetchall()

    def close(self) -> None:
        self.pool.close()
        self._lookups.close()


def open_read_only(folder: Path) -> LogReader:
    """The log of a folder for export and backup. Whether a server runs there does not matter; nothing is changed."""
    path = folder / DATABASE
    if not path.exists():
        raise LogError(f"there is no chat log in {folder}")
    with told(f"{path} cannot be opened", LogError), closing(connect_reader(path)) as connection:
        version = check_schema(connection, path)
    return LogReader(path, version)
