"""What stood around a message: `/context`, and the numbers of the messages that the latest search found.

It must not know how pages of history are told apart from others: whoever hears one asks here whether it was wanted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from chat_common import Frame
from client_parts.conversation.company import Company
from client_parts.conversation.remembered import changes_another, is_change
from client_parts.conversation.state import State
from client_parts.screen import order
from client_parts.screen.view import aside, message_number

_MOST_ASKED = 8
AROUND = 4  # messages before and behind the one that is meant


class _Asked(NamedTuple):
    """A page that is on its way: everything near that message of a room of the wire."""

    room: str
    id: int

    def may_be(self, room: str, page: list[Frame]) -> bool:
        return room == self.room and all(-2 * AROUND <= message["id"] - self.id <= AROUND for message in page)


class Context:
    def __init__(self, state: State, company: Company) -> None:
        self._state = state
        self._company = company
        self._found: dict[int, str] = {}  # number of a message → its room, of the latest search
        self._query = ""
        self._asked: deque[_Asked] = deque(maxlen=_MOST_ASKED)  # one that was refused stays here

    def begin(self, query: str) -> None:
        """Another search begins."""
        self._query = query
        self._found.clear()

    def note(self, found: Iterable[Frame]) -> None:
        """Messages that a search found, newest first: if two rooms have the same number, it means the newer one."""
        for message in found:
            self._found.setdefault(message["id"], message["room"])

    def show(self, id: int, room: str | None, here: str | None) -> None:
        """Ask for what stood around a message: of that room of the wire, or of the search's, or of the present one."""
        room = room or self._found.get(id) or here
        if room is None:
            self._state.complain("You are in no room; write /context N ROOM.")
            return
        request = {"type": "history", "room": room, "before": id + AROUND + 1, "limit": 2 * AROUND + 1}
        if self._state.online:
            self._asked.append(_Asked(room, id))
        self._state.ask(request)

    def forget(self) -> None:
        """The link is gone, and the answers with it."""
        self._asked.clear()

    def takes(self, room: str, page: list[Frame]) -> bool:
        """Show a page of history, if that is what was asked for here."""
        asked = next((asked for asked in self._asked if asked.may_be(room, page)), None)
        if asked is None:
            return False
        self._asked.remove(asked)
        self._show(asked, [message for message in page if abs(message["id"] - asked.id) <= AROUND])
        return True

    def _show(self, asked: _Asked, page: list[Frame]) -> None:
        board, view = self._state.board, self._state.view
        number, place = message_number(asked.id), view.place(asked.room)
        if not any(message["id"] == asked.id for message in page):
            board.show(aside(f"* There is no message {number} in {place}."))
            return
        board.show(aside(f"* around {number} in {place}:"))
        for message in page:
            is_meant = message["id"] == asked.id
            is_done = changes_another(message) and not is_meant  # what it did is shown where it did it
            deed = order.made(message) if is_change(message) else ""
            if deed or not (is_done or self._company.is_ignored(message["from"])):
                board.show(view.near(message, self._query, is_meant=is_meant, deed=deed))
