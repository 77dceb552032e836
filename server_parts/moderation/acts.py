"""One act of moderation, and the JSON text that is its form in the log.

Who did it and when is what the log knows of any message. A kind or a field that a later version added is no error: what
holds is made only of acts that this version knows. It must not know what an act changes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from server_parts.storage.records import ACTS, Draft, Message

KICK, BAN, UNBAN, MUTE, UNMUTE = "kick", "ban", "unban", "mute", "unmute"
ROOM, ROLE, INVITE, FOUND, DELETE = "room", "role", "invite", "found", "delete"
BLOCK, UNBLOCK, REPORT = "block", "unblock", "report"
LOCKDOWN, FORGET, NOTE = "lockdown", "forget", "note"


class Act(NamedTuple):
    """What was done. An empty field does not apply; without a room it is about the whole server."""

    do: str
    name: str = ""  # to whom, as they spell it
    address: str = ""  # or to which address or network
    room: str = ""
    until: float | None = None  # for good
    reason: str = ""
    text: str | None = None  # a topic, the text that was reported, a note
    value: str | None = None  # a mode, a role
    number: int | None = None  # seconds of slow mode, the id of a message
    rank: int = 0  # of whoever did it, there and then
    keys: tuple[str, ...] = ()  # by what else to know them: see `people.restraint.keys_of`
    sources: tuple[str, ...] = ()  # addresses they came from: of those, people without an account are meant …
    soft: float | None = None  # … until then; None: as long as the rest
    noted: int = 0  # entries of its room's log that tell of it


class Kept(NamedTuple):
    """An act as the log holds it."""

    id: int
    ts: float
    by: str
    act: Act


_DEFAULTS: Final[Mapping[str, Any]] = Act._field_defaults
_TEXT, _NUMBER = (str,), (int, float)
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "do": _TEXT,
    "name": _TEXT,
    "address": _TEXT,
    "room": _TEXT,
    "until": _NUMBER,
    "reason": _TEXT,
    "text": _TEXT,
    "value": _TEXT,
    "number": (int,),
    "rank": (int,),
    "keys": (list,),
    "sources": (list,),
    "soft": _NUMBER,
    "noted": (int,),
}


def draft_of(by: str, act: Act, now: float) -> Draft:
    """The message that keeps an act."""
    return Draft(ACTS, round(now, 3), by, "", [written(act)], "", 0)


def written(act: Act) -> str:
    """An act as JSON, without what does not apply."""
    fields = {field: value for field, value in act._asdict().items() if value != _DEFAULTS.get(field)}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def read(message: Message) -> Kept | None:
    """The act in a message of the room of acts; None if this version cannot make sense of it."""
    try:
        fields = json.loads(message.text)
    except ValueError:
        return None
    act = _act(fields) if isinstance(fields, dict) else None
    return None if act is None else Kept(message.id, message.ts, message.sender, act)


def _act(fields: dict[str, Any]) -> Act | None:
    known = {field: value for field, value in fields.items() if field in _TYPES}
    if "do" not in known or not all(_fits(value, _TYPES[field]) for field, value in known.items()):
        return None
    for field in ("keys", "sources"):
        known[field] = tuple(known.get(field, ()))
    return Act(**known)


def _fits(value: Any, types: tuple[type, ...]) -> bool:
    if isinstance(value, bool) or not isinstance(value, types):
        return False
    return not isinstance(value, list) or all(isinstance(one, str) for one in value)
