"""What is known of the files that people send: one that is stored, one that is being received, and what all take up.

What keeps the bytes is in `file_store.py`. Names come from strangers: they are shown as text, and are never part of a
path. Pure.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Set
from dataclasses import astuple, dataclass, field
from typing import Any, Final, NamedTuple

from chat_common import partners

PIECE: Final = 262_144  # bytes that are read or written at a time, at most
GRACE: Final = 3_600.0  # seconds for which bytes stay when their message is gone, for whoever is reading them
IDLE: Final = 86_400.0  # seconds after which a file is given up that nobody has sent on, or said
DAY_OF_OWNER: Final = 86_400.0  # seconds over which it is counted how much an owner has announced

_ID: Final = re.compile(r"[A-Za-z0-9_-]{22}")
UNKNOWN: Final = "application/octet-stream"


def new_id() -> str:
    """128 random bits: who knows it was given it."""
    return secrets.token_urlsafe(16)


def is_file_id(text: str) -> bool:
    """Whether it looks like one. Nothing else becomes part of a path."""
    return _ID.fullmatch(text) is not None


def account_owner(account: int) -> str:
    """The owner of files that somebody with an account sends, at whichever device."""
    return f"account:{account}"


def session_owner(session: str) -> str:
    """The owner of files that somebody without an account sends. The key of a session is hashed."""
    return f"session:{session}"


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file that is stored whole, as its message carries it. `sha256` is in hexadecimal digits."""

    id: str
    name: str
    size: int
    sha256: str
    mime: str = UNKNOWN  # by its first bytes, whatever its name says
    width: int | None = None  # of pictures that browsers show, in pixels
    height: int | None = None
    bare: bool = False  # the message has no words of its own: its text is made of the name

    def frame(self) -> dict[str, Any]:
        """The same for clients."""
        frame = {"id": self.id, "name": self.name, "size": self.size, "sha256": self.sha256, "mime": self.mime}
        if self.width is not None and self.height is not None:
            frame |= {"width": self.width, "height": self.height}
        return {**frame, "bare": True} if self.bare else frame


def written_file(record: FileRecord) -> str:
    """A record as a message keeps it; `read_file` makes one of it."""
    return json.dumps(astuple(record), ensure_ascii=False, separators=(",", ":"))


def read_file(text: str) -> FileRecord:
    return FileRecord(*json.loads(text))


class Attachment(NamedTuple):
    """Which file a draft carries, and as whom its author may have sent that: one of these has to be its owner."""

    id: str
    owners: tuple[str, ...]
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Reservation:
    """A file that somebody has announced, and may send from now on."""

    id: str
    room: str  # where it may be said
    name: str
    size: int
    sha256: str | None  # that the bytes are to have, if it was announced
    owner: str  # see `account_owner` and `session_owner`
    created: float
    touched: float  # when something was last received


@dataclass(frozen=True, slots=True)
class Upload:
    """How far an announced file is: `offset` bytes are on disk. `file` is there once it is finished, and not said."""

    reservation: Reservation
    offset: int
    file: FileRecord | None = None


@dataclass(frozen=True, slots=True)
class SaidFile:
    """A stored file with the message that carries it."""

    file: FileRecord
    room: str
    message: int
    ts: float
    sender: str


@dataclass(frozen=True, slots=True)
class FilesWanted:
    """Which files are listed: those of `room`, or of all public rooms and those in `floors`.

    Of a room in `floors` only what is numbered above its floor; of a private room that is not there, and of one in
    `hidden`, nothing.
    """

    limit: int
    room: str | None = None
    floors: Mapping[str, int] = field(default_factory=dict)
    hidden: Set[str] = frozenset()  # public rooms that the asker must not learn of
    before: str | None = None  # the id of a file: only what was said before it

    def may_read(self, room: str, message: int) -> bool:
        """Whether the asker may read that message."""
        is_open = room not in self.hidden and not partners(room)
        return message > self.floors.get(room, 0) and (is_open or room in self.floors)


class FilePage(NamedTuple):
    """Files, the newest first: what was said last. `more`: there are older ones."""

    files: list[SaidFile]
    more: bool = False


@dataclass(frozen=True, slots=True)
class Totals:
    """What files take up. An announced one counts with all of its size, one whose message is gone until its bytes are.

    `of_owner` are the bytes that one owner has announced within a day, also of what was said and taken away since;
    `open` is how many files of that owner are not said yet.
    """

    size: int
    of_owner: int
    open: int
    free: int | None  # bytes of the disk; None where that is not known here
