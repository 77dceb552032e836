"""The mentions of this person: which were missed, how they are listed, and up to where this person has read."""

from __future__ import annotations

from collections.abc import Iterable

from chat_common import Frame
from client_parts.conversation.messages import Messages, key_of
from client_parts.conversation.rooms import Rooms
from client_parts.conversation.searches import Searches, Take
from client_parts.conversation.state import State
from client_parts.conversation.unseen import Unseen
from client_parts.kept.bookmarks import MOST_MISSED, Epoch
from client_parts.screen.found import Results
from client_parts.screen.view import alert


class Mentions:
    def __init__(self, state: State, rooms: Rooms, messages: Messages, unseen: Unseen, searches: Searches) -> None:
        self._state = state
        self._rooms = rooms
        self._messages = messages
        self._unseen = unseen
        self._searches = searches
        self._looked_back = True  # the mentions since the last run are known
        self._untold = False  # some were missed, and that is not told yet
        self._read: dict[str, int | None] | None = None  # how far, when this person stopped reading

    # --- Those that were missed ---

    def arrive(self, epoch: Epoch) -> None:
        """Come to a log for the first time: if an earlier run was there, there may be mentions from since then."""
        self._looked_back = not self._unseen.arrive(epoch, self._state.name)

    def look_back(self) -> None:
        """Ask for the mentions since the last run, unless they are known."""
        if not self._looked_back:
            self._search(self._take_since_the_last_run)

    def _take_since_the_last_run(self, results: Results) -> None:
        self._looked_back = True
        mine = filter(self._messages.names_me, reversed(results.messages))
        self._unseen.miss_since_the_last_run(map(key_of, mine))
        self._tell()

    def miss(self, news: Iterable[Frame]) -> None:
        """Keep the mentions among these messages, which came while this person was not there."""
        for message in filter(self._messages.names_me, news):
            self._unseen.miss(key_of(message))
            self._untold = True

    def tell_if_whole(self) -> None:
        """Tell how many were missed, once this person is back and every room's history is in."""
        is_here, is_whole = self._state.away.text is None, self._looked_back and not self._state.cursors.catching_up()
        if self._untold and is_here and is_whole:
            self._tell()

    def _tell(self) -> None:
        self._untold = False
        if number := self._unseen.missed:
            times = "once" if number == 1 else f"{number} times" + (" or more" if number == MOST_MISSED else "")
            self._state.board.show(alert(f"── You were mentioned {times} while you were not here: /mentions ──"))

    # --- All of them ---

    def list_all(self) -> None:
        """Ask for all mentions and show them, those that were missed first."""
        self._search(self._show)

    def _search(self, take: Take) -> None:
        self._searches.ask({"type": "search", "text": f'"{self._state.name}"', "limit": MOST_MISSED}, take)

    def _show(self, results: Results) -> None:
        missed: list[Frame] = []
        seen: list[Frame] = []
        for message in filter(self._messages.names_me, results.messages):
            (missed if self._is_missed(message) else seen).append(message)
        for line in self._state.view.mentions(missed, seen):
            self._state.board.show(line)
        self._unseen.look_at(map(key_of, missed))
        self.keep_place()

    def _is_missed(self, message: Frame) -> bool:
        return self._unseen.is_missed(key_of(message), self._state.cursors.last_shown(message["room"]))

    # --- Up to where this person has read ---

    def stop_reading(self) -> None:
        """Nobody looks any more, and nobody will have seen what comes from now on."""
        if self._read is None:
            self._read = self._state.cursors.positions()

    def keep_place(self) -> None:
        """Keep how far this person has read, for the next run."""
        cursors = self._state.cursors
        # Not before it is known what was missed: that would be lost.
        if self._state.online and self._looked_back and cursors.epoch is not None:
            positions = cursors.positions() if self._read is None else self._read
            read = {room: self._read_to(room, id) for room, id in positions.items() if id is not None}
            self._unseen.keep_place(cursors.epoch, self._state.name, read)

    def _read_to(self, room: str, shown: int) -> int:
        """What is unread now is unread in the next run too, where the status row tells of it."""
        shown = self._state.room_board.last_seen(room, shown)
        return self._rooms.unread.read_to(room, shown) if self._state.board.rich else shown
