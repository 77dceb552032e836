"""Kicks from rooms that other servers have made of people who are connected here.

Such a server writes the act into the log, and asks for it to be carried out. If it is lost between the two, whoever has
heard of the act carries it out. Each is carried out once: its person may be in the room again. Owned by the hub, run
only by its thread.
"""

from __future__ import annotations

import time
from typing import Final

from server_parts.hub.live_rooms import LiveRooms
from server_parts.moderation import sentences
from server_parts.moderation.acts import Kept
from server_parts.people import restraint
from server_parts.people.clients import Client
from server_parts.protocol import events

KEPT: Final = 30.0  # seconds within which a server that is lost counts as lost, and an act is heard of everywhere

_Whom = tuple[Client, str]  # somebody, and from which room


class RoomKicks:
    def __init__(self, live_rooms: LiveRooms) -> None:
        self._live_rooms = live_rooms
        self._asked: dict[
            _Whom, float
        ] = {}  # what was asked for and carried out, and of which act nothing is heard yet
        self._heard: dict[_Whom, tuple[float, Kept]] = {}  # acts for which nobody has asked yet

    def asked(self, client: Client, room: str) -> None:
        """Another server has asked that somebody leaves a room."""
        self._forget_old()
        if self._heard.pop((client, room), None) is None:
            self._asked[client, room] = time.monotonic()

    def heard(self, kept: Kept) -> None:
        self._forget_old()
        name, room = kept.act.name.lower(), kept.act.room
        their_own = set(kept.act.keys) - {name}
        for client in self._live_rooms.names.bearers(name):
            is_it = their_own.intersection(restraint.who(client).keys) and not (client.is_distant or client.is_owner)
            if is_it and self._asked.pop((client, room), None) is None and room in client.rooms:
                self._heard[client, room] = time.monotonic(), kept

    def carry_out(self) -> None:
        """A server is lost: it may have been the one that was to ask."""
        self._forget_old()
        while self._heard:
            (client, name), (_, kept) = self._heard.popitem()
            room = client.rooms.get(name)
            if room is not None and not client.gone:
                sentence = f"you were removed from {name} by {kept.by}{sentences.because(kept.act.reason)}"
                client.tell(events.notice(sentence))
                self._live_rooms.leave(client, room)
                client.tell(events.presence(name, {"left": [client.name]}, room.people))

    def _forget_old(self) -> None:
        oldest = time.monotonic() - KEPT
        self._asked = {whom: at for whom, at in self._asked.items() if at > oldest}
        self._heard = {whom: heard for whom, heard in self._heard.items() if heard[0] > oldest}
