"""Which new names somebody has been told of, who sees no rooms in such a line: it comes once, not once for each room.

Pure, and bounded.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from chat_common import Frame, partners

MOST_REMEMBERED: Final = 100  # new names


class Renames:
    """One hearer's."""

    def __init__(self) -> None:
        self._told: OrderedDict[tuple[str, str], set[str | None]] = OrderedDict()  # in which rooms it was, or would be

    def without_doubles(self, frames: Iterable[Frame]) -> list[Frame]:
        """These events, without new names that were told of in another room."""
        return [self._without_doubles(frame) for frame in frames]

    def _without_doubles(self, frame: Frame) -> Frame:
        room, pairs = frame["room"], frame.get("renamed")
        if not pairs or (room is not None and partners(room)):
            return frame
        return frame | {"renamed": [pair for pair in pairs if self._is_news(room, (pair[0], pair[1]))]}

    def _is_news(self, room: str | None, pair: tuple[str, str]) -> bool:
        """What a room tells a second time has happened a second time."""
        rooms = self._told.get(pair)
        if rooms is not None and room not in rooms:
            rooms.add(room)
            return False
        self._told[pair] = {room}
        self._told.move_to_end(pair)
        if len(self._told) > MOST_REMEMBERED:
            self._told.popitem(last=False)
        return True
