"""In which rooms this person was at each server, and in which of them last, kept between runs.

A server is known by its address: which log it has is not known before the rooms are entered. It must not know frames.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chat_common import is_name, room_problem
from client_parts.kept import json_file

_MOST_PLACES, _MOST_ROOMS = 50, 100


@dataclass(frozen=True, slots=True)
class Place:
    """Public rooms, in the order in which they were entered; and where a text goes, `@bob` for a conversation."""

    rooms: tuple[str, ...] = ()
    current: str | None = None


class Places:
    """Those of one person, under one name, at one chat. Without a path, none is kept."""

    def __init__(self, path: Path | None = None, addresses: Iterable[tuple[str, int]] = (), name: str = "") -> None:
        """`addresses`: of all servers of the chat, the preferred one first."""
        self._path = path
        self._labels = [f"{host.lower()}:{port} {name.lower()}" for host, port in addresses]
        self._last: Place | None = None  # what is in the file, as far as this run knows

    def find(self) -> Place:
        """Where the last run was. Nowhere, if there was none."""
        kept = json_file.load(self._path) if self._path else {}
        self._last = next((_read(kept[label]) for label in self._labels if label in kept), None)
        return self._last or Place()

    def keep(self, place: Place) -> None:
        """Keep it for the next run. Costs nothing if it is the same as before."""
        if place != self._last and self._path is not None:
            self._last = place
            json_file.update(self._path, lambda kept: self._with(kept, place))

    def _with(self, kept: dict[str, Any], place: Place) -> dict[str, Any]:
        written = {"rooms": list(place.rooms[:_MOST_ROOMS]), "current": place.current}
        others = {label: value for label, value in kept.items() if label not in self._labels}
        return dict([*others.items(), *((label, written) for label in self._labels)][-_MOST_PLACES:])


def place_to_enter(wanted: tuple[str, ...], kept: Place, *, insists: bool, talks_there: bool) -> Place:
    """Where to go: to the rooms that are wanted, and to those of the last run, the current one first.

    Without `insists`, rooms that are wanted are those for whoever was nowhere. Without `talks_there`, the last run
    decides where texts go.
    """
    if not kept.rooms and kept.current is None:
        return Place(wanted, wanted[0] if wanted else None)
    current = wanted[0] if talks_there and wanted else kept.current
    rooms = (*(wanted if insists else ()), *kept.rooms)
    first = (current,) if current in rooms else ()
    return Place(tuple(dict.fromkeys((*first, *rooms))), current)


def _read(kept: Any) -> Place:
    """A damaged place is worth what is left of it."""
    kept = kept if isinstance(kept, dict) else {}
    named, current = kept.get("rooms"), kept.get("current")
    rooms = [room for room in named if _is_public(room)] if isinstance(named, list) else []
    is_there = isinstance(current, str) and (current in rooms or (current.startswith("@") and is_name(current[1:])))
    return Place(tuple(dict.fromkeys(rooms[:_MOST_ROOMS])), current if is_there else next(iter(rooms), None))


def _is_public(room: Any) -> bool:
    return isinstance(room, str) and room_problem(room) is None
