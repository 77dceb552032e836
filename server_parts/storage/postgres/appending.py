"""What an entry becomes in the database: one call for texts and counters, a transaction where there is more.

Run by the one thread that writes. It must not know connections, nor when they are lost.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Final

from psycopg import Connection

from chat_common import partners
from server_parts.storage.postgres.accounts import write
from server_parts.storage.postgres.amending import amend
from server_parts.storage.postgres.batch import CALL, Batch, Holding, read_answer
from server_parts.storage.postgres.connections import Row
from server_parts.storage.postgres.exchange import PostgresExchange
from server_parts.storage.postgres.file_rows import attach
from server_parts.storage.postgres.rooms import Rooms
from server_parts.storage.postgres.sessions import Sessions
from server_parts.storage.postgres.writer import Writer
from server_parts.storage.records import Moved, OutcomeUnknown, Run
from server_parts.storage.search_query import DAY
from server_parts.storage.session_store import SessionRecord
from server_parts.storage.store import Entry

MOST_SPEAKERS: Final = 10_000

_TAKE: Final = "SELECT id, accepted, owner, holder FROM take(%s, %s)"
# What a crash takes back of this is harmless: who appends says how far the session was, too.
_TAKE_ALONE: Final = """
    SELECT t.id, t.accepted, t.owner, t.holder
    FROM fence(%s) AS f, take(%s, %s) AS t, set_config('synchronous_commit', 'off', true) AS c"""
_SET_OWNER: Final = "UPDATE sessions SET owner = %s WHERE id = %s"
# Also if it is there by now: the row that somebody else has made may not be visible yet.
_ADD_ROOM: Final = """
    INSERT INTO rooms (name, private) VALUES (%s, %s)
    ON CONFLICT (name) DO UPDATE SET private = excluded.private RETURNING id"""
_ADD_PARTICIPANT: Final = "INSERT INTO participants (name, room) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_SAID: Final = """
    SELECT m.ts, m.sender, m.seq FROM rooms AS r JOIN messages AS m ON m.room = r.id
    WHERE r.name = %s COLLATE "C" AND m.id = %s"""
_HAS_SPOKEN: Final = "UPDATE participants SET spoke = true WHERE name = %s AND room = %s AND NOT spoke"


class Appender:
    def __init__(self, writer: Writer, rooms: Rooms, sessions: Sessions, exchange: PostgresExchange) -> None:
        self._exchange = exchange
        self._writer = writer
        self._rooms = rooms
        self._sessions = sessions
        self._newest: tuple[str, int, float, str, int] | None = None  # a text: its place, time, sender and seq
        self._speakers: set[tuple[str, int]] = set()  # known to have spoken in a private room

    def write(self, entry: Entry) -> list[Run]:
        self._writer.check()
        keys = {draft.session for draft in entry.drafts}.union(entry.accepted, entry.owners) - {""}
        try:
            return self._write(entry, keys)
        except OutcomeUnknown:
            self._sessions.doubt(keys)
            raise
        except Moved as error:
            raise self._moved(error, keys) from None

    def _moved(self, error: Moved, keys: set[str]) -> Moved:
        """The same error with the keys of the sessions, which have to be taken anew."""
        moved = error.sessions & keys or self._sessions.of_ids(error.sessions)
        self._sessions.doubt(moved)
        return Moved(str(error), moved)

    def _write(self, entry: Entry, keys: set[str]) -> list[Run]:
        held = self._sessions.held(keys)
        if len(held) == len(keys) and self._is_plain(entry):
            return self._append_alone(entry, held)
        return self._append_with_more(entry, keys, held)

    def _is_plain(self, entry: Entry) -> bool:
        """Whether there is nothing but texts and counters, of rooms and speakers that are known."""
        more = entry.owners or entry.claims or entry.changes
        speaks = any(draft.about is not None or draft.file is not None for draft in entry.drafts)
        return not (more or speaks or self._unknown_rooms(entry) or self._new_speakers(entry, self._rooms.ids))

    def _unknown_rooms(self, entry: Entry) -> set[str]:
        return {draft.room for draft in entry.drafts} - self._rooms.ids.keys()

    def _new_speakers(self, entry: Entry, ids: Mapping[str, int]) -> set[tuple[str, int]]:
        said = {(draft.sender.lower(), draft.room) for draft in entry.drafts if draft.room.startswith("@")}
        return {(name, ids[room]) for name, room in said} - self._speakers

    def _append_alone(self, entry: Entry, held: Mapping[str, Holding]) -> list[Run]:
        if not (entry.drafts or entry.accepted):
            return []
        batch = Batch(entry.drafts, self._rooms.ids, held)
        values = batch.values(entry.accepted, tells=self._exchange.has_others)
        lasts, top = read_answer(self._writer.call(CALL, values))
        return self._committed(batch, entry, held, lasts, top)

    def _append_with_more(self, entry: Entry, keys: set[str], held: dict[str, Holding]) -> list[Run]:
        with self._writer.transaction() as connection:
            taken = {key: _take(connection, key) for key in sorted(keys - held.keys())}
            held |= taken
            for key in sorted(entry.owners, key=lambda key: held[key].id):
                connection.execute(_SET_OWNER, (entry.owners[key], held[key].id))
            for change in entry.account_changes():
                write(connection, change)
            new_rooms = {name: _add_room(connection, name) for name in sorted(self._unknown_rooms(entry))}
            ids = {**self._rooms.ids, **new_rooms} if new_rooms else self._rooms.ids
            batch = Batch(entry.drafts, ids, held)
            values = batch.values(entry.accepted, tells=self._exchange.has_others)
            lasts, top = read_answer(self._writer.call(CALL, values, connection))
            runs = attach(connection, entry.drafts, batch.runs(lasts), ids) if batch.drafts else []
            runs = amend(connection, runs, ids, top) if runs else []
            speakers = self._new_speakers(entry, ids)
            for speaker in sorted(speakers):
                connection.execute(_HAS_SPOKEN, speaker)
        self._rooms.learn((id, name, 1, 0) for name, id in new_rooms.items())
        self._note_speakers(speakers)
        self._sessions.hold(taken)
        self._committed(batch, entry, held, lasts, top)
        return runs

    def _note_speakers(self, speakers: set[tuple[str, int]]) -> None:
        if len(self._speakers) > MOST_SPEAKERS:
            self._speakers.clear()
        self._speakers |= speakers

    def _committed(
        self, batch: Batch, entry: Entry, held: Mapping[str, Holding], lasts: Sequence[int], top: int
    ) -> list[Run]:
        for key, accepted in entry.accepted.items():
            held[key].accepted = accepted
        if not batch.drafts:
            return []
        for name, last in zip(batch.names, lasts, strict=True):
            self._rooms.raise_last(name, last)
        batch.note(top)
        runs = batch.runs(lasts)
        newest = runs[-1]
        self._newest = newest.room, newest.last, newest.ts, newest.sender, newest.seq + len(newest.texts) - 1
        return runs

    def forget(self) -> None:
        """The database is another one."""
        self._speakers.clear()
        self._newest = None

    def is_kept(self, connection: Connection[Row]) -> bool:
        """Whether the newest text that this server has appended is still what it was: others may have the number now.

        One that was trimmed says nothing.
        """
        if self._newest is None:
            return True
        room, id, *said = self._newest
        rows = connection.execute(_SAID, (room, id)).fetchall()
        return not rows or list(rows[0]) == said

    def take(self, session: str) -> SessionRecord:
        """See Store.take."""
        self._sessions.doubt([session])
        ((id, accepted, owner, holder),) = self._writer.execute(_TAKE_ALONE, (session, _today()))
        self._sessions.hold({session: Holding(id, accepted, holder)})
        return SessionRecord(accepted, owner)


def _take(connection: Connection[Row], key: str) -> Holding:
    ((id, accepted, _, holder),) = connection.execute(_TAKE, (key, _today())).fetchall()
    return Holding(id, accepted, holder)


def _add_room(connection: Connection[Row], name: str) -> int:
    """The number of a room that may be new; a private one belongs to two."""
    members = [member for member in partners(name) if member]
    ((id,),) = connection.execute(_ADD_ROOM, (name, bool(partners(name)))).fetchall()
    for member in members:
        connection.execute(_ADD_PARTICIPANT, (member, id))
    return int(id)


def _today() -> int:
    return int(time.time() // DAY)
