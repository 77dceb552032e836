"""A client's bookkeeping, written from docs/protocol.md alone: what is pending, what was seen, what is wrong.

Pure: frames in, frames out, no socket and no clock. It shares no code with the product, and it trusts nothing: every
rule of the protocol that it can check, it checks, and what is broken goes to `wrong`.
"""

from __future__ import annotations

import hashlib
import json
import math
import secrets
from collections.abc import Iterable
from typing import Any, NamedTuple

Frame = dict[str, Any]

MARK = 100  # messages between two marks of a track


class Saying(NamedTuple):
    room: str
    text: str


class Receipt(NamedTuple):
    """How a text was confirmed. `accepted` and repeats of refused texts come without a number."""

    room: str
    id: int | None


class Track:
    """One room as one receiver saw it: a running hash over every message, with marks to say where two tracks part."""

    def __init__(self, room: str, base: int) -> None:
        self.room, self.base, self.last = room, base, base
        self.marks: list[tuple[int, str]] = []
        self._hash = hashlib.sha256()

    def add(self, id: int, sender: str, text: str) -> None:
        self.last = id
        self._hash.update(json.dumps([self.room, id, sender, text]).encode())
        if id % MARK == 0:
            self.marks.append((id, self.digest))

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()[:16]

    def parts_from(self, other: Track) -> str | None:
        """Where two tracks of one room part, as a sentence; None if they are one sequence."""
        if (self.base, self.last, self.digest) == (other.base, other.last, other.digest):
            return None
        agreed = self.base
        for mine, theirs in zip(self.marks, other.marks, strict=False):
            if mine != theirs:
                break
            agreed = mine[0]
        return f"{self.room}: ({self.base}, {self.last}] is not ({other.base}, {other.last}]; alike up to {agreed}"


def track_of(room: str, messages: Iterable[Frame], base: int = 0) -> Track:
    track = Track(room, base)
    for message in messages:
        track.add(message["id"], message["from"], message["text"])
    return track


