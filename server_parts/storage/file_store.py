"""What keeps the bytes of files promises, whatever it is made of.

A file is announced, received piece by piece, finished, and then said: the message that carries it is appended to the
log (`Draft.file`), which binds the file to that message in the same transaction. Whatever is not said within a day is
deleted, and so is a file whose message is deleted or trimmed: it is not found from then on, and its bytes go an hour
later, so that whoever is in the middle of reading them gets to the end.

Used by any thread but the hub's, which only asks `ready`. This module must not know sockets or clients, nor who may do
what: ids are checked, rights are not.
"""

from __future__ import annotations

from typing import Protocol

from server_parts.storage.file_records import (
    IDLE,
    FilePage,
    FileRecord,
    FilesWanted,
    Reservation,
    SaidFile,
    Totals,
    Upload,
)


class FileError(Exception):
    """Something about one file that its sender or reader can do something about. One sentence for a person."""


class NoSuchFile(FileError):
    """There is no file with that id, or not any more, or not yet."""

    def __init__(self) -> None:
        super().__init__("there is no such file")


class WrongOffset(FileError):
    """A piece does not begin where the file ends so far, or the file is not whole: `offset` is how far it is."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"the file has {offset} bytes so far: send it on from there")
        self.offset = offset


class TooManyBytes(FileError):
    """More than was announced. Nothing of the piece was stored."""

    def __init__(self, size: int) -> None:
        super().__init__(f"more than the {size} bytes that were announced: announce the file again")


class WrongHash(FileError):
    """What was received is not what was announced. Nothing of it is left."""

    def __init__(self) -> None:
        super().__init__("the file was damaged on its way, or has changed: send it again")


class FileStore(Protocol):
    """Errors of the disk or database are StorageError: what was asked for has not happened, and may be tried again."""

    # --- receiving ---

    def reserve(self, room: str, name: str, size: int, sha256: str | None, owner: str) -> Reservation:
        """Announce a file of at least one byte, and give it an id.

        `sha256` is in lower case, the name Unicode without NUL and lone surrogates.
        """

    def upload(self, id: str) -> Upload:
        """How far it is. NoSuchFile also once it is said."""

    def unsaid(self, owner: str) -> list[Upload]:
        """What somebody has announced and not said, whether it is finished or not."""

    def write(self, id: str, offset: int, piece: bytes) -> int:
        """Store a piece of at most PIECE bytes at the end of what is there, and return the new end.

        It is on disk then. After a StorageError nothing is promised of it: the end may be anywhere inside, so ask.
        """

    def start_over(self, id: str) -> None:
        """Forget what was received, unless it is finished: it is sent from its beginning again."""

    def finish(self, id: str) -> FileRecord:
        """Check a file of which all bytes are there, and say what it is. Does nothing if that was done before.

        WrongOffset if it is not whole; WrongHash, and it is gone.
        """

    def cancel(self, id: str) -> None:
        """Delete a file that is not said, finished or not."""

    # --- reading ---

    def ready(self, id: str, owners: tuple[str, ...], room: str) -> FileRecord | None:
        """The file, if one of these owners may say it now in that room. Touches no bytes."""

    def said(self, id: str) -> SaidFile | None:
        """A file that a message carries which is there."""

    def listed(self, wanted: FilesWanted) -> FilePage: ...

    def read(self, id: str, start: int, length: int) -> bytes:
        """At most PIECE bytes from `start` on; fewer at the end, none behind it. NoSuchFile: its bytes are gone.

        Does not look whether a message carries it: whoever begins to read asks `said` before.
        """

    # --- what it takes ---

    def totals(self, owner: str) -> Totals: ...

    def count(self) -> int:
        """How many files messages carry."""

    def sweep(self, idle: float = IDLE) -> int:
        """Delete what nobody needs any more, and return how many files that were.

        These are uploads that were `idle` for so many seconds, bytes whose message is gone since an hour, and bytes
        that belong to nothing, for example after a crash: those too only if they are an hour old.
        """
