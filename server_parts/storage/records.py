"""What goes into a log and comes out of it: records with names, made in one place each. Pure."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from server_parts.storage.file_records import Attachment, FileRecord, read_file

# The acts of moderation are messages of this room. It belongs to two names that nobody can bear: no client takes part
# in it, can name it or finds it. It is never trimmed, or what holds would change by itself.
ACTS: Final = "@+"


class StorageError(Exception):
    """The log cannot be written or read just now. One sentence for a person."""


class OutcomeUnknown(StorageError):
    """The connection was lost while committing: all of the entry was stored, or nothing of it."""


class Fenced(StorageError):
    """Nothing was stored: others have taken this server for dead."""


class Moved(StorageError):
    """Nothing was stored: another server has continued one of the sessions, or how far it was is not known any more.

    Each of them has to be taken anew before anything else is stored for it.
    """

    def __init__(self, sentence: str, sessions: Iterable[str]) -> None:
        super().__init__(sentence)
        self.sessions = frozenset(sessions)


def hashed(secret: str) -> str:
    """The form in which tokens and session strings are kept. They are random and long: a plain hash protects them."""
    return hashlib.sha256(secret.encode()).hexdigest()


@lru_cache(maxsize=10_000)
def tag_of(session: str) -> str:
    """The public name of a session: it tells the sessions of one person apart, and proves nothing."""
    return urlsafe_b64encode(hashlib.sha256(session.encode()).digest()[:9]).decode() if session else ""


class About(NamedTuple):
    """Which message of its room an entry speaks of, and whether it answers or changes it (see amending.py)."""

    kind: str  # one of the below
    id: int
    quoted: str = ""  # of an answer, when it is shown to people: the first words of what is answered


REPLY, EDIT, DELETE, REACT = KINDS = ("reply", "edit", "delete", "react")
AMENDING: Final = (EDIT, DELETE, REACT)  # they change the message that they speak of
CHANGE: Final = "change"  # of the room itself, about no other message: nobody says that, the hub does


class Fate(NamedTuple):
    """What later entries have made of a message, besides its text."""

    edited: float | None = None  # when
    edit: int = 0  # the entry that has the same text as the message now
    reactions: tuple[tuple[str, str], ...] = ()  # who, and what; in the order of time

    @property
    def size(self) -> int:
        """Characters that it takes to keep this."""
        return len(written(self))


def written(fate: Fate) -> str:
    """A fate as it is kept; `read` makes one of it."""
    return json.dumps(fate, ensure_ascii=False, separators=(",", ":"))


def read(text: str) -> Fate:
    edited, edit, reactions = json.loads(text)
    return Fate(edited, edit, tuple((name, reaction) for name, reaction in reactions))


class Draft(NamedTuple):
    """Texts without numbers, said by one author in a row. `seq` is the first one's, the others count on.

    All of it is Unicode without NUL and lone surrogates. `session` is hashed. One with `about` or `file` has one text.
    An entry that changes another message carries no file.
    """

    room: str
    ts: float
    sender: str
    color: str
    texts: Sequence[str]
    session: str
    seq: int
    about: About | None = None
    file: Attachment | None = None


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
    about: About | None = None
    fate: Fate | None = None
    file: FileRecord | None = None

    @classmethod
    def of_row(cls, row: tuple[Any, ...]) -> Message:
        """Make the message of a row with its fields, where `about`, `fate` and `file` are texts or None."""
        message = cls._make(row)
        return message if row[8] is row[9] is row[10] is None else _with_more(message, *row[8:])


def messages_of(rows: Iterable[tuple[Any, ...]]) -> Iterator[Message]:
    """The same for many rows, in half the time: most have none of these."""
    new = tuple.__new__
    return (new(Message, row) if row[8] is row[9] is row[10] is None else Message.of_row(row) for row in rows)


def _with_more(message: Message, about: str | None, fate: str | None, file: str | None) -> Message:
    return message._replace(
        about=_about_of(about) if about else None,
        fate=read(fate) if fate else None,
        file=read_file(file) if file else None,
    )


def _about_of(text: str) -> About:
    """As a database keeps it: `edit 12`."""
    kind, id = text.split()
    return About(kind, int(id))


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
    about: About | None = None
    file: FileRecord | None = None

    @classmethod
    def numbered(cls, draft: Draft, id: int) -> Run:
        """Make the run of a draft whose first text gets that number; a file is bound to it later."""
        room, ts, sender, color, texts, session, seq, about, _ = draft
        return tuple.__new__(cls, (room, id, ts, sender, color, texts, session, seq, about, None))

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
                self.room,
                self.id + passed,
                self.ts,
                self.sender,
                self.color,
                text,
                self.session,
                self.seq + passed,
                self.about,
                None,
                self.file,
            )


def one_by_one(messages: Iterable[Message]) -> list[Run]:
    """Return each message as a run of its own."""
    return [Run(m.room, m.id, m.ts, m.sender, m.color, [m.text], m.session, m.seq, m.about, m.file) for m in messages]


def in_runs(messages: Iterable[Message]) -> list[Run]:
    """Return messages of one room as runs: what follows each other, said by one author at one time, is one."""
    runs: list[Run] = []
    for m in messages:
        run = runs[-1] if runs else None
        if run and _continues(run, m):
            assert isinstance(run.texts, list)
            run.texts.append(m.text)
        else:
            runs += one_by_one([m])
    return runs


def _continues(run: Run, m: Message) -> bool:
    if run.about or m.about or run.file or m.file:
        return False
    follows = (run.last + 1, run.seq + len(run.texts)) == (m.id, m.seq)
    return follows and (run.ts, run.sender, run.color, run.session) == (m.ts, m.sender, m.color, m.session)


def filling(size: float, messages: Iterable[Message]) -> Iterator[Message]:
    """The first messages, as many as it takes to fill `size` characters of text: one at least, if there is one."""
    for message in messages:
        yield message
        size -= len(message.text)
        if message.fate is not None:
            size -= message.fate.size
        if size <= 0:
            return


def messages_within(size: float, rows: Iterable[tuple[Any, ...]]) -> list[Message]:
    """`filling` of `messages_of`, without a step of two generators for each row."""
    new, found = tuple.__new__, list[Message]()
    for row in rows:
        size -= len(row[5])
        if row[8] is row[9] is row[10] is None:
            found.append(new(Message, row))
        else:
            message = Message.of_row(row)
            found.append(message)
            if message.fate is not None:
                size -= message.fate.size
        if size <= 0:
            break
    return found


class Receipt(NamedTuple):
    """Where a session's text went: a room and a number in it."""

    room: str
    id: int


class Place(NamedTuple):
    """Where a message is, and how many characters it has."""

    room: str
    id: int
    size: int
