"""Who came, left and changed names is told to everybody in time, and to nobody all at once.

What happened in a room, and how far each member has been told of it, is in `people/presence.py`. Owned by the hub, run
only by its thread. It must not know who does what.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from chat_common import Frame
from server_parts.hub.telling import Telling, is_crowd
from server_parts.people.clients import Client, Room
from server_parts.people.presence import Tidings
from server_parts.people.renames import Renames
from server_parts.protocol.encoder import Encoder

PRESENCE_SHARE: Final = 10  # comings and goings are told so seldom that it takes at most a tenth of the time
PRESENCE_SLICE: Final = 0.002  # seconds, and no longer at a time: thousands who hear of it hold up nobody

Blocks = dict[tuple[int, Encoder, Client | None], bytes]  # what is told from a position on, through a door


class _Round:
    """What happened in a room, on its way to all who are there: also as a piece of what a crowd is told."""

    size = 0  # nobody says so much by coming and going

    def __init__(self, comings: Comings, room: Room) -> None:
        self.room = room
        self._comings = comings
        self._tidings: Tidings | None = None
        self._blocks: Blocks = {}

    @property
    def has_begun(self) -> bool:
        return self._tidings is not None

    def begin(self) -> _Round:
        """What happens from now on is not part of it."""
        self._tidings = self.room.news.for_all(self.room.name)
        return self

    def block_for_all(self, _: Encoder) -> None:
        """Each has a position of its own."""

    def block(self, client: Client) -> bytes:
        """Who came in meanwhile knows all that."""
        tidings = self._tidings
        if tidings is None or self.room.members.get(client, tidings.end) >= tidings.end:
            return b""
        return _news_for(client, self.room, tidings, self._blocks)

    def told(self) -> None:
        assert self._tidings is not None
        self.room.news.forget(self._tidings.end)
        self._comings.forget(self.room)


class Comings:
    def __init__(self, telling: Telling) -> None:
        self._telling = telling
        self._rooms: dict[str, Room] = {}  # where not everybody has been told yet who came, left or changed names …
        self._rounds: dict[str, tuple[_Round, Iterator[bool]]] = {}  # … and those where somebody is being told
        self._due = 0.0

    def note(self, room: Room) -> None:
        """Something has happened there."""
        self._rooms[room.name] = room

    def close(self, room: Room) -> None:
        """Nobody is there any more."""
        self._rooms.pop(room.name, None)
        self._rounds.pop(room.name, None)

    def forget(self, room: Room) -> None:
        """Some of what happened there everybody knows; it may have been closed since."""
        if not room.news and self._rooms.get(room.name) is room:
            del self._rooms[room.name]

    def bring_up_to_date(self, client: Client, room: Room) -> None:
        """Tell one member everything: before it is told who is there, for instance."""
        self._telling.settle(client)
        if room.news:
            self._tell(client, _news_for(client, room, room.news.so_far(room.name), {}))

    def introduce(self, room: Room, authors: Iterable[str]) -> None:
        """A room is told of somebody before it hears from them; and all in it are told everything in one order."""
        is_unknown = any(map(room.news.is_unknown, authors))
        begun = self._rounds.pop(room.name, None)
        if is_crowd(room):
            if begun is not None and begun[0].has_begun:
                self._telling.add(begun[0])
            if is_unknown and room.news.end > room.news.on_its_way:
                self._telling.add(_Round(self, room).begin())
            return
        since = time.monotonic()
        fresh = self._go_round(_Round(self, room)) if is_unknown else ()
        for _ in chain(begun[1] if begun is not None else (), fresh):
            pass
        now = time.monotonic()
        self._due = max(self._due, now + PRESENCE_SHARE * (now - since))

    @property
    def due(self) -> float:
        """When comings and goings are to be told; never, if there are none."""
        return self._due if self._rooms else math.inf

    def tell(self, seconds: float = math.inf) -> None:
        """Tell who came and went; what takes longer than that goes on the next time."""
        begun = now = time.monotonic()
        while self._rooms and now - begun < seconds:
            if not self._rounds:
                rounds = [_Round(self, room) for room in self._rooms.values()]
                self._rounds = {one.room.name: (one, self._go_round(one)) for one in rounds}
            else:
                name, (_, steps) = next(iter(self._rounds.items()))
                if not next(steps, False):
                    del self._rounds[name]
            now = time.monotonic()
        self._due = now + PRESENCE_SHARE * (now - begun)

    def _go_round(self, one: _Round) -> Iterator[bool]:
        """Bring one member after another to where the room is now."""
        one.begin()
        for client in list(one.room.members):
            if client.owed is not None:
                self._telling.settle(client)
            self._tell(client, one.block(client))
            yield True
        one.told()

    def _tell(self, client: Client, block: bytes) -> None:
        """An event that a door does not show is no bytes at all."""
        if block:
            self._telling.offer(client, block)


def _news_for(client: Client, room: Room, tidings: Tidings, blocks: Blocks) -> bytes:
    """What a member has not been told; from now on it counts as told. `blocks`: what others were, as doors show it."""
    position = room.members[client]
    room.members[client] = tidings.end
    if client.is_distant:
        return b""
    hearer = client if tidings.knows(client) else None
    key = position, client.encoder, hearer
    is_shared = len(client.rooms) == 1 or not client.encoder.is_for_people
    block = blocks.get(key) if is_shared else None
    if block is None:
        frames = tidings.since(position, hearer)
        frames = frames if is_shared else without_doubles(client, frames)
        block = b"".join(client.encoder.frame(frame | {"members": room.people}) for frame in frames)
    if is_shared:
        blocks[key] = block
    return block


def without_doubles(client: Client, frames: list[Frame]) -> list[Frame]:
    """These events, without new names that it was told of in another room."""
    client.renames = client.renames or Renames()
    return client.renames.without_doubles(frames)
