"""Addresses for files that somebody is about to send with another program, such as curl: good once, and for a while.

They are kept in memory only: who asked for one has to be connected when the file is there, as it is said in their name.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

from server_parts.storage.file_records import new_id

MOST: Final = 1_000
MOST_OF_ONE: Final = 10


class Sender(NamedTuple):
    """Who sends a file: as whom it is kept, and the address that counts, if one does."""

    owner: str
    source: str


class Promised:
    """What was promised to somebody. `file`: the id of the file that they send there, once they do."""

    def __init__(self, room: str, name: str, sender: Sender, say: Callable[[str], bool]) -> None:
        self.room, self.name, self.sender, self.say = room, name, sender, say
        self.file = ""


class Promises:
    """Any thread may ask. The oldest are forgotten when there are too many."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards all here
        self._kept: OrderedDict[str, Promised] = OrderedDict()

    def make(self, room: str, name: str, sender: Sender, say: Callable[[str], bool]) -> str:
        id = new_id()
        with self._lock:
            self._kept[id] = Promised(room, name, sender, say)
            own = [one for one, kept in self._kept.items() if kept.sender.owner == sender.owner]
            for one in own[:-MOST_OF_ONE]:
                del self._kept[one]
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return id

    def find(self, id: str) -> Promised | None:
        return self._kept.get(id)

    def keep(self, id: str) -> None:
        """It was kept, and is good no more."""
        with self._lock:
            self._kept.pop(id, None)

    def drop(self, owner: str) -> None:
        """All of one person's."""
        with self._lock:
            for id in [id for id, kept in self._kept.items() if kept.sender.owner == owner]:
                del self._kept[id]
