"""Who came and left since the last time anybody was told, room by room. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from chat_common import Frame

NAMES_A_FRAME: Final = 1_000  # a thousand of the longest names stay within a line


class Presence:
    """Comings and goings, merged: who leaves and is back before anybody was told has not left."""

    def __init__(self) -> None:
        self._joined: dict[str, dict[str, None]] = {}
        self._left: dict[str, dict[str, None]] = {}

    def __bool__(self) -> bool:
        return bool(self._joined or self._left)

    def joined(self, room: str, name: str) -> None:
        _move(room, name, self._left, self._joined)

    def left(self, room: str, name: str) -> None:
        _move(room, name, self._joined, self._left)

    def rooms(self) -> list[str]:
        """Where somebody came or left."""
        return list(self._joined | self._left)

    def newcomers(self, room: str) -> Collection[str]:
        """Who came to a room."""
        return self._joined.get(room, ())

    def take(self, room: str) -> list[Frame]:
        """What changed in a room, as frames that still want `members`. Forgets what it hands out."""
        joined, left = self._joined.pop(room, {}), self._left.pop(room, {})
        return _merged([*_frames(room, "joined", joined), *_frames(room, "left", left)])


def _move(room: str, name: str, back_from: dict[str, dict[str, None]], to: dict[str, dict[str, None]]) -> None:
    if name in back_from.get(room, ()):
        del back_from[room][name]
    else:
        to.setdefault(room, {})[name] = None


def _frames(room: str, what: str, moved: dict[str, None]) -> list[Frame]:
    names = list(moved)
    return [
        {"type": "presence", "room": room, what: names[start : start + NAMES_A_FRAME]}
        for start in range(0, len(names), NAMES_A_FRAME)
    ]


def _merged(frames: list[Frame]) -> list[Frame]:
    """A few joined and a few left are one frame."""
    few = sum(len(frame.get("joined", ())) + len(frame.get("left", ())) for frame in frames) <= NAMES_A_FRAME
    return [frames[0] | frames[-1]] if few and frames else frames
