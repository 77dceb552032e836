"""What a room's log promises, and the in-memory reference of it.

A room is a log: its messages are numbered 1, 2, 3 … without holes. Every other backend keeps the same promises and
passes the same contract tests. One thread at a time appends, claims or trims; any thread may read.
This module must not know sockets, frames or clients.
"""

from __future__ import annotations

import hashlib
import math
import secrets
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import count, islice, takewhile
from types import MappingProxyType
from typing import Final, NamedTuple

from chat_common import partners
from server_parts.search_query import DAY, Query, parse

PAGE: Final = 500  # messages read at a time when a whole room is wanted
TRIM_SLICE: Final = 500  # messages let go of at a time
SEARCH_TIME: Final = 0.1  # seconds a search may take
MOST_COUNTED: Final = 1_001  # of the messages that match: more than a thousand
SLICE: Final = 1_000  # messages looked through at a time
BREATH: Final = 0.001  # seconds between two slices
NOBODY: Final[Mapping[str, str]] = MappingProxyType({})


def hashed(secret: str) -> str:
    """The form in which tokens and session strings are kept. They are random and long: a plain hash protects them."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Place(NamedTuple):
    """Where a message is, and how many characters it has."""

    room: str
    id: int
    size: int


class Found(NamedTuple):
    """Messages that a search found, newest first."""

    messages: list[Message]
    total: int = 0  # how many match, these included, as far as they were counted
    partial: bool = False  # the time was over before all was looked through
    later: Sequence[Place] = ()  # what follows them, where there was no room for the texts

    @property
    def places(self) -> list[Place]:
        """Of all of it."""
        return [*(Place(m.room, m.id, len(m.text)) for m in self.messages), *self.later]


class Finds:
    """What a search finds, one after the other: the texts up to a size, then the places up to a limit, then a count."""

    def __init__(self, limit: int, size: float) -> None:
        self._limit = limit
        self._room = size
        self._messages: list[Message] = []
        self._later: list[Place] = []
        self.total = 0

    def add(self, message: Message) -> None:
        self.total += 1
        if self.total > self._limit:
            return
        if self._room > 0:
            self._messages.append(message)
            self._room -= len(message.text)
        else:
            self._later.append(Place(message.room, message.id, len(message.text)))

    def found(self, *, partial: bool = False) -> Found:
        return Found(self._messages, self.total, partial, tuple(self._later))


class Draft(NamedTuple):
    """Texts that have no numbers yet, said by one author in a row. `seq` is the first one's, the others count on.

    All of it is Unicode without NUL and lone surrogates. `session` is hashed.
    """

    room: str
    ts: float
    sender: str
    color: str
    texts: Sequence[str]
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


def filling(size: float, messages: Iterable[Message]) -> Iterator[Message]:
    """The first messages, as many as it takes to fill `size` characters of text: one at least, if there is one."""
    for message in messages:
        yield message
        size -= len(message.text)
        if size <= 0:
            return


class Run(NamedTuple):
    """Messages said by one author in a row. `id` and `seq` are the first one's, the others count on."""

    room: str
    id: int
    ts: float
    sender: str
    color: str
    texts: Sequence[str]
    seq: int

    def messages(self) -> Iterator[Message]:
        room, id, ts, sender, color, texts, seq = self
        return (Message(room, id + i, ts, sender, color, text, seq + i) for i, text in enumerate(texts))


class Receipt(NamedTuple):
    """Where a session's text went: a room and a number in it."""

    room: str
    id: int


class SessionRecord(NamedTuple):
    """What is kept of a session: its highest `seq`, and what proves that it is one's own (see `names.Names`)."""

    accepted: int = 0
    owner: str = ""  # nobody knows


class Conversation(NamedTuple):
    """A private room as one of its two people sees it."""

    room: str
    floor: int  # what is numbered up to it, that person may not read
    last: int
    ts: float  # when its newest message was said; 0 if that is not kept any more
    spoke: bool  # that person has said something in it


class StorageError(Exception):
    """The log cannot be written or read just now. One sentence for a person."""


