"""Who may sit behind a cut link: the independent mind, the product's own half, and one that errs on purpose.

All are pure: frames in, frames out.
"""

from __future__ import annotations

from typing import Protocol

from client_parts.conversation.delivery import Arrival, Cursors, Outgoing
from tests.faults.mind import Frame, Mind, Receipt, Track


class Brain(Protocol):
    name: str
    wrong: list[str]

    def say(self, room: str, text: str) -> None: ...
    def hello(self) -> Frame: ...
    def heard(self, frame: Frame) -> None: ...
    def to_send(self) -> list[Frame]: ...
    def lost(self) -> None: ...
    @property
    def finished(self) -> bool: ...
    def track(self) -> Track: ...


class Independent(Mind):
    """Written from the protocol page."""

    @property
    def finished(self) -> bool:
        return self.caught_up and not self.pending

    def track(self) -> Track:
        return self.tracks["lobby"]


class Careless(Independent):
    """The negative control: after a reconnect it says again, under new numbers, what it has no receipt for."""

    def _hear_welcome(self, frame: Frame) -> None:
        self.pending = dict(enumerate(self.pending.values(), frame["accepted"] + 1))
        self._seq = frame["accepted"] + len(self.pending)
        super()._hear_welcome(frame)

    def _confirmed(self, seq: int, receipt: Receipt) -> None:
        self._seq = max(self._seq, seq)
        super()._confirmed(seq, receipt)


class Product:
    """client_parts/conversation/delivery.py where client.py has it, with as little as possible around it."""

    def __init__(self, name: str, rooms: tuple[str, ...] = ("lobby",), after: int = 0) -> None:
        self.name = name
        self.wrong: list[str] = []
        self._session = Mind(name).session
        self._outgoing = Outgoing()
        self._cursors = Cursors(rooms)
        self._track = Track("lobby", after)
        if after:  # as if that much had been shown before
            self._cursors.joined("lobby", after)
            self._cursors.history_ends("lobby")
        self._online = False

    def say(self, room: str, text: str) -> None:
        self._outgoing.add(room, text)

    def hello(self) -> Frame:
        hello: Frame = {"type": "hello", "protocol": 1, "name": self.name, "session": self._session}
        epoch = {} if self._cursors.epoch is None else {"epoch": self._cursors.epoch}
        return hello | {"rooms": self._cursors.positions(), "history": 500} | epoch

    def to_send(self) -> list[Frame]:
        frames = []
        while self._online and (say := self._outgoing.next()) is not None:
            frames.append({"type": "say", "room": say.room, "text": say.text, "seq": say.seq})
        return frames

    def lost(self) -> None:
        self._online = False
        self._outgoing.disconnected()

    @property
    def finished(self) -> bool:
        return self._online and not len(self._outgoing) and not self._cursors.catching_up("lobby")

    def track(self) -> Track:
        return self._track

    def heard(self, frame: Frame) -> None:
        match frame["type"]:
            case "welcome":
                if self._cursors.connected(frame["epoch"]):
                    self.wrong.append("epoch: another log")
                self._outgoing.connected(frame["accepted"])
            case "joined":
                self._cursors.joined(frame["room"], frame["last"])
            case "history":
                for message in frame["messages"]:
                    self._show(self._cursors.history(frame["room"], message["id"]), message)
                if not frame["more"]:
                    self._cursors.history_ends(frame["room"])
                    self._online = True
            case "message":
                if frame["from"] == self.name:
                    self._outgoing.delivered(frame["seq"])
                self._show(self._cursors.live(frame["room"], frame["id"]), frame)
            case "ack":
                self._outgoing.delivered(frame["seq"])
            case "error" if frame["code"] == "empty_text":
                self._outgoing.refused(frame["seq"])
            case "error":
                self.wrong.append(f"error {frame['code']}: {frame['text']}")

    def _show(self, arrival: Arrival, message: Frame) -> None:
        if arrival is Arrival.JUMP:
            self.wrong.append(f"hole: before {message['id']}")
        if arrival is Arrival.NEW:
            self._track.add(message["id"], message["from"], message["text"])
