"""From the server's frames to lines for a person. Every string from outside is made harmless here.

It must not know sockets, threads or the terminal. Frames have passed `accepted_frames.acceptable`.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from chat_common import (
    COLORS,
    LOBBY,
    Frame,
    harmless,
    harmless_line,
    name_problem,
    paint,
    partners,
    speech,
    without_padding,
)
from client_parts.files.shelf import Shelf
from client_parts.screen.capitals import capitalised
from client_parts.screen.code import with_code_apart
from client_parts.screen.file_mark import mark
from client_parts.screen.found import Results, matches

MENTION = "»"  # stands before a message that names this person, for whoever sees no colours
_ANSWERS = "↪"  # stands before what a message answers
_MANY = 8  # names listed one by one
_MOST_COUNTED = 1000  # messages that match a search; a total above means more than these
_MANY_AWAY = 2  # the same in the status line


class View:
    """How frames look to one person. `me` is the name that the server last confirmed."""

    def __init__(self, style: str = "classic") -> None:
        self.style = style
        self.home: str | None = LOBBY  # the one room whose lines need no mark
        self.me = ""
        self.marks_mentions = False
        self.shelf = Shelf()  # files, by the numbers under which they are shown
        self.timed = False  # each message bears its time, and a new day a line
        self._day = time.localtime()[:3]

    def is_me(self, name: str) -> bool:
        return name.lower() == self.me.lower()

    def place(self, room: str) -> str:
        """A room as a person writes it: `#lobby`, or `@bob` for the room of bob and me."""
        if not room.startswith("@"):
            return f"#{harmless_line(room)}"
        others = [name for name in partners(room) if not self.is_me(name)]
        return "@" + harmless_line("+".join(others) or room[1:].split("+")[0])

    def mark(self, room: str) -> str:
        """What stands before each line of a room, wherever one talks: it is never unclear who can read a line."""
        return "" if room == self.home else f"{self.place(room)} "

    def message(
        self, message: Frame, *, past: bool = False, delivered: bool = False, quote: str = "", facts: str = ""
    ) -> str:
        """A message, live or from the past; with a quote of what it answers, and what was done to it."""
        label, body = speech(message["from"], message["color"], _words(message), self.style)
        if message.get("deleted"):
            body = aside("(deleted)")
        if not self.timed:  # whoever breaks these lines, if anybody, breaks them anywhere
            body = without_padding(body)
        own = self.is_me(message["from"])
        named = self.marks_mentions and not own and bool(mentions(self.me, body))
        when = aside(f"{(moment if past and not self.timed else clock)(message['ts'])} ")
        mark = self.mark(message["room"])
        parts = [
            f"{when}{paint(mark, 'yellow') if mark else ''}{aside(f'{_ANSWERS} {quote}')}\n"
            if self.timed and quote
            else "",
            when,
            paint(f"{MENTION} ", "yellow", "bold") if named else "",
            paint(mark, "yellow") if mark else "",
            aside(f"(to {quote.replace('(', '[').replace(')', ']')}) ") if quote and not self.timed else "",
            _tint(label, message["color"]),
            body if message.get("deleted") else with_code_apart(body, str if own else self._heard),
            self._brought(message, " " if body else ""),
            paint(" ✓", "green") if delivered else "",
            facts,
        ]
        return "".join(parts)

    def _brought(self, message: Frame, joint: str) -> str:
        """The file that comes with a message, if one does, with the number by which it is fetched."""
        file = message.get("file")
        if file is None or message.get("deleted"):
            return ""
        return joint + paint(mark(self.shelf.put(file), file), "cyan", "bold")

    def deed(self, entry: Frame, said: str, *, past: bool = False) -> str:
        """A line of its own about what an entry did to another message or to the room."""
        show = moment if past and not self.timed else clock
        when = "" if entry["ts"] is None else aside(f"{show(entry['ts'])} ")
        mark = self.mark(entry["room"])
        return when + (paint(mark, "yellow") if mark else "") + aside(said)

    def notification(self, message: Frame) -> tuple[str, str]:
        """A title and a text for somebody who does not look at the screen."""
        where = "in private" if message["room"].startswith("@") else f"in {self.place(message['room'])}"
        text = message["text"].removeprefix("/me ")
        return f"{harmless_line(message['from'])} {where}", without_padding(harmless_line(text))

    def _heard(self, body: str) -> str:
        """What somebody else says, with one's own name standing out."""
        parts, end = [], 0
        for start, stop in mentions(self.me, body) if self.timed else ():
            parts += [paint(body[end:start], "cyan"), paint(body[start:stop], "yellow", "bold", "underline")]
            end = stop
        return "".join([*parts, paint(body[end:], "cyan")])

    def new_day(self, ts: float) -> str | None:
        """A line, if the message of that time is of another day than the one before."""
        day = _local(ts)
        if day[:3] == self._day:
            return None
        self._day = day[:3]
        return aside(f"── {time.strftime('%A %d %B %Y', day)} ──")

    def unread(self, number: int, room: str, *, hidden: int = 0) -> str:
        """The line before what is new; `hidden` of it is not on the screen."""
        where = f" in {self.place(room)}" if self.mark(room) else ""
        back = "; /history shows " + ("it" if hidden == number == 1 else f"{hidden} of them") if hidden else ""
        return alert(f"── {count(number, 'new message')}{where}{back} ──")

    def missed(self, number: int) -> str:
        """The line after what came while one was away."""
        return alert(f"── {count(number, 'new message')} while you were away ──")

    def presence(self, frame: Frame) -> list[str]:
        """Who came, went or changed names; nothing about me."""
        there = f" ({frame['members']} here)" if frame.get("members") is not None else ""
        sentences = [
            f"{_listed(names)} {verb}{there}"
            for verb in ("joined", "left")
            if (names := [name for name in frame.get(verb) or [] if not self.is_me(name)])
        ]
        sentences += [
            f"{harmless_line(old)} is now {harmless_line(new)}"
            for old, new in frame.get("renamed") or []
            if not self.is_me(old) and not self.is_me(new)
        ]
        return [aside(f"{self.mark(frame['room'])}* {sentence}") for sentence in sentences]

    def who(self, members: list[Frame], room: str | None, total: int | None = None) -> str:
        if not members:
            return f"Nobody is in {self.place(room)}." if room else "Nobody is here."
        where = f"In {self.place(room)}" if room else "Here"
        people = ", ".join(_member(member) for member in members)
        number = f"{len(members)} of {total}" if total and total > len(members) else len(members)
        return f"{where} ({number}): {people}"

    def away(self, names: list[str]) -> str:
        """Of those who are in a room, for the status line."""
        if len(names) > _MANY_AWAY:
            return f"{len(names)} are away"
        return f"{_listed(names)} {'is' if len(names) == 1 else 'are'} away" if names else ""

    def rooms(self, rooms: list[Frame]) -> str:
        if not rooms:
            return "There is no such room; /join ROOM makes one."
        width = max(len(self.place(room["room"])) for room in rooms)
        rows = [
            f"  {self.place(room['room']):<{width}}  {count(room['members'], 'member')}, "
            f"{count(room['last'], 'message')}"
            for room in rooms
        ]
        return "\n".join(["Rooms:", *rows])

    def result(self, message: Frame, query: str = "") -> str:
        label, body = speech(message["from"], message["color"], harmless_line(_words(message)), "short")
        body = "(deleted)" if message.get("deleted") else body
        brought = self._brought(message, " " if body else "")
        spans = matches(query, body)
        said = _marked(body, spans) if spans else self._heard(body)
        return self._where(message) + _tint(label, message["color"]) + said + brought

    def _where(self, message: Frame) -> str:
        place = self.place(message["room"]).lstrip("#")
        return paint(f"{message_number(message['id'])} {place} {date(message['ts'])} ", None, "dark")

    def near(self, message: Frame, query: str = "", *, is_meant: bool, deed: str = "") -> str:
        """A message beside a found one, or that one, with a sign before it. `deed`: what it tells instead."""
        sign = paint("→ ", "yellow", "bold") if is_meant else "  "
        return sign + (self._where(message) + aside(deed) if deed else self.result(message, query if is_meant else ""))

    def end_of_page(self, results: Results, before: int, *, hidden: int = 0) -> str:
        """The line after results, `before` of which were shown on earlier pages."""
        shown = before + len(results.messages)
        ignored = f", {hidden} from people you ignore" if hidden else ""
        late = "the search took too long: use more words or in:ROOM / since:DAY" if results.partial else ""
        if not shown:
            return f"* Nothing found: {late}" if late else "* Nothing found."
        if results.total is None:
            return f"* end of the search{ignored}"
        if len(results.messages) >= results.total:
            return f"* {shown} of {shown}{ignored} · {late or 'end of the search'}"
        total = f"{before + results.total}" if results.total <= _MOST_COUNTED else f"more than {before + _MOST_COUNTED}"
        return f"* {shown} of {total}{ignored} · /more shows the next" + (f" · {late}" if late else "")

    def mentions(self, missed: list[Frame], seen: list[Frame]) -> list[str]:
        """Both kinds under headings of their own, the missed ones first."""
        if not missed and not seen:
            return [aside("* Nobody has mentioned you.")]
        lines = []
        if missed:
            lines += [alert(f"* {count(len(missed), 'mention')} that you missed:"), *map(self.result, missed)]
        if seen:
            heading = "* earlier mentions:" if missed else "* No new mentions; earlier ones:"
            lines += [aside(heading), *map(self.result, seen)]
        return lines

    def notice(self, frame: Frame) -> str:
        return paint(f"* {_indented(frame['text'])}", "cyan")

    def motd(self, text: str) -> str:
        return paint(harmless(text), "cyan")

    def turn(self, room: str | None) -> str:
        """That texts go elsewhere from here on."""
        if room is None:
            return aside("* you are in no room now")
        if room.startswith("@"):
            return aside(f"* now talking to {harmless_line(room[1:])} in private")
        return aside(f"* now talking in {self.place(room)}")

    def target(self, room: str | None) -> str:
        """Whom a typed line goes to, as the prompt names it."""
        return "(no room)" if room is None else harmless_line(room)


