"""What this person has read, in step with their other terminals: told to the server, and taken from it.

What was shown of a room has been read if nothing there counts as unread, and somebody looks. It knows no clock: it is
told the time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from typing import Final

from chat_common import Frame
from client_parts.conversation.rooms import Rooms
from client_parts.conversation.state import State
from client_parts.conversation.unseen import Unseen

PAUSE: Final = 1.0  # seconds between two times that the server is told …
MOST_TOLD: Final = 5  # … of so many rooms at once, which leaves most of the rate to what is typed


class Reading:
    def __init__(self, state: State, rooms: Rooms, unseen: Unseen) -> None:
        self._state = state
        self._rooms = rooms
        self._unseen = unseen
        self._known: dict[str, int] = {}  # how far each room was read, as far as the server knows …
        self._whose = ""  # … by whoever has that name
        self._next = -math.inf
        self._is_kept = False  # by this server

    def welcomed(self, frame: Frame) -> None:
        """Another connection, perhaps to a server that knows less."""
        features = frame.get("features")
        self._is_kept = isinstance(features, list) and "read" in features
        self._known.clear()

    # --- Taken from the server ---

    def joined(self, frame: Frame) -> None:
        """A room is entered: how far it was read so far."""
        self._begin_anew_under_another_name()
        if (read := _read_so_far(frame)) is not None:
            self._take(frame["room"], read)

    def heard(self, frame: Frame) -> None:
        """This person has read something in another terminal."""
        self._begin_anew_under_another_name()
        room, id = frame["room"], frame["id"]
        if id > self._known.get(room, 0):
            self._take(room, id)
            shown = self._state.cursors.last_shown(room) or 0
            self._rooms.unread.keep(room, max(shown - id, 0), id)

    def _take(self, room: str, id: int) -> None:
        self._known[room] = max(id, self._known.get(room, 0))
        self._unseen.was_read(room, id)

    def _begin_anew_under_another_name(self) -> None:
        """Whose name it is has read something else."""
        name = self._state.name.lower()
        if name != self._whose:
            self._whose = name
            self._known.clear()
            self._unseen.forget_reading()

    # --- Told to the server ---

    def tend(self, now: float) -> float:
        """Tell the server what was read, if it is time. Returns when to ask again."""
        if now < self._next:
            return self._next
        self._begin_anew_under_another_name()
        for room, id in islice(self._fresh(), MOST_TOLD):
            self._known[room] = id
            self._state.ask_quietly({"type": "read", "room": room, "id": id})
            self._next = now + PAUSE
        return self._next if now < self._next else math.inf

    def _fresh(self) -> Iterator[tuple[str, int]]:
        """What was read, and the server does not know it yet."""
        if not (self._is_kept and self._state.online and self._is_looked_at()):
            return
        cursors, unread = self._state.cursors, self._rooms.unread.counts()
        for room, shown in cursors.positions().items():
            is_whole = cursors.is_confirmed(room) and not cursors.catching_up(room)
            id = self._state.room_board.last_seen(room, shown or 0)
            if id > self._known.get(room, 0) and room not in unread and is_whole:
                yield room, id

    def _is_looked_at(self) -> bool:
        board = self._state.board
        return board.rich and self._state.away.text is None and board.window.is_looked_at()


def _read_so_far(joined: Frame) -> int | None:
    """Where to begin, in a room that is entered.

    A private conversation that this account has read nowhere is new as a whole; a public room is not.
    """
    room, read = joined["room"], joined.get("read")
    return 0 if "read" in joined and read is None and room.startswith("@") else read