class Mind:
    """One session, across any number of connections."""

    def __init__(self, name: str, rooms: Iterable[str] = ("lobby",), after: int = 0, window: int = 16) -> None:
        self.name = name
        self.session = secrets.token_urlsafe(16)
        self.token = secrets.token_urlsafe(24)
        self.tracks = {room: Track(room, after) for room in rooms}
        self.inside = set(self.tracks)
        self.epoch: str | None = None
        self.window = window
        self.pending: dict[int, Saying] = {}
        self.stored: dict[str, Receipt] = {}  # by text: who makes texts makes them unlike each other
        self.refused = 0
        self.said = 0  # texts ever handed to `say`
        self.outages = 0  # answers of storage_unavailable
        self.parting: Frame | None = None
        self.wrong: list[str] = []
        self.pongs: set[Any] = set()
        self.online = False
        self._seq = 0
        self._accepted = 0
        self._sent = 0
        self._held = False
        self._again_from = math.inf  # the lowest seq to which the server could not say what became of it
        self._leaving: set[str] = set()  # rooms that may still send what is on its way: no number to come back with
        self._entering: set[str] = set()  # rooms that were asked for: that may be refused while the log is away
        self._requests: list[Frame] = []
        self._ends: dict[str, int] = {}  # rooms whose history is coming, and the last id it must reach
        self._barrier = 0

    # --- what this client wants ---

    def say(self, room: str, text: str) -> None:
        self._seq += 1
        self.said += 1
        self.pending[self._seq] = Saying(room, text)

    def ask(self, type: str, **fields: Any) -> None:
        self._requests.append({"type": type, **fields})

    def enter(self, room: str) -> None:
        self.inside.add(room)
        self.tracks.setdefault(room, Track(room, 0))
        self._entering.add(room)
        self.ask("join", room=room, after=self.tracks[room].last)

    def leave(self, room: str) -> None:
        self.inside.discard(room)
        self._entering.discard(room)
        self._leaving.add(room)
        self.ask("leave", room=room)

    @property
    def waits(self) -> bool:
        """Whether the server could not take a text: nothing is said until it has answered a ping."""
        return self._held

    @property
    def caught_up(self) -> bool:
        return self.online and not (self._ends or self._requests or self._leaving or self._entering)

    def is_in(self, room: str) -> bool:
        """Whether it is surely a member. While the log is away, a room that was asked for may be refused."""
        return room in self.inside and room not in self._entering

    # --- out ---

    def hello(self) -> Frame:
        rooms = {room: self.tracks[room].last for room in sorted(self.inside)}
        hello: Frame = {"type": "hello", "protocol": 1, "name": self.name, "session": self.session, "rooms": rooms}
        return hello | {"token": self.token, "history": 500} | ({"epoch": self.epoch} if self.epoch else {})

    def to_send(self) -> list[Frame]:
        """Requests, and texts as far as the window allows, in the order of their `seq`."""
        if not self.online:
            return []
        frames, self._requests = self._requests, []
        if self._held:
            return frames
        first = next(iter(self.pending), self._seq + 1)
        for seq in range(max(self._sent + 1, first), min(first + self.window, self._seq + 1)):
            if (saying := self.pending.get(seq)) is not None:  # receipts come room by room: a later one may be there
                frames.append({"type": "say", "room": saying.room, "text": saying.text, "seq": seq})
            self._sent = seq
        return frames

    def lost(self) -> None:
        """The connection is gone."""
        self.online = self._held = False
        self._again_from = math.inf
        self._requests = []
        self._ends = {}
        self._leaving = set()
        self._entering = set()

    # --- in ---

    def heard(self, frame: Frame) -> None:
        hear = getattr(self, f"_hear_{frame['type']}", None)
        if hear is not None:
            hear(frame)

    def _hear_welcome(self, frame: Frame) -> None:
        if self.epoch not in (None, frame["epoch"]):
            self.wrong.append(f"epoch: {self.epoch} became {frame['epoch']}")
        self.epoch = frame["epoch"]
        accepted = frame["accepted"]
        for seq in [seq for seq in self.pending if seq <= accepted]:
            self._confirmed(seq, Receipt(self.pending[seq].room, None))
        if accepted < self._accepted:
            self.wrong.append(f"forgotten: {self._accepted} texts were confirmed, now {accepted}")
            self._renumber(accepted)
        self._accepted = self._sent = accepted
        self.online = True

    def _renumber(self, accepted: int) -> None:
        self.pending = dict(enumerate(self.pending.values(), accepted + 1))
        self._seq = accepted + len(self.pending)

    def _hear_joined(self, frame: Frame) -> None:
        room = frame["room"]
        self._ends[room] = frame["last"]
        self._entering.discard(room)
        if room not in self.tracks:  # somebody opened a private room
            self.tracks[room] = Track(room, 0)
            self.inside.add(room)

    def _hear_history(self, frame: Frame) -> None:
        room = frame["room"]
        if room not in self._ends:
            self.wrong.append(f"history of {room} that was not announced")
            return
        track = self.tracks[room]
        if frame["gap"]:
            self._jump(track, frame["messages"][0]["id"] - 1 if frame["messages"] else self._ends[room], "gap")
        for message in frame["messages"]:
            self._take(track, message)
        if not frame["more"] and track.last < self._ends.pop(room):
            self.wrong.append(f"history of {room} ended early, at {track.last}")

    def _hear_message(self, frame: Frame) -> None:
        room, seq = frame["room"], frame["seq"]
        if room in self._ends:
            self.wrong.append(f"a live message in {room} before its history was over")
        self._take(self.tracks[room], frame)
        if frame["from"] == self.name and seq in self.pending:
            if self.pending[seq].text != frame["text"]:
                self.wrong.append(f"receipt {seq} for another text: {frame['text'][:40]}")
            self._confirmed(seq, Receipt(room, frame["id"]))

    def _hear_ack(self, frame: Frame) -> None:
        seq = frame["seq"]
        if seq in self.pending:
            self._confirmed(seq, Receipt(frame["room"] or self.pending[seq].room, frame["id"]))

    def _hear_presence(self, frame: Frame) -> None:
        for old, new in frame.get("renamed") or ():
            if old == self.name:
                self.name = new
        if self.name in frame.get("left", ()):
            self._leaving.discard(frame["room"])

    def _hear_pong(self, frame: Frame) -> None:
        self.pongs.add(frame["n"])
        if frame["n"] == f"barrier {self._barrier}" and self._held:
            self._held = False
            self._sent = min(self._accepted, next(iter(self.pending), self._seq + 1) - 1)
            self._again_from = math.inf
            for room in self._entering:
                self.enter(room)

    def _hear_bye(self, frame: Frame) -> None:
        self.parting = frame

    def _hear_error(self, frame: Frame) -> None:
        code, seq = frame["code"], frame.get("seq")
        if code in ("storage_unavailable", "bad_seq"):
            self.outages += code == "storage_unavailable"
            self._again_from = min(self._again_from, seq or math.inf)
            if not self._held and self.online:
                self._held = True  # all that is under way is answered before the pong; then once more from the start
                self._barrier += 1
                self.ask("ping", n=f"barrier {self._barrier}")
        elif code == "empty_text" and seq in self.pending and not self.pending[seq].text.strip():
            self.refused += 1
            self._confirmed(seq, Receipt(self.pending[seq].room, None))
        else:
            self.wrong.append(f"error {code}: {frame['text']}")

    def _confirmed(self, seq: int, receipt: Receipt) -> None:
        saying = self.pending.pop(seq)
        before = min(seq, self._again_from)  # what is to be sent again may be stored, and is confirmed when it is
        earlier = next(
            (s for s, other in self.pending.items() if s < before and other.room == saying.room and other.text.strip()),
            None,
        )
        if earlier is not None and receipt.id is not None:
            self.wrong.append(f"order: {seq} to {saying.room} was confirmed before {earlier}")
        self._accepted = max(self._accepted, seq)
        if saying.text.strip():
            self.stored[saying.text] = receipt

    def _take(self, track: Track, message: Frame) -> None:
        id = message["id"]
        if id <= track.last:
            self.wrong.append(f"repeat: {track.room} {id} after {track.last}")
            return
        if id != track.last + 1:
            self._jump(track, id - 1, "hole")
        track.add(id, message["from"], message["text"])

    def _jump(self, track: Track, to: int, what: str) -> None:
        self.wrong.append(f"{what}: {track.room} goes on after {to}, not after {track.last}")
        track.last = to
