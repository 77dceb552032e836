"""What a room's log promises, whatever keeps it.

A room is a log: its messages are numbered 1, 2, 3 … without holes. Every other backend keeps the same promises and
passes the same contract tests. One thread at a time appends, claims or trims; any thread may read.
This module must not know sockets, frames or clients.
"""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from server_parts.storage.search_query import Query, parse

PAGE: Final = 500  # messages read at a time when a whole room is wanted
TRIM_SLICE: Final = 500  # messages let go of at a time
SEARCH_TIME: Final = 0.1  # seconds a search may take
MOST_COUNTED: Final = 1_001  # of the messages that match: more than a thousand
BREATH: Final = 0.001  # seconds between two slices
NOBODY: Final[Mapping[str, str]] = MappingProxyType({})


def hashed(secret: str) -> str:
    """The form in which tokens and session strings are kept. They are random and long: a plain hash protects them."""
    return hashlib.sha256(secret.encode()).hexdigest()


def tag_of(session: str) -> str:
    """The public name of a hashed session: it tells the sessions of one person apart, and proves nothing."""
    return session[:8]


class Place(NamedTuple):
    """Where a message is, and how many characters it has."""

    room: str
    id: int
    size: int


class Wanted(NamedTuple):
    """What a search looks for, and how much of it is wanted.

    It looks in `room`, or in all public rooms and those in `floors`. Of a room in `floors` only what is numbered above
    its floor may be found; a private room that is not in `floors` is never looked into.
    """

    query: Query
    floors: Mapping[str, int]
    limit: int  # messages
    room: str | None = None
    before: tuple[str, int] | None = None  # the room and id of a message: only what was appended before it
    most: int = 0  # beyond `limit`, what matches is counted up to this number
    size: float = math.inf  # characters of text; of the messages that follow, only the places are kept


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

    def __init__(self, wanted: Wanted) -> None:
        self._limit = wanted.limit
        self._room = wanted.size
        self._most = max(wanted.limit, wanted.most)
        self._messages: list[Message] = []
        self._later: list[Place] = []
        self.total = 0

    @property
    def left(self) -> int:
        """How many more are to be counted."""
        return self._most - self.total

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
    """Texts without numbers, said by one author in a row. `seq` is the first one's, the others count on.

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
    """A message as its room's log holds it. `session` is hashed; empty where it is no longer known."""

    room: str
    id: int
    ts: float
    sender: str
    color: str
    text: str
    session: str
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
    session: str
    seq: int

    @classmethod
    def numbered(cls, draft: Draft, id: int) -> Run:
        """Make the run of a draft whose first text gets that number."""
        return cls(draft.room, id, draft.ts, draft.sender, draft.color, draft.texts, draft.session, draft.seq)

    @property
    def last(self) -> int:
        """The number of its newest message."""
        return self.id + len(self.texts) - 1

    def after(self, id: int) -> Run:
        """Return the part above a number that lies inside the run."""
        passed = id + 1 - self.id
        return self._replace(id=id + 1, texts=self.texts[passed:], seq=self.seq + passed)

    def messages(self) -> Iterator[Message]:
        for passed, text in enumerate(self.texts):
            yield Message(
                self.room, self.id + passed, self.ts, self.sender, self.color, text, self.session, self.seq + passed
            )


def one_by_one(messages: Iterable[Message]) -> list[Run]:
    """Return each message as a run of its own."""
    return [Run(m.room, m.id, m.ts, m.sender, m.color, [m.text], m.session, m.seq) for m in messages]


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
        return self.find(Wanted(parse(text), floors, limit, room)).messages

    @abstractmethod
    def find(self, wanted: Wanted) -> Found:
        """Return messages that match, newest first. Newest means appended last, whatever the clock showed.

        What was appended before the call is found. Nothing is found before a message that the asker may not read.
        A search that takes longer than SEARCH_TIME is cut short.
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
