"""What is deleted in a folder of files because nobody needs it any more. Run by one thread at a time.

Only files with names of our own are ever deleted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final

from server_parts.storage import file_disk, upload_notes
from server_parts.storage.file_records import GRACE, is_file_id
from server_parts.storage.file_rows import FileRows

BETWEEN: Final = 3_600.0  # seconds between two looks through all files
AT_ONCE: Final = 500  # files that the log is asked about


class FolderSweep:
    def __init__(self, root: Path, rows: FileRows, is_open: Callable[[str], bool]) -> None:
        """`is_open`: whether a file is being received, or not said yet."""
        self._root, self._tmp = root, root / "tmp"
        self._rows = rows
        self._is_open = is_open
        self._running = threading.Lock()
        self._notes: SimpleQueue[str] = SimpleQueue()  # of files that were said
        self._next = 0.0  # when all files are looked through again

    def forget_note(self, id: str) -> None:
        """Later: a file was said, so its note is of no use. By any thread."""
        self._notes.put(id)

    def run(self) -> int:
        """How many files were deleted, notes not counted."""
        with self._running:
            self._delete_notes()
            gone = sum(file_disk.delete(self._path(id)) for id in self._rows.removed(time.time() - GRACE))
            if time.monotonic() >= self._next:
                gone += self._delete_orphans()
                self._next = time.monotonic() + BETWEEN
            return gone

    def _path(self, id: str) -> Path:
        return file_disk.place_of(self._root, id)

    def _delete_notes(self) -> None:
        try:
            while True:
                file_disk.delete(upload_notes.note_of(self._tmp, self._notes.get_nowait()))
        except Empty:
            return

    def _delete_orphans(self) -> int:
        """Bytes and notes that belong to nothing, if they are old: the log may be about to hear of them."""
        old = self._old_ones(time.time())
        gone = 0
        while some := list(islice(old, AT_ONCE)):
            # In this order: what is said meanwhile is open before, and known after.
            some = [(id, path) for id, path in some if not self._is_open(id)]
            known = self._rows.known({id for id, _ in some})
            gone += sum(file_disk.delete(path) for id, path in some if id not in known)
        return gone

    def _old_ones(self, now: float) -> Iterator[tuple[str, Path]]:
        for path in self._root.glob("*/*"):
            id = path.name.removesuffix(file_disk.NEW).removesuffix(upload_notes.SUFFIX)
            if is_file_id(id) and path.is_file() and file_disk.age(path, now) > GRACE:
                yield id, path
