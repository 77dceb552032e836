"""People of every role, at a server under test."""

from __future__ import annotations

import secrets
from typing import Any

from server_parts.people.clients import Client
from server_parts.people.roles import Role
from server_parts.protocol.requests import Hello
from tests.conftest import Chat
from tests.peers import Frame, Native, codes, of_type
from tests.server.hub.bench import Bench, Seat

TOKEN = "0123456789abcdef0123456789abcdef"
TIME: dict[str, Any] = {"for": 600}


def record_of(chat: Chat, peer: Native) -> Client:
    """What the server knows of a connection."""
    return chat.server._connections[chat.connection_of(peer)]


def member(chat: Chat, name: str, token: str = "", **hello: object) -> Native:
    """Somebody with an account, in the lobby: it was claimed with a text."""
    peer = chat.native(name, token=token or secrets.token_hex(16), **hello)
    peer.tell(f"{name} is here")
    return peer


def operator(chat: Chat, name: str = "op", role: Role = Role.OPERATOR) -> Native:
    """Somebody who keeps order on the whole server."""
    peer = member(chat, name)
    record_of(chat, peer).role = role
    return peer


def outcome(frames: list[Frame]) -> str:
    """The code of what went wrong, or "ok"."""
    wrong = codes(frames)
    assert len(wrong) <= 1, wrong
    return wrong[0] if wrong else "ok"


def said(peer: Native, text: str, room: str = "lobby") -> str:
    """What became of a text."""
    peer.say(text, room)
    frames = peer.pending()
    done = [f for f in of_type(frames, "message", "error") if f.get("seq") == peer.seq and f.get("by", "x")]
    own = [f for f in done if f["type"] == "error" or f["by"] == peer.welcome["tag"]]
    assert len(own) == 1, frames
    return str(own[0].get("code", "ok"))


def notices(frames: list[Frame]) -> list[str]:
    return [frame["text"] for frame in of_type(frames, "notice")]


# --- at a hub without sockets ---


def elsewhere(bench: Bench, name: str, address: str, **hello: Any) -> Seat:
    """Somebody from another machine."""
    seat = Seat(bench)
    seat.client.address = address
    seat.ask(Hello(name, **{"session": bench.session(), **hello}))
    return seat


def terminal(bench: Bench) -> Seat:
    """The operator's."""
    seat = Seat(bench, role=Role.OWNER)
    seat.ask(Hello("server", ""))
    seat.heard()
    return seat


def elsewhere_frames(bench: Bench, name: str, address: str, **hello: Any) -> list[Frame]:
    """What somebody from another machine is told."""
    seat = Seat(bench)
    seat.client.address = address
    return seat.ask(Hello(name, **{"session": bench.session(), **hello}))
