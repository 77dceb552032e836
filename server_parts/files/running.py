"""Which transfers are under way: of one file, only one is received at a time, and what somebody sends can be ended."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

TICK: Final = 0.5
MOST_REMEMBERED: Final = 10_000  # people


class Sending:
    """One person's upload that is being received."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.is_ended = False  # whoever receives it is to stop


class Running:
    """Any thread may ask."""

    def __init__(self) -> None:
        self._changed = threading.Condition()  # guards all here
        self._received: dict[str, Sending] = {}  # by the ids of files
        self._sent = 0
        self._sent_away: OrderedDict[str, None] = OrderedDict()  # people

    @property
    def count(self) -> int:
        """How many are under way, in both directions."""
        return len(self._received) + self._sent

    def has(self, id: str) -> bool:
        """Whether that file is being received."""
        return id in self._received

    @contextmanager
    def receiving(self, id: str, owner: str) -> Iterator[Sending]:
        """Receive a file: whoever received it so far ends, and is waited for."""
        mine = Sending(owner)
        with self._changed:
            while (other := self._received.get(id)) is not None and not mine.is_ended:
                other.is_ended = True
                self._changed.wait(TICK)
            self._received[id] = mine
        try:
            yield mine
        finally:
            with self._changed:
                if self._received.get(id) is mine:
                    del self._received[id]
                self._changed.notify_all()

    @contextmanager
    def sending(self) -> Iterator[None]:
        with self._changed:
            self._sent += 1
        try:
            yield
        finally:
            with self._changed:
                self._sent -= 1

    def end(self, owner: str) -> None:
        """All that this person sends, and with the addresses that they have they begin nothing."""
        with self._changed:
            self._sent_away[owner] = None
            if len(self._sent_away) > MOST_REMEMBERED:
                self._sent_away.popitem(last=False)
            for sending in self._received.values():
                sending.is_ended = sending.is_ended or sending.owner == owner

    def allow(self, owner: str) -> None:
        """This person is given an address: they are here, or here again."""
        with self._changed:
            self._sent_away.pop(owner, None)

    def is_sent_away(self, owner: str) -> bool:
        """Whether they were, and were given no address since then."""
        return owner in self._sent_away
