"""Events as lines of text, for the plain door. Pure: no JSON and no escape codes ever leave here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from chat_common import (
    LOBBY,
    Frame,
    harmless_line,
    partners,
    text_form,
    without_padding,
)
from server_parts.protocol.plain_entries import before, deed, is_void, reactions
from server_parts.protocol.plain_files import Link, brought, file_lines, files_lines, no_link, promised_lines
from server_parts.protocol.plain_moderation_lines import LINES, room_line
from server_parts.protocol.plain_times import local_times, moment
from server_parts.storage.finding import MOST_COUNTED
from server_parts.storage.records import Message, Run

A_LINE: Final = 100  # names


class PlainEncoder:
    """Events as text; stateless, one for all plain clients, and one for all who want to see times."""

    newest_last = own_receipts = is_for_people = True

    def __init__(self, text_of: Callable[[Message], str]) -> None:
        self._text_of = text_of

    def frame(self, frame: Frame) -> bytes:
        return lines_of(*_TEXTS.get(frame["type"], _nothing)(frame))

    def live(self, runs: Iterable[Run], session: str | None = None) -> bytes:
        messages = (message for run in runs for message in run.messages())
        told = (f"* delivered #{m.id} *" if m.session == session else self._text_of(m) for m in messages)
        return lines_of(*filter(None, told))

    def pages(self, frame: Frame, field: str, items: Sequence[Any]) -> bytes:
        if items and isinstance(items[0], Message):
            items = [_Line(message, self._text_of(message)) for message in items if not is_void(message)]
        return self.frame({**frame, field: items})


class _Line(NamedTuple):
    """A message of a list, and how it is written."""

    message: Message
    text: str


def message_text(message: Message, link: Link = no_link) -> str:
    """The form that programs read: `[COLOR (blue)] alice said -> hello`, behind the place if it is not the lobby.

    A file has a line of its own. `link` says where it is fetched.
    """
    if is_void(message):
        return ""
    if not message.text:
        return starred(f"#{message.id} by {message.sender} was deleted")
    if done := deed(message):
        return starred(done)
    file, reacted = brought(message, link), reactions(message.id, message.fate)
    is_bare = message.file is not None and message.file.bare
    notes = "\n".join(starred(note) for note in (before(message) * is_bare + file, reacted) if note)
    if is_bare:
        return notes
    said = without_padding(text_form(message.sender, message.color, message.text))
    return _place(message.room) + before(message) + said + (f"\n{notes}" if notes else "")


def _place(room: str) -> str:
    if partners(room):
        return "(private) "
    return "" if room == LOBBY else f"#{room} "


def timed_text(message: Message, link: Link = no_link) -> str:
    """The same behind the server's local time, with the date where that is not today."""
    text = message_text(message, link)
    if not text:
        return ""
    when = time.localtime(message.ts)
    shown = "%H:%M" if when[:3] == time.localtime()[:3] else "%Y-%m-%d %H:%M"
    return f"{time.strftime(shown, when)} {text}"


def _with_number(text_of: Callable[[Message], str]) -> Callable[[Message], str]:
    """The same behind the number of each message."""

    def numbered(message: Message) -> str:
        text = text_of(message)
        return f"#{message.id} {text}" if text else ""

    return numbered


PLAIN: Final = PlainEncoder(message_text)
PLAIN_TIMED: Final = PlainEncoder(timed_text)
Forms = Mapping[tuple[bool, bool], PlainEncoder]  # by whether times are shown, and whether numbers are


def plain_forms(link: Link) -> Forms:
    """All of them for those who find files where `link` says."""
    plain, timed = partial(message_text, link=link), partial(timed_text, link=link)
    return {
        (False, False): PlainEncoder(plain),
        (True, False): PlainEncoder(timed),
        (False, True): PlainEncoder(_with_number(plain)),
        (True, True): PlainEncoder(_with_number(timed)),
    }


PLAIN_FORMS: Final[Forms] = {**plain_forms(no_link), (False, False): PLAIN, (True, False): PLAIN_TIMED}


