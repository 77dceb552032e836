"""Kicks from rooms that other servers have made of people who are connected here.

Such a server writes the act into the log, and asks for it to be carried out. If it is lost between the two, whoever has
heard of the act carries it out. Each is carried out once: its person may be in the room again. So what is asked for
names the act. Owned by the hub, run only by its thread.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Final

from server_parts.hub.live_rooms import LiveRooms
from server_parts.moderation import sentences
from server_parts.moderation.acts import Kept
from server_parts.people import restraint
from server_parts.people.clients import Client
from server_parts.protocol import events

KEPT: Final = 30.0  # seconds within which a server that is lost counts as lost, and an act is heard of everywhere

_Which = tuple[Client, int]  # who is kicked, and the number of the act


class RoomKicks:
    def __init__(self, live_rooms: LiveRooms) -> None:
        self._live_rooms = live_rooms
        self._asked: OrderedDict[_Which, float] = OrderedDict()  # when; nothing is heard of the act yet
        self._heard: OrderedDict[_Which, tuple[float, Kept]] = OrderedDict()  # and nobody has asked yet

    def asked(self, client: Client, act: int) -> None:
        """Another server has asked that somebody leaves a room, by that act."""
        self._forget_old()
        if self._heard.pop((client, act), None) is None:
            self._asked[client, act] = time.monotonic()

    def heard(self, kept: Kept) -> None:
        self._forget_old()
        name, room = kept.act.name.lower(), kept.act.room
        their_own = set(kept.act.keys) - {name}
        for client in self._live_rooms.names.bearers(name):
            is_it = their_own.intersection(restraint.who(client).keys) and not (client.is_distant or client.is_owner)
            if is_it and self._asked.pop((client, kept.id), None) is None and room in client.rooms:
                self._heard[client, kept.id] = time.monotonic(), kept

    def carry_out(self) -> None:
        """A server is lost: it may have been the one that was to ask."""
        self._forget_old()
        while self._heard:
            (client, _), (_, kept) = self._heard.popitem(last=False)
            name = kept.act.room
            room = client.rooms.get(name)
            if room is not None and not client.gone:
                sentence = f"you were removed from {name} by {kept.by}{sentences.because(kept.act.reason)}"
                client.tell(events.notice(sentence))
                self._live_rooms.leave(client, room)
                client.tell(events.presence(name, {"left": [client.name]}, room.people))

    def _forget_old(self) -> None:
        oldest = time.monotonic() - KEPT
        while self._asked and next(iter(self._asked.values())) < oldest:
            self._asked.popitem(last=False)
        while self._heard and next(iter(self._heard.values()))[0] < oldest:
            self._heard.popitem(last=False)
