"""The model of who may speak where, at a real server: everybody comes through a door, another one each time.

The steps and the model are those of the server's own tests, where the hub is asked directly.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from unittest import mock

from server_parts.people import passwords
from server_parts.people.roles import Role
from server_parts.protocol import moderation_requests as order
from server_parts.protocol.requests import Disconnected, Hello, Join, Request
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.wire.certificate import Certificate
from tests.faults.at_doors import DOORS, Door, frame_visitor, plain_visitor, record_of
from tests.faults.links import LocalServer
from tests.peers import Ended, Frame, codes, of_type
from tests.server.moderation.world import ACCOUNTS, ROOMS, World

PASSWORD: Final = "correct horse battery"


class NativeSeat:
    """Somebody at a door for programs, asked as the hub's seats are."""

    room: str | None = None  # every text names its own

    def __init__(self, port: int, *, encrypted: bool, web: bool) -> None:
        self.peer = frame_visitor(port, encrypted=encrypted, web=web)

    def ask(self, request: Request) -> list[Frame]:
        if isinstance(request, Disconnected):
            self.peer.leave()
            self.peer.close()
            return []
        heard = self._answers(**native_form(request))
        for welcome in of_type(heard, "welcome"):
            self.peer.welcome, self.peer.seq = welcome, welcome["accepted"]
        return heard

    def say(self, name: str, room: str) -> str:
        seq = self.peer.say("x", room)
        heard = self.peer.pending()
        refused = [frame["code"] for frame in of_type(heard, "error") if frame.get("seq") == seq]
        stored = [frame for frame in of_type(heard, "message") if (frame["from"], frame["seq"]) == (name, seq)]
        assert len(refused) + len(stored) == 1, heard
        return str(refused[0]) if refused else "ok"

    def _answers(self, type: str, **fields: Any) -> list[Frame]:
        """All that comes up to when it has been answered, or up to the end."""
        heard: list[Frame] = []
        self.peer.send(type, **fields)
        self.peer.send("ping", n="end")
        try:
            while (frame := self.peer.next())["type"] != "pong":
                heard.append(frame)
        except Ended:
            self.peer.close()
        return heard


class PlainSeat:
    """The same at the plain door. Without a session to come back with, it logs in or takes its name."""

    def __init__(self, port: int, *, encrypted: bool) -> None:
        self.peer = plain_visitor(port, encrypted=encrypted)
        self.room = "lobby"

    def ask(self, request: Request) -> list[Frame]:
        if isinstance(request, Hello):
            return self._enter(request)
        if isinstance(request, Disconnected):
            self.peer.say("/exit")
            self.peer.rest()
            self.peer.close()
            return []
        if isinstance(request, Join):
            return _errors(self._go(request.room))
        line, room = plain_form(request)
        if room is not None and room != self.room:
            self._go(room)
        outcome = self.peer.outcome(line)
        return _errors(self.peer.outcome(line) if outcome == "sure_needed" else outcome)

    def say(self, name: str, room: str) -> str:
        if room != self.room:
            self._go(room)
        return self.peer.outcome("x")

    def _enter(self, hello: Hello) -> list[Frame]:
        """A name that is banned from the server is refused; one that is banned from the lobby has to leave that."""
        name = hello.name or ""
        lines = self.peer.answers(f"/login {name} {PASSWORD}" if name in ACCOUNTS else f"/nick {name}")
        refused = [line for line in lines if line.startswith("* error:")]
        if any("from this server" in line for line in refused):
            self.peer.close()
            return [{"type": "bye", "code": "banned"}]
        heard = [frame for line in refused for frame in _errors("banned" if "banned from" in line else line)]
        for room in sorted(set(hello.rooms or ()) - {"lobby"}):
            heard += _errors(self._go(room))
        return heard

    def _go(self, room: str) -> str:
        self.room = room
        return self.peer.outcome(f"/join {room}")


def _errors(outcome: str) -> list[Frame]:
    return [] if outcome == "ok" else [{"type": "error", "code": outcome}]


class Boss:
    """Who keeps order on the whole server, at whatever door."""

    def __init__(self, world: DoorWorld) -> None:
        self._world = world
        self._native: NativeSeat = world.native_seat()
        self._native.ask(Hello("boss", "session-of-boss-0123456789"))
        self._plain: PlainSeat = world.plain_seat()
        for seat in (self._native, self._plain):
            record_of(world.server.chat, seat.peer).role = Role.OWNER

    def ask(self, request: Request) -> list[Frame]:
        by_lines = can_be_typed(request) and self._world.random.random() < 0.5
        return self._plain.ask(request) if by_lines else self._native.ask(request)


