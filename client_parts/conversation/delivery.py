"""What has been said and not yet confirmed, and what has been shown: the bookkeeping behind "once, in order".

Pure: it must not know sockets, threads, screens or the clock. `Outgoing` is the way out, `Cursors` the way in.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from chat_common import Frame
from client_parts.conversation.remembered import About
from client_parts.kept.bookmarks import Epoch

# Characters on their way at once. More would only fill the kernel's buffers of a server that reads us slowly, until
# they look like a dead link.
_WINDOW = 32_768
_OVERHEAD = 64  # of a frame around its text


class Attached(NamedTuple):
    """A file that the server has, and that a text brings to a room."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Say:
    """One text on its way to one room."""

    seq: int
    room: str
    text: str
    about: About | None = None  # the message of that room that it speaks of
    attached: Attached | None = None

    def frame(self) -> Frame:
        spoken = {} if self.about is None else {self.about.kind: self.about.id}
        brought = {} if self.attached is None else {"file": self.attached.id}
        return {"type": "say", "room": self.room, "text": self.text, "seq": self.seq, **spoken, **brought}


class Outgoing:
    """Texts that the server has not confirmed yet, numbered 1, 2, 3 … within the session.

    Every text that was handed out is answered by a receipt, a refusal, or a problem of the server's. After a problem
    nothing more goes out until `release`, and then everything unconfirmed goes out again, in order.
    """

    def __init__(self) -> None:
        self.held = False
        self._pending: dict[int, Say] = {}  # in the order of seq
        self._newest = 0  # the seq of the newest text
        self._sent = 0  # the highest seq handed out on the present connection
        self._accepted = 0  # the highest seq that the server is known to have counted
        self._in_flight = 0  # the size of what was handed out and is not answered

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, room: str, text: str, about: About | None = None, attached: Attached | None = None) -> None:
        self._newest += 1
        self._pending[self._newest] = Say(self._newest, room, text, about, attached)

    def next(self) -> Say | None:
        """The next text to send on the present connection, once."""
        while not self.held and self._sent < self._newest and self._in_flight < _WINDOW:
            self._sent += 1
            if (say := self._pending.get(self._sent)) is not None:
                self._in_flight += _size(say)
                return say
        return None

    @property
    def oldest(self) -> int | None:
        """The seq of the text that has waited longest."""
        return next(iter(self._pending), None)

    def texts(self) -> list[Say]:
        """What is not confirmed yet, in order."""
        return list(self._pending.values())

    def unsent_for(self, room: str) -> bool:
        """Whether a text for that room has not been sent on the present connection."""
        return any(say.room == room and say.seq > self._sent for say in self._pending.values())

    def connected(self, accepted: int) -> None:
        """A new connection: what the server counts as accepted has arrived, the rest goes out again."""
        self.held = False
        self._forget_up_to(accepted)
        self._renumber(accepted + 1)

    def withdraw(self, *, entries: bool, files: bool) -> list[Say]:
        """On a new connection: give up what speaks of other messages, or brings files, if that means nothing there."""
        withdrawn = [
            say
            for say in self._pending.values()
            if (entries and say.about is not None) or (files and say.attached is not None)
        ]
        for say in withdrawn:
            del self._pending[say.seq]
        if withdrawn:
            self._renumber(self._accepted + 1)
        return withdrawn

    def disconnected(self) -> None:
        """What was sent may be lost, and counts as unsent until the server says what it accepted."""
        self._sent = next(iter(self._pending), self._newest + 1) - 1
        self._in_flight = 0

    def delivered(self, seq: int) -> Say | None:
        """A receipt: the text that it is for, or None for one that was not waiting."""
        self._accepted = max(self._accepted, seq)
        say = self._pending.pop(seq, None)
        if say is not None and seq <= self._sent:
            self._in_flight -= _size(say)
        return say

    def refused(self, seq: int) -> Say | None:
        """The server will not have that text; its seq is used up all the same."""
        return self.delivered(seq)

    def hold(self) -> None:
        """The server could not take a text, and used up no seq: that text and all after it wait for `release`."""
        self.held = True

    def out_of_step(self, accepted: int) -> None:
        """The server counts differently: what it has is delivered, and all above goes out again on `release`."""
        self.held = True
        self._forget_up_to(accepted)

    def release(self) -> None:
        """Send everything unconfirmed again, from the first."""
        self.held = False
        if next(iter(self._pending), 0) > self._accepted + 1:
            self._renumber(self._accepted + 1)
        else:
            self.disconnected()

    def _forget_up_to(self, accepted: int) -> None:
        for seq in [seq for seq in self._pending if seq <= accepted]:
            self.delivered(seq)
        self._accepted = accepted

    def _renumber(self, first: int) -> None:
        # A server whose log is another one counts from its own beginning, and would refuse our old numbers for ever.
        says = [replace(say, seq=seq) for seq, say in enumerate(self._pending.values(), first)]
        self._pending = {say.seq: say for say in says}
        self._newest = first + len(says) - 1
        self._sent = first - 1
        self._in_flight = 0


