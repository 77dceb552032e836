"""What was said since the last commit: made durable as one, and only then told.

A large batch is written by the log writer while the hub tells the one before; a small one by the hub itself, at once.
Owned by the hub, run only by its thread. It must not know sockets, nor who may say what where.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from chat_common import Frame, partners
from server_parts.hub.announcing import Untold
from server_parts.hub.live_rooms import LiveRooms
from server_parts.hub.log_writer import LogWriter
from server_parts.moderation import acts
from server_parts.moderation.act_log import ActLog
from server_parts.moderation.acts import Act
from server_parts.people.clients import Client, Session
from server_parts.protocol.requests import Refusal
from server_parts.protocol.unavailable import unavailable
from server_parts.storage.message_log import PAGE
from server_parts.storage.outage import Outage
from server_parts.storage.records import DELETE, REPLY, Draft, Moved, OutcomeUnknown, Run, StorageError, in_runs
from server_parts.storage.store import Entry, Store

LARGE: Final = 64  # texts from which on it is quicker to hand a batch over than to wait for the disk

log = logging.getLogger("chat")


class _Said:
    """One batch: what goes into the log, and who is to hear of it."""

    def __init__(self) -> None:
        self.private = False  # something of it was said in private
        self.size = 0  # texts
        self.drafts: list[Draft] = []
        self.refused: list[tuple[Client, Refusal]] = []
        self.writers: dict[Client, None] = {}
        self.claims: dict[str, str] = {}
        self.founded: set[str] = set()  # rooms that have their first message in it
        self.taken_away: set[tuple[str, int]] = set()  # rooms and messages
        self.speakers: set[Client] = set()  # who have said something that does not only change another text
        self.decided: list[tuple[str, Frame]] = []  # what rooms are told of acts that are in it
        self.has_acts = False
        self.programs: dict[str, str] = {}
        self.real_names: dict[str, str] = {}

    def entry(self) -> Entry:
        """What the log is to append: also how far each session was counted, and whose it is if the log may not know."""
        counted, owners = {}, {}
        for session in self.sessions():
            if session.key:
                counted[session.key] = session.counted
                if session.owner != session.stored_owner:
                    owners[session.key] = session.owner
        return Entry(self.drafts, counted, owners, self.claims, programs=self.programs, real_names=self.real_names)

    def sessions(self) -> list[Session]:
        return [client.session for client in self.writers if client.session is not None]


class Batch:
    def __init__(self, store: Store, live_rooms: LiveRooms, act_log: ActLog, clock: Callable[[], float]) -> None:
        self._store = store
        self._acts = act_log
        self._clock = clock
        self._live_rooms = live_rooms
        self._log_writer = LogWriter(store)
        self.fault: Exception | None = None  # after one, what is in the log nobody knows
        self._said = _Said()
        self._being_written: _Said | None = None
        self._written: tuple[_Said, list[Run]] | None = None  # in the log, and not told yet
        self._outage = Outage(log, "the log cannot be written", "the log can be written again", logging.ERROR)
        self._doubtful: set[str] = set()  # rooms in which something may have been said that was not told

    # --- collecting ---

    def __contains__(self, client: Client) -> bool:
        return client in self._said.writers

    @property
    def private(self) -> bool:
        return self._said.private

    def add(self, client: Client, draft: Draft) -> None:
        said = self._said
        said.private = said.private or bool(partners(draft.room))
        said.size += len(draft.texts)
        said.drafts.append(draft)
        said.writers[client] = None
        if draft.about is None or draft.about.kind == REPLY:
            said.speakers.add(client)
        elif draft.about.kind == DELETE:
            said.taken_away.add((draft.room, draft.about.id))

    def takes_away(self, room: str, id: int) -> bool:
        """Whether something in it deletes that message."""
        return (room, id) in self._said.taken_away

    def has_words_of(self, client: Client) -> bool:
        """Whether there is a message in it that this client may want to correct."""
        return client in self._said.speakers

    def decide(self, act: Draft, room: str, frame: Frame) -> None:
        """An act of moderation that goes with what was added last, and what its room is told when it is kept."""
        self._said.drafts.append(act)
        self._said.has_acts = True
        self._said.decided.append((room, frame))

    def claim(self, claims: Mapping[str, str]) -> None:
        """Names that are claimed with what was added last."""
        self._said.claims.update(claims)
        for name in claims:
            bearer = self._live_rooms.names.find(name)
            if bearer is not None:
                self._said.programs[name] = bearer.program
                if bearer.real_name is not None:
                    self._said.real_names[name] = bearer.real_name

    def found(self, room: str, client: Client) -> None:
        """What was added last may be the first message of a room: if its author has an account, that owns the room."""
        said = self._said
        if room in said.founded or self._acts.rules.is_begun(room, self._store.last(room)):
            return
        said.founded.add(room)
        if client.trusted or client.name in said.claims:
            act = Act(acts.FOUND, client.name, room=room)
            said.drafts.append(acts.draft_of(client.name, act, self._clock()))
            said.has_acts = True

    def refuse(self, client: Client, refusals: Iterable[Refusal]) -> None:
        """A refused text is counted, and that is recorded too, before its sender is told."""
        self._said.refused += [(client, refusal) for refusal in refusals]
        self._said.writers[client] = None

    # --- writing and telling ---

    def open(self) -> None:
        self._log_writer.open()

    def close(self) -> None:
        self._log_writer.close()

    def is_writing(self, client: Client) -> bool:
        """Whether something that this client said is with the log writer."""
        return self._being_written is not None and client in self._being_written.writers

    def end_turn(self) -> None:
        """Nobody waits longer than he must: what is large is being written when this returns, all else is told."""
        if self._said.size < LARGE:
            self.commit()
            return
        said, self._said = self._said, _Said()
        try:
            self._introduce(said)
        except Untold as error:
            self._take_back(said, error)
            self.tell()
            return
        self._log_writer.begin(said.entry())
        self._being_written = said
        self.tell()

    def settle(self) -> None:
        """Before anything else is done: what the log writer was writing is in the log, or taken back."""
        if self._being_written is not None:
            said, self._being_written = self._being_written, None
            self._settle(said, self._log_writer.result)

    def commit(self) -> None:
        """All that was said is in the log, and told."""
        self.tell()
        if self._said.writers:
            said, self._said = self._said, _Said()
            self._settle(said, lambda: self._append(said))
            self.tell()

    def _append(self, said: _Said) -> list[Run]:
        self._introduce(said)
        return self._store.write(said.entry())

    def _introduce(self, said: _Said) -> None:
        """Other servers know those who say it, and bring in those who are to hear it; or it is Untold."""
        announcer = self._live_rooms.announcer
        announcer.flush()
        announcer.check(said.writers, (draft.room for draft in said.drafts))

    def tell(self) -> None:
        """All that is in the log is told: to each room at once all that was said in it."""
        if self._written is None:
            return
        (said, runs), self._written = self._written, None
        by_room: dict[str, list[Run]] = {}
        for run in runs:
            by_room.setdefault(run.room, []).append(run)
        for room, heard in by_room.items():
            self._live_rooms.publish(room, heard)
        for room, frame in said.decided:
            self._live_rooms.tell_room(room, frame)
        for client, refusal in said.refused:
            client.tell(refusal.frame())

    def make_sure(self, session: Session) -> None:
        """Learn how far the log has an unsure session. StorageError: that is not known yet."""
        record = self._store.take(session.key)
        session.accepted = session.counted = record.accepted
        session.stored_owner, session.unsure = record.owner, False
        self._tell_doubtful()

    def _tell_doubtful(self) -> None:
        """What was stored although nobody could tell is told now."""
        for name in list(self._doubtful):
            room = self._live_rooms.rooms.get(name)
            if room is not None and room.here:  # else there is nobody to be told here
                while runs := in_runs(self._store.after(name, room.last, PAGE)):
                    self._live_rooms.publish(name, runs)
            self._doubtful.discard(name)

    def _doubt(self, said: _Said, error: StorageError) -> None:
        """The log may have texts that were taken back, or another server may have sent more of a session."""
        unknown = isinstance(error, OutcomeUnknown)
        moved = error.sessions if isinstance(error, Moved) else frozenset()
        for session in said.sessions():
            session.unsure = session.unsure or (unknown and session.key != "") or session.key in moved
        if unknown:
            self._doubtful.update(draft.room for draft in said.drafts)

    def _settle(self, said: _Said, append: Callable[[], list[Run]]) -> None:
        try:
            runs = append()
        except StorageError as error:
            self._doubt(said, error)
            self._take_back(said, error)
        except Exception as error:
            # Nothing was said; the hub stops at the end of this turn.
            self.fault = error
            self._outage.note("it has failed")
            _take_back("the message log has failed", said.writers)
        else:
            self._outage.end()
            self._written = said, runs
            if said.has_acts:
                self._acts.note(runs)
            for session in said.sessions():
                session.accepted, session.stored_owner = session.counted, session.owner
            for name, token_hash in said.claims.items():
                self._live_rooms.claimed(name, token_hash)

    def _take_back(self, said: _Said, error: StorageError) -> None:
        if isinstance(error, Moved | Untold):  # nothing is wrong with the log
            log.info("a text is to be sent again: %s", error)
        else:
            self._outage.note(error)
        _take_back(str(error), said.writers)


def _take_back(reason: str, writers: Iterable[Client]) -> None:
    """Nothing was stored, so nothing was said: everyone sends again from where the log stands."""
    for client in writers:
        session = client.session
        assert session is not None
        refusal = unavailable(reason, session.accepted + 1)
        session.counted = session.accepted
        client.tell(refusal.frame())
