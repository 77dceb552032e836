"""Files that messages carry, in SQLite: how they are read, and how the one writer binds and removes them.

It must not know transactions, nor where the bytes are.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Collection
from typing import Final

from server_parts.storage.file_records import (
    DAY_OF_OWNER,
    FilePage,
    FileRecord,
    FilesWanted,
    Reservation,
    SaidFile,
    is_file_id,
    written_file,
)
from server_parts.storage.file_rows import COLUMNS, SAID, page, row_of, said_file
from server_parts.storage.records import Run
from server_parts.storage.sqlite.reader import LogReader

NEWEST: Final = 2**63 - 1

_ONE: Final = f"SELECT {SAID} FROM files WHERE id = ? AND removed IS NULL"
_NUMBER: Final = "SELECT n FROM files WHERE id = ?"
_OF_ROOM: Final = f"""
    SELECT {SAID}, n FROM files WHERE n < ? AND room = ? AND removed IS NULL ORDER BY n DESC LIMIT ?"""
_OF_ALL: Final = f"""
    SELECT {SAID}, n FROM files
    WHERE n < ? AND (substr(room, 1, 1) <> '@' OR room IN (SELECT value FROM json_each(?))) AND removed IS NULL
    ORDER BY n DESC LIMIT ?"""
_KNOWN: Final = "SELECT id FROM files WHERE id IN (SELECT value FROM json_each(?))"
_REMOVED: Final = "SELECT id FROM files WHERE removed < ?"
_COUNT: Final = "SELECT count(*) FROM files WHERE removed IS NULL"
_TOTALS: Final = """
    SELECT (SELECT coalesce(sum(size), 0) FROM files WHERE removed IS NULL OR removed > :removed_since),
        (SELECT coalesce(sum(size), 0) FROM files WHERE owner = :owner AND created > :since)"""

_ADD: Final = f"""
    INSERT INTO files ({", ".join(COLUMNS)}) VALUES ({", ".join("?" * len(COLUMNS))}) ON CONFLICT (id) DO NOTHING"""
_CARRIES: Final = "UPDATE messages SET file = ? WHERE n = ?"
# What is left of it for a day says how much somebody has sent, and not what that was.
_REMOVE: Final = "UPDATE files SET removed = ?, name = '', sha256 = '', sender = '' WHERE removed IS NULL AND "
_REMOVE_ONE: Final = f"{_REMOVE} id = ?"
_REMOVE_UP_TO: Final = f"{_REMOVE} room = ? AND message <= ?"
_FORGET: Final = "DELETE FROM files WHERE removed < ?"


class SqliteFileRows:
    """Read by any thread."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader

    def said(self, id: str) -> SaidFile | None:
        rows = self._reader.look_up(_ONE, (id,))
        return said_file(rows[0]) if rows else None

    def listed(self, wanted: FilesWanted) -> FilePage:
        before = NEWEST
        if wanted.before is not None:
            found = self._reader.look_up(_NUMBER, (wanted.before,)) if is_file_id(wanted.before) else []
            if not found:
                return FilePage([])
            before = found[0][0]
        sql = _OF_ALL if wanted.room is None else _OF_ROOM
        which = json.dumps(list(wanted.floors)) if wanted.room is None else wanted.room
        return page(lambda n: self._reader.fetch(sql, (n, which, wanted.limit + 1)), before, wanted)

    def known(self, ids: Collection[str]) -> set[str]:
        return {id for (id,) in self._reader.fetch(_KNOWN, (json.dumps(list(ids)),))} if ids else set()

    def removed(self, before: float) -> list[str]:
        return [id for (id,) in self._reader.fetch(_REMOVED, (before,))]

    def totals(self, owner: str, since: float, removed_since: float) -> tuple[int, int]:
        values = {"owner": owner, "since": since, "removed_since": removed_since}
        ((size, of_owner),) = self._reader.fetch(_TOTALS, values)
        return size, of_owner

    def count(self) -> int:
        ((count,),) = self._reader.fetch(_COUNT, ())
        return int(count)


# --- by the writer, inside its transaction ---


def bind(connection: sqlite3.Connection, file: FileRecord, reservation: Reservation, run: Run, n: int) -> bool:
    """Note which file a message carries that is stored already. False if another one carries it."""
    if not connection.execute(_ADD, row_of(file, reservation, run, n)).rowcount:
        return False
    connection.execute(_CARRIES, (written_file(file), n))
    return True


def remove(connection: sqlite3.Connection, id: str) -> None:
    """Its message was taken away."""
    connection.execute(_REMOVE_ONE, (time.time(), id))


def remove_up_to(connection: sqlite3.Connection, room: str, message: int) -> None:
    """The messages of a room up to that number are trimmed."""
    connection.execute(_REMOVE_UP_TO, (time.time(), room, message))


def is_any_to_forget(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute(_REMOVED, (_day_ago(),)).fetchone())


def forget(connection: sqlite3.Connection) -> None:
    """Those that were removed so long ago that they count for nobody."""
    connection.execute(_FORGET, (_day_ago(),))


def _day_ago() -> float:
    return time.time() - DAY_OF_OWNER
