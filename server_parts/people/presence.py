"""Who came, left and changed names in a room, in order, and what of it each hearer has still to be told. Pure.

A room keeps what not everybody has been told yet, and each member has a position in it, as in the room's messages. So
nobody is told of what was over before they came, and everybody of what they cannot know. Whoever changes names is told
that at once; it is left out of what they are told later.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Iterator
from typing import Final, NamedTuple

from chat_common import Frame
from server_parts.protocol import events

NAMES_A_FRAME: Final = 1_000  # a thousand of the longest names stay within a line
PAIRS_A_FRAME: Final = 500


class Kind(enum.Enum):
    JOINED = enum.auto()
    LEFT = enum.auto()
    RENAMED = enum.auto()


class Change(NamedTuple):
    kind: Kind
    name: str
    new: str = ""  # of somebody who was renamed …
    who: object = None  # … and who that is


class News:
    """What happened in one room since the position that every member has reached."""

    __slots__ = ("_changes", "_first", "_named", "_unknown", "entrance", "on_its_way")

    def __init__(self) -> None:
        self._first = 0
        self.entrance = 0  # from where on newcomers are told
        self.on_its_way = 0  # up to where it is being told to all
        self._changes: list[Change] = []
        self._unknown: set[str] = set()  # names that somebody bears of whom not everybody has been told
        self._named: set[str] = set()  # all names in the changes, without case

    def __bool__(self) -> bool:
        return bool(self._changes)

    @property
    def end(self) -> int:
        """The position of whoever has been told everything."""
        return self._first + len(self._changes)

    def enter(self, name: str) -> int:
        """Somebody joins. Returns the position from which on they are told, their own coming included.

        It does them no harm to be told of those who came just before. So a whole crowd that comes in is told the same.
        """
        self._note(Change(Kind.JOINED, name))
        return self.entrance

    def left(self, name: str) -> None:
        self._note(Change(Kind.LEFT, name))
        self.entrance = self.end

    def renamed(self, old: str, new: str, who: object = None) -> None:
        self._note(Change(Kind.RENAMED, old, new, who))
        self.entrance = self.end

    def _note(self, change: Change) -> None:
        self._changes.append(change)
        self._named.update(name.lower() for name in (change.name, change.new) if name)
        if change.kind is not Kind.LEFT:
            self._unknown.add(change.new or change.name)

    def is_unknown(self, name: str) -> bool:
        """Whether some member may not know yet that somebody of that name is there."""
        return name in self._unknown

    def is_named(self, name: str) -> bool:
        """Whether not everybody has been told yet what became of somebody of that name."""
        return name.lower() in self._named

    def so_far(self, room: str) -> Tidings:
        """What has happened until now, for members at whatever position."""
        return Tidings(room, self._first, self._changes)

    def for_all(self, room: str) -> Tidings:
        """The same, to be told to every member there is. Who comes in from now on is beyond that."""
        self.entrance = self.on_its_way = self.end
        return self.so_far(room)

    def forget(self, position: int) -> None:
        """Every member has reached that position."""
        if position <= self._first:
            return
        del self._changes[: position - self._first]
        self._first = max(position, self._first)
        self.entrance = max(position, self.entrance)
        rest, self._changes = self._changes, []
        self._unknown.clear()
        self._named.clear()
        for change in rest:
            self._note(change)


class Tidings:
    """The changes up to a position, as frames that still want `members`."""

    def __init__(self, room: str, first: int, changes: Iterable[Change]) -> None:
        self._room = room
        self._first = first
        self._changes = tuple(changes)
        self._renamed = {change.who: [change.name, change.new] for change in self._changes if change.who is not None}
        self._told: dict[int, list[Frame]] = {}
        self.end: Final = first + len(self._changes)

    def knows(self, who: object) -> bool:
        """Whether some of it is a new name of that hearer, who knows it already."""
        return who in self._renamed

    def since(self, position: int, hearer: object = None) -> list[Frame]:
        """Everything after a position, merged; but not the new name of that hearer.

        It is one pair, as long as whoever changes names is first told of all that was not told of either name.
        """
        frames = self._told.get(position)
        if frames is None:
            frames = self._told[position] = _merged(self._room, self._changes[position - self._first :])
        return frames if hearer is None else list(_without(frames, self._renamed.get(hearer)))


def _without(frames: Iterable[Frame], pair: list[str] | None) -> Iterator[Frame]:
    for frame in frames:
        if pair not in frame.get("renamed", ()):
            yield frame
        elif others := [other for other in frame["renamed"] if other != pair]:
            yield frame | {"renamed": others}


def _merged(room: str, changes: Iterable[Change]) -> list[Frame]:
    """The frames for whoever knows the room as it was before these changes."""
    frames: list[Frame] = []
    came: dict[str, None] = {}
    gone: dict[str, None] = {}
    renamed: list[tuple[str, str]] = []
    for kind, name, new, _ in changes:
        if kind is Kind.RENAMED and name not in came:
            if came or gone:
                frames += _moves(room, came, gone)
            _rename(renamed, name, new)
            continue
        if renamed:
            frames += _pairs(room, renamed)
        if kind is Kind.RENAMED:  # of somebody who is not known under the old name either
            del came[name]
            _move(new, gone, came)
        elif kind is Kind.JOINED:
            _move(name, gone, came)
        else:
            _move(name, came, gone)
    return [*frames, *_moves(room, came, gone), *_pairs(room, renamed)]


def _move(name: str, back_from: dict[str, None], to: dict[str, None]) -> None:
    """Who is back before anybody was told has not gone."""
    if name in back_from:
        del back_from[name]
    else:
        to[name] = None


def _rename(renamed: list[tuple[str, str]], name: str, new: str) -> None:
    """Several new names of one person are one, where nobody else bore the last of them in between."""
    for number, (old, current) in reversed(list(enumerate(renamed))):  # others may have been called that before
        if current == name:
            if all(new != other for other, _ in renamed[number + 1 :]):
                renamed[number : number + 1] = [(old, new)] if old != new or name == new else []
                return
            break
    renamed.append((name, new))


def _moves(room: str, came: dict[str, None], gone: dict[str, None]) -> list[Frame]:
    """A few who joined and a few who left are one frame. Empties both."""
    joined, left = list(came), list(gone)
    came.clear()
    gone.clear()
    if 0 < len(joined) + len(left) <= NAMES_A_FRAME:
        named = {"joined": joined, "left": left}
        return [events.presence(room, {what: names for what, names in named.items() if names})]
    return [*_frames(room, "joined", joined, NAMES_A_FRAME), *_frames(room, "left", left, NAMES_A_FRAME)]


def _pairs(room: str, renamed: list[tuple[str, str]]) -> list[Frame]:
    pairs = [[old, new] for old, new in renamed]
    renamed.clear()
    return _frames(room, "renamed", pairs, PAIRS_A_FRAME)


def _frames(room: str, what: str, items: Collection[object], most: int) -> list[Frame]:
    listed = list(items)
    return [events.presence(room, {what: listed[start : start + most]}) for start in range(0, len(listed), most)]
