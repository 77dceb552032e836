"""Entering rooms and reading their past: recent messages, what came meanwhile, gaps, older pages."""

from __future__ import annotations

from collections.abc import Callable

from chat_common import Frame
from client_parts.conversation.company import Company
from client_parts.conversation.delivery import Arrival
from client_parts.conversation.mentions import Mentions
from client_parts.conversation.messages import Messages, key_of
from client_parts.conversation.remembered import changes_another
from client_parts.conversation.rooms import Rooms
from client_parts.conversation.state import State
from client_parts.conversation.unseen import Unseen
from client_parts.screen.view import alert, aside


class CatchingUp:
    def __init__(
        self, state: State, rooms: Rooms, company: Company, messages: Messages, mentions: Mentions, unseen: Unseen
    ) -> None:
        self._state = state
        self._rooms = rooms
        self._company = company
        self._messages = messages
        self._mentions = mentions
        self._unseen = unseen
        self._was_cut_off = False  # the link was lost, in this run
        self._page: list[Frame] = []  # of older messages, which comes in several frames
        self.takes_page: Callable[[str, list[Frame]], bool] = lambda room, page: False  # who else asked for one

    def disconnected(self) -> None:
        """The link is gone, if there was one."""
        self._was_cut_off = self._was_cut_off or self._state.online

    def joined(self, frame: Frame) -> None:
        """The server confirms that this client is in a room."""
        room, known = frame["room"], self._state.cursors.last_shown(frame["room"])
        self._company.people.count(room, frame["members"])
        self._company.ask_who_is_in(room)
        if known is not None and known > frame["last"]:  # messages were lost: their numbers are given again
            self._state.remembered.forget(room)
        if not self._state.cursors.joined(room, frame["last"]):
            return
        self._unseen.enter(room, frame["last"], known)
        if known is None and not room.startswith("@"):
            line = aside(f"* you are in {self._state.view.place(room)} ({frame['members']} here)")
            self._state.room_board.show(room, line)

    def jumped(self, frame: Frame) -> None:
        """Messages before this one are missing: have them sent again."""
        room, id = frame["room"], frame["id"]
        place, last = self._state.view.place(room), self._state.cursors.last_shown(room)
        self._state.board.note(
            alert(f"* {place}: messages between {last} and {id} are missing; asking for them again.")
        )
        self._rooms.ask_to_enter(room)

    def history(self, frame: Frame) -> None:
        """Messages of the past: they follow an entry, or they were asked for."""
        if self._state.cursors.catching_up(frame["room"]):
            self._catch_up(frame)
        else:
            self._take_older(frame)

    # --- After an entry ---

    def _catch_up(self, frame: Frame) -> None:
        room, has_gap = frame["room"], bool(frame.get("gap"))
        is_resumed = self._state.cursors.last_shown(room) is not None
        if is_resumed and has_gap:
            self._say_some_are_missing(room)
        new = [message for message in frame["messages"] if self._unseen.is_new(key_of(message))]
        news = list(filter(self._messages.is_news, new))
        for message in frame["messages"]:
            self._messages.note_correspondent(message)
            self._state.remembered.read(message)
            if self._is_to_be_shown(room, message, has_gap=has_gap):
                self._mark_new(room, message["id"], besides=len(new) - len(news))
                self._messages.show(
                    message,
                    past=True,
                    delivered=is_resumed and self._state.said_here(message),
                    is_old=not is_resumed and not self._unseen.is_new(key_of(message)),
                )
        self._take_news(news)
        self._mark_for_me(news)
        if not frame.get("more"):
            self._mark_new(room)
            self._state.cursors.history_ends(room)

    def _is_to_be_shown(self, room: str, message: Frame, *, has_gap: bool) -> bool:
        """Whether it was not shown before. If others are missing before it, that is said, unless it is known."""
        if self._was_read_elsewhere(message):
            return False
        arrival = self._state.cursors.history(room, message["id"])
        if arrival is Arrival.JUMP and not has_gap:
            self._say_some_are_missing(room)
        return arrival is not Arrival.REPEAT

    def _was_read_elsewhere(self, message: Frame) -> bool:
        """In an earlier run, and of another room than the current one: below what is new there, it would look new."""
        return not self._rooms.is_current(message["room"]) and self._unseen.was_seen(key_of(message))

    def _take_news(self, news: list[Frame]) -> None:
        self._mentions.miss(news)
        if self._was_cut_off:  # what came while the link was gone; what came between two runs is history
            self._messages.ring_for(news)

    def _mark_new(self, room: str, id: int | None = None, *, besides: int = 0) -> None:
        """Show the line before new messages, unless it was shown; `besides` is how many are new for others only."""
        if (new := self._unseen.new_at(room, id)) is None or new[0] <= besides:
            return
        number, hidden = new[0] - besides, new[1]
        self._state.room_board.show(room, self._state.view.unread(number, room, hidden=hidden))
        if not self._rooms.is_current(room):
            self._rooms.unread.add(room, self._unseen.seen_before(room), number)

    def _mark_for_me(self, news: list[Frame]) -> None:
        """Of the rooms with unread messages, those in which this person is meant."""
        for message in filter(self._messages.is_for_me, news):
            self._rooms.unread.mark_for_me(message["room"])

    def _say_some_are_missing(self, room: str) -> None:
        self._state.remembered.forget(room)  # nobody knows what was done to them meanwhile
        place = self._state.view.place(room)
        line = alert(f"* Some messages of {place} are missing here; the server no longer has them.")
        self._state.room_board.show(room, line)

    # --- When asked for ---

    def _take_older(self, frame: Frame) -> None:
        self._page += frame["messages"]
        if frame.get("more") and frame["messages"]:
            return
        page, self._page = self._page, []
        if self.takes_page(frame["room"], page):
            return
        if page:
            self._show_older(frame["room"], page)
        else:
            self._state.board.show(aside(f"* There is nothing older in {self._state.view.place(frame['room'])}."))

    def _show_older(self, room: str, page: list[Frame]) -> None:
        for message in page:
            self._state.cursors.page(room, message["id"])
            if not changes_another(message):  # what it did is done, and what came after it too
                self._messages.show(message, past=True)
        self._state.board.show(aside("* /history shows still older messages"))