class MessageLog(ABC):
    """Rooms as numbered logs, and what must be committed together with them."""

    epoch: str  # made with the log; another epoch means that old numbers mean nothing

    @abstractmethod
    def append(
        self,
        drafts: Sequence[Draft],
        accepted: Mapping[str, int],
        owners: Mapping[str, str] = NOBODY,
        claims: Mapping[str, str] = NOBODY,
    ) -> list[Run]:
        """Number and store the drafts, and each session's highest `seq`: all of it, or nothing and StorageError.

        With them, and before them, come new `owners` of sessions, and `claims`: names that belong to a hashed token
        from now on. What was said in private to or as such a name before stays closed to its new owner: the private
        rooms get their present newest number as a floor.

        On return it is as durable as this log gets. Every draft comes back as a run, in the same order.
        """

    @abstractmethod
    def session(self, key: str) -> SessionRecord:
        """What was committed of a session; one never seen has accepted nothing and belongs to nobody."""

    def accepted(self, session: str) -> int:
        """The highest committed `seq` of a session; 0 for one never seen."""
        return self.session(session).accepted

    @abstractmethod
    def receipt(self, session: str, seq: int) -> Receipt | None:
        """Where that text was stored; None if it was refused, trimmed or never seen."""

    @abstractmethod
    def last(self, room: str) -> int:
        """The newest number ever given in a room; 0 if there is none. Trimming does not lower it."""

    @abstractmethod
    def first(self, room: str) -> int:
        """The oldest number still kept in a room; the one after `last` if none is. What is below is trimmed."""

    @abstractmethod
    def rooms(self) -> dict[str, int]:
        """Every room that has ever had a message, private ones too, with its newest number."""

    @abstractmethod
    def after(self, room: str, after: int, limit: int, size: float = math.inf) -> list[Message]:
        """The oldest `limit` messages still kept with an id above `after`, in rising order.

        Of them only as many as it takes to fill `size` characters of text; no more than that are read.
        """

    @abstractmethod
    def before(self, room: str, before: int, limit: int) -> list[Message]:
        """The newest `limit` messages still kept with an id below `before`, in rising order."""

    def search(self, text: str, floors: Mapping[str, int], limit: int, room: str | None = None) -> list[Message]:
        """The messages of `find` for what somebody typed."""
        return self.find(parse(text), floors, limit, room).messages

    @abstractmethod
    def find(
        self,
        query: Query,
        floors: Mapping[str, int],
        limit: int,
        room: str | None = None,
        before: tuple[str, int] | None = None,
        most: int = 0,
        size: float = math.inf,
    ) -> Found:
        """Messages that match, newest first: in `room`, or in all public rooms and those in `floors`.

        `before` is the room and id of a message: only what was appended before it is found and counted. If the asker
        may not read that room or that id, nothing is found. A search that takes longer than SEARCH_TIME is cut short.
        Beyond `limit`, what matches is counted up to `most`. Once the messages fill `size` characters of text, of
        those that follow only the places are kept.
        Of a room in `floors` only what is numbered above its floor may be found. A private room that is not in
        `floors` is never looked into. What was appended
        before the call is found. Newest means appended last, whatever the clock showed.
        """

    @abstractmethod
    def owner(self, name: str) -> str | None:
        """The hashed token that a name (in any case) was claimed with; None if nobody has claimed it."""

    def claim(self, name: str, token_hash: str) -> None:
        """Give a name to whoever holds that token, with nothing else to store."""
        self.append([], {}, NOBODY, {name: token_hash})

    @abstractmethod
    def private_rooms(self, name: str) -> dict[str, int]:
        """The private rooms a name is part of, each with the floor below which it may not read."""

    @abstractmethod
    def conversations(self, name: str) -> list[Conversation]:
        """The same rooms, with all that is known of them."""

    @abstractmethod
    def trim(self, keep_days: float | None = None, keep_messages: int | None = None) -> bool:
        """Let go of some of a room's oldest messages: those past `keep_days`, and all but the newest `keep_messages`.

        One bounded slice of that work; True while there is more to do. A room's messages go in the order of their
        numbers, so none goes while an older one stays. Numbers are not used again.
        """

    @abstractmethod
    def note_use(self, sessions: Sequence[str], day: int) -> None:
        """These sessions were used on that day (since 1970, UTC); those that are not known are passed over."""

    @abstractmethod
    def forget_sessions(self, day: int) -> bool:
        """Let go of sessions that were neither stored nor noted as used since that day; the newest one may stay.

        They count as never seen from then on; their messages stay. One bounded slice; True while there is more to do.
        """

    def export(self, room: str) -> Iterator[Message]:
        """Every message still kept in a room, in rising order, read a page at a time."""
        page = self.after(room, 0, PAGE)
        while page:
            yield from page
            page = self.after(room, page[-1].id, PAGE)

    @abstractmethod
    def close(self) -> None:
        """Let go of files and connections. Safe to call twice."""


