"""The fields of native frames that keep order, checked. It must not know who asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from chat_common import Frame, FrameError, harmless_line
from server_parts.protocol import moderation_requests as ask
from server_parts.protocol.addresses import network_of
from server_parts.protocol.fields import (
    count_of,
    flag,
    number,
    optional_room_of,
    optional_string,
    room_of,
    somebody_of,
    string,
)

MODES: Final = ("open", "moderated", "read-only", "invite")


def _line(frame: Frame, field: str, most: int) -> str | None:
    text = optional_string(frame, field)
    if text is None:
        return None
    if len(text) > most:
        raise FrameError("bad_field", f"{field} is too long: {len(text)} > {most} characters", field)
    return harmless_line(text.strip())


def _reason(frame: Frame) -> str:
    return _line(frame, "reason", ask.MAX_REASON) or ""


def _for(frame: Frame) -> int | None:
    return None if frame.get("for") is None else count_of(frame, "for", 0, ask.MAX_TIME, low=1)


def _subject(frame: Frame) -> tuple[str | None, str | None]:
    """A name or an address."""
    named, addressed = frame.get("name") is not None, frame.get("address") is not None
    if named == addressed:
        raise FrameError("bad_field", "give a name or an address, and not both", "name")
    if named:
        return somebody_of(frame), None
    network = network_of(string(frame, "address"))
    if network is None:
        problem = "write an address or a network, like 192.0.2.7, 192.0.2.0/24 or 2001:db8::/64"
        raise FrameError("bad_field", problem, "address")
    return None, network


def _kick(frame: Frame) -> ask.Kick:
    return ask.Kick(somebody_of(frame), _reason(frame), optional_room_of(frame))


def _ban(frame: Frame) -> ask.Ban:
    name, address = _subject(frame)
    room, seconds, reason = optional_room_of(frame), _for(frame), _reason(frame)
    return ask.Ban(name, address, room, seconds, reason, flag(frame, "sure"), flag(frame, "test"))


def _unban(frame: Frame) -> ask.Unban:
    name, address = _subject(frame)
    return ask.Unban(name, address, optional_room_of(frame))


def _mute(frame: Frame) -> ask.Mute:
    return ask.Mute(somebody_of(frame), optional_room_of(frame), _for(frame), _reason(frame))


def _unmute(frame: Frame) -> ask.Unmute:
    return ask.Unmute(somebody_of(frame), optional_room_of(frame))


def _one_of(frame: Frame, field: str, words: tuple[str, ...]) -> str:
    word = string(frame, field)
    if word not in words:
        raise FrameError("bad_field", f"{field} is one of: {', '.join(words)}", field)
    return word


def _room(frame: Frame) -> ask.SetRoom:
    room, topic = room_of(frame), _line(frame, "topic", ask.MAX_TOPIC)
    mode = None if frame.get("mode") is None else _one_of(frame, "mode", MODES)
    slow = None if frame.get("slow") is None else count_of(frame, "slow", 0, ask.MAX_SLOW)
    if topic is None and mode is None and slow is None:
        raise FrameError("bad_field", "give a topic, a mode or slow", "topic")
    return ask.SetRoom(room, topic, mode, slow, flag(frame, "sure"))


def _block(frame: Frame) -> ask.Block:
    return ask.Block(None if frame.get("name") is None else somebody_of(frame))


def _report(frame: Frame) -> ask.Report:
    room = room_of(frame)
    id = None if frame.get("id") is None else number(frame, "id", low=1)
    name = None if frame.get("name") is None else somebody_of(frame)
    reason = _line(frame, "reason", ask.MAX_REASON)
    if not reason:
        raise FrameError("bad_field", "say why, in reason", "reason")
    return ask.Report(room, id, name, reason)


def _lockdown(frame: Frame) -> ask.Lockdown:
    return ask.Lockdown(count_of(frame, "for", ask.LOCKDOWN, ask.MAX_TIME))


def _list_of(kind: str) -> Callable[[Frame], ask.ListActs]:
    def make(frame: Frame) -> ask.ListActs:
        room = optional_room_of(frame)
        before = None if frame.get("before") is None else number(frame, "before")
        return ask.ListActs(kind, room, before, count_of(frame, "limit", ask.ACTS_PAGE, ask.MAX_ACTS_PAGE))

    return make


def room_role(frame: Frame) -> ask.SetRoomRole:
    """A `role` with a room."""
    return ask.SetRoomRole(somebody_of(frame), room_of(frame), _one_of(frame, "role", ask.ROOM_ROLES))


def room_invitation(frame: Frame) -> ask.InviteToRoom:
    """An `invite` with a room."""
    return ask.InviteToRoom(room_of(frame), somebody_of(frame))


MODERATION_MAKERS: Final[dict[str, Callable[[Frame], Any]]] = {
    "kick": _kick,
    "ban": _ban,
    "unban": _unban,
    "mute": _mute,
    "unmute": _unmute,
    "room": _room,
    "role": room_role,
    "invite": room_invitation,
    "block": _block,
    "unblock": lambda frame: ask.Unblock(somebody_of(frame)),
    "report": _report,
    "delete": lambda frame: ask.Delete(room_of(frame), number(frame, "id", low=1)),
    "lockdown": _lockdown,
    "bans": _list_of("bans"),
    "audit": _list_of("audit"),
    "reports": _list_of("reports"),
    "servers": lambda frame: ask.ListServers(),
}
