"""What this person says about other messages: answers, corrections, deletions, reactions.

They go out like texts, through `delivery.py`. What the server does not allow, it says.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from chat_common import MAX_TEXT, Frame, harmless_line
from client_parts.conversation.company import Company
from client_parts.conversation.remembered import DELETE, EDIT, REACT, REPLY, About
from client_parts.conversation.rooms import Rooms
from client_parts.conversation.state import State
from client_parts.input.correctable import Correctable

_MOST_IN_A_REACTION: Final = 32  # characters, as the server allows
_TOO_OLD: Final = "This server is too old for that: it knows no answers, corrections, deletions or reactions."
_ON_ITS_WAY: Final = "Your last message is still on its way; try again when it has arrived."


class Entries:
    def __init__(self, state: State, rooms: Rooms, company: Company) -> None:
        self._state = state
        self._rooms = rooms
        self._company = company

    # --- Answers ---

    def answer(self, id: int, text: str) -> None:
        self._say(REPLY, id, text)

    def answer_somebody(self, name: str, text: str, otherwise: str) -> None:
        """Answer the last message of that person; if they have said nothing here, the last one, with all the words."""
        last = next((message for message in self._of_others() if message["from"].lower() == name.lower()), None)
        text = otherwise if last is None else text
        if last is None:
            last = next(self._of_others(), None)
        if last is None:
            self._find_nothing("answer")
        else:
            self._say(REPLY, last["id"], text)

    # --- Corrections and deletions ---

    def correctable(self) -> Correctable | None:
        """The last message of one's own in the present room, unless a newer one is on its way."""
        room = self._rooms.current_on_the_wire
        if room is None or not self._state.knows_entries or self._is_waiting():
            return None
        own = (m for m in self._state.remembered.newest_first(room) if self._state.view.is_me(m["from"]))
        last = next(own, None)
        return None if last is None else Correctable(room, last["id"], last["text"])

    def edit(self, text: str) -> None:
        """Correct one's own last message."""
        last = self._own_last("correct")
        if last is not None and not text:
            self._state.complain("Write /edit TEXT with the corrected message.")
        elif last is not None:
            self.correct(last, text)

    def correct(self, which: Correctable, text: str) -> None:
        if len(text) > MAX_TEXT:
            self._state.complain(f"A message has at most {MAX_TEXT} characters; this has {len(text)}.")
        elif text != which.text and self._can():
            self._state.outgoing.add(which.room, text.replace("\0", ""), About(EDIT, which.id))

    def delete(self, id: int | None) -> None:
        """Delete that message, or one's own last one."""
        if id is not None and not self._state.knows_entries and self._rooms.current_on_the_wire:
            self._state.ask({"type": "delete", "room": self._rooms.current_on_the_wire, "id": id})
        elif id is not None:
            self._say(DELETE, id, "")
        elif (last := self._own_last("delete")) is not None:
            self._say(DELETE, last.id, "")

    def _own_last(self, verb: str) -> Correctable | None:
        if not self._can():
            return None
        last = self.correctable()
        if last is None:
            nothing = f"There is no message of yours here to {verb}."
            self._state.complain(_ON_ITS_WAY if self._is_waiting() else nothing)
        return last

    def _is_waiting(self) -> bool:
        """Whether a text of one's own for this room is on its way."""
        here = self._rooms.current_on_the_wire
        waiting = (say for say in self._state.outgoing.texts() if say.about is None or say.about.kind == REPLY)
        return any(self._rooms.wire_name(say.room) == here for say in waiting)

    # --- Reactions ---

    def react(self, id: int | None, text: str) -> None:
        """React to that message, or to the last one of somebody else; with an empty text, take that back."""
        last = None if id is not None else next(self._of_others(), None)
        id = last["id"] if last is not None else id
        if id is None:
            self._find_nothing("react to")
        elif len(text) > _MOST_IN_A_REACTION or "\n" in text:
            self._state.complain(f"A reaction is one emoji, or at most {_MOST_IN_A_REACTION} characters.")
        elif text.startswith("/me "):
            self._state.complain("A reaction does not begin with /me.")
        else:
            self._say(REACT, id, text)

    # --- All of them ---

    def _say(self, kind: str, id: int, text: str) -> None:
        if self._rooms.current is None:
            self._state.complain("You are in no room; /join ROOM enters one.")
        elif self._can():
            self._rooms.say(self._rooms.current, text, About(kind, id))

    def _can(self) -> bool:
        if not self._state.knows_entries:
            self._state.complain(_TOO_OLD)
        return self._state.knows_entries

    def _of_others(self) -> Iterator[Frame]:
        """What others whom this person hears have said in the present room, the newest first."""
        room = self._rooms.current_on_the_wire or ""
        for message in self._state.remembered.newest_first(room):
            sender = message["from"]
            if not self._state.view.is_me(sender) and not self._company.is_ignored(sender):
                yield message

    def _find_nothing(self, verb: str) -> None:
        if self._can():
            place = harmless_line(self._rooms.current or "this room")
            self._state.complain(f"Nobody else has said anything in {place} to {verb}.")
