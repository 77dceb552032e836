"""How this client and a server greet each other: the hello, the first time and on every return, and the welcome."""

from __future__ import annotations

from typing import Any

from chat_common import MAX_HELLO_LINE, PROTOCOL, VERSION, Frame, color_problem, encode_frame, harmless_line
from client_parts.conversation.account import greeting
from client_parts.conversation.mentions import Mentions
from client_parts.conversation.rooms import Rooms
from client_parts.conversation.state import State
from client_parts.screen.view import alert, aside

_FEATURES = ("by",)  # what was added to the protocol and is understood here


class Introduction:
    def __init__(self, state: State, rooms: Rooms, mentions: Mentions) -> None:
        self._state = state
        self._rooms = rooms
        self._mentions = mentions
        self._greeted = False
        self._left_out: list[str] = []  # rooms for which the hello was too short

    def hello(self, session: str, token: str | None, former_token: str | None = None) -> Frame:
        """Return the first frame of a connection: who this client is, and what it has seen of each room.

        A server that knows the name under the former token takes the other one in its place.
        """
        state = self._state
        positions = {room: last for room, last in state.cursors.positions().items() if self._rooms.may_read(room)}
        frame: Frame = {
            "type": "hello",
            "protocol": PROTOCOL,
            "name": state.name,
            "color": state.color,
            "session": session,
            "rooms": positions,
            "history": state.history_wanted,
            "client": f"client.py {VERSION}",
            "features": list(_FEATURES),
            **state.admission.fields(),
        }
        if token is not None:
            frame["token"] = token
        if former_token is not None:
            frame["former_token"] = former_token
        if state.cursors.epoch is not None:
            frame["epoch"] = state.cursors.epoch
        self._left_out = []
        while len(encode_frame(frame)) > MAX_HELLO_LINE:
            self._left_out.append(positions.popitem()[0])
        return frame

    def welcomed(self, frame: Frame) -> None:
        """The server knows this client from here on."""
        state = self._state
        has_new_log = state.cursors.connected(frame["epoch"])
        state.outgoing.connected(frame["accepted"])
        named = frame.get("features")
        features = named if isinstance(named, list) else []
        state.knows_entries, state.knows_changes = "entries" in features, "changes" in features
        state.knows_files, state.file_limit = "files" in features, _file_limit(frame.get("limits"))
        if has_new_log:
            state.remembered.forget_all()
        self._withdraw_what_means_nothing(is_new=has_new_log)
        state.online, state.tag = True, frame.get("tag")
        state.has_password = frame.get("password")
        state.admission.forget()
        self._take_name(frame["name"])
        if color_problem(frame["color"]) is None:
            state.color = frame["color"]
        if has_new_log:
            state.board.note(alert("This server's history was replaced; showing recent messages."))
        if has_new_log or not self._greeted:
            self._mentions.arrive(frame["epoch"])
        if not self._greeted:
            self._greet(frame)
        self._ask_for_the_rest(frame)

    def _withdraw_what_means_nothing(self, *, is_new: bool) -> None:
        """Numbers of another log mean other messages; and a server that knows no entries would take them for texts."""
        state = self._state
        entries, files = is_new or not state.knows_entries, is_new or not state.knows_files
        why = "this server's history was replaced" if is_new else "this server is too old for that"
        for say in state.outgoing.withdraw(entries=entries, files=files):
            state.refused += 1
            text = f" Your text was: {harmless_line(say.text)}" if say.text else ""
            state.complain(f"Not delivered: {why}.{text}")

    def _take_name(self, name: str) -> None:
        """Under another name than the one that was wished, a conversation of the last run is somebody else's."""
        current = self._rooms.current
        is_another = not self._greeted and not self._state.view.is_me(name)
        self._rooms.take_name(name)
        if is_another and current is not None and current.startswith("@"):
            self._rooms.turn_to(next(iter(self._state.cursors.rooms()), None))

    def _greet(self, frame: Frame) -> None:
        self._greeted = True
        board = self._state.board
        board.show(aside("* hello client *"))
        if motd := frame.get("motd"):
            board.show(self._state.view.motd(motd))
        who = greeting(self._state.name, frame.get("role"))
        board.note(aside(f"{who} /help lists the commands, /exit leaves."))

    def _ask_for_the_rest(self, frame: Frame) -> None:
        """Ask for what a hello cannot say."""
        self._mentions.look_back()
        self._tell_whether_away(frame)
        for room in self._left_out:
            self._rooms.ask_to_enter(room)

    def _tell_whether_away(self, frame: Frame) -> None:
        """What was said here without a connection counts most, then what this person said in another terminal."""
        away = self._state.away
        if "away" in frame and away.is_told:
            self._state.take_away(frame["away"])
        elif away.text is not None or not away.is_told:
            away.is_told = self._state.ask_quietly({"type": "away", "text": away.text})


def _file_limit(limits: Any) -> int | None:
    """How many bytes a file may have; None if there may be none."""
    most = limits.get("file") if isinstance(limits, dict) else None
    return most if type(most) is int and most > 0 else None
