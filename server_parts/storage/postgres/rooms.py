"""The rooms of a log and their newest and oldest numbers, as this server knows them. Pure.

What it appends itself is known at once; what others append, when their notifications arrive, or when it looks. So a
number may be too low for an instant, but never too high.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

ROOMS: Final = "SELECT id, name, first, last FROM rooms WHERE last > 0"

ROOM: Final = "SELECT id, name, first, last FROM rooms WHERE name = %s AND last > 0"


class Rooms:
    """Read by any thread."""

    def __init__(self) -> None:
        self.ids: dict[str, int] = {}
        self.names: dict[int, str] = {}
        self.first: dict[str, int] = {}
        self.last: dict[str, int] = {}

    def learn(self, rows: Iterable[tuple[int, str, int, int]]) -> None:
        """Take rows of ROOMS in. Numbers only rise."""
        for id, name, first, last in rows:
            self.ids[name], self.names[id] = id, name
            self.first[name] = max(first, self.first.get(name, 1))
            self.last[name] = max(last, self.last.get(name, 0))

    def raise_last(self, name: str, last: int) -> None:
        self.last[name] = max(last, self.last.get(name, 0))

    def forget(self) -> None:
        """The database is another one: what is known of the one before means nothing there."""
        for known in (self.ids, self.names, self.first, self.last):
            known.clear()


def fallen(known: Mapping[str, int], rows: Iterable[tuple[int, str, int, int]]) -> list[str]:
    """Rooms whose newest number is lower than was known, or that are gone: not all that was stored is there."""
    there = {name: last for _, name, _, last in rows}
    return [name for name, last in known.items() if there.get(name, 0) < last]