def not_a_name(name: str) -> str:
    """Why that cannot be anybody's name."""
    return as_sentence(f'"{harmless_line(name)}" is not a valid name: {name_problem(name)}')


def as_sentence(text: str) -> str:
    """A reason, as a sentence that others can follow."""
    line = harmless_line(text).strip()
    return capitalised(line) + ("" if line.endswith((".", "!", "?", "…")) else ".")


def good(text: str) -> str:
    return paint(text, "green")


def bad(text: str) -> str:
    return paint(text, "red")


def alert(text: str) -> str:
    """What must not be overlooked."""
    return paint(text, "yellow")


def aside(text: str) -> str:
    """What may be overlooked."""
    return paint(text, None, "dark")


def message_number(id: int) -> str:
    """The number of a message; `#8` would look like a room."""
    return f"[{id}]"


def _words(message: Frame) -> str:
    """What somebody wrote: a file without words of its own has some for clients that know nothing of files."""
    file = message.get("file")
    is_bare = file is not None and file.get("bare") and message.get("edited") is None
    return "" if is_bare else str(message["text"])


def _marked(body: str, spans: list[tuple[int, int]]) -> str:
    """A text with parts of it standing out, without colours too."""
    parts, end = [], 0
    for start, stop in spans:
        painted = paint(body[start:stop], "yellow", "bold", "underline")
        marked = f"*{painted}*" if painted == body[start:stop] else painted
        parts += [paint(body[end:start], "cyan"), marked]
        end = stop
    return "".join([*parts, paint(body[end:], "cyan")])


