"""What the log lets go of while the server runs, a slice at a time. Owned by the hub, run only by its thread."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import Final

from server_parts.settings import Settings
from server_parts.storage.message_log import TRIM_SLICE
from server_parts.storage.records import StorageError
from server_parts.storage.search_query import DAY
from server_parts.storage.store import Store

INTERVAL: Final = 60.0
PAUSE: Final = 0.05  # between slices, so that trimming a large log leaves most of the time to people
SESSION_DAYS: Final = 30  # that a session is kept without being used

log = logging.getLogger("chat")


class Trimming:
    """Old messages, if the settings say so, and in any case sessions that nobody has used for long."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._in_use: set[str] = set()  # sessions that the log is to note as used
        self._noted_all = 0  # the day on which all that were connected were put there
        self.due = 0.0

    def use(self, session: str) -> None:
        """A client came in with a session that the log knows."""
        self._in_use.add(session)

    def run(self, now: float, connected: Iterable[str]) -> None:
        """One slice; the next one soon if there is more, else in a while. `connected`: their sessions."""
        try:
            more = self._slice(int(time.time() // DAY), connected)
        except StorageError as error:
            log.error("old messages and sessions cannot be trimmed: %s", error)
            more = False
        self.due = now + (PAUSE if more else INTERVAL)

    def _slice(self, today: int, connected: Iterable[str]) -> bool:
        if today != self._noted_all:
            self._in_use.update(connected)
            self._noted_all = today
        if self._in_use:  # first: none that is in use may look as if it were not
            some = list(self._in_use)[:TRIM_SLICE]
            self._store.note_use(some, today)
            self._in_use.difference_update(some)
            return True
        more = self._store.forget_sessions(today - SESSION_DAYS)
        return self._store.trim(self._settings.keep_days, self._settings.keep_messages) or more
