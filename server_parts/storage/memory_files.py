"""Files of a server that keeps nothing: which messages have some is in memory, the bytes in a temporary folder.

The folder is made with the first file, and removed with everything in it when the log is closed or the process ends.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
import threading
import time
import weakref
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from server_parts.storage.file_folder import FileFolder
from server_parts.storage.file_records import DAY_OF_OWNER, Attachment, FilePage, FilesWanted, SaidFile
from server_parts.storage.records import Run


@dataclass(slots=True)
class _Row:
    said: SaidFile
    n: int
    owner: str
    created: float
    removed: float | None = None


class MemoryFileRows:
    """The reference of what a log keeps of files."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the rows
        self._rows: dict[str, _Row] = {}  # in the order in which they were said
        self._count = count(1)

    def add(self, said: SaidFile, owner: str, created: float) -> None:
        with self._lock:
            self._rows[said.file.id] = _Row(said, next(self._count), owner, created)

    def remove(self, ids: Iterable[str]) -> None:
        now = time.time()
        with self._lock:
            for row in [self._rows[id] for id in ids]:
                row.removed = now
                row.said = replace(row.said, file=replace(row.said.file, name="", sha256=""))

    def forget(self, before: float) -> None:
        with self._lock:
            for id in [id for id, row in self._rows.items() if row.removed is not None and row.removed < before]:
                del self._rows[id]

    def of_room(self, room: str) -> list[SaidFile]:
        """Those that are there."""
        return [row.said for row in self._rows.values() if row.removed is None and row.said.room == room]

    def said(self, id: str) -> SaidFile | None:
        row = self._rows.get(id)
        return row.said if row is not None and row.removed is None else None

    def listed(self, wanted: FilesWanted) -> FilePage:
        with self._lock:
            before = self._rows.get(wanted.before) if wanted.before is not None else None
            rows = list(self._rows.values())
        if wanted.before is not None and before is None:
            return FilePage([])
        found = [
            row.said
            for row in reversed(rows)
            if row.removed is None
            and (before is None or row.n < before.n)
            and wanted.room in (None, row.said.room)
            and wanted.may_read(row.said.room, row.said.message)
        ]
        return FilePage(found[: wanted.limit], len(found) > wanted.limit)

    def known(self, ids: Collection[str]) -> set[str]:
        return self._rows.keys() & set(ids)

    def removed(self, before: float) -> list[str]:
        with self._lock:
            return [id for id, row in self._rows.items() if row.removed is not None and row.removed < before]

    def totals(self, owner: str, since: float, removed_since: float) -> tuple[int, int]:
        with self._lock:
            rows = list(self._rows.values())
        there = [row for row in rows if row.removed is None or row.removed > removed_since]
        own = [row for row in rows if row.owner == owner and row.created > since]
        return sum(row.said.file.size for row in there), sum(row.said.file.size for row in own)

    def count(self) -> int:
        with self._lock:
            return sum(row.removed is None for row in self._rows.values())


class MemoryFiles(FileFolder):
    """Bound and removed by whoever writes the log, under its lock."""

    def __init__(self) -> None:
        self.rows = MemoryFileRows()
        root = Path(tempfile.gettempdir(), f"chat-files-{secrets.token_hex(16)}")
        super().__init__(root, self.rows)
        self._end = weakref.finalize(self, shutil.rmtree, root, ignore_errors=True)

    def attach(self, run: Run, wanted: Attachment) -> Run:
        """The run with the file that it carries, if its author may say that."""
        upload = self.take(wanted, run.room)
        if upload is None:
            return run
        file = upload.as_said(wanted)
        said = SaidFile(file, run.room, run.id, run.ts, run.sender)
        self.rows.add(said, upload.reservation.owner, upload.reservation.created)
        self.settle([upload], said=True)
        return run._replace(file=file)

    def forget(self) -> None:
        """Those that were removed so long ago that they count for nobody."""
        self.rows.forget(time.time() - DAY_OF_OWNER)

    def remove(self) -> None:
        self._end()
