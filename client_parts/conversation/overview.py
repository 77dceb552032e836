"""What is shown of a conversation as a whole: the status row, the texts on their way, what Tab may offer.

It changes nothing.
"""

from __future__ import annotations

from chat_common import harmless_line
from client_parts.conversation.company import Company
from client_parts.conversation.delivery import Say
from client_parts.conversation.entries import Entries
from client_parts.conversation.paging import Paging
from client_parts.conversation.rooms import Rooms
from client_parts.conversation.state import State
from client_parts.conversation.transfers import Transfers
from client_parts.input.completion import Vocabulary
from client_parts.screen.status import Status

_MOST_SHOWN = 300  # characters of a text on its way


class Overview:
    def __init__(
        self,
        state: State,
        rooms: Rooms,
        company: Company,
        paging: Paging,
        entries: Entries,
        transfers: Transfers,
    ) -> None:
        self._state = state
        self._rooms = rooms
        self._company = company
        self._paging = paging
        self._entries = entries
        self._transfers = transfers

    def status(self, link: str, next_try: str = "", *, waiting: bool, in_clear: bool) -> Status:
        """How things stand; with the texts that wait for their receipt, if they have waited for a while."""
        here = self._rooms.current_on_the_wire or ""
        view = self._state.view
        return Status(
            target=view.target(self._rooms.current),
            name=harmless_line(self._state.name),
            color=self._state.color,
            away=self._state.away.text is not None,
            link=link,
            next_try=next_try,
            online=self._state.online,
            in_clear=in_clear,
            members=None if here.startswith("@") else self._company.people.number_in(here),
            unread=tuple((view.place(room), count) for room, count in self._rooms.unread.counts().items()),
            absent=self._absent_partner(here) if here.startswith("@") else self._absent_others(here),
            waiting=self.unconfirmed(_MOST_SHOWN) if waiting else (),
            transfers=self._transfers.status(),
        )

    def _absent_partner(self, here: str) -> str:
        partner = (self._rooms.current or here)[1:]
        people = self._company.people
        if people.number_in(here) in (0, 1):
            return f"{harmless_line(partner)} is not here"
        return f"{harmless_line(partner)} is away" if people.is_away(partner) else ""

    def _absent_others(self, here: str) -> str:
        view = self._state.view
        return view.away([name for name in self._company.away_in(here) if not view.is_me(name)])

    def unconfirmed(self, most: int | None = None) -> tuple[str, ...]:
        """The texts on their way, or the beginning of each, with where they go if that is not here."""
        texts = self._state.outgoing.texts()
        marks = ((self._state.view.mark(self._rooms.wire_name(say.room)), _in_words(say)[:most]) for say in texts)
        return tuple(harmless_line(mark + text) for mark, text in marks)

    def vocabulary(self) -> Vocabulary:
        """What Tab may offer, where there is one."""
        if not self._state.board.rich:
            return Vocabulary()
        cursors, view = self._state.cursors, self._state.view
        rooms = tuple(cursors.rooms())
        partners_here = [view.place(room)[1:] for room in cursors.positions() if room.startswith("@")]
        names = self._company.people.to_offer(rooms, partners_here)
        return Vocabulary(
            names,
            rooms,
            self._paging.public_rooms,
            self._company.ignored_names(),
            self._entries.correctable(),
            tuple(view.shelf.newest_first()),
            tuple(errand.number for errand in self._transfers.errands),
        )


def _in_words(say: Say) -> str:
    """What is on its way, what it brings, and what it is about."""
    text = say.text if say.attached is None else f"{say.text} [{say.attached.name}]".lstrip()
    return text if say.about is None else f"{say.about.kind} [{say.about.id}] {text}".rstrip()
