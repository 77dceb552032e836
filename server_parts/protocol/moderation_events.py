"""The frames that a server sends about keeping order: one function for each kind. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chat_common import Frame


def room(room: str, settings: Mapping[str, Any], by: str, ts: float) -> Frame:
    """`settings` are the topic, the mode and slow, all of them."""
    return {"type": "room", "room": room, **settings, "by": by, "ts": ts}


def blocked(names: Sequence[str]) -> Frame:
    return {"type": "blocked", "names": list(names)}


def deleted(room: str, id: int, by: str) -> Frame:
    return {"type": "deleted", "room": room, "id": id, "by": by}


def servers(listed: Sequence[Mapping[str, Any]]) -> Frame:
    """None are listed where there can be no other."""
    return {"type": "servers", "servers": list(listed)}


def acts(kind: str, room: str | None, items: Sequence[Mapping[str, Any]], *, more: bool) -> Frame:
    """`more`: there are older ones."""
    return {"type": kind, "room": room, "items": list(items), "more": more}
