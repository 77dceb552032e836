"""What entries do to what is on the screen: rows change in place, and what has scrolled away gets a line of its own.

It must not know the terminal: the board says whether a row is still there.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from chat_common import Frame
from client_parts.conversation.company import Company
from client_parts.conversation.remembered import DELETE, REPLY, About, about, is_change
from client_parts.conversation.state import State
from client_parts.kept.bookmarks import Key
from client_parts.screen import entries, order
from client_parts.screen.view import aside

_MOST: Final = 1_000  # rows that can still change, and deletions that were told


class _Shown(NamedTuple):
    """How a message was shown last."""

    line: str
    past: bool
    delivered: bool


class Amending:
    def __init__(self, state: State, company: Company) -> None:
        self._state = state
        self._company = company
        self._shown: dict[Key, _Shown] = {}
        self._gone: dict[Key, None] = {}  # messages of which it was told that they were deleted

    def line(self, message: Frame, *, past: bool, delivered: bool) -> str:
        """A message as it is now; when it changes, its row will."""
        line = self._drawn(message, past=past, delivered=delivered)
        key = message["room"], message["id"]
        self._shown.pop(key, None)
        self._shown[key] = _Shown(line, past, delivered)
        if len(self._shown) > _MOST:
            del self._shown[next(iter(self._shown))]
        return line

    def take(self, entry: Frame, *, is_told: bool) -> None:
        """Do what an entry does; with `is_told`, say so if that is not to be seen otherwise."""
        spoken = about(entry)
        if spoken is None:
            return
        room, before = entry["room"], self._state.remembered.find(entry["room"], spoken.id)
        instead = self._instead(entry, spoken, before) if is_told else ""
        message = self._state.remembered.apply(entry)
        if message is None:
            if instead:
                self._state.room_board.show(room, instead)
            return
        self._change(message, instead)
        for reply in self._state.remembered.replies_to(room, spoken.id):
            self._change(reply, "")

    def deleted(self, event: Frame) -> None:
        """The server's own event says the same as an entry, and may come beside it."""
        if event["room"] in self._state.cursors:
            entry = {**event, "from": event.get("by") or "", "text": "", "ts": None, DELETE: event["id"]}
            self.take(entry, is_told=True)

    def _instead(self, entry: Frame, spoken: About, target: Frame | None) -> str:
        """The line for somebody who cannot see a row change; nothing, if it is known or not to be heard."""
        room, sender = entry["room"], entry["from"]
        key = room, spoken.id
        if self._company.is_ignored(sender) or (target is not None and self._company.is_ignored(target["from"])):
            return ""
        if spoken.kind == DELETE and key in self._gone:
            return ""
        if spoken.kind == DELETE:
            self._gone[key] = None
            if len(self._gone) > _MOST:
                del self._gone[next(iter(self._gone))]
        said = entries.deed(entry, spoken.kind, spoken.id, entries.quote(target, spoken.id))
        return self._state.view.deed(entry, said) if said else ""

    def _change(self, message: Frame, instead: str) -> None:
        key = message["room"], message["id"]
        shown = self._shown.get(key)
        if shown is None:
            if instead:
                self._state.room_board.show(key[0], instead)
            return
        line = self._drawn(message, past=shown.past, delivered=shown.delivered)
        if line != shown.line:
            self._shown[key] = shown._replace(line=line)
            self._state.room_board.change(key, line, instead)

    def _drawn(self, message: Frame, *, past: bool, delivered: bool) -> str:
        if is_change(message):
            return self._state.view.deed(message, order.made(message), past=past)
        facts = entries.facts(message, lambda name: not self._company.is_ignored(name))
        return self._state.view.message(
            message,
            past=past,
            delivered=delivered,
            quote=self._quote(message),
            facts=aside(f" {facts}") if facts else "",
        )

    def _quote(self, message: Frame) -> str:
        if (id := message.get(REPLY)) is None:
            return ""
        target = self._state.remembered.find(message["room"], id)
        is_hidden = target is not None and self._company.is_ignored(target["from"])
        return entries.quote(target, id, is_hidden=is_hidden)
