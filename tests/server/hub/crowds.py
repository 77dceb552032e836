"""Rooms in which a handful of people count as a crowd, and a model of what each of them must hear, and in which order.

Everything that is said, answered or announced has a number of its own, in the order in which the hub decided. A hearer
keeps its own list of who is in each room, and what it has heard there. No thread, no socket: steps are taken by dice.
"""

from __future__ import annotations

import json
import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from server_parts.hub.live_rooms import LiveRooms
from server_parts.moderation.rulebook import Rulebook
from server_parts.people.clients import Client, Session
from server_parts.protocol import events
from server_parts.protocol.native_encoder import NATIVE
from server_parts.protocol.plain_encoder import PLAIN
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import Draft
from tests.peers import Frame
from tests.server.hub.bench import Remembering

ROOMS: Final = ("lobby", "den", "attic")
PEOPLE: Final = 8
ACTIONS: Final = {
    "come": 12, "go": 2, "leave all": 1, "rename": 2, "say": 8, "who": 1, "notice": 1, "event": 1,
    "slice": 4, "news": 3,
}  # fmt: skip


@dataclass
class Place:
    """What a hearer knows of one room that it is in."""

    last: int
    there: set[str]  # before it came; it was not told of them
    known: set[str] = field(default_factory=set)

    def may_know(self, name: str) -> bool:
        return name in self.known or name in self.there


class Hearer:
    def __init__(self, rooms: LiveRooms, number: int, *, is_plain: bool = False) -> None:
        self.outbox = Remembering()
        self.client = Client(self.outbox, "the test")
        self.client.encoder = PLAIN if is_plain else NATIVE
        self.client.session = Session(f"session-{number}", 0)
        rooms.sessions[self.client.session.key] = self.client
        rooms.names.take(f"n{number}", self.client)
        self.is_plain = is_plain
        self.places: dict[str, Place] = {}
        self.coming: dict[str, deque[set[str]]] = {}  # into rooms: who was there, each time
        self.number = 0  # the newest that it heard
        self.name = self.client.name  # as far as it has heard
        self.wrong: list[str] = []

    def note(self, what: str, about: object) -> None:
        self.wrong.append(f"{what}: {self.name} hears {about}")

    def listen(self) -> None:
        blocks, self.outbox.blocks = self.outbox.blocks, []
        for line in b"".join(blocks).splitlines():
            if self.is_plain:
                self._hear_line(line.decode())
            else:
                self._hear(json.loads(line))

    def _hear_line(self, line: str) -> None:
        """Of what is for people only the numbers are looked at."""
        number = line.rpartition("number ")[2]
        if number.isdecimal():
            self._count(int(number))

    def _count(self, number: int) -> None:
        if number <= self.number:
            self.note("order", f"{number} after {self.number}")
        self.number = max(self.number, number)

    def _hear(self, frame: Frame) -> None:
        kind, place = frame["type"], self.places.get(frame.get("room", ""))
        if kind == "joined" and place is None:
            self.places[frame["room"]] = Place(frame["last"], self.coming[frame["room"]].popleft())
        elif kind == "joined" and frame["last"] != place.last:  # type: ignore[union-attr]
            self.note("order", f"of {frame['last']} before what was said so far")
        elif kind == "notice":
            self._count(int(frame["text"].split()[1]))
        elif kind == "message":
            self._hear_message(frame, place)
        elif kind == "presence" and place is not None:
            self._hear_moves(frame, place)
        elif kind == "who" and place is not None:
            self._see(frame, place)

    def _hear_message(self, frame: Frame, place: Place | None) -> None:
        self._count(int(frame["text"].split()[1]))
        if place is None:
            self.note("stranger", f"what is said in {frame['room']}")
            return
        if frame["id"] != place.last + 1:
            self.note("lost" if frame["id"] > place.last else "order", f"{frame['id']} after {place.last}")
        place.last = frame["id"]
        if not place.may_know(frame["from"]):
            self.note("unheard", frame["from"])

    def _hear_moves(self, frame: Frame, place: Place) -> None:
        for old, new in frame.get("renamed", ()):
            self._forget(place, old)
            place.known.add(new)
            self.name = new if old == self.name else self.name
        for name in frame.get("left", ()):
            self._forget(place, name)
            if name == self.name:
                del self.places[frame["room"]]
        place.known |= set(frame.get("joined", ()))

    def _forget(self, place: Place, name: str) -> None:
        if not place.may_know(name):
            self.note("stranger", f"of {name}")
        place.known.discard(name)
        place.there.discard(name)

    def _see(self, frame: Frame, place: Place) -> None:
        listed = {member["name"] for member in frame["members"]}
        for name in listed:
            if not place.may_know(name):
                self.note("not told", f"that {name} is there")
        for name in place.known - listed:
            self.note("ghost", name)
        place.known, place.there = listed, set()


