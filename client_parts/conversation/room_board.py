"""Where lines of a room go: onto the board, or, while only one room is shown, to those that wait until one goes there.

It must not know which rooms there are, nor what a line says.
"""

from __future__ import annotations

from client_parts.kept.bookmarks import Key
from client_parts.kept.settings import Settings
from client_parts.screen.board import Board
from client_parts.screen.held_lines import HeldLines


class RoomBoard:
    """`in_view` is the room on the wire that a text goes to."""

    def __init__(self, board: Board, settings: Settings, in_view: str | None) -> None:
        self.in_view = in_view
        self._board = board
        self._settings = settings
        self._waiting: dict[str, HeldLines] = {}
        self._first_hidden: dict[str, int] = {}  # of rooms with messages that wait: the id of the first

    def show(self, room: str, line: str, id: int | None = None) -> None:
        """A line of that room; `id` if it is a message."""
        key = None if id is None else (room, id)
        if not self.is_hidden(room):
            self._board.show(line, key=key)
            return
        self._waiting.setdefault(room, HeldLines()).hold(line, key=key)
        if id is not None:
            self._first_hidden.setdefault(room, id)

    def show_delivered(self, room: str, line: str, id: int) -> None:
        """One's own text, which is shown wherever it went."""
        self._board.show_delivered(line, (room, id))

    def change(self, key: Key, line: str, instead: str) -> None:
        """A message looks otherwise now. `instead` is shown, unless it is empty, if its row is not there any more."""
        room, _ = key
        if (waiting := self._waiting.get(room)) is not None and waiting.change(key, line):
            return
        self._board.change(key, line, "" if self.is_hidden(room) else instead)

    def turn(self, room: str | None) -> None:
        """That room is in view now: show what waits there."""
        self.in_view = room
        if room is not None:
            self._show_what_waits(room)

    def show_all(self) -> None:
        for room in list(self._waiting):
            self._show_what_waits(room)

    def forget(self, room: str) -> None:
        """This person has left it."""
        self._waiting.pop(room, None)
        self._first_hidden.pop(room, None)

    def last_seen(self, room: str, shown: int) -> int:
        """The last id of a room that was on the screen, if messages up to that one have come."""
        return min(shown, self._first_hidden.get(room, shown + 1) - 1)

    def is_hidden(self, room: str) -> bool:
        """Whether lines of that room wait at present."""
        return self._settings["only"] == "on" and room != self.in_view

    def _show_what_waits(self, room: str) -> None:
        waiting = self._waiting.get(room)
        self.forget(room)
        for line in waiting.take() if waiting is not None else ():
            self._board.show(*line)
