"""From what moderators do to lines for a person: how a room is set, what was deleted, lists of bans, acts and reports.

Every string from outside is made harmless here, and what somebody wrote stands in quotes: it cannot pass for a line of
the server's. It must not know sockets, threads or the terminal.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from chat_common import Frame, harmless_line, instant, lasting, with_local_times, without_padding
from client_parts.screen.view import View, aside, count, date, message_number

OPEN: Final = "open"
_MODES = {
    OPEN: "everybody may talk",
    "moderated": "only people with a voice may talk",
    "read-only": "only moderators may talk",
    "invite": "only invited people may enter",
}
_STATES = {"this": "this one", "answers": "answers", "silent": "does not answer"}
_LISTS = {"bans": "banned or muted", "audit": "done by moderators", "reports": "reported"}


class Facts(NamedTuple):
    """How a room is set."""

    topic: str = ""
    mode: str = OPEN
    slow: int = 0  # seconds between two texts of one person


def facts(frame: Frame) -> Facts:
    return Facts(frame.get("topic") or "", frame.get("mode") or OPEN, frame.get("slow") or 0)


def entered(view: View, room: str, now: Facts, before: Facts) -> list[str]:
    """What somebody who enters needs to know; of a room that is known, what has changed."""
    lines = [
        f"* the topic of {view.place(room)} is {quoted(now.topic)}" if now.topic else "",
        f"* {view.place(room)} is {_mode(now.mode)}" if now.mode != OPEN else "",
        f"* slow mode in {view.place(room)}: {_pace(now.slow)}" if now.slow > 0 else "",
    ]
    changed = [new != old for new, old in zip(now, before, strict=True)]
    return [aside(line) for line, is_new in zip(lines, changed, strict=True) if line and is_new]


def changed(view: View, frame: Frame, before: Facts) -> list[str]:
    """Who set what in a room; also if it was set so before."""
    now, who, mark = facts(frame), harmless_line(frame.get("by") or "the operator"), view.mark(frame["room"])
    news = [new if new != old else None for new, old in zip(now, before, strict=True)]
    if news == [None, None, None]:
        return [aside(f"{mark}* {who}: {_in_one_line(now)}")]
    return [aside(f"{mark}* {who} {deed}") for deed in _deeds(*news)]


def made(message: Frame) -> str:
    """What somebody has changed about a room, as its log tells; no message can be written so."""
    who, change = harmless_line(message["from"]), message["change"]
    if message.get("deleted"):
        return f"{who} changed the room (deleted)"
    deeds = _deeds(change.get("topic"), change.get("mode"), change.get("slow"))
    return f"{who} {'; '.join(deeds) or 'changed the room'}"


def _deeds(topic: Any, mode: Any, slow: Any) -> list[str]:
    """What somebody did who set a room so; None where it stays as it is."""
    deeds = [
        "" if topic is None else f"changed the topic to {quoted(topic)}" if topic else "removed the topic",
        "" if mode is None else f"set the mode to {_mode(mode)}",
        "" if slow is None else f"set slow mode to {_pace(slow)}" if slow > 0 else "ended slow mode",
    ]
    return list(filter(None, deeds))


def as_set(view: View, room: str, now: Facts) -> str:
    """How a room is set, in one line."""
    return aside(f"* {view.place(room)}: {_in_one_line(now)}")


def _in_one_line(now: Facts) -> str:
    topic = f"the topic is {quoted(now.topic)}" if now.topic else "no topic"
    return f"{topic} · {_mode(now.mode)}" + (f" · slow mode: {_pace(now.slow)}" if now.slow > 0 else "")


def _mode(mode: str) -> str:
    return f"{harmless_line(mode)} ({_MODES[mode]})" if mode in _MODES else harmless_line(mode)


def _pace(seconds: int) -> str:
    return f"one message in {lasting(seconds)}"


def role(view: View, room: str, name: str) -> str:
    """What this person is in a room that was entered."""
    return aside(f"* you are {harmless_line(name)} of {view.place(room)}")


def quoted(text: str) -> str:
    """What somebody wrote, within a line of ours."""
    return f"“{without_padding(harmless_line(text))}”"


# --- Lists -------------------------------------------------------------------------------------------------------


def records(view: View, kind: str, items: list[Frame], room: str | None) -> list[str]:
    """A page of bans, of the audit log or of reports, newest last; `room` that was asked about."""
    where = f"in {view.place(room)}" if room else "on the whole server"
    if not items:
        nothing = "Nobody is" if kind == "bans" else "Nothing was"
        return [aside(f"* {nothing} {_LISTS[kind]} {where}.")]
    row = {"bans": _ban, "audit": _act, "reports": _report}[kind]
    title = {"bans": "Bans and mutes", "audit": "What moderators did", "reports": "Reports"}[kind]
    return [f"{title} {where}:", *(f"  {message_number(item['id'])} {row(view, item)}" for item in items)]


def servers(listed: list[Frame]) -> list[str]:
    if not listed:
        return [aside("* This is the only server of this chat.")]
    if len(listed) == 1:
        return [f"This chat has 1 server: {_server(listed[0])}"]
    return [f"This chat has {len(listed)} servers:", *(f"  {_server(one)}" for one in listed)]


def _server(one: Frame) -> str:
    state = harmless_line(one.get("state") or "")
    since = f", since {date(one['since'])}" if one.get("since") is not None else ""
    label = without_padding(harmless_line(one.get("label") or "a server"))
    return f"{label}: {count(one['clients'], 'client')}{since}" + (f", {_STATES.get(state, state)}" if state else "")


def _ban(view: View, item: Frame) -> str:
    whom = harmless_line(item.get("name") or item.get("address") or "somebody")
    where = f" in {view.place(item['room'])}" if item.get("room") else ""
    until = item.get("until")
    done = "muted" if item.get("kind") == "mute" else "banned"
    reason = f": {quoted(item['reason'])}" if item.get("reason") else ""
    end = f" until {with_local_times(instant(until))}" if until is not None else " for good"
    return f"{whom} {done}{where}{end}{_by(item)}{reason}"


def _by(item: Frame) -> str:
    return f" by {harmless_line(item['by'])}" if item.get("by") else ""


def _act(view: View, item: Frame) -> str:
    who = f"{harmless_line(item['by'])}: " if item.get("by") else ""
    return f"{date(item['ts'])} {who}{without_padding(harmless_line(with_local_times(item['text'])))}"


def _report(view: View, item: Frame) -> str:
    where = f" in {view.place(item['room'])}" if item.get("room") else ""
    about = f"message {message_number(item['message'])}" if item.get("message") is not None else "no message"
    sender = f" of {harmless_line(item['sender'])}" if item.get("sender") else ""
    text = f" {quoted(item['text'])}" if item.get("text") else ""
    who = harmless_line(item.get("by") or "somebody")
    return f"{date(item['ts'])} {who} reported {about}{sender}{where}: {quoted(item.get('reason') or '')}{text}"
