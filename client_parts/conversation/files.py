"""What this person does about files: send, list, fetch, look at, cancel. Nothing is ever fetched by itself.

It must not know how the bytes are moved.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from chat_common import Frame, harmless_line, room_problem
from client_parts.conversation.paging import Paging
from client_parts.conversation.rooms import Rooms
from client_parts.conversation.state import State
from client_parts.conversation.transfers import Transfers
from client_parts.files.errands import Errand, Fetching, Sending
from client_parts.files.folder import downloads
from client_parts.files.local import FileProblem, look_at
from client_parts.files.progress import size_text
from client_parts.files.shelf import Facts
from client_parts.files.target import Expected, target_of
from client_parts.kept.values import DOWNLOADS
from client_parts.screen.file_mark import shown_name
from client_parts.screen.filing import status_words

_LARGEST_VIEW: Final = 20 * 1024 * 1024
_PICTURES: Final = ("image/png", "image/jpeg", "image/gif")  # of which terminals are known to show some


_Act = Callable[[int, Facts], None]  # what is done with a file, by its number


class Files:
    def __init__(self, state: State, rooms: Rooms, paging: Paging, transfers: Transfers) -> None:
        self._state = state
        self._rooms = rooms
        self._paging = paging
        self._transfers = transfers

    # --- Sending ---

    def send(self, path: str, room: str, caption: str) -> None:
        """Send a file of this machine to a room, or to where one talks."""
        where = self._rooms.current if not room else room.removeprefix("#").lower() if room[0] == "#" else room
        problem = self._why_not(where)
        try:
            local = look_at(path, self._state.file_limit if self._state.online else None)
        except FileProblem as reason:
            problem = problem or str(reason)
        if problem or where is None:
            self._state.complain(problem or "")
            self._transfers.failed += 1
            return
        number = self._state.view.shelf.take_number()
        self._transfers.begin(Sending(number, local, where, caption))

    def _why_not(self, where: str | None) -> str | None:
        """One sentence if no file can go there."""
        if self._state.online and (problem := self._transfers.why_none()):
            return problem
        if where is None:
            return "You are in no room; /join ROOM enters one."
        if where.startswith("@"):
            return None if self._state.accepts_name(where[1:]) else "Write @NAME for a person."
        if room_problem(where) is None and where not in self._state.cursors:
            return f"You are not in {self._state.view.place(where)}; /join {harmless_line(where)} enters it."
        return room_problem(where)

    # --- What there is ---

    def list_all(self, room: str) -> None:
        where = self._rooms.wire_name(room) if room else self._rooms.current_on_the_wire
        if self._state.online and not self._state.knows_files:
            self._state.complain("This server is too old for that: it takes no files.")
        else:
            self._paging.list_all({"type": "files"} if where is None else {"type": "files", "room": where})

    # --- Fetching ---

    def get(self, which: str, path: str) -> None:
        """Fetch a file into the usual folder, or to that path."""
        self._with_facts(which, lambda number, facts: self._fetch(number, facts, path))

    def view(self, which: str) -> None:
        """Show a picture, where the terminal can; else say where it is."""
        self._with_facts(which, self._look_at)

    def _with_facts(self, which: str, act: _Act) -> None:
        shelf = self._state.view.shelf
        if (id := shelf.id_of(which)) is None:
            self._state.complain(f"There is no file {harmless_line(which)}; /files lists the files of this room.")
        elif not self._state.online:
            self._state.complain("You are offline; try again when the connection is back.")
        elif (facts := shelf.facts_of(id)) is not None:
            act(shelf.put(facts), facts)
        else:
            self._transfers.whereabouts.ask(id, lambda frame, sentence: self._learned(frame, sentence, act))

    def _learned(self, frame: Frame | None, sentence: str, act: _Act) -> None:
        if frame is not None:
            act(self._state.view.shelf.put(frame), frame)
        elif sentence:
            self._state.complain(sentence)

    def _fetch(self, number: int, facts: Facts, path: str) -> None:
        if self._transfers.find(number) is not None:
            self._state.complain(f"{shown_name(facts['name'])} is on its way already.")
            return
        try:
            target = target_of(path, facts["name"], downloads(self._state.settings[DOWNLOADS]))
        except FileProblem as problem:
            self._state.complain(str(problem))
        else:
            self._transfers.begin(Fetching(number, facts["id"], _expected(facts), target))

    def _look_at(self, number: int, facts: Facts) -> None:
        is_shown = self._state.board.shows_pictures and facts.get("mime") in _PICTURES
        if is_shown and facts["size"] <= _LARGEST_VIEW and self._transfers.find(number) is None:
            self._transfers.begin(Fetching(number, facts["id"], _expected(facts), None))
        else:
            self._transfers.whereabouts.tell(facts["id"])

    # --- Giving up ---

    def cancel(self, which: str) -> None:
        """Cancel one transfer; without a number the only one."""
        errands = self._transfers.errands
        if which:
            number = self._state.view.shelf.number_of(which)
            errands = [errand for errand in errands if errand.number == number]
        if not errands:
            self._state.complain(
                f"File {harmless_line(which)} is not on its way." if which else "No file is on its way."
            )
        elif len(errands) > 1:
            self._state.board.note("\n".join(["Which one? /cancel N stops file N:", *map(_in_a_row, errands)]))
        else:
            self._transfers.cancel(errands[0])


def _expected(facts: Facts) -> Expected:
    return Expected(facts["name"], facts["size"], facts["sha256"])


def _in_a_row(errand: Errand) -> str:
    percent, name, *rest = status_words([errand])
    return f"  {errand.number:>3}  {name}  {', '.join([percent, size_text(errand.progress.size), *rest])}"
