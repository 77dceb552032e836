"""A whole conversation, put together of its parts: frames go in, what was typed goes in, and what comes out of it is
in its `state`: frames and texts to send, and lines on the board.

It knows no socket, no thread and no clock. One thread owns it: the receiver.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from chat_common import LOBBY, Frame
from client_parts.conversation.actions import Actions
from client_parts.conversation.admission import Admission
from client_parts.conversation.answers import Answers
from client_parts.conversation.autoaway import AutoAway
from client_parts.conversation.catching_up import CatchingUp
from client_parts.conversation.company import Company
from client_parts.conversation.delivery import Cursors
from client_parts.conversation.incoming import Incoming
from client_parts.conversation.introduction import Introduction
from client_parts.conversation.mentions import Mentions
from client_parts.conversation.messages import Messages
from client_parts.conversation.overview import Overview
from client_parts.conversation.paging import Paging
from client_parts.conversation.reading import Reading
from client_parts.conversation.room_board import RoomBoard
from client_parts.conversation.rooms import Rooms
from client_parts.conversation.state import State
from client_parts.conversation.unseen import Unseen
from client_parts.input.commands import Correction, Intent, Mistake, Text, obey
from client_parts.input.completion import Vocabulary
from client_parts.kept.bookmarks import Bookmarks
from client_parts.kept.places import Place, Places
from client_parts.kept.settings import Settings
from client_parts.screen.board import Board
from client_parts.screen.status import Status
from client_parts.screen.view import View

RECENT = 20  # messages of a room that are shown at first, if nobody says how many


@dataclass(frozen=True, slots=True)
class Wishes:
    """How this client wants to enter the chat."""

    name: str
    color: str
    rooms: tuple[str, ...] = (LOBBY,)
    history: int = RECENT
    admission: Admission = field(default_factory=Admission)
    current: str | None = None  # where texts go, as a person writes it; None for the first of the rooms


class Conversation:
    """One client's whole conversation: it hears, and it obeys."""

    def __init__(
        self,
        board: Board,
        view: View,
        wishes: Wishes,
        *,
        settings: Settings | None = None,
        bookmarks: Bookmarks | None = None,
        places: Places | None = None,
    ) -> None:
        self.state = state = _first_state(board, view, wishes, settings or Settings())
        unseen = Unseen(bookmarks or Bookmarks())
        self._company = company = Company(state.room_board, board, view, state.settings, state.ask_quietly)
        self._places = places or Places()
        self._rooms = rooms = Rooms(state, company, unseen, wishes.current or view.home)
        self._paging = paging = Paging(state, company)
        messages = Messages(state, company)
        self._mentions = mentions = Mentions(state, rooms, messages, unseen, paging.searches)
        self._catching_up = catching_up = CatchingUp(state, rooms, company, messages, mentions, unseen)
        catching_up.takes_page = paging.context.takes
        self._introduction = Introduction(state, rooms, mentions)
        self._actions = actions = Actions(state, rooms, company, messages, mentions, paging)
        self.transfers = transfers = actions.transfers
        self._auto_away = AutoAway(state)
        self._reading = reading = Reading(state, rooms, unseen)
        self._overview = Overview(state, rooms, company, paging, actions.messages, transfers)
        incoming = Incoming(state, rooms, company, messages, mentions, catching_up)
        answers = Answers(state, rooms, actions.moderation.doubted, transfers.refused)
        account, self._facts = actions.account, actions.moderation.facts
        self._listeners: dict[str, Callable[[Frame], None]] = {
            "welcome": self._welcomed,
            "joined": self._joined,
            "history": self._history,
            "message": incoming.message,
            "presence": incoming.presence,
            "away": incoming.away,
            "read": reading.heard,
            "notice": incoming.notice,
            "ack": answers.ack,
            "error": answers.error,
            "who": paging.people,
            "rooms": paging.rooms,
            "results": paging.searches.answer,
            "room": self._facts.changed,
            "deleted": messages.amending.deleted,
            **dict.fromkeys(("bans", "audit", "reports"), paging.records),
            "servers": actions.moderation.servers,
            "devices": account.devices,
            "code": account.code,
            "invitation": account.invitation,
            "whois": account.who_it_is,
            "blocked": account.blocked,
            "upload": transfers.granted,
            "file": transfers.whereabouts.located,
            "files": paging.files,
        }

    # --- What comes in ---

    def heard(self, frame: Frame) -> None:
        """Take in one acceptable frame."""
        if listener := self._listeners.get(frame["type"]):
            listener(frame)

    def _welcomed(self, frame: Frame) -> None:
        self._introduction.welcomed(frame)
        self._reading.welcomed(frame)
        self.transfers.welcomed()

    def _joined(self, frame: Frame) -> None:
        is_new = self.state.cursors.last_shown(frame["room"]) is None
        self._reading.joined(frame)
        self._catching_up.joined(frame)
        self._facts.joined(frame, is_new=is_new)

    def _history(self, frame: Frame) -> None:
        self._facts.resumed(frame)
        self._catching_up.history(frame)

    def obey(self, intent: Intent) -> None:
        """Carry out what was typed."""
        if isinstance(intent, Text):
            self._actions.say(intent.text)
        elif isinstance(intent, Correction):
            self._actions.messages.correct(intent.which, intent.text)
        elif isinstance(intent, Mistake):
            self.state.complain(intent.sentence)
        else:
            obey(intent, self._actions)

    def disconnected(self) -> None:
        """The link is gone, if there was one."""
        self._mentions.keep_place()
        self._catching_up.disconnected()
        self._company.lost()
        self._paging.searches.forget()
        self._paging.context.forget()
        self.state.disconnected()
        self.transfers.disconnected()

    def stop_reading(self) -> None:
        """Nobody looks any more, and nobody will have seen what comes from now on."""
        self._mentions.stop_reading()

    def tell_news(self, now: float) -> float:
        """Tell what waits until it is whole: missed mentions, who came and went; keep where this person is.

        Returns when to ask again.
        """
        self._mentions.tell_if_whole()
        if self.state.cursors.epoch is not None:
            self._places.keep(Place(tuple(self.state.cursors.rooms()), self._rooms.current))
        look_around = self._company.look_around(now, self._rooms.current_if_entered)
        others = self._auto_away.tend(now), self._reading.tend(now), self.transfers.tend(now)
        return min(self._company.tell_news(now), look_around, *others)

    # --- What it is asked for ---

    def hello(self, session: str, token: str | None, former_token: str | None = None) -> Frame:
        return self._introduction.hello(session, token, former_token)

    def status(self, link: str, next_try: str = "", *, waiting: bool, in_clear: bool = False) -> Status:
        return self._overview.status(link, next_try, waiting=waiting, in_clear=in_clear)

    def unconfirmed(self) -> tuple[str, ...]:
        """The texts on their way, with where they go if that is not here."""
        return self._overview.unconfirmed()

    def vocabulary(self) -> Vocabulary:
        return self._overview.vocabulary()


def _first_state(board: Board, view: View, wishes: Wishes, settings: Settings) -> State:
    view.me, view.home = wishes.name, wishes.rooms[0] if wishes.rooms else None
    view.timed = board.rich
    view.marks_mentions = board.rich or board.echoes
    room_board = RoomBoard(board, settings, view.home)
    return State(
        board, view, settings, wishes.color, Cursors(wishes.rooms), room_board, wishes.history, wishes.admission
    )
