"""A message's way to the screen, live or from the past: who is heard, what is news, when the bell rings."""

from __future__ import annotations

from collections.abc import Iterable

from chat_common import Frame
from client_parts.conversation.amending import Amending
from client_parts.conversation.company import Company
from client_parts.conversation.remembered import REPLY, changes_another, is_change
from client_parts.conversation.state import State
from client_parts.kept.bookmarks import Key
from client_parts.kept.values import NOTIFY_COMMAND
from client_parts.screen.view import alert, mentions


class Messages:
    def __init__(self, state: State, company: Company) -> None:
        self._state = state
        self._company = company
        self.amending = Amending(state, company)
        self._correspondent: Frame | None = None  # the newest private message from somebody else
        self._losses = 0  # of the window's focus, after which something was said

    def is_news(self, message: Frame) -> bool:
        """Whether somebody to whom this person listens said it, and did not only change what was said, or the room."""
        sender = message["from"]
        is_heard = not self._state.view.is_me(sender) and not self._company.is_ignored(sender)
        return is_heard and not changes_another(message) and not is_change(message)

    def names_me(self, message: Frame) -> bool:
        """Whether it is news that mentions this person."""
        return self.is_news(message) and bool(mentions(self._state.name, message["text"]))

    def ring_for(self, news: Iterable[Frame]) -> None:
        """Ring and notify once for all messages that came in at once, if one of them is a reason to."""
        news, state = list(news), self._state
        if self._reasons(news, state.settings["bell"]):
            state.board.ring()
        if (reasons := self._reasons(news, state.settings["notify"])) and not state.board.window.is_looked_at():
            title, text = state.view.notification(reasons[-1])
            more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
            state.board.notify(title + more, text, state.settings[NOTIFY_COMMAND])

    def _reasons(self, news: list[Frame], when: str) -> list[Frame]:
        """Which of these messages are a reason, for somebody who wants that on, for mentions, or off."""
        return [message for message in news if when == "on" or (when == "mentions" and self.is_for_me(message))]

    def is_for_me(self, message: Frame) -> bool:
        """Whether it was said to this person above all."""
        return message["room"].startswith("@") or self.names_me(message) or self._answers_me(message)

    def _answers_me(self, message: Frame) -> bool:
        answered = self._state.remembered.find(message["room"], message.get(REPLY) or 0)
        return answered is not None and self._state.view.is_me(answered["from"]) and self.is_news(message)

    # --- Showing ---

    def show(self, message: Frame, *, past: bool = False, delivered: bool = False, is_old: bool = False) -> None:
        """Show a message; `delivered` marks one's own that has arrived, `is_old` what was there before."""
        state, sender = self._state, message["from"]
        state.remembered.read(message)
        if changes_another(message):
            self.amending.take(message, is_told=not is_old)
            return
        if is_change(message):
            self._show_new_day(message, past=past)
            state.room_board.show(
                message["room"], self.amending.line(message, past=past, delivered=False), message["id"]
            )
            return
        if self._company.is_ignored(sender):
            return
        if not past:
            self.note_correspondent(message)
        if not state.view.is_me(sender):
            self._company.people.spoke(sender)
        self._show_what_stands_before(message, past=past)
        line = self.amending.line(message, past=past, delivered=delivered)
        if delivered:
            state.room_board.show_delivered(message["room"], line, message["id"])
        else:
            state.room_board.show(message["room"], line, message["id"])

    def _show_what_stands_before(self, message: Frame, *, past: bool) -> None:
        """The line of a new day, and the one where messages begin that came while this person was away."""
        board, view = self._state.board, self._state.view
        self._show_new_day(message, past=past)
        if board.rich and not past and not view.is_me(message["from"]):
            is_first, has_left = self._state.away.counts_first(), self._has_just_left(message["room"])
            if is_first or has_left:
                board.show(alert(f"── new {'while you are away' if is_first else 'since you left'} ──"))

    def _show_new_day(self, message: Frame, *, past: bool) -> None:
        board = self._state.board
        if (board.rich or not past) and (day := self._state.view.new_day(message["ts"])):
            board.show(day)

    def _has_just_left(self, room: str) -> bool:
        """Whether the window has lost the focus, and nothing was shown since."""
        window = self._state.board.window
        if self._state.room_board.is_hidden(room):
            return False
        is_first = window.has_focus is False and window.losses > self._losses
        self._losses = window.losses
        return is_first

    # --- Whom /reply answers ---

    @property
    def correspondent(self) -> str | None:
        """Who wrote the newest private message."""
        return None if self._correspondent is None else self._correspondent["from"]

    def note_correspondent(self, message: Frame) -> None:
        """Rooms are resumed one after the other, so the times of their messages decide which one is the newest."""
        newest = self._correspondent is None or message["ts"] >= self._correspondent["ts"]
        if message["room"].startswith("@") and newest and self.is_news(message):
            self._correspondent = message

    def rename_correspondent(self, old: str, new: str) -> None:
        if self._correspondent is not None and self._correspondent["from"].lower() == old.lower():
            self._correspondent = {**self._correspondent, "from": new}


def key_of(message: Frame) -> Key:
    return message["room"], message["id"]
