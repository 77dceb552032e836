"""What a room's log promises, whatever keeps it.

A room is a log: its messages are numbered 1, 2, 3 … without holes. Any thread may read. Every backend keeps the same
promises and passes the same contract tests. This module must not know sockets, frames or clients.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Final, Protocol

from server_parts.storage.finding import Found, Wanted
from server_parts.storage.records import Message, Receipt
from server_parts.storage.search_query import parse

PAGE: Final = 500  # messages read at a time when a whole room is wanted
TRIM_SLICE: Final = 500  # messages let go of at a time


class MessageLog(ABC):
    """Rooms as numbered logs, as they are read, searched and trimmed. What appends to them is a `Store`."""

    epoch: str  # made with the log; another epoch means that old numbers mean nothing

    @abstractmethod
    def last(self, room: str) -> int:
        """The newest number ever given in a room; 0 if there is none. Trimming does not lower it."""

    @abstractmethod
    def first(self, room: str) -> int:
        """The oldest number still kept in a room; the one after `last` if none is. What is below is trimmed."""

    @abstractmethod
    def rooms(self) -> dict[str, int]:
        """Every room that has ever had a message, private ones too, with its newest number."""

    @abstractmethod
    def after(self, room: str, after: int, limit: int, size: float = math.inf) -> list[Message]:
        """The oldest `limit` messages still kept with an id above `after`, in rising order.

        Of them only as many as it takes to fill `size` characters of text; no more than that are read.
        """

    def said(self, room: str, id: int) -> Message | None:
        """The message with that number; None if it is not kept, or if its text was taken away."""
        found = self.after(room, id - 1, 1)
        return found[0] if found and found[0].id == id and found[0].text else None

    @abstractmethod
    def receipt(self, session: str, seq: int) -> Receipt | None:
        """Where that text was stored; None if it was refused, trimmed or never seen."""

    def search(self, text: str, floors: Mapping[str, int], limit: int, room: str | None = None) -> list[Message]:
        """The messages of `find` for what somebody typed."""
        return self.find(Wanted(parse(text), floors, limit, room)).messages

    @abstractmethod
    def find(self, wanted: Wanted) -> Found:
        """Return messages that match, newest first. Newest means appended last, whatever the clock showed.

        What was appended before the call is found. Nothing is found before a message that the asker may not read.
        A search that takes longer than SEARCH_TIME is cut short.
        """

    @abstractmethod
    def trim(self, keep_days: float | None = None, keep_messages: int | None = None) -> bool:
        """Let go of some of a room's oldest messages: those past `keep_days`, and all but the newest `keep_messages`.

        One bounded slice of that work; True while there is more to do. A room's messages go in the order of their
        numbers, so none goes while an older one stays. Numbers are not used again.
        """


class _Readable(Protocol):
    def after(self, room: str, after: int, limit: int) -> list[Message]: ...


def everything_in(room: str, log: _Readable) -> Iterator[Message]:
    """Every message still kept in a room, in rising order, read a page at a time."""
    page = log.after(room, 0, PAGE)
    while page:
        yield from page
        page = log.after(room, page[-1].id, PAGE)
