"""What was said in a slow room at other servers: their texts count here, as those that are said here count there.

It is read from the log when somebody says something in such a room, so it holds whatever this server has heard by then,
and for people who come from another server, too. Owned by the hub, run only by its thread.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from chat_common import is_guest
from server_parts.hub.state import HubState
from server_parts.people.clients import Room
from server_parts.people.slow_mode import SlowMode, by_source, known_as
from server_parts.storage.message_log import PAGE
from server_parts.storage.records import Message

MOST_REMEMBERED: Final = 10_000  # rooms


class SlowElsewhere:
    def __init__(self, state: HubState, slow_mode: SlowMode) -> None:
        self._store = state.store
        self._sessions = state.live_rooms.sessions
        self._last_seen = state.last_seen
        self._is_alone = state.exchange.is_alone
        self._slow_mode = slow_mode
        self._read: dict[str, int] = {}  # up to which number each room has been looked at

    def learn(self, room: Room, now: float) -> None:
        """Note who has said something since the last time. StorageError: nobody can tell just now."""
        if self._is_alone:
            return
        if len(self._read) > MOST_REMEMBERED:
            self._read.clear()
        last = max(self._read.get(room.name, 0), room.last - PAGE)  # of a slow room, a page is a long time
        while page := self._store.after(room.name, last, PAGE):
            for message in page:
                age = max(time.time() - message.ts, 0.0)  # clocks may differ a little
                for key in self._keys(message):
                    self._slow_mode.note(room.name, key, now - age, message.session, message.seq)
            last = page[-1].id
        self._read[room.name] = last

    def _keys(self, message: Message) -> Iterator[str]:
        """All by which its author may be known when they speak next."""
        if not is_guest(message.sender):
            yield message.sender.lower()
        client = self._sessions.get(message.session)
        seen = self._last_seen.find(message.sender)
        if client is not None and client.session is not None:
            yield from known_as(client, client.session)
        elif seen is not None and seen.session == message.session and seen.source:
            yield by_source(seen.source)
