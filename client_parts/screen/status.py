"""What a person should see at a glance, and the one row that says it.

It must not know frames, threads or the terminal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from chat_common import paint
from terminal_parts.width import cut, width


@dataclass(frozen=True, slots=True)
class Status:
    """Where one is and how things stand. Every string is harmless."""

    target: str  # whom a typed line goes to: lobby, @bob
    name: str
    color: str
    link: str = "online"
    next_try: str = ""  # of a link that is gone
    server: str = ""  # to which of several servers the link leads
    online: bool = True
    in_clear: bool = False  # whoever is between here and the server can read what is said
    members: int | None = None
    unread: tuple[tuple[str, int], ...] = ()
    away: bool = False  # oneself
    absent: str = ""  # who is away here, or that the partner of a private conversation is not there
    transfers: tuple[str, ...] = ()  # of files: what matters most first
    waiting: tuple[str, ...] = ()  # texts that the server has not confirmed for a moment now

    @property
    def prompt(self) -> str:
        return f"{self.target}> "

    @property
    def title(self) -> str:
        count = sum(number for _, number in self.unread)
        return f"({count}) {self.target} - chat" if count else f"{self.target} - chat"


class _Part(NamedTuple):
    """One thing that the row says, and what stands before it."""

    rank: int  # in a narrow terminal the highest goes first
    text: str
    color: str | None = None
    joint: str = " · "


_TARGET, _OFFLINE, _IN_CLEAR, _SIGN, _ABSENT, _AWAY, _NEXT_TRY, _TRANSFER, _ONLINE, _NAME = range(10)
_PRIVATE, _ROOM, _MEMBERS, _DETAILS, _OTHERS, _SERVER, _MORE = range(10, 17)
_MORE_NEWS = _Part(_SIGN, "…", "yellow")


def status_line(status: Status, columns: int) -> str:
    """A painted line of at most that many columns."""
    parts = _fitting(_parts(status), columns - 4)
    line = "".join(paint(part.joint, None, "dark") + paint(part.text, part.color) for part in parts)
    return paint("──", None, "dark") + line + paint(" " + "─" * (columns - 3 - _width(parts)), None, "dark")


def _parts(status: Status) -> list[_Part]:
    """In the order in which they stand there."""
    parts = [_Part(_TARGET, status.target, joint=" ")]
    if status.members is not None:
        parts.append(_Part(_MEMBERS, f"({status.members} here)", joint=" "))
    if status.absent:
        alone = status.target.startswith("@")
        parts.append(_Part(_ABSENT, status.absent, "yellow") if alone else _Part(_OTHERS, status.absent))
    parts.append(_Part(_NAME, status.name, status.color))
    if status.away:
        parts.append(_Part(_AWAY, "away", "yellow"))
    parts.append(_Part(_ONLINE, status.link, "green") if status.online else _Part(_OFFLINE, status.link, "yellow"))
    if status.server:
        parts.append(_Part(_SERVER, status.server, joint=" at "))
    if status.next_try:
        parts.append(_Part(_NEXT_TRY, status.next_try, "yellow", joint=", "))
    if status.in_clear:
        parts.append(_Part(_IN_CLEAR, "not encrypted", "yellow"))
    for number, word in enumerate(status.transfers):
        rank = _DETAILS if number else _TRANSFER
        parts.append(_Part(rank, word, "cyan", joint=" " if number == 1 else ", " if number else " · "))
    ranks = {True: _PRIVATE, False: _ROOM}  # of the first of each kind; who one is and the link come before them
    for place, number in status.unread:
        rank = ranks.pop(place.startswith("@"), _MORE)
        parts.append(_Part(rank, f"{place} {number} new", "yellow"))
    return parts


def _fitting(parts: list[_Part], columns: int) -> list[_Part]:
    """Whole parts, as many as fit; a sign where news was left out. What the link does stays, in a word at least."""
    kept = list(parts)
    while _width(kept) > columns and (least := max(reversed(kept), key=lambda part: part.rank)).rank > _OFFLINE:
        kept.remove(least)
        if least.rank in (_PRIVATE, _ROOM, _MORE) and _MORE_NEWS not in kept:
            kept.append(_MORE_NEWS)
    if _width(kept) > columns:
        target, *link = kept
        link = [part._replace(text=_in_a_word(part.text)) for part in link]
        kept = [target._replace(text=cut(target.text, columns - _width(link) - 1)), *link]
    return kept


def _in_a_word(link: str) -> str:
    return "connecting" if link.startswith("connecting") else "offline"


def _width(parts: list[_Part]) -> int:
    return sum(width(part.joint) + width(part.text) for part in parts)


def waiting_lines(status: Status, rows: int) -> tuple[str, ...]:
    """The texts on their way, a row each, and a count of those for which there is no row."""
    texts = status.waiting
    if len(texts) > rows:
        texts = (*texts[: rows - 1], f"and {len(texts) - rows + 1} more on their way")
    return texts[:rows]
