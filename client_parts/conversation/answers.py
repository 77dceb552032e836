"""The server's short answers to this client's texts and requests: arrived before, refused, not possible now."""

from __future__ import annotations

from collections.abc import Callable

from chat_common import Frame, harmless_line
from client_parts.conversation.delivery import Say
from client_parts.conversation.rooms import Rooms
from client_parts.conversation.state import State
from client_parts.screen.view import as_sentence, bad

_RETRIED = ("storage_unavailable", "rate_limited", "internal")  # the fault is not in the text, so it is sent again
_NO_ENTRY = ("bad_room", "denied", "banned", "invite_needed")


class Answers:
    def __init__(
        self, state: State, rooms: Rooms, doubted: Callable[[], None], is_about_a_file: Callable[[Frame], bool]
    ) -> None:
        """`doubted` is called when the server wants to be asked a second time."""
        self._state = state
        self._rooms = rooms
        self._doubted = doubted
        self._is_about_a_file = is_about_a_file
        self._held_back: tuple[int | None, str] = None, ""  # which text was held back last, and why

    def ack(self, frame: Frame) -> None:
        """A text had arrived before."""
        self._state.outgoing.delivered(frame["seq"])

    def error(self, frame: Frame) -> None:
        """The server did not do what it was asked to."""
        code, seq, sentence = frame["code"], frame.get("seq"), as_sentence(frame["text"])
        if self._is_about_a_file(frame):
            return
        if code == "bad_seq":
            self._state.outgoing.out_of_step(frame.get("accepted") or 0)
        elif seq is not None and code in _RETRIED:
            self._hold(sentence)
        elif seq is not None:
            self._give_back(self._state.outgoing.refused(seq), sentence)
        else:
            self._state.complain(sentence)
            self._state.settle_password(refused=True)
            if code == "sure_needed":
                self._doubted()
            if code in _NO_ENTRY and (room := self._state.cursors.refused()) is not None:
                self._rooms.turn_from(room)

    def _hold(self, sentence: str) -> None:
        """Said once for a text, however often it is tried."""
        outgoing = self._state.outgoing
        why = outgoing.oldest, sentence
        if not outgoing.held and why != self._held_back:
            self._state.complain(f"Not delivered yet: {sentence} Trying again…")
            self._held_back = why
        outgoing.hold()

    def _give_back(self, say: Say | None, sentence: str) -> None:
        """Show a refused text, so that it can be copied."""
        if say is not None:
            self._state.refused += 1
            reason = bad(f"Not delivered: {sentence}")
            self._state.board.complain(f"{reason} Your text was: {harmless_line(say.text)}" if say.text else reason)
