"""Who is there, as each hearer is told: joins, leaves, new names, lists, messages and lost links, all at once.

Each client keeps its own list of who is in the room: what it was told since it entered, and apart from that who was
there before. It must never hear of anybody else, and a `who` must show all of those of whom it was told. Several
clients are one person at times, under one name. Three of the servers tell in slices, as others do with a crowd.

python -m tests.faults.hearers [--quick] [--seed N]
"""

from __future__ import annotations

import random
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest import mock

from server_parts.hub.live_rooms import LiveRooms
from server_parts.people.clients import Client
from server_parts.storage.memory_exchange import Hall, MemoryExchange
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import hashed
from tests.faults.finding import Finding, found, main
from tests.faults.links import LocalServer
from tests.peers import Frame, Native
from tests.postgres import cluster, why_not
from tests.slices import told_in_slices

PROPERTY = "each hearer's view of who is there"
TARGET = "0 unheard, 0 ghosts, 0 told of a stranger's leaving in 100,000 steps"
STEPS, QUICK_STEPS = 100_000, 1_500  # in so many, each of the known faults is found
DATABASE_SHARE = 2  # servers on a database take so many times fewer steps
HEARERS = 12
PEOPLE = 3  # who prove who they are, each with two of the hearers; the other hearers are guests
BYSTANDERS = 30  # of whom everybody is told: with them it takes a while
CROWD = 13  # about as many as are in the room at each of three servers: it is a crowd now and then, and told in slices
ROOM = "lobby"
ACTIONS = ("join", "leave", "nick", "nick", "say", "say", "who", "who", "cut", "listen", "listen")

Present = dict[str, deque[list[str]]]  # by session: who was there, each time that its client entered


class Hearer:
    """One client, which sends without waiting, and checks what it is told when it listens."""

    def __init__(self, port: int, name: str, present: Present, person: int) -> None:
        self._port = port
        self.person, self.proves = person, person < PEOPLE
        self._present = present
        self._peer = Native(port)
        self.name = name
        self.known: set[str] | None = None  # those of whom it was told; None: not in the room
        self.there: set[str] = set()  # those who were there when it came, and of whom it has not been told
        self.wrong: list[str] = []
        proof = {"token": f"the-proof-of-person-{person}", "features": ["by"]} if self.proves else {}
        self._peer.hello(name, **proof)
        self._peer.welcome = self._peer.until("welcome")

    def close(self) -> None:
        self._peer.close()

    def again(self, name: str) -> Hearer:
        """The link is lost, and somebody comes in anew."""
        self.close()
        hearer = Hearer(self._port, name, self._present, self.person)
        hearer.wrong = self.wrong
        return hearer

    def ask(self, type: str, **fields: object) -> None:
        self._peer.send(type, **fields)

    def say(self) -> None:
        self._peer.say("hello")

    def listen(self) -> None:
        for frame in self._peer.pending():
            self._hear(frame)

    def _hear(self, frame: Frame) -> None:
        kind = frame["type"]
        if kind == "joined" and frame["room"] == ROOM:
            there = self._present[self._peer.session].popleft()
            if self.known is None:  # who joins a room that it is in already goes on knowing whom it knew
                self.known, self.there = {self.name}, set(there)
        elif kind == "presence":
            self._moved(frame)
        elif self.known is None:
            return
        elif kind == "message" and not self._may_know(frame["from"]):
            self.wrong.append(f"unheard: {self.name} hears {frame['from']}")
        elif kind == "who" and frame["room"] == ROOM:
            listed = {member["name"] for member in frame["members"]}
            self.wrong += [f"not told: {self.name} sees {name} listed" for name in listed if not self._may_know(name)]
            self.wrong += [f"ghost: {self.name} still knows {name}" for name in self.known - listed]
            self.known, self.there = listed, set()

    def _may_know(self, name: str) -> bool:
        return self.known is not None and (name in self.known or name in self.there)

    def _moved(self, frame: Frame) -> None:
        if [self.name] == frame.get("left") and frame["room"] == ROOM:
            self.known = None  # the answer to `leave`
        for old, new in frame.get("renamed", ()):
            if old == self.name:
                self.name = new
            if self.known is not None:
                self._check(old, "has a new name")
                self.known = self.known - {old} | {new}
        if self.known is not None:
            for name in frame.get("left", ()):
                self._check(name, "left")
                self.known.discard(name)
            self.known |= set(frame.get("joined", ()))

    def _check(self, name: str, what: str) -> None:
        if not self._may_know(name):
            self.wrong.append(f"stranger: {self.name} is told that {name} {what}")
        self.there.discard(name)


