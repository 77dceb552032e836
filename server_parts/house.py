"""The house: which rooms are lit, who is in them, and who is called what. Owned by the hub, run only by its thread.

It sends to clients but never waits for one; who cannot keep up is noted in `slow` for the hub to let go.
It must not know sockets or requests, and it stores nothing: that is the log's.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from chat_common import Frame, partners
from server_parts.door import Encoder
from server_parts.message_log import MessageLog, Run
from server_parts.names import Names
from server_parts.native_door import NATIVE
from server_parts.pages import catch_up, history_frame, room_list
from server_parts.people import Client, Room
from server_parts.presence import Presence

PRESENCE_SHARE: Final = 10  # comings and goings are told so seldom that it takes at most a tenth of the time
PRESENCE_SLICE: Final = 0.002  # seconds, and no longer at a time: thousands who hear of it hold up nobody


class House:
    def __init__(self, book: MessageLog, operator: str) -> None:
        self.names = Names(book, operator)
        self.sessions: dict[str, Client] = {}
        self.rooms: dict[str, Room] = {}
        self.slow: dict[Client, None] = {}
        self.messages = 0
        self.deliveries = 0
        self._book = book
        self._presence = Presence()
        self._presence_due = 0.0
        self._half_told: dict[str, Iterator[bool]] = {}  # rooms where some have been told and others not yet

    # --- rooms ---

    def enter(
        self, client: Client, name: str, floor: int | None, after: int | None, history: int, *, gap: bool = False
    ) -> None:
        """Make the client a member and bring it up to date. What is said from now on waits behind that.

        `floor` is the number up to which it may not read; None: it may read nothing that was said.
        """
        room = self.rooms.get(name) or Room(name, self._book.last(name))
        lowest = room.last if floor is None else max(floor, self._book.first(name) - 1)
        self.rooms[name] = room  # nothing can fail from here on
        if client not in room.members:
            room.members[client] = None
            client.rooms[name] = room
            self._presence.joined(name, client.name)
        client.tell({"type": "joined", "room": name, "last": room.last, "members": len(room.members)})
        if after is None or after > room.last:  # an id from the future: its numbers mean nothing here
            gap = gap or after is not None
            start = max(room.last - history, lowest)
        else:
            gap = gap or after < lowest
            start = max(after, lowest)
        if start >= room.last:
            client.tell_list(history_frame(name, gap=gap), "messages", [])
        else:
            client.outbox.offer_pages(catch_up(self._book, client.encoder, name, start, room.last, gap=gap))

    def depart(self, client: Client, room: Room) -> None:
        del room.members[client], client.rooms[room.name]
        self._presence.left(room.name, client.name)
        if not room.members:
            del self.rooms[room.name]

    def vacate(self, client: Client) -> None:
        """Out of everything: rooms, name and session."""
        for room in list(client.rooms.values()):
            self.depart(client, room)
        self.names.release(client)
        session, client.session = client.session, None
        if session is not None and self.sessions.get(session.key) is client:
            del self.sessions[session.key]

    def rename(self, client: Client, new: str | None, *, trusted: bool = False) -> None:
        """Told at once and in order, not merged: a client knows its own messages by the name they carry.

        Without a new name it gets that of a guest.
        """
        for name in client.rooms:
            self._tell_news(name)
        old = client.name
        if new is None or new.lower() != old.lower():
            for room in [room for room in client.rooms.values() if partners(room.name)]:
                self.depart(client, room)
        if new is None:
            self.names.take_guest(client)
        else:
            self.names.take(new, client, trusted=trusted)
        renamed: Frame = {"type": "presence", "room": None, "renamed": [[old, client.name]], "members": 0}
        if not client.rooms:
            client.tell(renamed)
        for room in client.rooms.values():
            blocks: dict[Encoder, bytes] = {}
            for member in room.members:
                self._tell(member, renamed | {"room": room.name, "members": len(room.members)}, blocks)

    def list_rooms(self, client: Client) -> None:
        """Those that there are now. To put them in order and into words is left to the client's reader."""
        client.outbox.offer_pages(room_list(client, self.rooms.copy(), self._book.rooms()))

    # --- telling ---

    def introduce(self, name: str, authors: Iterable[Client]) -> None:
        """A room hears of somebody before it hears from them; and all in it hear everything in one order."""
        newcomers = self._presence.newcomers(name)
        if newcomers and any(author.name in newcomers for author in authors):
            self._tell_news(name)
        elif name in self._half_told:
            self._finish_telling(name)

    def publish(self, name: str, runs: list[Run], authors: dict[Client, None]) -> None:
        """Encode once, send many. Each author's own copy is its receipt."""
        room = self.rooms.get(name)
        if room is None:
            return  # said from outside, to an empty room
        self.introduce(name, authors)
        said = sum(len(run.texts) for run in runs)
        room.last = runs[-1].id + len(runs[-1].texts) - 1
        self.messages += said
        self.deliveries += said * len(room.members)
        blocks: dict[Encoder, bytes] = {}
        for client in room.members:
            encoder = client.encoder
            if encoder is not NATIVE and client in authors:
                block = encoder.live(runs, client.name)
            elif encoder in blocks:
                block = blocks[encoder]
            else:
                block = blocks[encoder] = encoder.live(runs)
            if not client.outbox.offer(block):
                self.slow[client] = None

    def presence_due(self) -> float:
        """When comings and goings are to be told; never, if there are none."""
        return self._presence_due if self._presence or self._half_told else math.inf

    def tell_presence(self, seconds: float = math.inf) -> None:
        """Tell who came and went; what takes longer than that goes on the next time."""
        begun = now = time.monotonic()
        while (self._presence or self._half_told) and now - begun < seconds:
            if not self._half_told:
                self._half_told = {name: self._telling(name) for name in self._presence.rooms()}
            else:
                name = next(iter(self._half_told))
                if not next(self._half_told[name], False):
                    del self._half_told[name]
            now = time.monotonic()
        self._presence_due = now + PRESENCE_SHARE * (now - begun)

    def _finish_telling(self, name: str) -> None:
        """To those who have not heard it yet."""
        begun = time.monotonic()
        for _ in self._half_told.pop(name):
            pass
        self._presence_due += PRESENCE_SHARE * (time.monotonic() - begun)

    def _tell_news(self, name: str) -> None:
        """All there is of one room, in one go."""
        for _ in chain(self._half_told.pop(name, ()), self._telling(name)):
            pass

    def _telling(self, name: str) -> Iterator[bool]:
        """A room's news, on its way to those who are there now."""
        frames, room = self._presence.take(name), self.rooms.get(name)
        if room is None:
            return iter(())
        counted = [frame | {"members": len(room.members)} for frame in frames]
        return self._tell_all(room, counted, list(room.members))

    def _tell_all(self, room: Room, frames: list[Frame], hearers: list[Client]) -> Iterator[bool]:
        """One of them a step. Who leaves meanwhile hears no more; who comes in knows it."""
        for frame in frames:
            blocks: dict[Encoder, bytes] = {}
            for client in hearers:
                if client in room.members:
                    self._tell(client, frame, blocks)
                yield True

    def _tell(self, client: Client, frame: Frame, blocks: dict[Encoder, bytes]) -> None:
        """`blocks` keeps the frame as the doors of others show it."""
        encoder = client.encoder
        block = blocks.get(encoder) or blocks.setdefault(encoder, encoder.frame(frame))
        # An event that a door does not show is no bytes at all.
        if block and not client.outbox.offer(block):
            self.slow[client] = None
