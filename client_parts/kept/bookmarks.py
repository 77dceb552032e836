"""Where this person stopped reading, kept between runs: for each log and name, the last id of each room.

A log is known by its epoch, so that neither an address nor a server started anew can be taken for another. It must
not know frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from client_parts.kept import json_file

Epoch = str | int


Key = tuple[str, int]  # one message: its room and id

_MOST_LOGS, _MOST_ROOMS, MOST_MISSED = 20, 200, 100
_LONGEST = 100  # characters of a room, or of an epoch: any that this project makes is shorter


@dataclass(frozen=True, slots=True)
class Bookmark:
    """The last id of each room that was shown, and mentions that were missed and not looked at since."""

    seen: Mapping[str, int] = field(default_factory=dict)
    missed: tuple[Key, ...] = ()


class Bookmarks:
    """All of them. Without a path, there are none and none is kept."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._own: dict[str, frozenset[Key]] = {}  # log and name → the missed mentions that this run found or kept

    def find(self, epoch: Epoch, name: str) -> Bookmark | None:
        """Return what the last run left, or None if there was none."""
        kept = json_file.load(self._path).get(_label(epoch, name)) if self._path else None
        if not isinstance(kept, dict):
            return None
        mark = _read(kept)
        self._own[_label(epoch, name)] = frozenset(mark.missed)
        return mark

    def keep(self, epoch: Epoch, name: str, mark: Bookmark) -> None:
        """Keep a bookmark for the next run, together with what another client has kept meanwhile."""
        label = _label(epoch, name)
        own = self._own.get(label, frozenset())
        self._own[label] = frozenset(mark.missed)

        def with_it(logs: dict[str, Any]) -> dict[str, Any]:
            merged = _merged(_read(logs.pop(label, None)), mark, own)
            return dict(_last({**logs, label: _written(merged)}.items(), _MOST_LOGS))

        if self._path is not None:
            json_file.update(self._path, with_it)


def _merged(kept: Bookmark, mark: Bookmark, own: frozenset[Key]) -> Bookmark:
    """Of each room the later place; and the mentions that nobody has looked at, in this client or in another.

    Of the kept ones, those that are `own` and not in `mark` any more were looked at here. Of those in `mark`, those
    that are `own` and not kept any more were looked at elsewhere.
    """
    older = {room: id for room, id in kept.seen.items() if room not in mark.seen}
    seen = {room: max(id, kept.seen.get(room, id)) for room, id in mark.seen.items()}
    others = [key for key in kept.missed if key not in own]
    mine = [key for key in mark.missed if key not in own or key in kept.missed]
    return Bookmark({**older, **seen}, tuple(dict.fromkeys([*others, *mine])))


def _written(mark: Bookmark) -> dict[str, Any]:
    seen = [(room, id) for room, id in mark.seen.items() if len(room) <= _LONGEST]
    missed = [key for key in mark.missed if len(key[0]) <= _LONGEST]
    return {"seen": dict(_last(seen, _MOST_ROOMS)), "missed": _last(missed, MOST_MISSED)}


def _label(epoch: Epoch, name: str) -> str:
    return f"{str(epoch)[:_LONGEST]} {name.lower()}"


def _last(items: Iterable[Any], most: int) -> list[Any]:
    return list(items)[-most:]


def _read(kept: Any) -> Bookmark:
    """A damaged bookmark is worth what is left of it."""
    kept = kept if isinstance(kept, dict) else {}
    seen, missed = kept.get("seen"), kept.get("missed")
    return Bookmark(
        {room: id for room, id in seen.items() if type(id) is int} if isinstance(seen, dict) else {},
        tuple((key[0], key[1]) for key in missed if _is_key(key)) if isinstance(missed, list) else (),
    )


def _is_key(value: Any) -> bool:
    return isinstance(value, list) and [type(part) for part in value] == [str, int]
