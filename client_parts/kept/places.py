"""In which rooms this person was at each server, and in which of them last, kept between runs.

A server is known by its address: which log it has is not known before the rooms are entered. Several terminals may be
there under one name: each changes only what it has changed itself. It must not know frames.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

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
        self._last: Place | None = None  # where this run is, or where the last one was

    def find(self) -> Place:
        """Where the last run was. Nowhere, if there was none."""
        self._last = self._place_in(json_file.load(self._path) if self._path else {})
        return self._last or Place()

    def keep(self, place: Place) -> None:
        """Keep it for the next run. Costs nothing if it is the same as before."""
        if place != self._last and self._path is not None:
            before, self._last = self._last or Place(), place
            json_file.update(self._path, lambda kept: self._with(kept, merged(self._place_in(kept), place, before)))

    def _place_in(self, kept: dict[str, Any]) -> Place | None:
        return next((_read(kept[label]) for label in self._labels if label in kept), None)

    def _with(self, kept: dict[str, Any], place: Place) -> dict[str, Any]:
        written = {"rooms": list(place.rooms[:_MOST_ROOMS]), "current": place.current}
        others = {label: value for label, value in kept.items() if label not in self._labels}
        return dict([*others.items(), *((label, written) for label in self._labels)][-_MOST_PLACES:])


def merged(kept: Place | None, place: Place, before: Place) -> Place:
    """What is kept by now, with what this run has changed: the rooms that it entered and left, and where it talks."""
    if kept is None:
        return place
    rooms = [room for room in kept.rooms if room in place.rooms or room not in before.rooms]
    rooms += [room for room in place.rooms if room not in before.rooms]
    current = kept.current if place.current == before.current else place.current
    if _is_public(current) and current not in rooms:  # one of the two has just left it
        current = place.current
        rooms += filter(_is_public, [current])
    return Place(tuple(dict.fromkeys(rooms)), current)


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


def _is_public(room: Any) -> TypeGuard[str]:
    return isinstance(room, str) and room_problem(room) is None
