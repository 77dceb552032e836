"""What the log lets go of: old messages, sessions that nobody uses.

All of it in transactions of the writer, in bounded slices. Where a message is gone, so are its words in the index of
searches, and what finds its receipt.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Final

from psycopg import Connection

from server_parts.storage.message_log import TRIM_SLICE
from server_parts.storage.postgres import file_rows
from server_parts.storage.postgres.connections import Row
from server_parts.storage.postgres.functions import BLOCK, BLOCK_BITS
from server_parts.storage.postgres.postings import SIZE, SIZE_BITS
from server_parts.storage.postgres.reader import LogReader
from server_parts.storage.postgres.rooms import Rooms
from server_parts.storage.postgres.writer import Writer
from server_parts.storage.records import ACTS
from server_parts.storage.search_query import DAY

# Rooms that may have something to trim. They are locked in the order in which all lock rooms: the last one first.
_DUE: Final = """
    SELECT r.id, r.name, r.first, r.last FROM rooms AS r CROSS JOIN LATERAL (
        SELECT ts FROM messages AS m WHERE m.room = r.id ORDER BY m.id LIMIT 1) AS oldest
    WHERE r.name <> %s AND (r.last - r.first >= %s OR oldest.ts < %s) ORDER BY r.id DESC"""
_LOCK_ROOM: Final = "SELECT last FROM rooms WHERE id = %s FOR NO KEY UPDATE"
_OLDEST: Final = "SELECT n, id, ts FROM messages WHERE room = %s ORDER BY id LIMIT %s"
_DELETE_UP_TO: Final = "DELETE FROM messages WHERE room = %s AND id <= %s"
_SET_FIRST: Final = "UPDATE rooms SET first = %s WHERE id = %s"
# Of the present block nothing: what is noted there is not noted again.
_DELETE_SPANS: Final = f"""
    DELETE FROM spans AS s USING unnest(%s::bigint[]) AS b
    WHERE s.n BETWEEN b << {BLOCK_BITS} AND (b << {BLOCK_BITS}) + {BLOCK - 1}
    AND b < (SELECT n >> {BLOCK_BITS} FROM counted)
    AND NOT EXISTS (
        SELECT 1 FROM messages AS m WHERE m.n BETWEEN b << {BLOCK_BITS} AND (b << {BLOCK_BITS}) + {BLOCK - 1})"""
# Of blocks in which nothing is left, the thread that makes the index forgets the words.
_EMPTY_BLOCKS: Final = f"""
    UPDATE blocks SET stale = true WHERE block = ANY (%s) AND NOT EXISTS (
        SELECT 1 FROM messages AS m WHERE m.n BETWEEN block << {SIZE_BITS} AND (block << {SIZE_BITS}) + {SIZE - 1})"""

_NOTE_USE: Final = """
    UPDATE sessions SET used = %s WHERE id IN (
        SELECT id FROM sessions WHERE token = ANY (%s) AND used < %s ORDER BY id FOR NO KEY UPDATE)"""
_UNUSED: Final = f"SELECT id, token FROM sessions WHERE used < %s ORDER BY used LIMIT {TRIM_SLICE}"
_DELETE_SESSIONS: Final = """
    DELETE FROM sessions WHERE id IN (
        SELECT id FROM sessions WHERE id = ANY (%s) AND used < %s ORDER BY id FOR UPDATE) RETURNING id"""
_DELETE_SPANS_OF: Final = "DELETE FROM spans WHERE session = ANY (%s)"


class Trimmer:
    """Run by whoever writes."""

    def __init__(self, writer: Writer, reader: LogReader, rooms: Rooms) -> None:
        self._writer = writer
        self._reader = reader
        self._rooms = rooms
        self._due: list[str] = []  # rooms that trimming has still to look at

    def trim(self, keep_days: float | None, keep_messages: int | None) -> bool:
        """One slice, as the log promises it."""
        if keep_days is None and keep_messages is None:
            return False
        oldest = -math.inf if keep_days is None else time.time() - keep_days * DAY
        most = math.inf if keep_messages is None else keep_messages
        self._due = self._due or self._find_due(most, oldest)
        if not self._due:
            return False
        first: dict[str, int] = {}  # of the rooms that were trimmed
        left = TRIM_SLICE  # messages and rooms to look at before the hub has its turn again
        due = self._due.copy()
        with self._writer.transaction() as connection:
            while due and left > 0:
                rows = self._past(connection, due[-1], oldest, most, left)
                if rows:
                    first[due[-1]] = rows[-1][1] + 1
                    _delete(connection, self._rooms.ids[due[-1]], rows)
                    file_rows.remove_up_to(connection, due[-1], rows[-1][1])
                left -= len(rows) + 1
                if left >= 0:
                    due.pop()
        self._due = due
        self._rooms.first.update(first)
        return bool(self._due)

    def _find_due(self, most: float, oldest: float) -> list[str]:
        rows = self._reader.fetch(_DUE, (ACTS, most, oldest))
        self._rooms.learn(rows)
        return [name for _, name, _, _ in rows]

    def _past(self, connection: Connection[Row], name: str, oldest: float, most: float, limit: int) -> list[Row]:
        """The oldest messages of a room that may go, at most `limit`. The room is locked."""
        room = self._rooms.ids[name]
        ((last,),) = connection.execute(_LOCK_ROOM, (room,)).fetchall()
        rows = connection.execute(_OLDEST, (room, limit)).fetchall()
        return list(takewhile(lambda row: row[1] <= last - most or row[2] < oldest, rows))

    def note_use(self, sessions: Sequence[str], day: int) -> None:
        with self._writer.transaction() as connection:
            connection.execute(_NOTE_USE, (day, list(sessions), day))

    def forget_sessions(self, day: int) -> tuple[list[str], bool]:
        """The keys of those that are gone, and whether there are more."""
        unused: dict[int, str] = dict(self._reader.look_up(_UNUSED, (day,)))
        if not unused:
            return [], False  # as almost always: then nothing is to be written, nor synced
        with self._writer.transaction() as connection:
            gone = [id for (id,) in connection.execute(_DELETE_SESSIONS, (list(unused), day)).fetchall()]
            connection.execute(_DELETE_SPANS_OF, (gone,))
        return [unused[id] for id in gone], len(unused) == TRIM_SLICE


def _delete(connection: Connection[Row], room: int, rows: Sequence[Row]) -> None:
    numbers, newest = [row[0] for row in rows], rows[-1][1]
    connection.execute(_DELETE_UP_TO, (room, newest))
    connection.execute(_SET_FIRST, (newest + 1, room))
    connection.execute(_DELETE_SPANS, (_blocks(numbers, BLOCK_BITS),))
    connection.execute(_EMPTY_BLOCKS, (_blocks(numbers, SIZE_BITS),))


def _blocks(numbers: Iterable[int], bits: int) -> list[int]:
    return sorted({n >> bits for n in numbers})
