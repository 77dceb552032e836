"""Events that keep order, as lines of text without their stars. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from chat_common import LOBBY, Frame, lasting
from server_parts.protocol.plain_times import local_times, moment


def room_line(frame: Frame) -> str:
    """The settings of a room: what is as usual is not said."""
    said = [f"topic: {frame['topic']}"] if frame.get("topic") else []
    said += [f"mode: {frame['mode']}"] if frame.get("mode", "open") != "open" else []
    said += [f"slow mode: one message in {lasting(frame['slow'])}"] if frame.get("slow") else []
    return "; ".join(said)


def _place(room: str | None) -> str:
    return "" if room is None or room == LOBBY else f" in #{room}"


def _room(frame: Frame) -> list[str]:
    return [f"{frame['by']} set #{frame['room']}: {room_line(frame) or 'open, without a topic'}"]


def _blocked(frame: Frame) -> list[str]:
    return [f"you have blocked: {', '.join(frame['names'])}" if frame["names"] else "you have blocked nobody"]


def _ban(item: Frame) -> str:
    whom = item.get("name") or item.get("address")
    end = f"until {moment(item['until'])}" if item["until"] is not None else "for good"
    reason = f": {item['reason']}" if item["reason"] else ""
    return f"{item['kind']} of {whom}{_place(item['room'])} {end}, by {item['by']}{reason}"


def _report(item: Frame) -> str:
    message = f" message #{item['message']}" if item["message"] is not None else ""
    of = f" of {item['sender']}" if item["sender"] else ""
    quoted = f" ({item['text']})" if item["text"] else ""
    what = f"{item['by']} reports{message}{of} in {item['room']}: {item['reason']}{quoted}"
    return f"#{item['id']} {moment(item['ts'])} {what}"


def _audit(item: Frame) -> str:
    return f"#{item['id']} {moment(item['ts'])} {item['by']} {local_times(item['text'])}"


def _servers(frame: Frame) -> list[str]:
    servers = frame["servers"]
    if not servers:
        return ["this is the only server of this chat: several need a database (--store)"]
    if len(servers) == 1:
        return [f"this chat has 1 server: {_server(servers[0])}"]
    return [f"this chat has {len(servers)} servers", *map(_server, servers)]


def _server(item: Frame) -> str:
    clients = "1 client" if item["clients"] == 1 else f"{item['clients']} clients"
    return f"{item['label']}: {clients}, since {moment(item['since'])}, {_STATES[item['state']]}"


def _list(nothing: str, line: Callable[[Any], str]) -> Callable[[Frame], list[str]]:
    def tell(frame: Frame) -> list[str]:
        older = ["there are older ones"] if frame["more"] else []
        return [*older, *map(line, frame["items"])] or [nothing]

    return tell


_STATES: Final = {"this": "this one", "answers": "answers", "silent": "does not answer"}
LINES: Final[dict[str, Callable[[Frame], list[str]]]] = {
    "room": _room,
    "blocked": _blocked,
    "deleted": lambda frame: [f"{frame['by']} deleted message #{frame['id']}{_place(frame['room'])}"],
    "bans": _list("nobody is banned or muted", _ban),
    "reports": _list("there are no reports", _report),
    "audit": _list("moderators have done nothing yet", _audit),
    "servers": _servers,
}
