"""What entries do to other messages, in the transaction that stores them. It must not know transactions."""

from __future__ import annotations

import sqlite3
from typing import Any, Final, NamedTuple

from chat_common import partners
from server_parts.storage.amending import Amended, amended
from server_parts.storage.file_records import written_file
from server_parts.storage.records import Fate, Message, Run, read, written
from server_parts.storage.sqlite import file_rows
from server_parts.storage.sqlite.reader import ITS_SESSION, MESSAGE

_ONE: Final = f"""
    SELECT m.n, {MESSAGE} FROM messages AS m JOIN rooms AS r ON r.id = m.room {ITS_SESSION}
    WHERE m.room = ? AND m.id = ?"""
_SPEAKS_OF: Final = "UPDATE messages SET about = ? WHERE room = ? AND id = ?"
_PUT: Final = "UPDATE messages SET text = ?, fate = ?, file = ? WHERE room = ? AND id = ?"


class Forgotten(NamedTuple):
    """A message as the index has it, which is to forget that: it was trimmed, or has another text or none."""

    n: int
    room: int
    private: bool
    sender: str
    text: str
    edit: int = 0  # the entry that the text is from; 0: it is the first one
    trimmed: bool = False


def forgotten(n: int, room: int, private: bool, sender: str, text: str, fate: str | None) -> Forgotten:
    """What becomes of a row that is trimmed."""
    return Forgotten(n, room, private, sender, text, read(fate).edit if fate else 0, True)


def amend(connection: sqlite3.Connection, run: Run, room: int) -> tuple[Run, list[Forgotten]]:
    """Note what an entry that is stored already speaks of, and do it. Returns the entry as it is now."""
    assert run.about is not None
    connection.execute(_SPEAKS_OF, (f"{run.about.kind} {run.about.id}", room, run.id))
    (entry,) = run.messages()
    n, target = _find(connection, room, run.about.id)
    outcome = amended(target, entry)
    if outcome.entry.text != entry.text:
        _put(connection, room, outcome.entry)
    gone = _carry_out(connection, room, n, target, outcome)
    return run._replace(texts=[outcome.entry.text]), gone


def _carry_out(
    connection: sqlite3.Connection, room: int, n: int, target: Message | None, outcome: Amended
) -> list[Forgotten]:
    if target is None or outcome.target is None:
        return []
    _put(connection, room, outcome.target)
    if target.file is not None and outcome.target.file is None:
        file_rows.remove(connection, target.file.id)
    if outcome.void:
        connection.execute(_PUT, ("", None, None, room, outcome.void))
    edit = target.fate.edit if target.fate is not None else 0
    if outcome.target.text == target.text and (outcome.target.fate or Fate()).edit == edit:  # a reaction
        return []
    return [Forgotten(n, room, bool(partners(target.room)), target.sender, target.text, edit)]


def _find(connection: sqlite3.Connection, room: int, id: int) -> tuple[int, Message | None]:
    row: tuple[Any, ...] | None = connection.execute(_ONE, (room, id)).fetchone()
    return (0, None) if row is None else (row[0], Message.of_row(row[1:]))


def _put(connection: sqlite3.Connection, room: int, message: Message) -> None:
    fate = None if message.fate is None else written(message.fate)
    file = None if message.file is None else written_file(message.file)
    connection.execute(_PUT, (message.text, fate, file, room, message.id))
