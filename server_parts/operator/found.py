"""Where the messages are that the operator's latest search has found, by their numbers. It must not know the screen."""

from __future__ import annotations

from collections.abc import Iterable

from server_parts.storage.records import Message


class Found:
    def __init__(self) -> None:
        self._rooms: dict[int, str] = {}

    def begin(self) -> None:
        """Another search begins."""
        self._rooms.clear()

    def note(self, messages: Iterable[Message]) -> None:
        """Newest first: if two rooms have the same number, it means the newer one."""
        for message in messages:
            self._rooms.setdefault(message.id, message.room)

    def room_of(self, id: int) -> str | None:
        return self._rooms.get(id)
