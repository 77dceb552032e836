"""What asks for a person's attention: unread rooms, mentions of their name, when to ring, who came and went.

It knows no clock (times come in) and no screen. Pure.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from chat_common import Frame

BELLS = ("on", "mentions", "off")
JOINS = ("all", "smart", "off")
JOINED_AFTER, LEFT_AFTER = 0.6, 2.5  # seconds that news waits: for company, or for the one who comes right back


def mentions(name: str, text: str) -> list[tuple[int, int]]:
    """Where a text has that name as a whole word, whatever the case."""
    if not name:
        return []
    word = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])", re.IGNORECASE)
    return [match.span() for match in word.finditer(text)]


class Unread:
    """How much was said in rooms that are not in view."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def add(self, room: str, number: int = 1) -> None:
        self._counts[room] = self._counts.get(room, 0) + number

    def seen(self, room: str) -> None:
        self._counts.pop(room, None)

    def counts(self) -> dict[str, int]:
        return dict(self._counts)


@dataclass(slots=True)
class _Coming:
    name: str
    verb: str
    due: float = math.inf


class Comings:
    """Who came and went, held back for a moment: several become one note, and a quick return becomes none."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], _Coming] = {}  # by room, and name in lower case
        self._members: dict[str, int | None] = {}

    def hold(self, frame: Frame) -> None:
        """Its moment begins when it is first asked for."""
        room = frame["room"]
        self._members[room] = frame.get("members")
        for verb, other in (("left", "joined"), ("joined", "left")):
            for name in frame.get(verb) or []:
                held = self._held.pop((room, name.lower()), None)
                if held is None or held.verb != other:
                    self._held[room, name.lower()] = _Coming(name, verb)

    def forget(self) -> None:
        """The link is gone: such news would come too late."""
        self._held.clear()

    @property
    def due(self) -> float:
        return min((coming.due for coming in self._held.values()), default=math.inf)

    def release(self, now: float) -> list[Frame]:
        """What is to be told now: with the first news of a room that falls due, all of the same kind."""
        for coming in self._held.values():
            if coming.due == math.inf:
                coming.due = now + (LEFT_AFTER if coming.verb == "left" else JOINED_AFTER)
        ripe = {(room, coming.verb) for (room, _), coming in self._held.items() if coming.due <= now}
        told: dict[str, Frame] = {}
        for (room, key), coming in list(self._held.items()):
            if (room, coming.verb) in ripe:
                del self._held[room, key]
                told.setdefault(room, self._news_of(room)).setdefault(coming.verb, []).append(coming.name)
        return list(told.values())

    def speaks(self, room: str, name: str) -> list[Frame]:
        """Who is heard must have come before: that cannot wait any longer."""
        coming = self._held.get((room, name.lower()))
        if coming is None or coming.verb == "left":
            return []
        del self._held[room, name.lower()]
        return [{**self._news_of(room), "joined": [coming.name]}]

    def _news_of(self, room: str) -> Frame:
        return {"room": room, "members": self._members.get(room)}
