"""Files bound to the messages of one append, in its transaction; and what their folder is told of how that ended.

Run by the one writer. It must not know transactions.
"""

from __future__ import annotations

import sqlite3
from types import TracebackType

from server_parts.storage.file_folder import FileFolder
from server_parts.storage.sqlite import file_rows
from server_parts.storage.sqlite.numbers import Batch
from server_parts.storage.upload_notes import OpenUpload


class Attaching:
    """Around the transaction: what is not committed when it is left is free again."""

    def __init__(self, files: FileFolder) -> None:
        self._files = files
        self._taken: list[OpenUpload] = []

    def __enter__(self) -> Attaching:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, traceback: TracebackType | None) -> None:
        if self._taken:
            self._files.settle(self._taken, said=kind is None)

    def attach(self, connection: sqlite3.Connection, batch: Batch) -> None:
        """The messages are stored by then. What may not be said is left out."""
        for at, n, wanted in batch.carrying:
            run = batch.runs[at]
            upload = self._files.take(wanted, run.room)
            if upload is None:
                continue
            self._taken.append(upload)
            file = upload.as_said(wanted)
            if file_rows.bind(connection, file, upload.reservation, run, n):
                batch.runs[at] = run._replace(file=file)
