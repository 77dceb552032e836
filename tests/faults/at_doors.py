"""Somebody at one of the doors, in clear or encrypted, who asks for things and keeps every byte that comes back.

What becomes of a request is told by one word, the same at all doors: "ok", or the code of the refusal. At the plain
door, where there are no codes, it is read from the sentence. It must not know who may do what.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from server import ChatServer
from server_parts.people.clients import Client
from tests.browsers import Web
from tests.peers import Native, Peer, Plain, codes
from tests.tls.certificates import trusting_context
from tests.tls.encrypted_socket import EncryptedSocket

SENTENCES: Final = {
    "not_allowed": r"only the (moderators|operator|owner)|people with an account|need an account|you cannot|"
    r"cannot be blocked|has more rights|no moderators|only operators|only by operators",
    "denied": r"that conversation is private|take messages from you",
    "muted": r"you are muted",
    "read_only": r"is moderated: only|is read-only: only",
    "no_such_ban": r"there is no (ban|mute) of|you have not blocked",
    "no_such_user": r"there is nobody called|has no account: only",
    "invite_needed": r"is for invited people",
    "banned": r"you (are|were) banned",
    "bad_room": r"there is no room",
    "bad_field": r"is not invite-only",
    "no_such_message": r"there is no message|tells of a change of the room",
    "not_yours": r"is not yours",
    "no_such_file": r"there is no such file",
    "not_in_room": r"you are not in",
    "sure_needed": r"repeat it if you mean it",
    "name_taken": r"is taken|is in use|belongs to",
}


class Door(NamedTuple):
    native: bool
    encrypted: bool
    web: bool = False  # native frames over a WebSocket

    def __str__(self) -> str:
        kind = "web" if self.web else "native" if self.native else "plain"
        return f"{kind}, {'TLS' if self.encrypted else 'in clear'}"


DOORS: Final = (
    *(Door(native, encrypted) for native in (True, False) for encrypted in (False, True)),
    *(Door(native=True, encrypted=encrypted, web=True) for encrypted in (False, True)),
)


class Keeping(Peer):
    """Keeps all that it has heard."""

    heard = b""

    def _receive(self, until: float) -> bytes:
        data = super()._receive(until)
        self.heard += data
        return data


class FrameVisitor(Keeping, Native):
    """Who asks in frames."""

    def outcome(self, type: str, fields: dict[str, Any]) -> str:
        if type == "say":
            self.seq += 1
            fields = {**fields, "seq": self.seq}
        refused = codes(self.ask(type, **fields))
        assert len(refused) <= 1, refused
        return refused[0] if refused else "ok"


class NativeVisitor(FrameVisitor):
    """At the native door."""


class WebVisitor(FrameVisitor, Web):
    """At the door for browsers."""


class PlainVisitor(Keeping, Plain):
    """At the plain door. An unknown command marks where the answers to the one before it end."""

    marks = 0

    def answers(self, *lines: str) -> list[str]:
        """All that is shown up to when these lines, which arrive together, have been answered."""
        self.marks += 1
        mark = f"mark-{self.marks}"
        self.say("\n".join((*lines, f"/{mark}")))
        shown: list[str] = []
        while f"/{mark};" not in (text := self.text()):
            shown.append(text)
        return shown

    def outcome(self, line: str) -> str:
        return outcome_of(self.answers(line))

    def outcome_about(self, room: str, line: str) -> str:
        """The same of a room that one may not be let into: for a line that is there before the refusal is."""
        shown = self.answers(f"/join {room}", line)
        refusals = [line for line in shown if line.startswith("* error:")]
        return outcome_of(shown if f"* you are in {room} *" in shown else refusals[1:])


def outcome_of(lines: list[str]) -> str:
    """What a plain client was told of its request."""
    refused = [line for line in lines if line.startswith("* error:")]
    assert len(refused) <= 1, refused
    return code_of(refused[0]) if refused else "ok"


def code_of(sentence: str) -> str:
    known = (code for code, form in SENTENCES.items() if re.search(form, sentence))
    return next(known, f"an unknown sentence: {sentence}")


class NativeTlsVisitor(NativeVisitor):
    tls = trusting_context()


class WebTlsVisitor(WebVisitor):
    tls = trusting_context()


class PlainTlsVisitor(PlainVisitor):
    tls = trusting_context()


def frame_visitor(port: int, *, encrypted: bool = False, web: bool = False) -> FrameVisitor:
    if web:
        return WebTlsVisitor(port) if encrypted else WebVisitor(port)
    return NativeTlsVisitor(port) if encrypted else NativeVisitor(port)


def plain_visitor(port: int, *, encrypted: bool = False) -> PlainVisitor:
    """Its greeting is read already."""
    peer = PlainTlsVisitor(port) if encrypted else PlainVisitor(port)
    peer.answers("")
    return peer


def record_of(server: ChatServer, peer: Peer) -> Client:
    """What the server knows of a connection."""
    end = peer.socket.plain if isinstance(peer.socket, EncryptedSocket) else peer.socket
    return next(client for its, client in server._connections.items() if its.getpeername() == end.getsockname())