def utc_offset() -> int:
    """How many minutes the local clock is ahead of UTC."""
    return time.localtime().tm_gmtoff // 60


def clock(ts: float) -> str:
    return time.strftime("%H:%M", _local(ts))


def moment(ts: float) -> str:
    """The local time of day; with the date where that is not today."""
    when = _local(ts)
    return time.strftime("%H:%M" if when[:3] == time.localtime()[:3] else "%Y-%m-%d %H:%M", when)


def date(ts: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", _local(ts))


def _local(ts: float) -> time.struct_time:
    try:
        return _second(math.floor(ts))
    except (ValueError, OverflowError, OSError):  # a server's clock may say anything
        return time.localtime(0)


@lru_cache(maxsize=64)  # many messages come within one
def _second(number: int) -> time.struct_time:
    return time.localtime(number)


def _tint(text: str, color: object) -> str:
    """Painted, if that colour exists here: a server may know others."""
    return paint(text, color) if isinstance(color, str) and color in COLORS else text


def _indented(text: str) -> str:
    return without_padding(harmless(text)).replace("\n", "\n    ")


def _listed(names: Iterable[str]) -> str:
    shown = [harmless_line(name) for name in names]
    if len(shown) > _MANY:
        return f"{', '.join(shown[: _MANY - 2])} and {len(shown) - _MANY + 2} others"
    return ", ".join(shown)


def _member(member: Mapping[str, Any]) -> str:
    facts = []
    if role := member.get("role"):
        facts.append(harmless_line(role))
    if (connections := member.get("connections") or 1) > 1:
        facts.append(count(connections, "connection"))
    if away := member.get("away"):
        facts.append(f"away: {without_padding(harmless_line(away))}")
    name = _tint(harmless_line(member["name"]), member.get("color")) + real_name(member)
    return name + (aside(f" ({', '.join(facts)})") if facts else "")


def real_name(person: Mapping[str, Any]) -> str:
    """The display name, as it stands behind the name; nothing if there is none."""
    text = person.get("realname")
    return f" ({without_padding(harmless_line(text))})" if text else ""


def count(number: int, noun: str, plural: str = "") -> str:
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def mentions(name: str, text: str) -> list[tuple[int, int]]:
    """Where a text has that name as a whole word, whatever the case."""
    if not name or (text.isascii() and name.lower() not in text.lower()):
        return []
    return [match.span() for match in _word(name).finditer(text)]


@lru_cache(maxsize=8)
def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])", re.IGNORECASE)
