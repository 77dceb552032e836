"""The door for `nc`, `telnet` and twenty-line tutorial clients: lines of text in, lines of text out.

Pure, like the native door beside it. No JSON and no escape codes ever leave here.
"""

from __future__ import annotations

import math
import re
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from chat_common import (
    LOBBY,
    Frame,
    LineDecoder,
    harmless_line,
    is_blank,
    is_exit,
    is_name,
    name_problem,
    partners,
    room_problem,
    text_form,
    without_padding,
)
from server_parts.protocol.door import Encoder
from server_parts.protocol.requests import (
    MAX_PAGE,
    Answer,
    Bye,
    EndConnection,
    Hello,
    History,
    Join,
    Nick,
    Refusal,
    Request,
    Rooms,
    Say,
    Search,
    Times,
    Who,
    text_refusal,
)
from server_parts.storage.message_log import MOST_COUNTED, Message, Run
from server_parts.storage.search_query import query_problem

A_LINE: Final = 100  # names
UNENDED_WAIT: Final = 0.2  # data without a newline, followed by this much silence, is a line
LINE_WAIT: Final = 10.0  # from a line's first byte to its end: dripping bytes do not extend it


class PlainEncoder:
    """Events as text; stateless, one for all plain clients, and one for all who want to see times."""

    newest_last = True

    def __init__(self, text_of: Callable[[Message], str]) -> None:
        self._text_of = text_of

    def frame(self, frame: Frame) -> bytes:
        return _lines(*_TEXTS.get(frame["type"], _nothing)(frame))

    def live(self, runs: Iterable[Run], author: str | None = None) -> bytes:
        messages = (message for run in runs for message in run.messages())
        return _lines(*(f"* delivered #{m.id} *" if m.sender == author else self._text_of(m) for m in messages))

    def pages(self, frame: Frame, field: str, items: Sequence[Any]) -> bytes:
        if items and isinstance(items[0], Message):
            items = [_Line(message, self._text_of(message)) for message in items]
        return self.frame({**frame, field: items})


class _Line(NamedTuple):
    """A message of a list, and how it is written."""

    message: Message
    text: str


def message_text(message: Message) -> str:
    """The form that programs read: `[COLOR (blue)] alice said -> hello`, behind the place if it is not the lobby."""
    return _place(message.room) + without_padding(text_form(message.sender, message.color, message.text))


def _place(room: str) -> str:
    if partners(room):
        return "(private) "
    return "" if room == LOBBY else f"#{room} "


def timed_text(message: Message) -> str:
    """The same behind the server's local time, with the date where that is not today."""
    when = time.localtime(message.ts)
    shown = "%H:%M" if when[:3] == time.localtime()[:3] else "%Y-%m-%d %H:%M"
    return f"{time.strftime(shown, when)} {message_text(message)}"


PLAIN: Final = PlainEncoder(message_text)
PLAIN_TIMED: Final = PlainEncoder(timed_text)


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def _star(text: str) -> str:
    return f"* {without_padding(harmless_line(text))} *"


def _nothing(frame: Frame) -> list[str]:
    return []


def _welcome(frame: Frame) -> list[str]:
    motd = [_star(line) for line in frame["motd"].splitlines()]
    return [
        "* hello client *",
        *motd,
        _star(f"you are {frame['name']}; what you type goes to everyone in the lobby; /help lists the commands"),
    ]


def _joined(frame: Frame) -> list[str]:
    return [] if frame["room"] == LOBBY or partners(frame["room"]) else [_star(f"you are in {frame['room']}")]


def _history(frame: Frame) -> list[str]:
    missing = [_star("older messages are not kept any more")] if frame["gap"] else []
    return missing + [line.text for line in frame["messages"]]


def _presence(frame: Frame) -> list[str]:
    if frame["room"] is None or partners(frame["room"]):
        return []
    where = "" if frame["room"] == LOBBY else f" #{frame['room']}"
    lines = [f"{', '.join(frame[what])} {what}{where}" for what in ("joined", "left") if frame.get(what)]
    lines += [f"{old} is now {new}" for old, new in frame.get("renamed", ())]
    return [_star(line) for line in lines]