@contextmanager
def watched(present: Present) -> Iterator[None]:
    """Note who is in the room whenever somebody enters it, in the hub's own order."""
    enter = LiveRooms.enter

    def enter_and_note(rooms: LiveRooms, client: Client, name: str, *place: object, **more: object) -> Iterator[bytes]:
        if name == ROOM and client.session is not None:
            members = rooms.rooms[name].members if name in rooms.rooms else {}
            present.setdefault(client.session.key, deque()).append([member.name for member in members])
        return enter(rooms, client, name, *place, **more)  # type: ignore[arg-type]

    with mock.patch.object(LiveRooms, "enter", enter_and_note):
        yield


class _Sessions(dict[str, deque[list[str]]]):
    """The server keeps sessions hashed; the clients know them as they are."""

    def __getitem__(self, session: str) -> deque[list[str]]:
        return super().__getitem__(hashed(session))


def churn(seed: int, steps: int, servers: int = 1, database: str | None = None) -> list[str]:
    """What was wrong in so many steps, at that many servers of one chat: in memory, or on a database."""
    rng = random.Random(seed)
    present = _Sessions()
    names = iter(range(10**9))
    with watched(present), ExitStack() as opened:
        running = _servers(servers) if database is None else _servers_on(database, servers)
        ports = [opened.enter_context(server).port for server in running]
        for number in range(BYSTANDERS):
            opened.enter_context(Native(ports[number % servers], f"bystander-{number}"))
        hearers = [Hearer(ports[at % servers], f"n{next(names)}", present, at % (2 * PEOPLE)) for at in range(HEARERS)]
        for _ in range(steps):
            at = rng.randrange(HEARERS)
            hearer, action = hearers[at], rng.choice(ACTIONS)
            if action == "cut":
                fresh = f"n{next(names)}"
                hearers[at] = hearer.again(rng.choice((fresh, f"person-{hearer.person}" if hearer.proves else fresh)))
            elif action == "listen":
                hearer.listen()
            elif action == "say":
                hearer.say()
            elif action == "nick":
                fresh, taken = f"n{next(names)}", f"shared-{rng.randrange(4)}"
                hearer.ask("nick", name=rng.choice((fresh, fresh, taken, f"person-{hearer.person}")))
            else:
                hearer.ask(action, room=ROOM)
        for hearer in hearers:
            hearer.ask("who", room=ROOM)
            hearer.listen()
            hearer.close()
        return [wrong for hearer in hearers for wrong in hearer.wrong]


def _servers(number: int) -> list[LocalServer]:
    if number == 1:
        return [LocalServer()]
    hall = Hall(MemoryLog())
    return [LocalServer(hall.log, MemoryExchange(hall)) for _ in range(number)]


def _servers_on(database: str, number: int) -> list[LocalServer]:
    from tests.server.storage.postgres_logs import log_in  # it wants a package that others need not have

    logs = [log_in(database) for _ in range(number)]
    return [LocalServer(log, log.exchange) for log in logs]


def run(quick: bool, seed: int) -> Finding:
    steps = QUICK_STEPS if quick else STEPS
    wrong = churn(seed, steps)
    with told_in_slices(CROWD):
        wrong += churn(seed + 1, steps, servers=3)
    if not why_not():
        wrong += churn(seed + 2, steps // DATABASE_SHARE, 3, cluster().database("hearers"))
    kinds = {kind: sum(one.startswith(kind) for one in wrong) for kind in ("unheard", "not told", "ghost", "stranger")}
    counted = ", ".join(f"{number} {kind}" for kind, number in kinds.items())
    on_a_database = why_not() or f"{steps // DATABASE_SHARE:,} at three on PostgreSQL"
    in_slices = f"{steps:,} at three that tell in slices"
    figure = f"{counted} in {steps:,} steps at one server, {in_slices}, and {on_a_database}; {HEARERS} hearers"
    return found(27, PROPERTY, TARGET, figure, wrong)


if __name__ == "__main__":
    sys.exit(main(run))
