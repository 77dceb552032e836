"""The newest messages that the operator's terminal has shown: whom an answer may mean, and who has talked last.

Noted by whoever shows them, asked by the operator's thread. It must not know the screen.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, NamedTuple

from server_parts.storage.amending import is_said
from server_parts.storage.records import DELETE, Message

MOST: Final = 500  # messages of a room


class _Said(NamedTuple):
    sender: str
    is_own: bool


class Heard:
    def __init__(self) -> None:
        self._rooms: dict[str, dict[int, _Said]] = {}  # by their numbers, rising
        self._guard = threading.Lock()  # guards the above

    def note(self, message: Message, *, is_own: bool = False) -> None:
        with self._guard:
            said = self._rooms.setdefault(message.room, {})
            if message.about is not None and message.about.kind == DELETE:
                said.pop(message.about.id, None)
            elif not message.text:
                said.pop(message.id, None)  # deleted since it was shown
            elif is_said(message):
                is_older = bool(said) and message.id < max(said)
                said[message.id] = said.get(message.id) or _Said(message.sender, is_own)
                if is_older:  # a page of history
                    self._rooms[message.room] = said = dict(sorted(said.items()))
                if len(said) > MOST:
                    del said[next(iter(said))]

    def last(self, room: str, sender: str = "") -> int | None:
        """The newest message of somebody else there, or of that person."""
        return self._newest(room, lambda one: one.sender.lower() == sender.lower() if sender else not one.is_own)

    def last_own(self, room: str) -> int | None:
        return self._newest(room, lambda one: one.is_own)

    def talkers(self, room: str) -> list[str]:
        """Others who have said something there, whoever did last first."""
        with self._guard:
            said = list(self._rooms.get(room, {}).values())
        return list(dict.fromkeys(one.sender for one in reversed(said) if not one.is_own))

    def _newest(self, room: str, is_meant: Callable[[_Said], bool]) -> int | None:
        with self._guard:
            said = list(self._rooms.get(room, {}).items())
        return next((id for id, one in reversed(said) if is_meant(one)), None)