class _Kept(NamedTuple):
    order: int  # among the messages of all rooms
    session: str
    message: Message


class MemoryLog(MessageLog):
    """The reference: plain dictionaries, nothing survives the process. Keeps the newest `keep` messages a room."""

    def __init__(self, keep: int = 100_000) -> None:
        self.epoch = secrets.token_hex(8)
        self._keep = keep
        self._lock = threading.Lock()  # guards all below; held only while copying
        self._order = count()
        self._kept: dict[str, deque[_Kept]] = {}
        self._last: dict[str, int] = {}
        self._accepted: dict[str, int] = {}
        self._session_owners: dict[str, str] = {}
        self._used: dict[str, int] = {}  # on which day each session was, the one not used for longest first
        self._receipts: dict[tuple[str, int], Receipt] = {}
        self._owners: dict[str, str] = {}
        self._floors: dict[str, dict[str, int]] = {}
        self._spoke: set[tuple[str, str]] = set()  # private rooms and who has said something there

    def append(
        self,
        drafts: Sequence[Draft],
        accepted: Mapping[str, int],
        owners: Mapping[str, str] = NOBODY,
        claims: Mapping[str, str] = NOBODY,
    ) -> list[Run]:
        with self._lock:
            for session in (*accepted, *owners):
                self._used.setdefault(session, int(time.time() // DAY))
            self._accepted.update(accepted)
            self._session_owners.update(owners)
            for name, token_hash in claims.items():
                self._claim(name.lower(), token_hash)
            return [self._store(draft) for draft in drafts]

    def _store(self, draft: Draft) -> Run:
        room, ts, sender, color, texts, session, seq = draft
        last = self._last.get(room, 0)
        if not last:
            self._kept[room] = deque()
            for name in partners(room):
                self._floors.setdefault(name, {}).setdefault(room, 0)
        if partners(room):
            self._spoke.add((room, sender.lower()))
        run = Run(room, last + 1, ts, sender, color, texts, seq)
        kept = self._kept[room]
        for message in run.messages():
            kept.append(_Kept(next(self._order), session, message))
            self._receipts[session, message.seq] = Receipt(room, message.id)
            if len(kept) > self._keep:
                self._drop_oldest(kept)
        self._last[room] = last + len(texts)
        return run

    def _drop_oldest(self, kept: deque[_Kept]) -> None:
        _, session, message = kept.popleft()
        if self._receipts.get((session, message.seq)) == (message.room, message.id):
            del self._receipts[session, message.seq]

    def session(self, key: str) -> SessionRecord:
        return SessionRecord(self._accepted.get(key, 0), self._session_owners.get(key, ""))

    def receipt(self, session: str, seq: int) -> Receipt | None:
        return self._receipts.get((session, seq))

    def last(self, room: str) -> int:
        return self._last.get(room, 0)

    def first(self, room: str) -> int:
        with self._lock:
            kept = self._kept.get(room)
            return kept[0].message.id if kept else self.last(room) + 1

    def rooms(self) -> dict[str, int]:
        return self._last.copy()

    def after(self, room: str, after: int, limit: int, size: float = math.inf) -> list[Message]:
        with self._lock:
            kept = self._kept.get(room)
            if not kept:
                return []
            start = max(after + 1 - kept[0].message.id, 0)
            return list(filling(size, (kept[i].message for i in range(start, min(start + limit, len(kept))))))

    def before(self, room: str, before: int, limit: int) -> list[Message]:
        with self._lock:
            kept = self._kept.get(room)
            if not kept:
                return []
            stop = min(max(before - kept[0].message.id, 0), len(kept))
            return [kept[i].message for i in range(max(stop - limit, 0), stop)]

    def find(
        self,
        query: Query,
        floors: Mapping[str, int],
        limit: int,
        room: str | None = None,
        before: tuple[str, int] | None = None,
        most: int = 0,
        size: float = math.inf,
    ) -> Found:
        end = math.inf if before is None else self._order_of(before, floors)
        if not query or limit <= 0:
            return Found([])
        rooms = [
            self._newest_first(name, floors.get(name, 0))
            for name in self.rooms()
            if room in (None, name)
            and (not query.rooms or name in query.rooms)
            and (name in floors or not partners(name))
        ]
        finds = Finds(limit, size)
        most = max(limit, most)
        deadline = time.monotonic() + SEARCH_TIME
        for number, (order, _, message) in enumerate(merge(*rooms, reverse=True), 1):
            if number % SLICE == 0:
                time.sleep(BREATH)  # who compares words does not let go of Python's lock, which all others wait for
                if time.monotonic() > deadline:
                    return finds.found(partial=True)
            if order < end and query.matches(message.sender, message.ts, message.text):
                finds.add(message)
                if finds.total == most:
                    break
        return finds.found()

    def _order_of(self, place: tuple[str, int], floors: Mapping[str, int]) -> float:
        """The place among all messages of this one, or of the next one kept in its room; 0 if it may not be read."""
        room, id = place
        if id <= floors.get(room, 0) or (partners(room) and room not in floors):
            return 0
        with self._lock:
            kept = self._kept.get(room)
            if not kept or id > kept[-1].message.id:
                return 0
            return kept[max(id - kept[0].message.id, 0)].order

    def _newest_first(self, room: str, floor: int) -> list[_Kept]:
        with self._lock:
            return [kept for kept in reversed(self._kept.get(room, ())) if kept.message.id > floor]

    def owner(self, name: str) -> str | None:
        return self._owners.get(name.lower())

    def _claim(self, name: str, token_hash: str) -> None:
        self._owners[name] = token_hash
        for room in self._floors.get(name, {}):
            self._floors[name][room] = self._last[room]

    def private_rooms(self, name: str) -> dict[str, int]:
        with self._lock:
            return self._floors.get(name.lower(), {}).copy()

    def conversations(self, name: str) -> list[Conversation]:
        name = name.lower()
        with self._lock:
            return [self._conversation(name, room, floor) for room, floor in self._floors.get(name, {}).items()]

    def _conversation(self, name: str, room: str, floor: int) -> Conversation:
        kept = self._kept[room]
        return Conversation(
            room, floor, self._last[room], kept[-1].message.ts if kept else 0, (room, name) in self._spoke
        )

    def trim(self, keep_days: float | None = None, keep_messages: int | None = None) -> bool:
        oldest = -math.inf if keep_days is None else time.time() - keep_days * DAY
        most = math.inf if keep_messages is None else keep_messages
        left = TRIM_SLICE
        for kept in list(self._kept.values()):
            while kept and (len(kept) > most or kept[0].message.ts < oldest):
                if not left:
                    return True
                left -= 1
                with self._lock:
                    self._drop_oldest(kept)
        return False

    def note_use(self, sessions: Sequence[str], day: int) -> None:
        for session in sessions:
            if (used := self._used.pop(session, None)) is not None:
                self._used[session] = max(day, used)

    def forget_sessions(self, day: int) -> bool:
        unused = list(islice(takewhile(lambda session: self._used[session] < day, self._used), TRIM_SLICE))
        with self._lock:
            for session in unused:
                del self._used[session]
                self._session_owners.pop(session, None)
                for seq in range(self._accepted.pop(session, 0) + 1):
                    self._receipts.pop((session, seq), None)
        return len(unused) == TRIM_SLICE

    def close(self) -> None:
        pass
