"""The numbers of a log, as they were committed last, and what the next batch makes of them. Run by whoever appends.

They are kept in memory, so that numbering reads nothing, and change only after a commit. It must not know transactions.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final

from chat_common import partners
from server_parts.storage.file_records import Attachment
from server_parts.storage.records import Draft, Run
from server_parts.storage.search_query import DAY
from server_parts.storage.sqlite.adding import NewRun
from server_parts.storage.sqlite.schema import BLOCK

_ROOMS: Final = "SELECT id, name, first, last FROM rooms"
_TODAY: Final = "SELECT day FROM days ORDER BY start DESC LIMIT 1"
_NEWEST: Final = """
    SELECT m.n, m.id, r.last FROM messages AS m LEFT JOIN rooms AS r ON r.id = m.room ORDER BY m.n DESC LIMIT 1"""

_CACHED_SESSIONS: Final = 10_000
_CACHED_SPEAKERS: Final = 10_000


class Batch:
    """What one append adds, as rows. Nothing of it holds until the transaction is committed."""

    def __init__(self, n: int, day: int | None) -> None:
        self.n, self.day = n, day
        self.runs: list[Run] = []
        self.speaking: list[int] = []  # which of them speak of other messages
        self.carrying: list[tuple[int, int, Attachment]] = []  # which of them carry a file, with the number `n`
        self.rows: list[NewRun] = []
        self.last: dict[str, int] = {}
        self.new_rooms: dict[str, int] = {}
        self.new_sessions: dict[str, int] = {}
        self.speakers: set[tuple[str, int]] = set()  # who said something in a private room, as if for the first time
        self.spans: list[tuple[int, int, int]] = []
        self.days: list[tuple[int, int]] = []

    def participants(self) -> list[tuple[str, int]]:
        """Whose the new private rooms are."""
        return [(name, id) for room, id in self.new_rooms.items() for name in partners(room) if name]


class Numbers:
    """As much as there are rooms, however many messages."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        rooms = connection.execute(_ROOMS).fetchall()
        self.room_ids: dict[str, int] = {name: id for id, name, _, _ in rooms}
        self.first: dict[str, int] = {name: first for _, name, first, _ in rooms}
        self.last: dict[str, int] = {name: last for _, name, _, last in rooms}
        self.session_ids: dict[str, int] = {}
        self._n = sum(self.last.values())  # every message ever has one `n`, so they are as many as the numbers given
        self._in_span: set[int] = set()  # sessions noted in the present block
        self._speakers: set[tuple[str, int]] = set()  # known to have spoken in a private room
        today = connection.execute(_TODAY).fetchone()
        self._day: int | None = today[0] if today else None
        # To read all of a large log for damage would take minutes. The newest message agreeing with its room shows at
        # least that both are of one piece; damage elsewhere is told by whoever reads there.
        newest = connection.execute(_NEWEST).fetchone()
        self.are_whole = not newest or (newest[1] == newest[2] and newest[0] <= self._n)

    @property
    def newest(self) -> int:
        """The highest `n` that was given."""
        return self._n

    def new_batch(self) -> Batch:
        return Batch(self._n, self._day)

    def add(self, batch: Batch, drafts: Sequence[Draft], sessions: Mapping[str, int]) -> None:
        """Give every draft its numbers."""
        for draft in drafts:
            room, n, session = draft.room, batch.n + 1, sessions[draft.session]
            run = Run.numbered(draft, batch.last.get(room, self.last.get(room, 0)) + 1)
            room_id = self.id_of(batch, room)
            batch.n += len(run.texts)
            batch.last[room] = run.last
            if run.ts // DAY != batch.day:
                batch.day = int(run.ts // DAY)
                batch.days.append((n, batch.day))
            if run.seq:  # else there is no receipt to be found
                self._note_spans(batch, n, session, run.seq)
            if room.startswith("@") and (speaker := (run.sender.lower(), room_id)) not in self._speakers:
                batch.speakers.add(speaker)
            batch.rows.append(NewRun(n, room_id, run.id, run.ts, run.sender, run.color, session, run.seq, run.texts))
            if draft.file is not None:
                batch.carrying.append((len(batch.runs), n, draft.file))
            if run.about is not None:
                batch.speaking.append(len(batch.runs))
            batch.runs.append(run)

    def id_of(self, batch: Batch, room: str) -> int:
        known = self.room_ids.get(room)
        return known or batch.new_rooms.setdefault(room, len(self.room_ids) + len(batch.new_rooms) + 1)

    def _note_spans(self, batch: Batch, n: int, session: int, seq: int) -> None:
        """Note in which blocks a run, from message `n` to the batch's present end, is the first of its session."""
        for start in (n, *range(n + BLOCK - n % BLOCK, batch.n + 1, BLOCK)):
            if start % BLOCK == 0:
                self._in_span.clear()
            if session not in self._in_span:
                self._in_span.add(session)
                batch.spans.append((session, seq + start - n, start))

    def note_spans_anew(self) -> None:
        """Rows that noted a session are gone, or may be. To note one twice is harmless."""
        self._in_span.clear()

    def room_rows(self, batch: Batch) -> list[tuple[Any, ...]]:
        return [(self.id_of(batch, room), room, bool(partners(room)), last) for room, last in batch.last.items()]

    def committed(self, batch: Batch) -> None:
        self._n, self._day = batch.n, batch.day
        self.room_ids.update(batch.new_rooms)
        self.last.update(batch.last)
        if len(self.session_ids) > _CACHED_SESSIONS:
            self.session_ids.clear()
        self.session_ids.update(batch.new_sessions)
        if len(self._speakers) > _CACHED_SPEAKERS:
            self._speakers.clear()
        self._speakers |= batch.speakers
