"""Files in a database, which several servers use: announced at one, they may be sent on, finished and said at another.

What is announced is a row of `uploads`, the bytes are in `pieces`. Each step is one statement that checks where the
file is before it changes anything, so two servers that do the same do it once, and one that is tried again after a loss
of the connection does no harm. This module must not know what binds a file to a message.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from server_parts.storage.file_kinds import kind_of
from server_parts.storage.file_records import (
    DAY_OF_OWNER,
    GRACE,
    IDLE,
    PIECE,
    FilePage,
    FileRecord,
    FilesWanted,
    Reservation,
    SaidFile,
    Totals,
    Upload,
    is_file_id,
    new_id,
    read_file,
    written_file,
)
from server_parts.storage.file_rows import SAID, page, said_file
from server_parts.storage.file_store import NoSuchFile, TooManyBytes, WrongHash, WrongOffset
from server_parts.storage.postgres.connections import Pool, Reach, Row
from server_parts.storage.postgres.reader import LogReader

CONNECTIONS: Final = 4
AT_ONCE: Final = 64  # pieces that one statement deletes
BETWEEN: Final = 3_600.0  # seconds between two looks through all pieces
NEWEST: Final = 2**63 - 1

_RESERVE: Final = """
    INSERT INTO uploads (id, room, name, size, sha256, owner, created, touched)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING RETURNING id"""
_UPLOAD: Final = """
    SELECT id, room, name, size, sha256, owner, created, touched, received, file FROM uploads WHERE id = %s"""
_UNSAID: Final = """
    SELECT id, room, name, size, sha256, owner, created, touched, received, file FROM uploads WHERE owner = %s"""
# A piece that begins inside a row is put behind what the row has up to there, and what does not fit goes into the next
# one. Whatever a row has behind that is left of a file that was started over.
_WRITE: Final = """
    WITH upload AS (
        UPDATE uploads SET received = received + %(size)s, touched = %(now)s
        WHERE id = %(id)s AND received = %(offset)s AND received + %(size)s <= size AND file IS NULL RETURNING id),
    stored AS (
        INSERT INTO pieces (file, number, bytes)
        SELECT id, p.number, p.bytes FROM upload, (
            VALUES (%(number)s::integer, %(first)b::bytea), (%(number)s::integer + 1, %(second)b::bytea)
        ) AS p (number, bytes) WHERE length(p.bytes) > 0
        ON CONFLICT (file, number) DO UPDATE
        SET bytes = CASE excluded.number WHEN %(number)s THEN substring(pieces.bytes FOR %(inside)s) ELSE '' END
            || excluded.bytes)
    SELECT 1 FROM upload"""
_START_OVER: Final = "UPDATE uploads SET received = 0, touched = %s WHERE id = %s AND file IS NULL RETURNING id"
_PIECE: Final = "SELECT bytes FROM pieces WHERE file = %s AND number = %s"
# If nothing was received since it was looked at.
_FINISH: Final = """
    UPDATE uploads SET file = %s, touched = %s
    WHERE id = %s AND touched = %s AND received = size AND file IS NULL RETURNING id"""
_CANCEL: Final = "DELETE FROM uploads WHERE id = %s RETURNING id"
_READY: Final = "SELECT file FROM uploads WHERE id = %s AND owner = ANY (%s) AND room = %s AND file IS NOT NULL"

_SAID: Final = f"SELECT {SAID} FROM files WHERE id = %s AND removed IS NULL"
_NUMBER: Final = "SELECT n FROM files WHERE id = %s"
_OF_ROOM: Final = f"""
    SELECT {SAID}, n FROM files WHERE n < %s AND room = %s AND removed IS NULL ORDER BY n DESC LIMIT %s"""
_OF_ALL: Final = f"""
    SELECT {SAID}, n FROM files WHERE n < %s AND (room NOT LIKE '@%%' OR room = ANY (%s)) AND removed IS NULL
    ORDER BY n DESC LIMIT %s"""
# Of each row only what is wanted: `substring` reads no more than that.
_READ: Final = f"""
    SELECT substring(bytes FROM greatest(%(start)s - number * {PIECE}::bigint, 0)::integer + 1
        FOR (least(%(end)s - number * {PIECE}::bigint, {PIECE})
            - greatest(%(start)s - number * {PIECE}::bigint, 0))::integer)
    FROM pieces
    WHERE file = %(id)s AND number BETWEEN %(start)s / {PIECE} AND (%(end)s - 1) / {PIECE} ORDER BY number"""
_HAS_BYTES: Final = "SELECT 1 FROM pieces WHERE file = %s AND number = 0"

_COUNT: Final = "SELECT count(*) FROM files WHERE removed IS NULL"
_TOTALS: Final = """
    SELECT
        (SELECT coalesce(sum(size), 0) FROM files WHERE removed IS NULL OR removed > %(removed_since)s)::bigint
        + (SELECT coalesce(sum(size), 0) FROM uploads)::bigint,
        (SELECT coalesce(sum(size), 0) FROM files WHERE owner = %(owner)s AND created > %(since)s)::bigint
        + (SELECT coalesce(sum(size), 0) FROM uploads WHERE owner = %(owner)s AND created > %(since)s)::bigint,
        (SELECT count(*) FROM uploads WHERE owner = %(owner)s)"""

_IDLE: Final = "DELETE FROM uploads WHERE touched < %s RETURNING id"
_FORGET: Final = "DELETE FROM files WHERE removed < %s RETURNING id"
_REMOVED: Final = """
    SELECT id FROM files AS f WHERE removed < %s AND EXISTS (SELECT FROM pieces WHERE file = f.id AND number = 0)"""
# Bytes that belong to nothing, because they were being stored while the file was cancelled. For each file there is a
# first piece. Both tables are looked at as they were at one moment, in which each file is in one of them.
_ORPHANS: Final = """
    SELECT file FROM pieces AS p WHERE number = 0
    AND NOT EXISTS (SELECT FROM uploads WHERE id = p.file) AND NOT EXISTS (SELECT FROM files WHERE id = p.file)"""
_DELETE_PIECES: Final = f"""
    DELETE FROM pieces WHERE file = %(id)s AND number IN (
        SELECT number FROM pieces WHERE file = %(id)s ORDER BY number DESC LIMIT {AT_ONCE}) RETURNING number"""


def _upload_of(row: Row) -> Upload:
    *announced, received, file = row
    return Upload(Reservation(*announced), received, None if file is None else read_file(file))


class PostgresFiles:
    """A FileStore."""

    def __init__(self, reach: Reach, reader: LogReader) -> None:
        """`reader` is for single rows: the hub must not wait behind bytes."""
        self._pool = Pool(reach, "chat files", CONNECTIONS)
        self._reader = reader
        self._next = 0.0  # when all pieces are looked through again

    # --- receiving ---

    def reserve(self, room: str, name: str, size: int, sha256: str | None, owner: str) -> Reservation:
        if size < 1:
            raise ValueError("a file has one byte at least")
        now = time.time()
        made = Reservation(new_id(), room, name, size, sha256, owner, now, now)
        values = (made.id, room, name, size, sha256, owner, now, now)
        self._pool.fetch(_RESERVE, values)
        return made

    def upload(self, id: str) -> Upload:
        rows = self._reader.look_up(_UPLOAD, (_checked(id),))
        if not rows:
            raise NoSuchFile
        return _upload_of(rows[0])

    def unsaid(self, owner: str) -> list[Upload]:
        return list(map(_upload_of, self._pool.fetch(_UNSAID, (owner,))))

    def write(self, id: str, offset: int, piece: bytes) -> int:
        if len(piece) > PIECE:
            raise ValueError("a piece is too large")
        number, inside = divmod(offset, PIECE)
        values = {
            "id": _checked(id),
            "offset": offset,
            "size": len(piece),
            "now": time.time(),
            "number": number,
            "inside": inside,
            "first": piece[: PIECE - inside],
            "second": piece[PIECE - inside :],
        }
        if not self._pool.fetch(_WRITE, values):
            self._refuse(id, offset, len(piece))
        return offset + len(piece)

    def _refuse(self, id: str, offset: int, size: int) -> None:
        upload = self.upload(id)
        if upload.file is None and upload.offset == offset and offset + size > upload.reservation.size:
            raise TooManyBytes(upload.reservation.size)
        raise WrongOffset(upload.offset)

    def start_over(self, id: str) -> None:
        if not self._pool.fetch(_START_OVER, (time.time(), _checked(id))):
            raise WrongOffset(self.upload(id).offset)

    def finish(self, id: str) -> FileRecord:
        upload = self.upload(id)
        if upload.file is not None:
            return upload.file
        if upload.offset < upload.reservation.size:
            raise WrongOffset(upload.offset)
        file = written_file(self._look_at(upload))
        self._pool.fetch(_FINISH, (file, time.time(), id, upload.reservation.touched))
        upload = self.upload(id)
        if upload.file is None:  # it was started over meanwhile
            raise WrongOffset(upload.offset)
        return upload.file

    def _look_at(self, upload: Upload) -> FileRecord:
        """What the bytes are that are there."""
        announced = upload.reservation
        digest, size, head = sha256(), 0, b""
        while size < announced.size and (rows := self._pool.fetch(_PIECE, (announced.id, size // PIECE))):
            piece = rows[0][0]
            head = head or piece
            size += len(piece)
            digest.update(piece)
        if size != announced.size or announced.sha256 not in (None, digest.hexdigest()):
            self.cancel(announced.id)
            raise WrongHash
        kind = kind_of(head)
        found = digest.hexdigest()
        return FileRecord(announced.id, announced.name, size, found, kind.mime, kind.width, kind.height)

    def cancel(self, id: str) -> None:
        if not self._pool.fetch(_CANCEL, (_checked(id),)):
            raise NoSuchFile
        self._delete_pieces(id)

    def _delete_pieces(self, id: str) -> None:
        """A part at a time, the first piece last: what is left when that is cut off is found by the next sweep."""
        while self._pool.fetch(_DELETE_PIECES, {"id": id}):
            pass

    def ready(self, id: str, owners: tuple[str, ...], room: str) -> FileRecord | None:
        rows = self._reader.look_up(_READY, (id, list(owners), room)) if is_file_id(id) else []
        return read_file(rows[0][0]) if rows else None

    # --- reading ---

    def said(self, id: str) -> SaidFile | None:
        rows = self._reader.look_up(_SAID, (id,)) if is_file_id(id) else []
        return said_file(rows[0]) if rows else None

    def listed(self, wanted: FilesWanted) -> FilePage:
        before = NEWEST
        if wanted.before is not None:
            found = self._pool.fetch(_NUMBER, (wanted.before,)) if is_file_id(wanted.before) else []
            if not found:
                return FilePage([])
            before = found[0][0]
        sql, which = (_OF_ALL, list(wanted.floors)) if wanted.room is None else (_OF_ROOM, wanted.room)
        return page(lambda n: self._pool.fetch(sql, (n, which, wanted.limit + 1)), before, wanted)

    def read(self, id: str, start: int, length: int) -> bytes:
        length = min(length, PIECE)
        values = {"id": _checked(id), "start": start, "end": start + length}
        rows = self._pool.fetch(_READ, values) if length > 0 else []
        if not rows and not self._pool.fetch(_HAS_BYTES, (id,)):
            raise NoSuchFile
        return b"".join(part for (part,) in rows)

    # --- what it takes ---

    def totals(self, owner: str) -> Totals:
        now = time.time()
        values = {"owner": owner, "since": now - DAY_OF_OWNER, "removed_since": now - GRACE}
        ((size, of_owner, open),) = self._pool.fetch(_TOTALS, values)
        return Totals(size, of_owner, open, None)

    def count(self) -> int:
        ((count,),) = self._pool.fetch(_COUNT)
        return int(count)

    def sweep(self, idle: float = IDLE) -> int:
        now = time.time()
        gone = self._delete_all(self._pool.fetch(_IDLE, (now - idle,)))
        gone += self._delete_all(self._pool.fetch(_REMOVED, (now - GRACE,)))
        self._pool.fetch(_FORGET, (now - DAY_OF_OWNER,))
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + BETWEEN
            gone += self._delete_all(self._pool.fetch(_ORPHANS))  # of very many pieces this may take too long
        return gone

    def _delete_all(self, ids: Sequence[Row]) -> int:
        for (id,) in ids:
            self._delete_pieces(id)
        return len(ids)

    def close(self) -> None:
        self._pool.close()


def _checked(id: str) -> str:
    """What is no id is not asked for: a database does not take every text."""
    if not is_file_id(id):
        raise NoSuchFile
    return id
