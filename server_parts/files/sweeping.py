"""Now and then, what nobody needs any more of files is deleted: by a thread of its own, as that can take long."""

from __future__ import annotations

import logging
import threading
from typing import Final

from server_parts.storage.file_store import FileStore
from server_parts.storage.records import StorageError

FIRST: Final = 10.0  # seconds after the start …
PAUSE: Final = 600.0  # … and between two times

log = logging.getLogger("chat")


class Sweeper:
    def __init__(self, store: FileStore) -> None:
        self._store = store
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="file-sweeper")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Return when it has ended."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        pause = FIRST
        while not self._ended.wait(pause):
            self.sweep()
            pause = PAUSE

    def sweep(self) -> None:
        try:
            deleted = self._store.sweep()
        except StorageError as error:
            log.error("old files cannot be deleted: %s", error)
        except Exception:
            log.exception("deleting old files")
        else:
            if deleted:
                log.info("deleted %d old files", deleted)
