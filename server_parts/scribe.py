"""A second hand for the log: writes one batch down while the hub tells the one before.

The hub takes the result of one batch before it begins the next, so only one thread at a time ever writes to the log.
It must not know clients.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from queue import SimpleQueue

from server_parts.message_log import Draft, MessageLog, Run

Work = tuple[Sequence[Draft], Mapping[str, int]]


class Scribe:
    def __init__(self, book: MessageLog) -> None:
        self._book = book
        self._work: SimpleQueue[Work | None] = SimpleQueue()
        self._done: SimpleQueue[list[Run] | Exception] = SimpleQueue()
        # A daemon: where a disk never answers, a process that was told twice to stop must be able to end.
        self._thread = threading.Thread(target=self._write, name="scribe", daemon=True)

    def begin(self, drafts: Sequence[Draft], accepted: Mapping[str, int]) -> None:
        if self._thread.ident is None:
            self._thread.start()
        self._work.put((drafts, accepted))

    def result(self) -> list[Run]:
        """What became of the batch that was begun: what `append` returns or raises."""
        done = self._done.get()
        if isinstance(done, Exception):
            raise done
        return done

    def close(self) -> None:
        """Return when nothing is written any more."""
        if self._thread.ident is not None:
            self._work.put(None)
            self._thread.join()

    def _write(self) -> None:
        while (work := self._work.get()) is not None:
            try:
                self._done.put(self._book.append(*work))
            except Exception as error:
                self._done.put(error)
