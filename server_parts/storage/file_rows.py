"""What a folder of files has to know of the log: which files its messages carry. How that is stored is its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Final, Protocol

from server_parts.storage.file_records import FilePage, FileRecord, FilesWanted, Reservation, SaidFile
from server_parts.storage.records import Run

# The columns that databases have of a file that is said, in the order in which `said_file` and `row_of` take them.
SAID: Final = "id, name, size, sha256, mime, width, height, bare, room, message, ts, sender"
COLUMNS: Final = (*SAID.split(", "), "n", "owner", "created", "removed")


class FileRows(Protocol):
    """Read by any thread. What was committed is seen at once."""

    def said(self, id: str) -> SaidFile | None: ...

    def listed(self, wanted: FilesWanted) -> FilePage: ...

    def known(self, ids: Collection[str]) -> set[str]:
        """Those of them that a message has carried, also if that was deleted a moment ago."""

    def removed(self, before: float) -> list[str]:
        """Those that are still known whose message was deleted before that time."""

    def totals(self, owner: str, since: float, removed_since: float) -> tuple[int, int]:
        """Bytes of all files, of the removed ones only those since then; and bytes that `owner` has announced since."""

    def count(self) -> int:
        """How many there are."""


def said_file(row: Iterable[Any]) -> SaidFile:
    id, name, size, sha256, mime, width, height, bare, room, message, ts, sender = row
    return SaidFile(FileRecord(id, name, size, sha256, mime, width, height, bool(bare)), room, message, ts, sender)


def row_of(file: FileRecord, reservation: Reservation, run: Run, n: int) -> tuple[Any, ...]:
    """All COLUMNS of a file that is said now."""
    what = (file.id, file.name, file.size, file.sha256, file.mime, file.width, file.height, file.bare)
    return (*what, run.room, run.id, run.ts, run.sender, n, reservation.owner, reservation.created, None)


def page(fetch: Callable[[int], Sequence[Sequence[Any]]], before: int, wanted: FilesWanted) -> FilePage:
    """The page of what the asker may read. `fetch`: rows of SAID and `n`, the newest first, below a given `n`."""
    files: list[SaidFile] = []
    while rows := fetch(before):
        before = rows[-1][-1]
        for said in (said_file(row[:-1]) for row in rows):
            if wanted.may_read(said.room, said.message):
                if len(files) >= wanted.limit:
                    return FilePage(files, more=True)
                files.append(said)
    return FilePage(files)
