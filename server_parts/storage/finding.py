"""What a search is asked for and what it finds, whatever keeps the messages. Pure."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence, Set
from typing import Final, NamedTuple

from chat_common import partners
from server_parts.storage.records import Message, Place
from server_parts.storage.search_query import Query

SEARCH_TIME: Final = 0.1  # seconds a search may take
MOST_COUNTED: Final = 1_001  # of the messages that match: more than a thousand
BREATH: Final = 0.001  # seconds between two slices


def end_of_search() -> float:
    """When a search that begins now has to end, by the monotonic clock."""
    return time.monotonic() + SEARCH_TIME


class Wanted(NamedTuple):
    """What a search looks for, and how much of it is wanted.

    It looks in `room`, or in all public rooms and those in `floors`. Of a room in `floors` only what is numbered above
    its floor may be found; a private room that is not in `floors` is never looked into, and none in `hidden`.
    """

    query: Query
    floors: Mapping[str, int]
    limit: int  # messages
    room: str | None = None
    before: tuple[str, int] | None = None  # the room and id of a message: only what was appended before it
    most: int = 0  # beyond `limit`, what matches is counted up to this number
    size: float = math.inf  # characters of text; of the messages that follow, only the places are kept
    hidden: Set[str] = frozenset()  # public rooms that the asker must not learn of

    def may_read(self, room: str, id: int) -> bool:
        """Whether the asker may read that message."""
        is_open = room not in self.hidden and not partners(room)
        return id > self.floors.get(room, 0) and (is_open or room in self.floors)


class Found(NamedTuple):
    """Messages that a search found, newest first."""

    messages: list[Message]
    total: int = 0  # how many match, these included, as far as they were counted
    partial: bool = False  # the time was over before all was looked through
    later: Sequence[Place] = ()  # what follows them, where there was no room for the texts

    @property
    def places(self) -> list[Place]:
        """Of all of it."""
        return [*(Place(m.room, m.id, len(m.text)) for m in self.messages), *self.later]


class Finds:
    """What a search finds, one after the other: the texts up to a size, then the places up to a limit, then a count."""

    def __init__(self, wanted: Wanted) -> None:
        self._limit = wanted.limit
        self._room = wanted.size
        self._most = max(wanted.limit, wanted.most)
        self._messages: list[Message] = []
        self._later: list[Place] = []
        self.total = 0

    @property
    def left(self) -> int:
        """How many more are to be counted."""
        return self._most - self.total

    def add(self, message: Message) -> None:
        self.total += 1
        if self.total > self._limit:
            return
        if self._room > 0:
            self._messages.append(message)
            self._room -= len(message.text)
        else:
            self._later.append(Place(message.room, message.id, len(message.text)))

    def found(self, *, partial: bool = False) -> Found:
        return Found(self._messages, self.total, partial, tuple(self._later))