def _who(frame: Frame) -> list[str]:
    if not frame["members"]:
        return [_star(f"nobody is in #{frame['room']}")]
    people = [f"{m['name']} (away: {m['away']})" if m.get("away") else m["name"] for m in frame["members"]]
    lines = [_star(f"here: {', '.join(people[at : at + A_LINE])}") for at in range(0, len(people), A_LINE)]
    return lines + _rest(frame, len(people), f"/who {frame['members'][-1]['name']} goes on")


def _rooms(frame: Frame) -> list[str]:
    lines = [_star(f"{r['room']}: {r['members']} here, last message #{r['last']}") for r in frame["rooms"]]
    return lines + _rest(frame, len(lines), "/rooms BEGINNING lists those that begin so")


def _rest(frame: Frame, shown: int, how: str) -> list[str]:
    """What a list says of those for whom it had no room."""
    total = frame.get("total", shown)
    return [_star(f"{shown} of {total}; {how}")] if total > shown and not frame.get("more") else []


def _results(frame: Frame) -> list[str]:
    shown = frame.get("shown", 0) + len(frame["messages"])
    if not shown:
        return [_star(f"nothing found for {frame['text']}"), *_cut_short(frame)]
    lines = [f"#{line.message.id} {line.text}" for line in reversed(frame["messages"])]
    if frame.get("more"):
        return lines
    if (left := frame.get("total", 0) - shown) > 0:
        number = f"more than {left - 1}" if frame["total"] == MOST_COUNTED else f"{left}"
        lines.append(_star(f"{number} older; /more shows the next"))
    return lines + _cut_short(frame)


def _cut_short(frame: Frame) -> list[str]:
    advice = "the search took too long: use more words or in:ROOM / since:DAY"
    return [_star(advice)] if frame.get("partial") else []


def _bye(frame: Frame) -> list[str]:
    return ["* goodbye *"] if frame["code"] == "exit" else [_star(f"goodbye: {frame['text']}")]


_TEXTS: Final[dict[str, Callable[[Frame], list[str]]]] = {
    "welcome": _welcome,
    "joined": _joined,
    "history": _history,
    "presence": _presence,
    "who": _who,
    "rooms": _rooms,
    "results": _results,
    "notice": lambda frame: [_star(frame["text"])],
    "error": lambda frame: [_star(f"error: {frame['text']}")],
    "ack": lambda frame: [f"* delivered #{frame['id']} *"],
    "bye": _bye,
}


# --- Coming in --------------------------------------------------------------------------------------------------

# What a telnet program may mix into the text: negotiations, and two-byte commands. A negotiation that does not end
# goes on to the end of the line: to look for the end of each of 32,000 beginnings would take ten seconds.
_TELNET = re.compile(rb"\xff(?:[\xfb-\xfe].|\xfa.*?(?:\xff\xf0|\Z)|[\xf0-\xf9])", re.DOTALL)

_NEGOTIATION = re.compile(rb"\xff([\xfb\xfd])(.)", re.DOTALL)
_REFUSALS: Final = {b"\xfb": b"\xff\xfe", b"\xfd": b"\xff\xfc"}  # WILL: DONT; DO: WONT


