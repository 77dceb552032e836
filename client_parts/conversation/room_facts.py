"""How each room is set, as far as the server has told: its topic, who may talk, how often. It must not know people."""

from __future__ import annotations

from chat_common import Frame
from client_parts.conversation.state import State
from client_parts.screen import order
from client_parts.screen.order import Facts


class RoomFacts:
    def __init__(self, state: State) -> None:
        self._state = state
        self._facts: dict[str, Facts] = {}
        self._owed: dict[str, list[str]] = {}  # what to tell of rooms that were resumed, if their history has a gap
        self._roles: dict[str, str] = {}  # this person's, where they are more than a member

    def joined(self, frame: Frame, *, is_new: bool) -> None:
        """A room is entered, perhaps again after the link was gone: tell what is not known of it."""
        room, now = frame["room"], order.facts(frame)
        if room not in self._state.cursors or room.startswith("@"):
            return
        before = Facts() if is_new else self._facts.get(room, Facts())
        self._facts[room] = now
        lines = order.entered(self._state.view, room, now, before)
        if is_new or not self._state.knows_changes:
            self._tell_all(room, lines)
        else:
            self._owed[room] = lines
        self._take_role(frame, is_new=is_new)

    def resumed(self, history: Frame) -> None:
        """What was changed meanwhile stands in the history of a room; where that is not whole, tell how it is now."""
        lines = self._owed.pop(history["room"], [])
        if history.get("gap"):
            self._tell_all(history["room"], lines)

    def _take_role(self, frame: Frame, *, is_new: bool) -> None:
        room, role = frame["room"], frame.get("role") or ""
        role = "" if role == "member" else role
        if role and (is_new or role != self._roles.get(room, "")):
            self._tell_all(room, [order.role(self._state.view, room, role)])
        self._roles[room] = role

    def changed(self, frame: Frame) -> None:
        """Somebody has set something in a room. If that is an entry of the room, the entry tells it."""
        if frame["room"] in self._state.cursors:
            before = self._facts.get(frame["room"], Facts())
            self._facts[frame["room"]] = order.facts(frame)
            if not self._state.knows_changes:
                self._tell_all(frame["room"], order.changed(self._state.view, frame, before))

    def tell(self, room: str) -> None:
        self._state.board.note(order.as_set(self._state.view, room, self._facts.get(room, Facts())))

    def _tell_all(self, room: str, lines: list[str]) -> None:
        for line in lines:
            self._state.room_board.show(room, line)
