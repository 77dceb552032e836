"""Random kicks, bans, mutes, modes, roles, times, restarts and reconnects, against a model of who may speak where."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from server_parts.hub.hub import Hub
from server_parts.people.roles import Role
from server_parts.protocol import moderation_requests as ask
from server_parts.protocol.requests import Disconnected, Hello, Join, Request, Say
from server_parts.settings import Settings
from server_parts.storage.sqlite.log import SqliteLog
from tests.peers import WAIT, codes, of_type
from tests.server.hub.bench import Seat

ACCOUNTS: Final = ("ann", "bob", "cid")
GUESTS: Final = ("gus", "gil")
PEOPLE: Final = ACCOUNTS + GUESTS
ROOMS: Final = ("lobby", "tea", "den")
STEPS: Final = 100


class Model:
    """Who may do what, as simply as it can be said: by name, place and time."""

    def __init__(self) -> None:
        self.now = time.time()
        self.ends: dict[tuple[str, str, str], float] = {}  # of bans and mutes: kind, place ("": everywhere), name
        self.modes = dict.fromkeys(ROOMS, "open")
        self.roles: dict[tuple[str, str], str] = {}
        self.begun = {"lobby"}  # rooms in which something was said
        self.known = set(PEOPLE)  # who was here since the server started, or has an account

    def holds(self, kind: str, place: str, name: str) -> bool:
        return self.now < self.ends.get((kind, place, name), 0.0)

    def said(self, name: str, room: str) -> None:
        if room not in self.begun and name in ACCOUNTS:
            self.roles[room, name] = "owner"
        self.begun.add(room)

    def speaking(self, name: str, room: str, rooms: set[str]) -> str:
        role = self.roles.get((room, name), "member")
        if self.holds("mute", "", name):
            return "muted"
        if room not in rooms:
            return "not_in_room"
        if self.holds("mute", room, name):
            return "muted"
        silent = {"open": (), "moderated": ("member",), "read-only": ("member", "voice")}[self.modes[room]]
        return "read_only" if role in silent else "ok"


class World:
    """A hub over SQLite, a model beside it, and people who are at both."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self.model = Model()
        self.seqs = dict.fromkeys(PEOPLE, 0)
        self.did: list[str] = []
        self.seats: dict[str, Seat] = {}
        self.rooms: dict[str, set[str]] = {}
        self.store: SqliteLog | None = None
        self.start()
        for name in PEOPLE:
            self.come(name)
            assert self.say(name, "lobby") == "ok"

    # --- the hub, which is a bench for its seats ---

    def start(self) -> None:
        self.store = SqliteLog(self.folder)
        self.hub = Hub(self.store, Settings(console=False))
        self.hub.rules.clock = lambda: self.model.now
        self._thread = threading.Thread(target=self.hub.run, name="hub under test")
        self._thread.start()
        self.boss = self._seat(Role.OWNER)
        self.boss.ask(Hello("server", ""))

    def _seat(self, role: Role = Role.GUEST) -> Seat:
        bench: Any = self  # all that a seat wants of it is the hub
        return Seat(bench, role)

    def stop(self) -> None:
        for _ in range(2):
            self.hub.stop()
        self._thread.join(WAIT)
        assert not self._thread.is_alive()
        assert self.store is not None
        self.store.close()

    def restart(self) -> None:
        here = {name: set(self.rooms[name]) for name in self.seats}
        self.seats.clear()
        self.stop()
        self.start()
        self.model.known = set(ACCOUNTS)
        for name, rooms in here.items():
            self.come(name, rooms)

    # --- people ---

    def come(self, name: str, rooms: set[str] = frozenset({"lobby"})) -> None:  # type: ignore[assignment]
        """Say hello, and see what comes of it."""
        seat = self._seat()
        token = f"the-token-of-{name}-0123456789" if name in ACCOUNTS else None
        heard = seat.ask(Hello(name, f"session-of-{name}-0123456789", token=token, rooms=dict.fromkeys(rooms)))
        banned = [frame["code"] for frame in of_type(heard, "bye")] == ["banned"]
        assert banned == self.model.holds("ban", "", name), (name, heard)
        if banned:
            self.seats.pop(name, None)
            return
        self.seats[name] = seat
        self.model.known.add(name)
        self.rooms[name] = {room for room in rooms if not self.model.holds("ban", room, name)}
        assert codes(heard) == ["banned"] * (len(rooms) - len(self.rooms[name])), (name, rooms, heard)

    def leave(self, name: str) -> None:
        self.seats.pop(name).ask(Disconnected())

    def say(self, name: str, room: str) -> str:
        self.seqs[name] += 1
        seq = self.seqs[name]
        heard = self.seats[name].ask(Say(room, ["x"], seq))
        errors = [frame["code"] for frame in of_type(heard, "error") if frame.get("seq") == seq]
        said = [frame for frame in of_type(heard, "message") if (frame["from"], frame["seq"]) == (name, seq)]
        assert len(errors) + len(said) == 1, heard
        return str(errors[0]) if errors else "ok"

    # --- steps ---

    def order(self, request: Request) -> list[str]:
        return codes(self.boss.ask(request))

    def sanction(self) -> None:
        kind, place, name = self.some("ban", "mute"), self.some("", *ROOMS), self.some(*PEOPLE)
        seconds = self.random.choice([None, 60, 600])
        make: Callable[..., Request] = ask.Ban if kind == "ban" else ask.Mute
        refused = self.order(make(name=name, room=place or None, seconds=seconds, **self.sure(kind)))
        assert refused == ([] if name in self.model.known else ["no_such_user"])
        if refused:
            return
        self.model.ends[kind, place, name] = self.model.now + seconds if seconds else float("inf")
        if kind == "ban":
            self.out(place, name)
            self.model.roles.pop((place, name), None)

    @staticmethod
    def sure(kind: str) -> dict[str, bool]:
        return {"sure": True} if kind == "ban" else {}

    def out(self, place: str, name: str) -> None:
        if name in self.seats and not place:
            del self.seats[name]
        elif name in self.seats:
            self.rooms[name].discard(place)

    def lift(self) -> None:
        kind, place, name = self.some("ban", "mute"), self.some("", *ROOMS), self.some(*PEOPLE)
        make: Callable[..., Request] = ask.Unban if kind == "ban" else ask.Unmute
        expected = [] if self.model.holds(kind, place, name) else ["no_such_ban"]
        assert self.order(make(name=name, room=place or None)) == expected
        self.model.ends.pop((kind, place, name), None)

    def kick(self) -> None:
        place, name = self.some("", *ROOMS), self.some(*PEOPLE)
        there = name in self.seats and (not place or place in self.rooms[name])
        assert self.order(ask.Kick(name, "", place or None)) == ([] if there else ["no_such_user"])
        self.out(place, name)

    def mode(self) -> None:
        room, mode = self.some(*ROOMS), self.some("open", "moderated", "read-only")
        assert self.order(ask.SetRoom(room, mode=mode)) == []
        self.model.modes[room] = mode

    def role(self) -> None:
        room, name, role = self.some(*ROOMS), self.some(*ACCOUNTS), self.some("member", "voice", "moderator")
        takes_away = role == "voice" and self.model.roles.get((room, name)) in ("moderator", "owner")
        assert self.order(ask.SetRoomRole(name, room, role)) == ["not_allowed"] * takes_away
        if not takes_away:
            self.model.roles[room, name] = role

    def pass_time(self) -> None:
        self.model.now += self.random.choice([1, 30, 61, 400])

    def reconnect(self) -> None:
        name = self.some(*PEOPLE)
        if name in self.seats:
            self.leave(name)
        self.come(name, {"lobby", self.some(*ROOMS)})

    def join(self) -> None:
        name, room = self.some(*PEOPLE), self.some(*ROOMS)
        if name in self.seats:
            banned = self.model.holds("ban", room, name) and room not in self.rooms[name]
            assert codes(self.seats[name].ask(Join(room))) == (["banned"] if banned else [])
            if not banned:
                self.rooms[name].add(room)

    def some(self, *choices: str) -> str:
        return self.random.choice(choices)

    def step(self) -> None:
        steps = [self.sanction, self.sanction, self.lift, self.kick, self.mode, self.role]
        steps += [self.pass_time, self.reconnect, self.reconnect, self.join, self.join]
        do = self.restart if self.random.random() < 0.03 else self.random.choice(steps)
        self.did.append(do.__name__)
        do()
        for name in self.random.sample(sorted(self.seats), min(2, len(self.seats))):  # each costs a commit
            room = self.where(name)
            expected = self.model.speaking(name, room, self.rooms[name])
            assert self.say(name, room) == expected, (name, room, expected)
            if expected == "ok":
                self.model.said(name, room)

    def where(self, name: str) -> str:
        """The room in which somebody tries to speak."""
        return self.some(*ROOMS)


def run(folder: Path, seed: int, steps: int = STEPS, make: Callable[[Path, int], World] = World) -> None:
    world = make(folder, seed)
    try:
        for _ in range(steps):
            world.step()
    except AssertionError as error:
        raise AssertionError(f"CHAT_SEED={seed}, after {len(world.did)} steps: {world.did[-5:]}: {error}") from error
    finally:
        world.stop()
