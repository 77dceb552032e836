"""Writes one batch to the log while the hub sends the one before.

The hub takes the result before it does anything but tell, so only one thread at a time ever writes to the log.
It must not know clients.
"""

from __future__ import annotations

import threading
from queue import SimpleQueue

from server_parts.storage.records import Run
from server_parts.storage.store import Entry, Store


class LogWriter:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._work: SimpleQueue[Entry | None] = SimpleQueue()
        self._done: SimpleQueue[list[Run] | BaseException] = SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="log-writer")

    def open(self) -> None:
        """Before anybody is in: later there may be no more threads to be had."""
        self._thread.start()

    def close(self) -> None:
        """Return when nothing is written any more."""
        self._work.put(None)
        self._thread.join()

    def begin(self, entry: Entry) -> None:
        self._work.put(entry)

    def result(self) -> list[Run]:
        """What became of the batch that was begun: what `append` returns or raises."""
        done = self._done.get()
        if isinstance(done, BaseException):
            raise done
        return done

    def _write(self) -> None:
        while (entry := self._work.get()) is not None:
            try:
                self._done.put(self._store.write(entry))
            except BaseException as error:  # whatever it is, the hub is waiting
                self._done.put(error)