def _size(say: Say) -> int:
    return len(say.text) + _OVERHEAD


class Arrival(enum.Enum):
    """What a message that comes in means for the room's reader."""

    NEW = enum.auto()
    REPEAT = enum.auto()  # shown before, or of a room that was left, or sure to come again
    JUMP = enum.auto()  # messages before it are missing


class Cursors:
    """The rooms this client is in, and the last id that it has shown of each."""

    def __init__(self, rooms: Iterable[str] = ()) -> None:
        self.epoch: Epoch | None = None
        self._shown: dict[str, int | None] = dict.fromkeys(rooms)
        self._oldest: dict[str, int] = {}
        self._ends: dict[str, int] = {}  # rooms whose history is coming in, and the last id it will hold
        self._resuming: set[str] = set()  # rooms asked for again after a jump
        self._confirmed: set[str] = set()  # rooms that the server says we are in

    def __contains__(self, room: str) -> bool:
        return room in self._shown

    def is_confirmed(self, room: str) -> bool:
        """Whether the server has said that we are in it, and nobody has left it since."""
        return room in self._confirmed

    def positions(self) -> dict[str, int | None]:
        """What `hello` says about rooms."""
        return dict(self._shown)

    def rooms(self) -> list[str]:
        """The public rooms, in the order they were entered."""
        return [room for room in self._shown if not room.startswith("@")]

    def last_shown(self, room: str) -> int | None:
        return self._shown.get(room)

    def oldest_shown(self, room: str) -> int | None:
        return self._oldest.get(room)

    def catching_up(self, room: str | None = None) -> bool:
        """Whether the history of that room, or of any, is coming in."""
        return bool(self._ends) if room is None else room in self._ends

    def connected(self, epoch: Epoch) -> bool:
        """A new connection; whether it leads to another log, in which our positions mean nothing."""
        changed = self.epoch is not None and self.epoch != epoch
        self.epoch = epoch
        self._ends.clear()
        self._resuming.clear()
        if changed:
            self._shown = dict.fromkeys(self._shown)
            self._oldest.clear()
        return changed

    def enter(self, room: str) -> None:
        self._shown.setdefault(room, None)

    def leave(self, room: str) -> None:
        for known in (self._shown, self._oldest, self._ends):
            known.pop(room, None)
        self._resuming.discard(room)
        self._confirmed.discard(room)

    def refused(self) -> str | None:
        """The server refused an entry: the room it was, which we are then not in."""
        room = next((room for room in self._shown if room not in self._confirmed), None)
        if room is not None:
            self.leave(room)
        return room

    def joined(self, room: str, last: int) -> bool:
        """The server confirms an entry; False for a room that was left meanwhile."""
        if room not in self._shown and not room.startswith("@"):
            return False
        if (self._shown.setdefault(room, None) or 0) > last:  # messages were lost: their numbers are given again
            self._shown[room] = None
            self._oldest.pop(room, None)
        self._resuming.discard(room)
        self._confirmed.add(room)
        self._ends[room] = last
        return True

    def history(self, room: str, id: int) -> Arrival:
        """One message of the history that follows an entry. A jump here is final: it is shown all the same."""
        shown = self._shown.get(room)
        if shown is not None and id <= shown:
            return Arrival.REPEAT
        self._show(room, id)
        return Arrival.NEW if shown is None or id == shown + 1 else Arrival.JUMP

    def history_ends(self, room: str) -> None:
        last = self._ends.pop(room, None)
        if last is not None and room in self._shown:
            self._shown[room] = max(last, self._shown[room] or 0)

    def page(self, room: str, id: int) -> None:
        """An older message was shown because it was asked for."""
        self._oldest[room] = min(id, self._oldest.get(room, id))

    def live(self, room: str, id: int) -> Arrival:
        """One message that was just said. Before the entry is confirmed it is one of a room that was left."""
        if room not in self._confirmed:
            return Arrival.REPEAT
        shown = self._shown[room]
        if shown is not None and id <= shown:
            return Arrival.REPEAT
        if shown is not None and id > shown + 1:
            if room in self._resuming:
                return Arrival.REPEAT
            self._resuming.add(room)
            return Arrival.JUMP
        self._show(room, id)
        return Arrival.NEW

    def _show(self, room: str, id: int) -> None:
        self._shown[room] = id
        self._oldest.setdefault(room, id)
