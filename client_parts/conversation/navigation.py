"""From room to room: by name, by number, to where something new is; and whether only one of them is shown."""

from __future__ import annotations

from chat_common import harmless_line
from client_parts.conversation.choices import Choices
from client_parts.conversation.rooms import Rooms
from client_parts.conversation.state import State


class Navigation:
    def __init__(self, state: State, rooms: Rooms, choices: Choices) -> None:
        self._state = state
        self._choices = choices
        self._rooms = rooms

    def switch(self, beginning: str) -> None:
        """Talk in the one of one's rooms that is called so, or begins so; or with one person."""
        wanted = beginning if beginning.startswith("@") else beginning.removeprefix("#").lower()
        if not wanted:
            self.list_own()
        elif wanted.startswith("@"):  # never somebody else whose name begins alike: words could go to the wrong person
            self._rooms.turn_to_person(wanted[1:])
        else:
            self._turn_to_one_of(self._beginning(wanted), wanted)

    def _beginning(self, wanted: str) -> list[str]:
        own = self._own()
        if wanted in own:
            return [wanted]
        public = [room for room in own if room.startswith(wanted)]
        return public or [room for room in own if room.lower().startswith(f"@{wanted}")]

    def _turn_to_one_of(self, found: list[str], wanted: str) -> None:
        shown = harmless_line(wanted)
        if len(found) == 1:
            self._rooms.turn_to(found[0])
        elif found:
            self._state.complain(f"Several of your rooms begin with {shown}: {', '.join(found)}.")
        else:
            self._state.complain(f"You are not in {shown}; /join {shown} enters a room.")

    def next(self) -> None:
        """Talk where something new is: first where this person is meant, then where news has waited longest."""
        unread = self._rooms.unread
        waiting = sorted(unread.counts(), key=lambda room: not unread.is_for_me(room))
        if waiting:
            self._rooms.turn_to(self._as_written(waiting[0]))
        else:
            self._state.note("* there is nothing new in your other rooms")

    def nth(self, number: int) -> None:
        own = self._own()
        if number <= len(own):
            self._rooms.turn_to(own[number - 1])
        else:
            self._state.complain(f"You have no room number {number}; /switch lists your rooms.")

    def list_own(self) -> None:
        """With the number of each, and what is new in it."""
        counts = self._rooms.unread.counts()
        rows = []
        for number, room in enumerate(self._own(), 1):
            wire = self._rooms.wire_name(room)
            news = f" ({counts[wire]} new)" if wire in counts else ""
            here = " (here)" if room == self._rooms.current else ""
            rows.append(f"{number} {self._state.view.place(wire)}{here}{news}")
        self._state.board.note(
            f"Your rooms: {' · '.join(rows)}" if rows else "You are in no room; /join ROOM enters one."
        )

    def show_only_one(self, value: str) -> None:
        """Show one room at a time (on), or all (off); without a value, the other of both."""
        value = value or ("off" if self._state.settings["only"] == "on" else "on")
        self._choices.choose("only", value)

    def _own(self) -> list[str]:
        """As a person writes them: public rooms in the order in which they were entered, then conversations."""
        cursors = self._state.cursors
        own = [*cursors.rooms(), *(self._as_written(room) for room in cursors.positions() if room.startswith("@"))]
        current = self._rooms.current
        return own if current is None or current in own else [*own, current]

    def _as_written(self, room: str) -> str:
        return self._state.view.place(room) if room.startswith("@") else room