class House:
    """Some people in some rooms, and dice."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.store = MemoryLog()
        self.rooms = LiveRooms(self.store, "server", Rulebook())
        self.names = count(PEOPLE)
        self.numbers = count(1)
        self.hearers = [Hearer(self.rooms, number, is_plain=number == 0) for number in range(PEOPLE)]

    def walk(self, steps: int) -> list[str]:
        """What somebody heard that they should not have heard so, in so many steps."""
        for action in self.dice.choices(list(ACTIONS), list(ACTIONS.values()), k=steps):
            self.step(self.dice.choice(self.hearers), action, self.dice.choice(ROOMS))
        self.rooms.comings.tell()
        self.rooms.telling.tell()
        return [wrong for hearer in self.hearers for wrong in (*self._end(hearer), *hearer.wrong)]

    def _end(self, hearer: Hearer) -> Iterator[str]:
        hearer.listen()
        for name, place in hearer.places.items():
            if place.last != self.store.last(name):
                yield f"lost: {hearer.client.name} has heard {name} up to {place.last}"

    def step(self, hearer: Hearer, action: str, name: str) -> None:
        client, live = hearer.client, self.rooms
        room = client.rooms.get(name)
        if action == "slice":
            live.telling.tell(0.0)
        elif action == "news":
            live.comings.tell(1e-9)
        elif action == "come":
            self._come(hearer, name)
        elif action == "leave all":
            self._leave_all(hearer)
        elif room is None:
            hearer.listen()
        elif action == "go":
            live.leave(client, room)
            client.tell(events.presence(name, {"left": [client.name]}, room.people))
        elif action == "rename":
            live.rename(client, f"n{next(self.names)}")
        elif action == "say":
            self._say(client, name)
        elif action == "who":
            live.comings.bring_up_to_date(client, room)
            client.tell({"type": "who", "room": name, "members": [{"name": one.name} for one in room.members]})
        elif action == "notice":
            client.tell(events.notice(f"number {next(self.numbers)}"))
        else:
            live.tell_room(name, events.notice(f"number {next(self.numbers)}"), client)

    def _say(self, client: Client, name: str) -> None:
        assert client.session is not None
        texts = [f"number {next(self.numbers)}" for _ in range(self.dice.choice((1, 1, 3)))]
        draft = Draft(name, 0.5, client.name, "blue", texts, client.session.key, 0)
        self.rooms.publish(name, self.store.append([draft], {}))

    def _come(self, hearer: Hearer, name: str) -> None:
        """Also into a room that it is in."""
        if name not in hearer.client.rooms:
            there = self.rooms.rooms[name].members if name in self.rooms.rooms else {}
            hearer.coming.setdefault(name, deque()).append({one.name for one in there} | {hearer.client.name})
        pages = self.rooms.enter(hearer.client, name, 0, None, 0)
        hearer.outbox.offer_pages(pages)

    def _leave_all(self, hearer: Hearer) -> None:
        """The link is lost; somebody else takes the seat."""
        client = hearer.client
        self.rooms.leave_all(client)
        hearer.listen()
        hearer.places.clear()
        client.session = Session(f"session-{next(self.names)}", 0)
        self.rooms.sessions[client.session.key] = client
        self.rooms.names.take(f"n{next(self.names)}", client)
        hearer.name = client.name
