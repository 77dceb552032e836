"""What a server does when its log comes back as another one: an old copy, or without the last messages.

Everybody who is connected has heard what is not there any more, under numbers that will be given again. So they are all
let go, and come in again: by its epoch they see that this is another history. Nobody is let in until the acts of
moderation that this one holds have been read. Owned by the hub, run only by its thread. It must not know sockets.
"""

from __future__ import annotations

import contextlib
import math
from typing import Final

from server_parts.hub.departures import Departures
from server_parts.hub.neighbours import Neighbours
from server_parts.hub.state import HubState
from server_parts.storage.records import StorageError

RETRY: Final = 0.1  # seconds between two tries to read the log
REPLACED: Final = "the history of this chat was replaced: connect again"


class AnotherHistory:
    def __init__(self, state: HubState, departures: Departures, neighbours: Neighbours) -> None:
        self._store = state.store
        self._acts = state.acts
        self._live_rooms = state.live_rooms
        self._departures = departures
        self._neighbours = neighbours
        self.due = math.inf

    @property
    def is_unread(self) -> bool:
        """Whether it is not known yet what holds now."""
        return self.due < math.inf

    def run(self, now: float) -> None:
        if self._store.is_replaced:
            self._begin()
            self.due = now
        if now >= self.due:
            self.due = now + RETRY
            with contextlib.suppress(StorageError):
                self._read()
                self.due = math.inf

    def _begin(self) -> None:
        self._neighbours.forget()
        for client in self._live_rooms.names.connections():
            if not client.is_owner:
                self._departures.disconnect(client, "moved", REPLACED, retry=True)
        self._neighbours.forget()  # of their leaving nobody needs to hear
        self._store.start_anew()

    def _read(self) -> None:
        """What holds, and where the rooms are in which the person at this server's terminal is."""
        self._acts.read_anew()
        for room in self._live_rooms.rooms.values():
            room.last = self._store.last(room.name)
        for client in self._live_rooms.names.connections():
            if client.session is not None:
                client.session.unsure = client.session.key != ""
