"""What a log consists of when all of it is copied into another place: its tables, and what one says of them.

Pure. It must not know where the rows come from, nor where they go.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from server_parts.storage.file_rows import COLUMNS


class Table(NamedTuple):
    """A table that both places have, with the columns that both know."""

    name: str
    columns: tuple[str, ...]


MESSAGES: Final = Table(
    "messages", ("n", "room", "id", "ts", "session", "seq", "sender", "color", "text", "about", "fate", "file")
)
BYTES: Final = "bytes of files"  # as they are counted
# All others are small beside the messages: each is copied in one piece.
OTHERS: Final = (
    Table("rooms", ("id", "name", "private", "first", "last")),
    Table("participants", ("name", "room", "floor", "spoke")),
    Table("accounts", ("id", "name", "spelled", "skeleton", "role", "password", "since", "used", "real_name")),
    Table("devices", ("id", "account", "token_hash", "label", "added", "used")),
    Table("codes", ("hash", "purpose", "account", "uses", "expires")),
    Table("read_positions", ("account", "room", "id")),
    Table("sessions", ("id", "token", "accepted", "used", "owner")),
    Table("spans", ("session", "seq", "n")),
    Table("files", COLUMNS),
)


class Origin(NamedTuple):
    """Which log is copied. `state` is another one as soon as anything in it has changed."""

    epoch: str
    state: str


class Chunk(NamedTuple):
    """Some rows of a table as lines of CSV, where nothing between two commas is NULL."""

    csv: str
    rows: int
    last: int  # `n` of the last one, where they are messages


class StoredFile(NamedTuple):
    """A file that a message carries, with its bytes."""

    id: str
    size: int
    sha256: str


class Counters(NamedTuple):
    """The highest numbers that were ever given: none of them is given again."""

    n: int
    rooms: int
    sessions: int
    accounts: int
    devices: int


# For each table how many rows it has, and how many BYTES there are; for each room, by its number, how many messages,
# from which to which, and how many characters they have together.
class Summary(NamedTuple):
    rows: dict[str, int]
    rooms: dict[int, tuple[int, int, int, int]]
