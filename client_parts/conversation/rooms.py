"""The rooms of this client: which one a typed text goes to, and which of the others have unread messages."""

from __future__ import annotations

from collections.abc import Iterator

from chat_common import MAX_TEXT, Frame, is_blank, partners, private_room
from client_parts.conversation.company import Company
from client_parts.conversation.remembered import About
from client_parts.conversation.state import State
from client_parts.conversation.unseen import Unread, Unseen
from client_parts.screen.view import alert


class Rooms:
    """A room is named as a person writes it (`lobby`, `@bob`), or as on the wire (`lobby`, `@ann+bob`)."""

    def __init__(self, state: State, company: Company, unseen: Unseen, current: str | None) -> None:
        self.current = current  # as a person writes it
        self.unread = Unread()
        self._state = state
        self._company = company
        self._unseen = unseen
        state.room_board.in_view = self.current_on_the_wire

    def wire_name(self, room: str) -> str:
        return private_room(self._state.name, room[1:]) if room.startswith("@") else room

    @property
    def current_on_the_wire(self) -> str | None:
        return None if self.current is None else self.wire_name(self.current)

    @property
    def current_if_entered(self) -> str | None:
        """The current room on the wire, unless it is a private one in which nothing was said so far."""
        here = self.current_on_the_wire
        return here if here is not None and here in self._state.cursors else None

    def is_current(self, room: str) -> bool:
        """Whether that room of the wire is where a typed text goes."""
        return self.current is not None and room == self.wire_name(self.current)

    def may_read(self, room: str) -> bool:
        return not room.startswith("@") or self._state.name.lower() in partners(room)

    # --- Entering and leaving ---

    def enter(self, room: str) -> None:
        """Enter a public room and talk there. Without a connection, the next hello asks for it."""
        if room not in self._state.cursors and self._state.online:
            self.ask_to_enter(room)
        self._state.cursors.enter(room)
        self.turn_to(room)

    def ask_to_enter(self, room: str) -> None:
        """Ask for a room, and for its messages after the last one that was shown."""
        last = self._state.cursors.last_shown(room)
        wanted: Frame = {"history": self._state.history_wanted} if last is None else {"after": last}
        self._state.ask({"type": "join", "room": room, **wanted})

    def leave(self, room: str) -> None:
        """Leave a public room that this client is in."""
        self._state.ask_quietly({"type": "leave", "room": room})
        self._give_up(room, f"* you left {self._state.view.place(room)}")

    def removed(self, room: str) -> None:
        """The server says that this client is not in a public room any more, which nobody here asked for."""
        if self._state.cursors.is_confirmed(room):
            self._give_up(room, f"* you are not in {self._state.view.place(room)} any more")

    def _give_up(self, room: str, note: str) -> None:
        self._unseen.note(room, self._state.cursors.last_shown(room))
        self.unread.seen(room)
        self._state.cursors.leave(room)
        self._state.room_board.forget(room)
        self._state.remembered.forget(room)
        self._state.note(note)
        self.turn_from(room)

    # --- Where a text goes ---

    def turn_to(self, room: str | None) -> None:
        if room != self.current:
            self._state.board.note(self._state.view.turn(room))
        self.current = room
        self._state.room_board.turn(self.current_on_the_wire)
        if room is not None:
            self.unread.seen(self.wire_name(room))
            if room.startswith("@") and self.wire_name(room) in self._state.cursors:
                self._company.ask_who_is_in(self.wire_name(room))

    def turn_to_person(self, name: str) -> None:
        """Talk to one person alone from now on."""
        if not self._state.accepts_name(name):
            return
        if self._state.view.is_me(name):
            self._state.complain("You cannot talk to yourself.")
        else:
            self.turn_to(f"@{name}")
            self._warn_of_a_stranger(name)

    def _warn_of_a_stranger(self, name: str) -> None:
        """Who was never heard of may still be elsewhere: the server knows, when something is said."""
        known = self.wire_name(f"@{name}") in self._state.cursors or self._company.people.has_heard_of(name)
        if self._state.board.rich and self._state.online and not known:
            self._state.board.note(alert(f"* nobody called {name} has been seen so far"))

    def turn_from(self, room: str) -> None:
        """Talk elsewhere, if that room of the wire is the current one."""
        if self.is_current(room):
            self.turn_to(next(iter(self._state.cursors.rooms()), None))

    def say(self, room: str, text: str, about: About | None = None) -> None:
        """Put a text on its way to a room, in pieces that a message may hold; the first speaks of that message."""
        self.unread.seen(self.wire_name(room))  # who answers has read
        pieces = list(_pieces(text.replace("\0", "")))
        for number, piece in enumerate(pieces if pieces or about is None else [""]):
            self._state.outgoing.add(room, piece, None if number else about)

    def take_name(self, name: str) -> None:
        """Be called that from now on. Private conversations of the name before cannot be read any more."""
        self._state.name = name
        self._state.room_board.in_view = self.current_on_the_wire
        for room in self.unread.counts():
            if not self.may_read(room):
                self.unread.seen(room)


def _pieces(text: str) -> Iterator[str]:
    """Parts that a message may hold, broken between lines where that does not make them short."""
    while len(text) > MAX_TEXT:
        end = text.rfind("\n", MAX_TEXT // 2, MAX_TEXT + 1)
        piece, text = (text[:end], text[end + 1 :]) if end > 0 else (text[:MAX_TEXT], text[MAX_TEXT:])
        if not is_blank(piece):
            yield piece
    if text:
        yield text
