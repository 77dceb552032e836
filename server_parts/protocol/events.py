"""The frames that a server sends: one function for each kind. docs/protocol.md says what they mean. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from chat_common import MAX_LINE, MAX_NAME, MAX_ROOM, MAX_TEXT, PROTOCOL, VERSION, Frame
from server_parts.storage.records import Receipt

LIMITS: Final = {"line": MAX_LINE, "text": MAX_TEXT, "name": MAX_NAME, "room": MAX_ROOM}
# What was added after the first servers of this protocol; docs/protocol.md says what each means.
FEATURES: Final = [
    "accounts",
    "by",
    "changes",
    "claims_when_used",
    "contact_requests",
    "cookies",
    "entries",
    "files",
    "list_pages",
    "moderation",
    "presence_per_hearer",
    "private_rooms_close",
    "read",
    "realname",
    "renamed_guests",
    "search_pages",
    "servers",
    "session_owners",
]


# --- The connection ---------------------------------------------------------------------------------------------


def welcome(
    *,
    name: str,
    color: str,
    epoch: str,
    accepted: int,
    tag: str,
    motd: str,
    role: str,
    account: bool,
    password: bool,
    file_size: int | None,
) -> Frame:
    return {
        "type": "welcome",
        "protocol": PROTOCOL,
        "name": name,
        "color": color,
        "epoch": epoch,
        "accepted": accepted,
        "tag": tag,
        "motd": motd,
        "role": role,
        "account": account,
        "password": password,
        "server": f"server.py {VERSION}",
        "limits": {**LIMITS, "file": file_size},
        "features": FEATURES,
    }


def away(text: str | None) -> Frame:
    """For the person's other connections: away with that note, or back."""
    return {"type": "away", "text": text}


def bye(code: str, text: str, *, retry: bool) -> Frame:
    return {"type": "bye", "code": code, "text": text, "retry": retry}


def pong(n: Any) -> Frame:
    return {"type": "pong"} if n is None else {"type": "pong", "n": n}


def notice(text: str) -> Frame:
    return {"type": "notice", "text": text}


def password_notice(text: str, *, has_one: bool) -> Frame:
    """With whether the account of whoever is told has a password now."""
    return notice(text) | {"password": has_one}


def ack(seq: int, receipt: Receipt | None) -> Frame:
    """The answer to a text that was sent again. Without a receipt, it was refused, or is not kept any more."""
    room, id = receipt or (None, None)
    return {"type": "ack", "seq": seq, "room": room, "id": id}


# --- Accounts ---------------------------------------------------------------------------------------------------


def devices(listed: Sequence[Frame]) -> Frame:
    return {"type": "devices", "devices": listed}


def code(purpose: str, name: str, code: str, expires: int) -> Frame:
    """A one-time code, for whoever is to use it."""
    return {"type": "code", "purpose": purpose, "name": name, "code": code, "expires": expires}


def invitation(code: str, uses: int, expires: int) -> Frame:
    return {"type": "invitation", "code": code, "uses": uses, "expires": expires}


def whois(name: str, role: str, *, account: bool, since: int | None, connections: int, away: str | None) -> Frame:
    frame = {"type": "whois", "name": name, "role": role, "account": account, "since": since}
    return frame | {"connections": connections, "away": away}


# --- Rooms ------------------------------------------------------------------------------------------------------


def joined(room: str, last: int, members: int) -> Frame:
    return {"type": "joined", "room": room, "last": last, "members": members}


def read(room: str, id: int) -> Frame:
    """For the person's other connections: all up to that message was read."""
    return {"type": "read", "room": room, "id": id}


def presence(room: str | None, changes: Mapping[str, Sequence[object]], members: int | None = None) -> Frame:
    """`changes` says who `joined`, `left` or was `renamed`. Without `members`, that is added when it is told."""
    frame = {"type": "presence", "room": room, **changes}
    return frame if members is None else frame | {"members": members}


# --- Lists, still without their items ---------------------------------------------------------------------------


def history(room: str, *, gap: bool, more: bool = False) -> Frame:
    return {"type": "history", "room": room, "gap": gap, "more": more}


def results(text: str) -> Frame:
    return {"type": "results", "text": text}


def who(room: str | None, total: int) -> Frame:
    return {"type": "who", "room": room, "total": total, "more": False}


def rooms(total: int) -> Frame:
    return {"type": "rooms", "total": total, "more": False}
