"""Reading a log that lies in PostgreSQL, from any thread and from other processes, also while servers write it.

It must not write, nor know the hub.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import closing
from typing import Any, Final

from server_parts.storage.postgres.connections import Address, Pool, Reach, Row, connect
from server_parts.storage.postgres.errors import told
from server_parts.storage.postgres.functions import BLOCK
from server_parts.storage.postgres.rooms import ROOMS
from server_parts.storage.postgres.schema import BEFORE_ENTRIES, BEFORE_FILES, MIGRATIONS, check_schema
from server_parts.storage.records import Message, Receipt, StorageError, messages_of
from server_parts.storage.session_store import SessionRecord

# The fields of a Message, in their order. Sessions that nobody uses any more are deleted before their messages.
MESSAGE: Final = "r.name, m.id, m.ts, m.sender, m.color, m.text, coalesce(s.token, ''), m.seq, m.about, m.fate, m.file"
ITS_SESSION: Final = "LEFT JOIN sessions AS s ON s.id = m.session"

# The limit is taken first, in the order of the index.
_PAGE: Final = """
    rooms AS r CROSS JOIN LATERAL (
        SELECT * FROM messages WHERE room = r.id AND id > %s ORDER BY id LIMIT %s) AS m"""
_AFTER: Final = f"SELECT {MESSAGE} FROM {_PAGE} {ITS_SESSION} WHERE r.name = %s ORDER BY m.id"
_SIZE: Final = "(length(m.text) + coalesce(length(m.fate), 0))"
# Texts that follow those that fill the size are not sent.
_AFTER_SIZED: Final = f"""
    SELECT name, id, ts, sender, color, text, token, seq, about, fate, file FROM (
        SELECT r.name, m.id, m.ts, m.sender, m.color, m.text, coalesce(s.token, '') AS token, m.seq, m.about, m.fate,
            m.file, sum({_SIZE}) OVER (ORDER BY m.id) - {_SIZE} AS before
        FROM {_PAGE} {ITS_SESSION} WHERE r.name = %s) AS page
    WHERE before < %s ORDER BY id"""
_ONE: Final = f"""
    SELECT {MESSAGE} FROM rooms AS r JOIN messages AS m ON m.room = r.id {ITS_SESSION}
    WHERE r.name = %s COLLATE "C" AND m.id = %s"""
_NUMBER: Final = "SELECT n FROM messages WHERE room = %s AND id >= %s ORDER BY id LIMIT 1"
_SESSION: Final = "SELECT accepted, owner FROM sessions WHERE token = %s"
_RECEIPT: Final = f"""
    SELECT r.name, m.id
    FROM (SELECT p.session, p.n FROM sessions AS s JOIN spans AS p ON p.session = s.id
          WHERE s.token = %(token)s AND p.seq <= %(seq)s ORDER BY p.seq DESC LIMIT 1) AS span
    CROSS JOIN LATERAL (
        SELECT room, id FROM messages
        WHERE n BETWEEN span.n AND span.n | {BLOCK - 1} AND session = span.session AND seq = %(seq)s LIMIT 1) AS m
    JOIN rooms AS r ON r.id = m.room"""


def messages(rows: Iterable[Row]) -> list[Message]:
    return list(messages_of(rows))


def _of_version(sql: str, version: int) -> str:
    """The same with columns that are not there yet left out."""
    if version <= BEFORE_ENTRIES:
        sql = sql.replace("m.about, m.fate", "NULL, NULL")
    return sql.replace("m.file", "NULL") if version <= BEFORE_FILES else sql


class LogReader:
    """The reading half of a log."""

    def __init__(self, reach: Reach, version: int = len(MIGRATIONS)) -> None:
        """`version`: of the tables, which may be older ones."""
        self._after = _of_version(_AFTER, version)
        self._pool = Pool(reach, "chat reader")
        self._lookups = Pool(reach, "chat lookups", 2)  # of single rows: the hub must not wait behind pages and scans

    def after(self, room: str, after: int, limit: int, size: float = math.inf) -> list[Message]:
        if size == math.inf:
            return messages(self._pool.fetch(self._after, (after, max(limit, 0), room)))
        return messages(self._pool.fetch(_AFTER_SIZED, (after, max(limit, 0), room, max(size, 1))))

    def said(self, room: str, id: int) -> Message | None:
        """The message with that number, if it is kept."""
        found = messages(self.look_up(_ONE, (room, id)))
        return found[0] if found else None

    def number_of(self, room: int, id: int) -> int:
        """The number among all messages of the first one in a room from `id` on; 0 if there is none."""
        rows = self._pool.fetch(_NUMBER, (room, id))
        return int(rows[0][0]) if rows else 0

    def session(self, key: str) -> SessionRecord:
        rows = self.look_up(_SESSION, (key,))
        return SessionRecord(*rows[0]) if rows else SessionRecord()

    def receipt(self, session: str, seq: int) -> Receipt | None:
        rows = self.look_up(_RECEIPT, {"token": session, "seq": seq})
        return Receipt(*rows[0]) if rows else None

    def rooms(self) -> dict[str, int]:
        return {name: last for _, name, _, last in self._pool.fetch(ROOMS)}

    def fetch(self, sql: str, values: Any = ()) -> list[Row]:
        """Many rows, or a few that take long to find."""
        return self._pool.fetch(sql, values)

    def look_up(self, sql: str, values: Any) -> list[Row]:
        """A few rows, which are found by an index."""
        return self._lookups.fetch(sql, values)

    def close(self) -> None:
        self._pool.close()
        self._lookups.close()


def open_reader(address: Address) -> LogReader:
    """The log of a database for whoever only reads. Whether a server runs on it does not matter; nothing is changed."""
    sentence = f"the database {address.shown} cannot be read"
    with closing(connect(address, "chat reader")) as connection, told(sentence):
        version = check_schema(connection, address.shown)
        if not version:
            raise StorageError(f"there is no chat log in the database {address.shown}")
    return LogReader(Reach(address), version)
