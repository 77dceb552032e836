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

    def find(self, epoch: Epoch, name: str) -> Bookmark | None:
        """What the last run left; None if there was none."""
        kept = json_file.load(self._path).get(_label(epoch, name)) if self._path else None
        return _read(kept) if isinstance(kept, dict) else None

    def keep(self, epoch: Epoch, name: str, mark: Bookmark) -> None:
        if self._path is None:
            return
        label = _label(epoch, name)
        logs = json_file.load(self._path)
        before = _read(logs.pop(label, None))
        older = {room: id for room, id in before.seen.items() if room not in mark.seen}
        seen = {room: id for room, id in {**older, **mark.seen}.items() if len(room) <= _LONGEST}
        logs[label] = {
            "seen": dict(_last(seen.items(), _MOST_ROOMS)),
            "missed": _last((key for key in mark.missed if len(key[0]) <= _LONGEST), MOST_MISSED),
        }
        json_file.store(self._path, dict(_last(logs.items(), _MOST_LOGS)))


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
