"""What happens in the rooms of this client while it is connected: messages are said, people come, go and rename."""

from __future__ import annotations

from chat_common import Frame, harmless_line
from client_parts.conversation.catching_up import CatchingUp
from client_parts.conversation.company import Company
from client_parts.conversation.delivery import Arrival
from client_parts.conversation.mentions import Mentions
from client_parts.conversation.messages import Messages
from client_parts.conversation.rooms import Rooms
from client_parts.conversation.state import State
from client_parts.screen.view import aside, good, message_number


class Incoming:
    def __init__(
        self,
        state: State,
        rooms: Rooms,
        company: Company,
        messages: Messages,
        mentions: Mentions,
        catching_up: CatchingUp,
    ) -> None:
        self._state = state
        self._rooms = rooms
        self._company = company
        self._messages = messages
        self._mentions = mentions
        self._catching_up = catching_up

    def message(self, frame: Frame) -> None:
        """Take in a live message: show it, or have what is missing before it sent again."""
        delivered = self._is_receipt(frame)
        arrival = self._state.cursors.live(frame["room"], frame["id"])
        if arrival is Arrival.JUMP:
            self._catching_up.jumped(frame)
        elif arrival is Arrival.NEW and delivered and self._state.board.echoes:
            self._state.board.show(aside(f"* delivered {message_number(frame['id'])} *"))
        elif arrival is Arrival.NEW:
            self._company.speaks(frame["room"], frame["from"])
            self._messages.show(frame, delivered=delivered)
            if self._messages.is_news(frame):
                self._take_news(frame)

    def _is_receipt(self, message: Frame) -> bool:
        """Whether it confirms a text of this session that waits for that.

        Only live messages do: history may hold an earlier process's message with the same seq.
        """
        seq = message.get("seq")
        return seq is not None and self._state.said_here(message) and self._state.outgoing.delivered(seq) is not None

    def _take_news(self, message: Frame) -> None:
        """Count it as unread, keep it as missed, ring for it, as far as there is reason to."""
        room = message["room"]
        if not self._rooms.is_current(room):
            self._rooms.unread.add(room, message["id"] - 1)
            if self._messages.is_for_me(message):
                self._rooms.unread.mark_for_me(room)
        elif room.startswith("@") and self._company.people.is_away(message["from"]):
            self._company.ask_who_is_in(room)  # perhaps not any more
        if self._state.away.text is not None:
            self._mentions.miss([message])
        self._messages.ring_for([message])

    def presence(self, frame: Frame) -> None:
        """Take in who came, left and changed names."""
        for old, new in frame.get("renamed") or []:
            if self._state.view.is_me(old) and new != self._state.name:  # told once per room
                self._rooms.take_name(new)
                self._state.has_password = None  # it may be another account
                self._state.board.note(good(f"You are now {harmless_line(new)}."))
            self._messages.rename_correspondent(old, new)
        self._company.presence(frame)
        if self._puts_me_out(frame):
            self._rooms.removed(frame["room"])

    def _puts_me_out(self, frame: Frame) -> bool:
        """Whether this person has left a public room, and has not come back in the same breath."""
        public = frame.get("room") is not None and not frame["room"].startswith("@")
        left, joined = (any(map(self._state.view.is_me, frame.get(verb) or [])) for verb in ("left", "joined"))
        return public and left and not joined

    def away(self, frame: Frame) -> None:
        self._state.take_away(frame.get("text"))

    def notice(self, frame: Frame) -> None:
        if frame.get("password") is not None:
            self._state.has_password = frame["password"]
        if frame.get("password") is not None or self._state.has_password is None:  # as servers of before do not say
            self._state.settle_password(refused=False)
        self._state.board.show(self._state.view.notice(frame))
