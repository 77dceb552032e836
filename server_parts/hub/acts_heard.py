"""What acts of moderation that other servers have appended mean for the people who are connected here.

Whoever was there to be kicked, that server has asked this one to let go. A kick from the whole server is carried out
here too, as the one that asks may have ended before it could; one from a room, when it has ended (see room_kicks.py).
Else here is what holds for everybody: settings of rooms, deleted texts, and bans, also of people who came in meanwhile.
Owned by the hub, run only by its thread. It must not know sockets.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterable, Iterator
from typing import Final

from server_parts.hub.departures import Departures
from server_parts.hub.room_kicks import RoomKicks
from server_parts.hub.state import HubState
from server_parts.moderation import acts, sentences
from server_parts.moderation.acts import Kept
from server_parts.people import restraint
from server_parts.people.clients import Client
from server_parts.people.described import settings_of
from server_parts.people.permissions import is_hit
from server_parts.protocol import events, moderation_events
from server_parts.storage.records import ACTS, Run, StorageError, one_by_one

PAGE: Final = 1_000  # acts that are read at a time
RETRY: Final = 0.2  # seconds between two tries to read those that the ones of this server wait for


class ActsHeard:
    def __init__(self, state: HubState, departures: Departures) -> None:
        self._store = state.store
        self._rules = state.rules
        self._acts = state.acts
        self._live_rooms = state.live_rooms
        self._departures = departures
        self.room_kicks = RoomKicks(state.live_rooms)
        self._retry = 0.0

    @property
    def due(self) -> float:
        """When there is something to do of its own accord; never, if there is nothing."""
        if self._acts.has_elsewhere:
            return 0.0
        return self._retry if self._acts.is_behind else math.inf

    def run(self, now: float) -> None:
        """What others had done before this server appended an act of its own: of that no news comes any more."""
        if self._acts.is_behind:
            self._retry = now + RETRY
            with contextlib.suppress(StorageError):
                self._read()
        self.hear()

    def hear(self, runs: Iterable[Run] = ()) -> None:
        """Let acts hold, and do what follows from them here."""
        self._acts.hear(runs)
        while self._acts.has_elsewhere:
            kept = self._acts.take_elsewhere()
            match kept.act.do:
                case acts.BAN:
                    self._ban(kept)
                case acts.KICK if kept.act.room:
                    self.room_kicks.heard(kept)
                case acts.KICK:
                    self._kick(kept)
                case acts.ROOM:
                    settings = settings_of(kept.act.room, self._rules)
                    frame = moderation_events.room(kept.act.room, settings, kept.by, kept.ts)
                    self._live_rooms.tell_room(kept.act.room, frame)
                case acts.DELETE if kept.act.number is not None:
                    frame = moderation_events.deleted(kept.act.room, kept.act.number, kept.by)
                    self._live_rooms.tell_room(kept.act.room, frame)

    def over(self) -> None:
        """A server is lost. What it wrote at last may not have been heard of yet."""
        self._read()
        self.room_kicks.carry_out()

    def _read(self) -> None:
        while missing := self._store.after(ACTS, self._acts.last, PAGE):
            self.hear(one_by_one(missing))

    def _here(self, room: str) -> Iterator[Client]:
        live = self._live_rooms.rooms.get(room)
        return (client for client in list(live.members if live is not None else ()) if not client.is_distant)

    def _kick(self, kept: Kept) -> None:
        """Who was there then, not who has come back, nor who got the name afterwards."""
        name = kept.act.name.lower()
        their_own = set(kept.act.keys) - {name}
        since = time.monotonic() - (self._rules.clock() - kept.ts)
        for client in list(self._live_rooms.names.bearers(name)):
            is_it = their_own.intersection(restraint.who(client).keys) and client.came < since
            if is_it and not client.is_distant and not client.is_owner and not client.gone:
                sentence = f"you were removed by {kept.by}{sentences.because(kept.act.reason)}"
                self._departures.disconnect(client, "kicked", sentence, retry=False)

    def _ban(self, kept: Kept) -> None:
        """As it holds by now: it may have been lifted again."""
        room, now = kept.act.room, self._rules.clock()
        everyone = self._here(room) if room else self._live_rooms.names.connections()
        for client in [client for client in everyone if not client.is_distant and not client.is_owner]:
            rule = self._rules.sanctions.ban(restraint.who(client), room, now)
            if rule is None or not is_hit(client, rule.kept.act, self._rules):
                continue
            if client.gone or (room and room not in client.rooms):  # since the one before was let go
                continue
            sentence = sentences.banned_by(rule.kept.by, rule.kept.act)
            if not room:
                self._departures.disconnect(client, "banned", sentence, retry=False)
                continue
            left = self._live_rooms.rooms[room]
            client.tell(events.notice(sentence))
            self._live_rooms.leave(client, left)
            client.tell(events.presence(room, {"left": [client.name]}, left.people))
