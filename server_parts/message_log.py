"""What a room's log promises, and the in-memory reference of it.

A room is a log: its messages are numbered 1, 2, 3 … without holes. Every other backend keeps the same promises and
passes the same contract tests. One thread (the hub) appends, claims and trims; any thread may read.
This module must not know sockets, frames or clients.
"""

from __future__ import annotations

import secrets
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from chat_common import partners


class Draft(NamedTuple):
    """A message that has no number yet."""

    room: str
    ts: float
    sender: str
    color: str
    text: str
    session: str
    seq: int


class Message(NamedTuple):
    """A message as its room's log holds it."""

    room: str
    id: int
    ts: float
    sender: str
    color: str
    text: str
    seq: int


class Receipt(NamedTuple):
    """Where a session's text went: a room and a number in it."""

    room: str
    id: int


class StorageError(Exception):
    """The log cannot be written or read just now. One sentence for a person."""


class MessageLog(ABC):
    """Rooms as numbered logs, and what must be committed together with them."""

    epoch: str  # made with the log; another epoch means that old numbers mean nothing

    @abstractmethod
    def append(self, drafts: Sequence[Draft], accepted: Mapping[str, int]) -> list[Message]:
        """Number and store the drafts, and each session's highest `seq`: all of it, or nothing and StorageError.

        On return it is as durable as this log gets. Messages come back in the order of the drafts.
        """

    @abstractmethod
    def accepted(self, session: str) -> int:
        """The highest committed `seq` of a session; 0 for one never seen."""

    @abstractmethod
    def receipt(self, session: str, seq: int) -> Receipt | None:
        """Where that text was stored; None if it was refused, trimmed or never seen."""

    @abstractmethod
    def last(self, room: str) -> int:
        """The newest number ever given in a room; 0 if there is none. Trimming does not lower it."""

    @abstractmethod
    def rooms(self) -> dict[str, int]:
        """Every room that has ever had a message, private ones too, with its newest number."""

    @abstractmethod
    def after(self, room: str, after: int, limit: int) -> list[Message]:
        """The oldest `limit` messages still kept with an id above `after`, in rising order."""

    @abstractmethod
    def before(self, room: str, before: int, limit: int) -> list[Message]:
        """The newest `limit` messages still kept with an id below `before`, in rising order."""

    @abstractmethod
    def search(self, text: str, floors: Mapping[str, int], limit: int, room: str | None = None) -> list[Message]:
        """Messages that match, newest first: in `room`, or in all public rooms and those in `floors`.

        Of a room in `floors` only what is numbered above its floor may be found. A private room that is not in
        `floors` is never looked into. Any text is a safe query.
        """

    @abstractmethod
    def owner(self, name: str) -> str | None:
        """The hashed token that a name (in any case) was claimed with; None if nobody has claimed it."""

    @abstractmethod
    def claim(self, name: str, token_hash: str) -> None:
        """Give an unclaimed name to whoever holds that token. Durable on return, else StorageError.

        What was said in private to or as that name before stays closed to its new owner: the private rooms get
        their present newest number as a floor.
        """

    @abstractmethod
    def private_rooms(self, name: str) -> dict[str, int]:
        """The private rooms a name is part of, each with the floor below which it may not read."""

    @abstractmethod
    def close(self) -> None:
        """Let go of files and connections. Safe to call twice."""


class MemoryLog(MessageLog):
    """The reference: plain dictionaries, nothing survives the process. Keeps the newest `keep` messages a room."""

    def __init__(self, keep: int = 100_000) -> None:
        self.epoch = secrets.token_hex(8)
        self._keep = keep
        self._lock = threading.Lock()  # guards all below; held only while copying
        self._messages: dict[str, deque[Message]] = {}
        self._last: dict[str, int] = {}
        self._accepted: dict[str, int] = {}
        self._receipts: dict[tuple[str, int], Receipt] = {}
        self._owners: dict[str, str] = {}
        self._floors: dict[str, dict[str, int]] = {}

    def append(self, drafts: Sequence[Draft], accepted: Mapping[str, int]) -> list[Message]:
        with self._lock:
            self._accepted.update(accepted)
            return [self._store(draft) for draft in drafts]

    def _store(self, draft: Draft) -> Message:
        room = draft.room
        number = self._last[room] = self._last.get(room, 0) + 1
        message = Message(room, number, draft.ts, draft.sender, draft.color, draft.text, draft.seq)
        if number == 1:
            self._messages[room] = deque(maxlen=self._keep)
            for name in partners(room):
                self._floors.setdefault(name, {}).setdefault(room, 0)
        self._messages[room].append(message)
        self._receipts[draft.session, draft.seq] = Receipt(room, number)
        if len(self._receipts) > self._keep:
            del self._receipts[next(iter(self._receipts))]
        return message

    def accepted(self, session: str) -> int:
        return self._accepted.get(session, 0)

    def receipt(self, session: str, seq: int) -> Receipt | None:
        return self._receipts.get((session, seq))

    def last(self, room: str) -> int:
        return self._last.get(room, 0)

    def rooms(self) -> dict[str, int]:
        return self._last.copy()

    def after(self, room: str, after: int, limit: int) -> list[Message]:
        with self._lock:
            messages = self._messages.get(room)
            if not messages:
                return []
            start = max(after + 1 - messages[0].id, 0)
            return [messages[i] for i in range(start, min(start + limit, len(messages)))]

    def before(self, room: str, before: int, limit: int) -> list[Message]:
        with self._lock:
            messages = self._messages.get(room)
            if not messages:
                return []
            stop = min(max(before - messages[0].id, 0), len(messages))
            return [messages[i] for i in range(max(stop - limit, 0), stop)]

    def search(self, text: str, floors: Mapping[str, int], limit: int, room: str | None = None) -> list[Message]:
        words = text.casefold().split()
        rooms = [name for name in self.rooms() if room in (None, name) and (name in floors or not partners(name))]
        found: list[Message] = []
        for name in rooms:
            floor = floors.get(name, 0)
            with self._lock:
                messages = list(self._messages.get(name, ()))
            found += (m for m in messages if m.id > floor and all(word in m.text.casefold() for word in words))
        found.sort(key=lambda message: (message.ts, message.id), reverse=True)
        return found[:limit] if words else []

    def owner(self, name: str) -> str | None:
        return self._owners.get(name.lower())

    def claim(self, name: str, token_hash: str) -> None:
        name = name.lower()
        with self._lock:
            self._owners[name] = token_hash
            for room in self._floors.get(name, {}):
                self._floors[name][room] = self._last[room]

    def private_rooms(self, name: str) -> dict[str, int]:
        with self._lock:
            return self._floors.get(name.lower(), {}).copy()

    def close(self) -> None:
        pass