def lines_of(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def starred(text: str) -> str:
    return f"* {without_padding(harmless_line(text))} *"


def _nothing(frame: Frame) -> list[str]:
    return []


def _welcome(frame: Frame) -> list[str]:
    motd = [starred(line) for line in frame["motd"].splitlines()]
    return [
        "* hello client *",
        *motd,
        starred(f"you are {frame['name']}; what you type goes to everyone in the lobby; /help lists the commands"),
    ]


def _joined(frame: Frame) -> list[str]:
    rules = room_line(frame)
    told = [starred(rules)] if rules else []
    return (
        told if frame["room"] == LOBBY or partners(frame["room"]) else [starred(f"you are in {frame['room']}"), *told]
    )


def _history(frame: Frame) -> list[str]:
    missing = [starred("older messages are not kept any more")] if frame["gap"] else []
    return missing + [line.text for line in frame["messages"]]


def _presence(frame: Frame) -> list[str]:
    if frame["room"] is None or partners(frame["room"]):
        return []
    where = "" if frame["room"] == LOBBY else f" #{frame['room']}"
    lines = [f"{', '.join(frame[what])} {what}{where}" for what in ("joined", "left") if frame.get(what)]
    lines += [f"{old} is now {new}" for old, new in frame.get("renamed", ())]
    return [starred(line) for line in lines]


def _who(frame: Frame) -> list[str]:
    if not frame["members"]:
        return [starred(f"nobody is in #{frame['room']}")]
    people = [_called(m) + (f" (away: {m['away']})" if m.get("away") else "") for m in frame["members"]]
    lines = [starred(f"here: {', '.join(people[at : at + A_LINE])}") for at in range(0, len(people), A_LINE)]
    return lines + _rest(frame, len(people), f"/who {frame['members'][-1]['name']} continues the list")


def _called(person: Frame) -> str:
    """The name, and the display name beside it."""
    return f"{person['name']} ({person['realname']})" if person.get("realname") else str(person["name"])


def _rooms(frame: Frame) -> list[str]:
    lines = [starred(f"{r['room']}: {r['members']} here, last message #{r['last']}") for r in frame["rooms"]]
    return lines + _rest(frame, len(lines), "/rooms BEGINNING lists those that start with it")


def _rest(frame: Frame, shown: int, how: str) -> list[str]:
    """What a list says of those for whom it had no room."""
    total = frame.get("total", shown)
    return [starred(f"{shown} of {total}; {how}")] if total > shown and not frame.get("more") else []


def _results(frame: Frame) -> list[str]:
    shown = frame.get("shown", 0) + len(frame["messages"])
    if not shown:
        return [starred(f"nothing found for {frame['text']}"), *_cut_short(frame)]
    lines = [f"#{line.message.id} {line.text}" for line in reversed(frame["messages"])]
    if frame.get("more"):
        return lines
    if (left := frame.get("total", 0) - shown) > 0:
        number = f"more than {left - 1}" if frame["total"] == MOST_COUNTED else f"{left}"
        lines.append(starred(f"{number} older; /more shows more"))
    return lines + _cut_short(frame)


def _cut_short(frame: Frame) -> list[str]:
    advice = "the search took too long: use more words or in:ROOM / since:DAY"
    return [starred(advice)] if frame.get("partial") else []


def _whois(frame: Frame) -> list[str]:
    account = "an account" if frame["account"] else "no account"
    since = f" since {_day(frame['since'])}" if frame["since"] is not None else ""
    here = {0: "not here", 1: "here"}.get(frame["connections"], f"here {frame['connections']} times")
    away = f", away: {frame['away']}" if frame["away"] else ""
    lines = [starred(f"{_called(frame)}: {frame['role']}, {account}{since}, {here}{away}")]
    if "addresses" in frame:
        lines.append(starred(f"devices: {frame['devices']}; addresses: {', '.join(frame['addresses']) or 'none'}"))
    return lines


def _devices(frame: Frame) -> list[str]:
    if not frame["devices"]:
        return [starred("your account has no devices, only a password")]
    lines = [
        starred(f"{one['id']}: {one['label'] or 'unknown program'}, last used {_day(one['last'])}{_here(one)}")
        for one in frame["devices"]
    ]
    return [*lines, starred("/devices forget NUMBER removes one")]


def _here(device: Frame) -> str:
    if device["yours"]:
        return ", this one"
    return ", connected now" if device["here"] else ""


def _code(frame: Frame) -> list[str]:
    if "page" in frame:
        return [starred(f"{frame['page']} opens the chat in a browser as you, once, until {moment(frame['expires'])}")]
    what = "links another device to" if frame["purpose"] == "link" else "recovers"
    return [
        starred(f"the code {frame['code']} {what} the account {frame['name']} once, until {moment(frame['expires'])}")
    ]


def _invitation(frame: Frame) -> list[str]:
    uses = "one person" if frame["uses"] == 1 else f"{frame['uses']} people"
    return [starred(f"the code {frame['code']} lets {uses} in, until {moment(frame['expires'])}")]


def _day(ts: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(ts))


def _bye(frame: Frame) -> list[str]:
    return ["* goodbye *"] if frame["code"] == "exit" else [starred(f"goodbye: {local_times(frame['text'])}")]


def _in_stars(tell: Callable[[Frame], list[str]]) -> Callable[[Frame], list[str]]:
    return lambda frame: [starred(line) for line in tell(frame)]


_TEXTS: Final[dict[str, Callable[[Frame], list[str]]]] = {
    "welcome": _welcome,
    "joined": _joined,
    "history": _history,
    "presence": _presence,
    "who": _who,
    "rooms": _rooms,
    "results": _results,
    "notice": lambda frame: [starred(local_times(frame["text"]))],
    "error": lambda frame: [starred(f"error: {local_times(frame['text'])}")],
    "ack": lambda frame: [f"* delivered #{frame['id']} *"],
    "bye": _bye,
    **{
        kind: _in_stars(tell) for kind, tell in LINES.items() if kind not in ("deleted", "room")
    },  # which their entries tell
    "whois": _whois,
    "devices": _devices,
    "code": _code,
    "invitation": _invitation,
    "file": _in_stars(file_lines),
    "files": _in_stars(files_lines),
    "promised": _in_stars(promised_lines),
}
