"""The messages of one room in memory, and what entries do to them. It must not know locks or other rooms."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from server_parts.storage.amending import amended, erased
from server_parts.storage.records import Message


class Kept(NamedTuple):
    order: int  # among the messages of all rooms
    message: Message


Room = deque[Kept]  # numbered without holes


def amend(room: Room, entry: Message) -> Message:
    """Let an entry that is stored already do what it does. Returns it as it is now."""
    assert entry.about is not None
    outcome = amended(_at(room, entry.about.id), entry)
    _put(room, outcome.entry)
    if outcome.target is not None:
        _put(room, outcome.target)
    _empty(room, outcome.void)
    return outcome.entry


def carries(room: Room, id: int) -> bool:
    """Whether a message with that number is kept, and has a file."""
    message = _at(room, id)
    return message is not None and message.file is not None


def _empty(room: Room, id: int) -> None:
    message = _at(room, id)
    if message is not None:
        _put(room, erased(message))


def _at(room: Room, id: int) -> Message | None:
    return room[id - room[0].message.id].message if room and room[0].message.id <= id <= room[-1].message.id else None


def _put(room: Room, message: Message) -> None:
    """In the place of the one that has its number, if that is kept."""
    if _at(room, message.id) is not None:
        at = message.id - room[0].message.id
        room[at] = room[at]._replace(message=message)
