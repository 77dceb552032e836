"""What entries do to other messages, in the transaction that stores them, and what that means for the index.

The rows of the rooms are locked by then: whoever else changes a message of one of them waits, so what is found here
holds until the commit. It must not know connections, nor when they are lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from psycopg import Connection

from server_parts.storage.amending import Amended, amended
from server_parts.storage.file_records import written_file
from server_parts.storage.postgres import file_rows
from server_parts.storage.postgres.connections import Row
from server_parts.storage.postgres.postings import SIZE_BITS
from server_parts.storage.postgres.reader import ITS_SESSION, MESSAGE
from server_parts.storage.postgres.schema import INDEXING, LOCK
from server_parts.storage.records import Message, Run, written

_ONE: Final = f"""
    SELECT m.n, {MESSAGE} FROM messages AS m JOIN rooms AS r ON r.id = m.room {ITS_SESSION}
    WHERE m.room = %s AND m.id = %s FOR UPDATE OF m"""
_SPEAKS_OF: Final = "UPDATE messages SET about = %s WHERE room = %s AND id = %s"
_PUT: Final = "UPDATE messages SET text = %s, fate = %s, file = %s WHERE room = %s AND id = %s"

_NOT_WHILE_INDEXING: Final = "SELECT pg_advisory_xact_lock(%s, %s)"
_MAKE_STALE: Final = "UPDATE blocks SET stale = true WHERE block = ANY (%s)"
_DELETE_POSTINGS: Final = "DELETE FROM postings WHERE block = ANY (%s)"


def amend(connection: Connection[Row], runs: Sequence[Run], rooms: Mapping[str, int], newest: int) -> list[Run]:
    """Let the entries among these, which are stored already, do what they do. Returns all as they are now.

    `newest` is the number of the last one among all messages. The block that it is in is not complete, and will not be
    before this is committed: so nobody is indexing that, and there is nothing to wait for.
    """
    places: list[int] = []
    changed = [run if run.about is None else _amend(connection, run, rooms[run.room], places) for run in runs]
    _make_stale(connection, (n for n in places if n >> SIZE_BITS < newest + 1 >> SIZE_BITS))
    return changed


def _amend(connection: Connection[Row], run: Run, room: int, places: list[int]) -> Run:
    assert run.about is not None
    connection.execute(_SPEAKS_OF, (f"{run.about.kind} {run.about.id}", room, run.id))
    (entry,) = run.messages()
    n, target = _find(connection, room, run.about.id)
    outcome = amended(target, entry)
    if outcome.entry.text != entry.text:
        _put(connection, room, outcome.entry)
    if target is not None and _carry_out(connection, room, target, outcome):
        places.append(n)
    return run._replace(texts=[outcome.entry.text])


def _carry_out(connection: Connection[Row], room: int, target: Message, outcome: Amended) -> bool:
    """Returns whether the index has to know of it."""
    if outcome.target is None:
        return False
    _put(connection, room, outcome.target)
    if target.file is not None and outcome.target.file is None:
        file_rows.remove(connection, target.file.id)
    if outcome.void:
        connection.execute(_PUT, ("", None, None, room, outcome.void))
    return outcome.target.text != target.text


def _find(connection: Connection[Row], room: int, id: int) -> tuple[int, Message | None]:
    row = connection.execute(_ONE, (room, id)).fetchone()
    return (0, None) if row is None else (row[0], Message.of_row(row[1:]))


def _put(connection: Connection[Row], room: int, message: Message) -> None:
    fate = None if message.fate is None else written(message.fate)
    file = None if message.file is None else written_file(message.file)
    connection.execute(_PUT, (message.text, fate, file, room, message.id))


def _make_stale(connection: Connection[Row], places: Iterable[int]) -> None:
    """The blocks of these messages are to be indexed anew."""
    blocks = sorted({n >> SIZE_BITS for n in places})
    if blocks:
        connection.execute(_NOT_WHILE_INDEXING, (LOCK, INDEXING))
        connection.execute(_MAKE_STALE, (blocks,))
        connection.execute(_DELETE_POSTINGS, (blocks,))
