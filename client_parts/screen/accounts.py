"""From the server's answers about accounts to lines for a person: devices, codes, who somebody is.

Every string from outside is made harmless here. It must not know sockets, threads or the terminal.
"""

from __future__ import annotations

from chat_common import Frame, harmless_line, instant, with_local_times, without_padding
from client_parts.screen.view import aside, count, date, real_name
from terminal_parts.command_line import how_to_start

_DAY = len("2026-11-26")  # servers keep it no more exactly


def devices(listed: list[Frame]) -> list[str]:
    if not listed:
        return [aside("* Your name is not protected yet: it becomes yours with the first message you send.")]
    rows = [f"  {device['id']}  {_label(device)}{_times(device)}{_here(device)}" for device in listed]
    return ["Devices that may use your name:", *rows, aside("* /devices forget N removes one")]


def _label(device: Frame) -> str:
    return _one_line(device.get("label") or "unknown")


def _times(device: Frame) -> str:
    added, last = device.get("added"), device.get("last")
    words = [f"added {date(added)}"] if added is not None else []
    if last is not None and not device.get("here"):
        words.append(f"last used {date(last)[:_DAY]}")
    return "".join(f", {word}" for word in words)


def _here(device: Frame) -> str:
    if device.get("yours"):
        return " (this one)"
    return " (connected)" if device.get("here") else ""


def code(frame: Frame, here: str) -> list[str]:
    """A code that works once, and what to do with it; `here` is what others give to their client."""
    name, valid = harmless_line(frame["name"]), _valid(frame.get("expires"))
    if frame.get("page") is not None:
        return [
            f"Link that opens the chat in a browser as {name}: {_one_line(frame['page'])}{valid}",
            aside("* whoever opens it first is you: do not pass it on"),
        ]
    start = f"{how_to_start('client')} {here} --name {name} --login"
    if frame["purpose"] == "recover":
        return [
            f"Code that gives {name} back: {_one_line(frame['code'])}{valid}",
            aside(f"* whoever starts {start} and types it gets the name; its devices and its password are gone then"),
        ]
    return [
        f"Code for another device of yours: {_one_line(frame['code'])}{valid}",
        aside(f"* on that device, start {start} and type it when a password is asked for"),
    ]


def _valid(expires: float | None) -> str:
    return " (works once)" if expires is None else f" (works once, until {with_local_times(instant(expires))})"


def invitation(frame: Frame) -> list[str]:
    uses, expires = frame.get("uses"), frame.get("expires")
    limits = [f"for {count(uses, 'person', 'people')}"] if uses is not None else []
    limits += [f"until {with_local_times(instant(expires))}"] if expires is not None else []
    invited = _one_line(frame["code"])
    return [
        f"Invitation: {invited}" + (f" ({', '.join(limits)})" if limits else ""),
        aside(f"* who has it starts client.py with this server's address and --invite {invited}"),
    ]


def whois(frame: Frame, *, is_me: bool) -> str:
    """What is known about somebody, in one line."""
    name = harmless_line(frame["name"]) + real_name(frame)
    parts = [f"you are {name}" if is_me else name, harmless_line(frame.get("role") or "guest"), _account(frame)]
    if (connections := frame.get("connections")) is not None:
        parts.append(f"here with {count(connections, 'connection')}" if connections else "not here")
    if away := frame.get("away"):
        parts.append(f"away: {_one_line(away)}")
    if (number := frame.get("devices")) is not None:
        parts.append(count(number, "device"))
    if addresses := frame.get("addresses"):
        parts.append(f"from {', '.join(map(harmless_line, addresses))}")
    return "* " + " · ".join(parts)


def _account(frame: Frame) -> str:
    if not frame.get("account"):
        return "the name is nobody's yet"
    since = frame.get("since")
    return "the name is protected" + (f" since {date(since)}" if since is not None else "")


def blocked(names: list[str]) -> str:
    return aside(f"* blocked: {', '.join(map(harmless_line, names))}" if names else "* You block nobody.")


def _one_line(text: str) -> str:
    return without_padding(harmless_line(text))
