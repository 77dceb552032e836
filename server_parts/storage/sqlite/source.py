"""A folder as it is copied into a database: all of its rows, in an order that can be taken up again.

The folder is locked meanwhile, so that no server changes what was copied already. This module must not know where the
rows go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from server_parts.storage import file_disk
from server_parts.storage.copied import BYTES, MESSAGES, OTHERS, Chunk, Counters, Origin, StoredFile, Summary, Table
from server_parts.storage.file_records import PIECE
from server_parts.storage.records import StorageError
from server_parts.storage.sqlite.files import DATABASE, FILES, FolderLock, LogError, connect_reader, told
from server_parts.storage.sqlite.log import SqliteLog

CHUNK: Final = 20_000  # rows

# Texts without a session have one with an empty token here, and the number 0 everywhere else. The time is made a text
# by Python, which loses nothing of it; SQLite cuts it to 15 digits.
_MESSAGES: Final = """
    SELECT n, n || ',' || room || ',' || id || ',', ts,
        ',' || CASE session WHEN :nobody THEN 0 ELSE session END || ',' || seq || ',"' || replace(sender, '"', '""')
        || '","' || replace(color, '"', '""') || '","' || replace(text, '"', '""') || '",'
        || coalesce('"' || about || '"', '') || ',' || coalesce('"' || replace(fate, '"', '""') || '"', '') || ','
        || coalesce('"' || replace(file, '"', '""') || '"', '') || char(10)
    FROM messages WHERE n > :after ORDER BY n LIMIT :limit"""
_NOBODY: Final = "SELECT coalesce(max(id), 0) FROM sessions WHERE token = ''"
# The session that is not copied is in none of these.
_WHERE: Final = {"sessions": "WHERE id <> :nobody", "spans": "WHERE session <> :nobody"}
_COUNTERS: Final = """
    SELECT (SELECT coalesce(sum(last), 0) FROM rooms), (SELECT coalesce(max(id), 0) FROM rooms),
        (SELECT max(coalesce((SELECT max(id) FROM sessions), 0), coalesce((SELECT max(session) FROM messages), 0))),
        (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'accounts'),
        (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'devices')"""
_KEPT: Final = "SELECT coalesce(sum(last - first + 1), 0) FROM rooms"
_FILES: Final = "SELECT id, size, sha256 FROM files WHERE removed IS NULL ORDER BY n"
_BYTES: Final = "SELECT coalesce(sum(size), 0) FROM files WHERE removed IS NULL"
# In the order of the file: by the index of rooms, each text would be looked for alone.
_ROOMS: Final = "SELECT room, count(*), min(id), max(id), sum(length(text)) FROM messages NOT INDEXED GROUP BY room"


class Source:
    """Used by one thread."""

    def __init__(self, folder: Path) -> None:
        """LogError: there is no log, a server is using it, or it cannot be read."""
        path = folder / DATABASE
        if not path.exists():
            raise LogError(f"there is no chat log in {folder}")
        # Takes the lock, brings old tables up to date and leaves everything in one file.
        SqliteLog(folder, full_text=False).close()
        self._lock = FolderLock(folder)
        try:
            with told(f"{path} cannot be opened", LogError):
                self._connection = connect_reader(path)
                self._path = path
                self._nobody = self._number(_NOBODY)
                self.origin = self._origin()
        except BaseException:
            self._lock.release()
            raise

    def _origin(self) -> Origin:
        (epoch,) = self._connection.execute("SELECT epoch FROM about").fetchone()
        found = self._path.stat()
        return Origin(epoch, f"{found.st_size} {found.st_mtime_ns}")

    def messages(self, after: int) -> Iterator[Chunk]:
        """Those whose `n` is higher, in that order."""
        while rows := self._all(_MESSAGES, nobody=self._nobody, after=after, limit=CHUNK):
            after = rows[-1][0]
            yield Chunk("".join([f"{head}{ts!r}{tail}" for _, head, ts, tail in rows]), len(rows), after)

    def rows(self, table: Table) -> Iterator[Chunk]:
        """All of another table."""
        sql = f"SELECT {', '.join(table.columns)} FROM {table.name} {_WHERE.get(table.name, '')}"
        with told(f"{self._path} cannot be read"):
            cursor = self._connection.execute(sql, self._standard(sql))
            while rows := cursor.fetchmany(CHUNK):
                yield Chunk("".join(map(_line, rows)), len(rows), 0)

    def files(self) -> list[StoredFile]:
        return [StoredFile(*row) for row in self._all(_FILES)]

    def pieces(self, file: StoredFile) -> Iterator[bytes]:
        """All bytes of a file; StorageError, before the end, if they are not what was stored."""
        digest, place = sha256(), file_disk.place_of(self._path.parent / FILES, file.id)
        with file_disk.told(f"{place} cannot be read"):
            for start in range(0, file.size, PIECE):
                piece = file_disk.read(place, start, PIECE)
                digest.update(piece)
                yield piece
        if digest.hexdigest() != file.sha256:
            raise StorageError(f"{place} is damaged: put it back from a backup, or delete the message that has it")

    def kept(self) -> int:
        """How many messages there are, by the numbers of the rooms: to count them would take long."""
        return self._number(_KEPT)

    def kept_up_to(self, n: int) -> int:
        return self._number("SELECT count(*) FROM messages WHERE n <= :n", n=n)

    def counters(self) -> Counters:
        return Counters(*self._all(_COUNTERS)[0])

    def summary(self) -> Summary:
        """Reads everything."""
        counted = {
            table.name: self._number(f"SELECT count(*) FROM {table.name} {_WHERE.get(table.name, '')}")
            for table in (*OTHERS, MESSAGES)
        }
        counted[BYTES] = self._number(_BYTES)
        return Summary(counted, {room: tuple(row) for room, *row in self._all(_ROOMS)})

    def _number(self, sql: str, **values: int) -> int:
        return int(self._all(sql, **values)[0][0])

    def _all(self, sql: str, **values: int) -> list[tuple[Any, ...]]:
        with told(f"{self._path} cannot be read"):
            return self._connection.execute(sql, values or self._standard(sql)).fetchall()

    def _standard(self, sql: str) -> dict[str, int]:
        return {"nobody": self._nobody} if ":nobody" in sql else {}

    def close(self) -> None:
        self._connection.close()
        self._lock.release()


def _line(row: Iterable[Any]) -> str:
    return f"{','.join(map(_field, row))}\n"


def _field(value: Any) -> str:
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    return "" if value is None else repr(value)