class DoorWorld(World):
    """A server with people who come through its doors."""

    def __init__(self, folder: Path, seed: int, certificate: Certificate | None) -> None:
        self._certificate = certificate
        self._doors: Sequence[Door] = DOORS[:1]  # until everybody has a password
        self._seats: list[NativeSeat | PlainSeat] = []
        self._cheap = mock.patch.object(passwords, "LOG_COST", 4)
        super().__init__(folder, seed)
        for name in ACCOUNTS:
            seat: Any = self.seats[name]
            assert codes(seat.peer.ask("password", new=PASSWORD)) == []
        self._doors = [door for door in DOORS if certificate is not None or not door.encrypted]

    def start(self) -> None:
        self._cheap.start()
        self.store = SqliteLog(self.folder)
        self.server = LocalServer(self.store, certificate=self._certificate)
        self.server.__enter__()
        self.server.chat._hub.rules.clock = lambda: self.model.now
        self.boss: Any = Boss(self)

    def stop(self) -> None:
        for seat in self._seats:
            seat.peer.close()
        self._seats.clear()
        self.server.__exit__(None, None, None)
        self._cheap.stop()

    def native_seat(self, *, encrypted: bool = False, web: bool = False) -> NativeSeat:
        seat = NativeSeat(self.server.port, encrypted=encrypted, web=web)
        self._seats.append(seat)
        return seat

    def plain_seat(self, *, encrypted: bool = False) -> PlainSeat:
        seat = PlainSeat(self.server.port, encrypted=encrypted)
        self._seats.append(seat)
        return seat

    def come(self, name: str, rooms: set[str] | frozenset[str] = frozenset({"lobby"})) -> None:
        """Plain clients always come into the lobby first."""
        self._door = self.random.choice(self._doors)
        super().come(name, set(rooms) if self._door.native else {"lobby", *rooms})

    def _seat(self, role: Role = Role.GUEST) -> Any:
        door = self._door
        if door.native:
            return self.native_seat(encrypted=door.encrypted, web=door.web)
        return self.plain_seat(encrypted=door.encrypted)

    def say(self, name: str, room: str) -> str:
        seat: Any = self.seats[name]
        outcome = str(seat.say(name, room))
        if room not in self.rooms[name] and isinstance(seat, PlainSeat):
            # The door itself knows that it is nowhere; whether it is muted does not matter then.
            assert outcome == "not_in_room", outcome
            return self.model.speaking(name, room, self.rooms[name])
        return outcome

    def where(self, name: str) -> str:
        """A plain client that goes to a room enters it: it can try to speak where it is, or nowhere."""
        seat: Any = self.seats[name]
        return self.some(*ROOMS) if seat.room is None else self.some(*sorted(self.rooms[name] or {seat.room}))


# --- The same request, in the words of either door ---


def native_form(request: Request) -> Frame:
    match request:
        case Hello():
            named: Frame = {
                "name": request.name,
                "session": request.session,
                "token": request.token,
                "rooms": request.rooms,
            }
            return {"type": "hello", "protocol": 1, **_given(named)}
        case Join(room):
            return {"type": "join", "room": room}
        case order.Kick(name, _, room):
            return {"type": "kick", **_given({"name": name, "room": room})}
        case order.Ban() | order.Mute():
            sure = {"sure": True} if isinstance(request, order.Ban) else {}
            named = {"name": request.name, "room": request.room, "for": request.seconds}
            return {"type": type(request).__name__.lower(), **sure, **_given(named)}
        case order.Unban() | order.Unmute():
            return {"type": type(request).__name__.lower(), **_given({"name": request.name, "room": request.room})}
        case order.SetRoom(room=room, mode=mode):
            return {"type": "room", "room": room, "mode": mode}
        case order.SetRoomRole(name, room, role):
            return {"type": "role", "room": room, "name": name, "role": role}
    raise AssertionError(request)


def can_be_typed(request: Request) -> bool:
    """At the plain door there is a command for a voice, and none for other roles."""
    return not isinstance(request, order.SetRoomRole) or request.role == "voice"


def plain_form(request: Request) -> tuple[str, str | None]:
    """The line, and the room that it is to be typed in."""
    match request:
        case order.SetRoom(room=room, mode=mode):
            return f"/mode {mode}", room
        case order.SetRoomRole(name, room, _):
            return f"/voice {name}", room
        case order.Ban() | order.Mute() | order.Kick() | order.Unban() | order.Unmute():
            seconds = getattr(request, "seconds", None)
            words = [
                f"/{type(request).__name__.lower()}",
                *(["-s"] if request.room is None else []),
                request.name or "",
            ]
            return " ".join(words + ([] if seconds is None else [f"{seconds}s"])), request.room
    raise AssertionError(request)


def _given(fields: Frame) -> Frame:
    return {field: value for field, value in fields.items() if value is not None}
