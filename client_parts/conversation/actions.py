"""What the person behind this client does: one method for each thing that a command may ask for.

Its parts: `messages` for what speaks of other messages, `account` for accounts, `moderation` for order in the rooms,
`settings` for what is chosen, `navigation` for the way from room to room, and `files` for files.
"""

from __future__ import annotations

from chat_common import COLORS, Frame, color_problem, harmless_line, name_problem, room_problem
from client_parts.conversation.account import Account
from client_parts.conversation.choices import Choices
from client_parts.conversation.company import Company
from client_parts.conversation.entries import Entries
from client_parts.conversation.files import Files
from client_parts.conversation.mentions import Mentions
from client_parts.conversation.messages import Messages
from client_parts.conversation.moderation import Moderation
from client_parts.conversation.navigation import Navigation
from client_parts.conversation.paging import Paging
from client_parts.conversation.rooms import Rooms
from client_parts.conversation.state import State
from client_parts.conversation.transfers import Transfers
from client_parts.screen.view import as_sentence


class Actions:
    def __init__(
        self, state: State, rooms: Rooms, company: Company, messages: Messages, mentions: Mentions, paging: Paging
    ) -> None:
        self.messages = Entries(state, rooms, company)
        self.account = Account(state)
        self.moderation = Moderation(state, rooms, paging)
        self.settings = choices = Choices(state)
        self.navigation = Navigation(state, rooms, choices)
        self.transfers = transfers = Transfers(state)
        self.files = Files(state, rooms, paging, transfers)
        self._state = state
        self._rooms = rooms
        self._company = company
        self._messages = messages
        self._mentions = mentions
        self._paging = paging

    # --- Talking ---

    def say(self, text: str) -> None:
        if self._rooms.current is None:
            self._state.complain("You are in no room; /join ROOM enters one.")
            self._state.refused += 1
        else:
            self._rooms.say(self._rooms.current, text)

    def say_privately(self, name: str, text: str) -> None:
        if self._state.accepts_name(name):
            self._rooms.say(f"@{name}", text)

    def reply(self, text: str) -> None:
        if (name := self._messages.correspondent) is None:
            self._state.complain("Nobody has written to you privately yet; /msg NAME TEXT writes to somebody.")
        else:
            self._rooms.say(f"@{name}", text)

    # --- Rooms ---

    def join(self, room: str) -> None:
        room = _room_name(room)
        if room.startswith("@"):
            self._rooms.turn_to_person(room[1:])
        elif problem := room_problem(room):
            self._state.complain(as_sentence(problem))
        else:
            self._rooms.enter(room)

    def leave(self, room: str) -> None:
        room = _room_name(room) if room else self._rooms.current or ""
        if self._state.outgoing.unsent_for(room):
            self._state.complain(
                f"A message for {harmless_line(room)} is still waiting to be sent; leave the room later."
            )
        elif room.startswith("@"):
            self._rooms.turn_from(self._rooms.wire_name(room))
        elif room not in self._state.cursors:
            where = f"not in {self._state.view.place(room)}." if room else "in no room; /join ROOM enters one."
            self._state.complain(f"You are {where}")
        else:
            self._rooms.leave(room)

    def who(self, room: str) -> None:
        where = self._rooms.wire_name(_room_name(room)) if room else self._rooms.current_on_the_wire
        self._paging.list_all({"type": "who"} if where is None else {"type": "who", "room": where})

    def list_rooms(self, beginning: str) -> None:
        self._paging.list_all({"type": "rooms", "prefix": _room_name(beginning)} if beginning else {"type": "rooms"})

    # --- The past ---

    def older(self, count: int) -> None:
        if (room := self._rooms.current_on_the_wire) is None:
            self._state.complain("You are in no room; /join ROOM enters one.")
            return
        request: Frame = {"type": "history", "room": room, "limit": count}
        if (oldest := self._state.cursors.oldest_shown(room)) is not None:
            request["before"] = oldest
        self._state.ask(request)

    def search(self, text: str) -> None:
        self._paging.search(text)

    def more(self) -> None:
        self._paging.more()

    def show_context(self, id: int, room: str) -> None:
        where = self._rooms.wire_name(_room_name(room)) if room else None
        self._paging.context.show(id, where, self._rooms.current_on_the_wire)

    def list_mentions(self) -> None:
        self._mentions.list_all()

    # --- Oneself and others ---

    def change_name(self, name: str) -> None:
        if problem := name_problem(name):
            self._state.complain(as_sentence(problem))
        else:
            self._state.ask({"type": "nick", "name": name})

    def change_color(self, color: str) -> None:
        state, color = self._state, color.lower()
        if not color:
            state.note(f"* color: {state.color}; there are: {', '.join(COLORS)}")
        elif problem := color_problem(color):
            state.complain(as_sentence(problem))
        else:
            state.color = color
            state.ask_quietly({"type": "color", "color": color})  # if that is not possible, the next hello says it
            kept = state.settings.choose_color(state.name, color)
            state.note(f"* color: {color}" + ("" if kept else ", for this run only"))

    def away(self, text: str | None) -> None:
        """Be away with that note, or with None be back."""
        state = self._state
        if text is None and state.away.text is None:
            state.note("* you were not away")
            return
        state.tell_away(
            text if text is None else text or "away", f"* you are {'back' if text is None else 'marked as away'}"
        )

    def ignore(self, name: str) -> None:
        self._company.ignore(name)

    def unignore(self, name: str) -> None:
        self._company.unignore(name)

    # --- The screen ---

    def clear(self) -> None:
        self._state.board.clear()

    def tell(self, text: str) -> None:
        self._state.board.note(text)

    def tell_table(self, text: str, second_column: int) -> None:
        self._state.board.note(text, second_column)


def _room_name(text: str) -> str:
    """What a person wrote for a room: `Builds` and `#builds` are builds."""
    return text if text.startswith("@") else text.removeprefix("#").lower()
