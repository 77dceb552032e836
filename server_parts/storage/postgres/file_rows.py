"""Files bound to messages and removed with them, in the transaction of whoever appends, deletes or trims.

It must not know connections, nor when they are lost.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from psycopg import Connection

from server_parts.storage.file_records import Attachment, Reservation, read_file, written_file
from server_parts.storage.file_rows import COLUMNS, row_of
from server_parts.storage.postgres.connections import Row
from server_parts.storage.records import Draft, Run

# Once only: whoever comes second waits for this transaction, and finds nothing.
_TAKE: Final = """
    DELETE FROM uploads WHERE id = %s AND room = %s AND owner = ANY (%s) AND file IS NOT NULL
    RETURNING id, room, name, size, sha256, owner, created, touched, file"""
_NUMBER: Final = "SELECT n FROM messages WHERE room = %s AND id = %s"
_ADD: Final = f"INSERT INTO files ({', '.join(COLUMNS)}) VALUES ({', '.join(['%s'] * len(COLUMNS))})"
_CARRIES: Final = "UPDATE messages SET file = %s WHERE room = %s AND id = %s"
# What is left of it for a day says how much somebody has sent, and not what that was.
_REMOVE: Final = "UPDATE files SET removed = %s, name = '', sha256 = '', sender = '' WHERE removed IS NULL AND "
_REMOVE_ONE: Final = f"{_REMOVE} id = %s"
_REMOVE_UP_TO: Final = f"{_REMOVE} room = %s AND message <= %s"


def attach(
    connection: Connection[Row], drafts: Sequence[Draft], runs: Sequence[Run], rooms: Mapping[str, int]
) -> list[Run]:
    """The runs with the files that they carry; what may not be said is left out. The messages are stored already."""
    return [
        run if draft.file is None else _attach(connection, draft.file, run, rooms[run.room])
        for draft, run in zip(drafts, runs, strict=True)
    ]


def _attach(connection: Connection[Row], wanted: Attachment, run: Run, room: int) -> Run:
    row = connection.execute(_TAKE, (wanted.id, run.room, list(wanted.owners))).fetchone()
    if row is None:
        return run
    *announced, written = row
    file = replace(read_file(written), bare=wanted.bare)
    ((n,),) = connection.execute(_NUMBER, (room, run.id)).fetchall()
    connection.execute(_ADD, row_of(file, Reservation(*announced), run, n))
    connection.execute(_CARRIES, (written_file(file), room, run.id))
    return run._replace(file=file)


def remove(connection: Connection[Row], id: str) -> None:
    """Its message was taken away."""
    connection.execute(_REMOVE_ONE, (time.time(), id))


def remove_up_to(connection: Connection[Row], room: str, message: int) -> None:
    """The messages of a room up to that number are trimmed."""
    connection.execute(_REMOVE_UP_TO, (time.time(), room, message))
