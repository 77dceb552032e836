"""What the conversation and the threads that move bytes tell each other about a transfer. Records only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from client_parts.files.local import Local
from client_parts.files.progress import Progress
from client_parts.files.target import Expected, Target


@dataclass(slots=True)
class Sending:
    """A file of this machine on its way to a room."""

    number: int  # by which a person speaks of the file
    local: Local
    room: str  # as in a text that is said
    caption: str = ""
    id: str | None = None  # once the server has reserved a place
    sha256: str | None = None  # once it is computed
    progress: Progress = field(init=False)

    def __post_init__(self) -> None:
        self.progress = Progress(self.local.size)

    @property
    def name(self) -> str:
        return self.local.name


@dataclass(slots=True)
class Fetching:
    """A file of the server on its way to this machine."""

    number: int
    id: str
    expected: Expected
    target: Target | None  # None if it is only looked at
    progress: Progress = field(init=False)

    def __post_init__(self) -> None:
        self.progress = Progress(self.expected.size)

    @property
    def name(self) -> str:
        return self.expected.name


Errand = Sending | Fetching


# --- What a conversation orders ---


class Begin(NamedTuple):
    errand: Errand


class Grant(NamedTuple):
    """The server lets the bytes through, at that address, from that one on."""

    number: int
    url: str
    offset: int = 0


class Interrupt(NamedTuple):
    """The server has been lost: whatever moves over a connection to it will not come to its end."""

    number: int


class Cancel(NamedTuple):
    number: int


Order = Begin | Grant | Interrupt | Cancel


# --- What a thread tells ---


class Ready(NamedTuple):
    """It knows all that is to be known of the file, and waits for a grant."""

    number: int
    sha256: str = ""


class Moved(NamedTuple):
    number: int
    done: int  # bytes that have arrived


class Lost(NamedTuple):
    """The connection is gone, or the address holds no longer: it waits for another grant."""

    number: int
    is_gone: bool = False  # the server does not know the file under that address


class Done(NamedTuple):
    number: int
    path: str = ""  # where a fetched file is
    data: bytes = b""  # of one that is only looked at


class Failed(NamedTuple):
    number: int
    sentence: str


News = Ready | Moved | Lost | Done | Failed
