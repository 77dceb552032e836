"""What asks for a person's attention: unread rooms, mentions of their name, when to ring, who came and went.

It knows no clock (times come in) and no screen. Pure.
"""

from __future__ import annotations

import re

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


class Comings:
    """Who came and went, held back for a moment: several become one note, and a quick return becomes none."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], tuple[str, str, float]] = {}  # (room, name) → name, verb, when to tell
        self._members: dict[str, int | None] = {}

    def hold(self, frame: Frame, now: float) -> None:
        room = frame["room"]
        self._members[room] = frame.get("members")
        for verb, other, delay in (("left", "joined", LEFT_AFTER), ("joined", "left", JOINED_AFTER)):
            for name in frame.get(verb) or []:
                self._hold_one(room, name, verb, other, now + delay)

    def _hold_one(self, room: str, name: str, verb: str, other: str, due: float) -> None:
        key = (room, name.lower())
        held = self._held.get(key)
        if held is not None and held[1] == other:
            del self._held[key]
        else:
            self._held[key] = (name, verb, due)

    @property
    def due(self) -> float | None:
        return min((due for _, _, due in self._held.values()), default=None)

    def release(self, now: float) -> list[Frame]:
        """What is to be told now: with the first news of a room that falls due, all of the same kind."""
        ripe = {(room, held[1]) for (room, _), held in self._held.items() if held[2] <= now}
        told: dict[str, Frame] = {}
        for (room, key), (name, verb, _) in list(self._held.items()):
            if (room, verb) in ripe:
                del self._held[room, key]
                told.setdefault(room, {"room": room, "members": self._members.get(room)}).setdefault(verb, []).append(
                    name
                )
        return list(told.values())