class PlainDoor:
    """Lines of text. The first request is a hello in the name of whoever came in."""

    encoder: Encoder = PLAIN

    def __init__(self) -> None:
        self._lines = LineDecoder()
        self._room = LOBBY
        self._flush_due: float | None = None
        self._line_due = math.inf

    def greeting(self) -> Hello:
        # Tutorial programs read one answer for each line they send: what was said before is theirs to ask for.
        return Hello(name=None, session=secrets.token_urlsafe(24), history=0)

    def receive(self, data: bytes, now: float) -> list[Request]:
        requests = [request for line in self._lines.feed(data) for request in self._requests(line)]
        if self._lines.overlong is not None:
            return [*requests, _ending(f"line too long: {self._lines.overlong} > {self._lines.limit} bytes")]
        if not self._lines.tail:
            self._flush_due, self._line_due = None, math.inf
            return requests
        if now >= self._line_due and not requests:
            return [_ending(f"the end of a line did not come within {LINE_WAIT:.0f} seconds")]
        self._flush_due = now + UNENDED_WAIT
        if requests or self._line_due == math.inf:
            self._line_due = now + LINE_WAIT
        return requests

    def deadline(self) -> float | None:
        return self._flush_due

    def silence(self, now: float) -> list[Request]:
        if self._flush_due is None or now < self._flush_due:
            return []
        return self.end()

    def end(self) -> list[Request]:
        self._flush_due, self._line_due = None, math.inf
        tail = self._lines.take_tail()
        return self._requests(tail.removesuffix(b"\r")) if tail else []

    def _requests(self, line: bytes) -> list[Request]:
        # A telnet that asks for something shows nothing more until it is answered: no, we will not.
        asked = _NEGOTIATION.findall(line)
        answer = [Answer(b"".join(_REFUSALS[verb] + option for verb, option in asked))] if asked else []
        return [*answer, self._request(_TELNET.sub(b"", line))]

    def _request(self, line: bytes) -> Request:
        text = line.decode("utf-8", "replace").replace("\0", "")
        if is_exit(text):
            return Bye()
        if text.startswith("//"):
            return self._say(text[1:])
        if not text.startswith("/"):
            return self._say(text)
        word, _, rest = text[1:].partition(" ")
        command = _COMMANDS.get(word.lower())
        if command is None:
            return _error(
                f"there is no command /{word[:40]}; /help lists them, and //{word[:40]} would send it as text"
            )
        return command.request(self, rest.strip())

    def _say(self, text: str) -> Request:
        # An empty line from nc is a slip of the finger, not worth an error.
        return Answer(b"") if is_blank(text) else Say(self._room, [text], 0, text_refusal(text))

    def _join(self, room: str) -> Request:
        if problem := room_problem(room.lower()):
            return Refusal("bad_room", problem)
        self._room = room.lower()
        return Join(self._room)

    def _nick(self, name: str) -> Request:
        problem = name_problem(name)
        return Refusal("bad_name", problem) if problem else Nick(name)

    def _message(self, rest: str) -> Request:
        name, _, text = rest.partition(" ")
        if not is_name(name) or not text.strip():
            return _error("usage: /msg NAME TEXT")
        return Say(f"@{name.lower()}", [text], 0, text_refusal(text))

    def _history(self, rest: str) -> Request:
        if rest and not (rest.isascii() and rest.isdigit() and len(rest) < 9 and 0 < int(rest) <= MAX_PAGE):
            return _error(f"usage: /history [N], with N from 1 to {MAX_PAGE}")
        return History(self._room, None, int(rest or 20))

    def _times(self, word: str) -> Request:
        return Times(word.lower() == "on") if word.lower() in ("on", "off") else _error("usage: /times on|off")

    def _search(self, text: str) -> Request:
        if not text:
            return _error("usage: /search TEXT")
        problem = query_problem(text)
        return Refusal("bad_field", problem, "text") if problem else Search(text, counting=True)


def _error(text: str) -> Answer:
    return Answer(_lines(_star(f"error: {text}")))


def _ending(text: str) -> EndConnection:
    return EndConnection(_lines(_star(f"error: {text}"), "* goodbye *"), text)


class _Command(NamedTuple):
    usage: str
    help: str
    request: Callable[[PlainDoor, str], Request]


_ROWS: Final = (
    _Command("/nick NAME", "call yourself NAME", PlainDoor._nick),
    _Command("/join ROOM", "go to a room; it is made if it is new", PlainDoor._join),
    _Command("/rooms [BEGINNING]", "which rooms there are", lambda door, rest: Rooms(rest.lower())),
    _Command("/who [AFTER]", "who is in this room", lambda door, rest: Who(door._room, rest or None)),
    _Command("/msg NAME TEXT", "say something to one person only", PlainDoor._message),
    _Command("/me TEXT", "say what you do", lambda door, rest: door._say(f"/me {rest}")),
    _Command("/history [N]", "what was said before", PlainDoor._history),
    _Command("/search TEXT", "find messages", PlainDoor._search),
    _Command("/more", "more of what was found", lambda door, rest: Search("", again=True)),
    _Command("/times on|off", "show when something was said, in the server's time", PlainDoor._times),
    _Command("/say TEXT", "send a text that would mean something else", PlainDoor._say),
    _Command("/help", "this list", lambda door, rest: Answer(_help())),
    _Command("/exit", "leave", lambda door, rest: Bye()),
)
_COMMANDS: Final = {row.usage[1:].split()[0]: row for row in _ROWS} | {"quit": _ROWS[-1]}


def _help() -> bytes:
    return _lines(*(_star(f"{row.usage:<18} {row.help}") for row in _ROWS), _star("//text sends /text"))
