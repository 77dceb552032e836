"""How far people have read: told to their other connections, and stored, at most once a second.

So it costs little however often it is said, and a crash may take back the last second of it. Owned by the hub, run only
by its thread. It must not know sockets, nor when the log writes anything else.
"""

from __future__ import annotations

import logging
import math
from itertools import islice
from typing import Final, NamedTuple

from server_parts.hub.state import HubState
from server_parts.people.clients import Client
from server_parts.people.permissions import may_see
from server_parts.protocol import events
from server_parts.protocol.requests import Read
from server_parts.storage.outage import Outage
from server_parts.storage.records import StorageError

PAUSE: Final = 1.0  # seconds between two times …
BREATH: Final = 0.05  # … unless there is more to be stored than fits into one slice
SLICE: Final = 500  # positions
RETRY: Final = 10.0  # seconds until the log is asked again that could not be written

log = logging.getLogger("chat")

_Place = tuple[int, str]  # an account, and a room


class _Position(NamedTuple):
    id: int
    by: Client
    name: str  # that it bore then


class Reading:
    def __init__(self, state: HubState) -> None:
        self._store = state.store
        self._rules = state.rules
        self._names = state.live_rooms.names
        self._fresh: dict[_Place, _Position] = {}  # neither told nor stored
        self._unstored: dict[_Place, int] = {}
        what = "how far people have read"
        self._outage = Outage(log, f"{what} cannot be stored", f"{what} can be stored again", logging.ERROR)
        self._next = 0.0  # before then nothing is told or stored

    # --- asked for ---

    def read(self, client: Client, asked: Read) -> None:
        """Only people with an account have positions, of rooms that they may read. None of them goes back."""
        room = client.resolve(asked.room)
        if not client.account or not may_see(client, room, self._rules):
            return
        id = min(asked.id, self._store.last(room))
        if id <= client.read.get(room, 0):
            return
        client.read[room] = id
        place = client.account, room
        if place not in self._fresh or id > self._fresh[place].id:
            self._fresh[place] = _Position(id, client, client.name)

    # --- who comes in ---

    def find(self, client: Client) -> None:
        """Note how far the account of a client has read, for what it is told of the rooms that it enters."""
        client.read = self._positions(client.account) if client.account else {}

    def _positions(self, account: int) -> dict[str, int]:
        try:
            positions = self._store.read_positions(account)
        except StorageError:  # whoever comes in does not fail over this
            positions = {}
        later = [*self._unstored.items(), *((place, position.id) for place, position in self._fresh.items())]
        for (whose, room), id in later:
            if whose == account:
                positions[room] = max(id, positions.get(room, 0))
        return positions

    def tell_all(self, client: Client) -> None:
        """To a client that has become an account, and is in rooms already."""
        for room in client.rooms:
            if room in client.read:
                client.tell(events.read(room, client.read[room]))

    # --- in time ---

    @property
    def due(self) -> float:
        """When there is something to do; never, if there is nothing."""
        return self._next if self._fresh or self._unstored else math.inf

    def run(self, now: float) -> None:
        """Tell all that is fresh, and store a slice of what is not stored yet."""
        self._tell_fresh()
        if self._store_some():
            self._next = now + (BREATH if self._unstored else PAUSE)
        else:
            self._next = now + RETRY

    def finish(self) -> None:
        """The server ends: store all of it, if that can be."""
        self._tell_fresh()
        while self._unstored and self._store_some():
            pass

    def _store_some(self) -> bool:
        """Whether the log could be written."""
        some = dict(islice(self._unstored.items(), SLICE))
        try:  # a database may have come back without the last messages: their numbers will be given again
            self._store.note_read(
                {(account, room): min(id, self._store.last(room)) for (account, room), id in some.items()}
            )
        except StorageError as error:
            self._outage.note(error)
            return False
        self._outage.end()
        for place in some:
            del self._unstored[place]
        return True

    def _tell_fresh(self) -> None:
        fresh, self._fresh = self._fresh, {}
        for (account, room), position in fresh.items():
            self._unstored[account, room] = position.id
            for one in self._names.bearers(position.name):
                if one is not position.by and one.account == account and one.read.get(room, 0) < position.id:
                    one.read[room] = position.id
                    one.tell(events.read(room, position.id))
