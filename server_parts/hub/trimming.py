"""What the log lets go of while the server runs, a slice at a time. Owned by the hub, run only by its thread."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from server_parts.people.clients import Client
from server_parts.settings import Settings
from server_parts.storage.account_records import NoteUse
from server_parts.storage.message_log import TRIM_SLICE
from server_parts.storage.records import StorageError
from server_parts.storage.search_query import DAY
from server_parts.storage.store import Store

INTERVAL: Final = 60.0
PAUSE: Final = 0.05  # between slices, so that trimming a large log leaves most of the time to people
SESSION_DAYS: Final = 30  # that a session is kept without being used …
ACCOUNT_DAYS: Final = 365  # … and an account

log = logging.getLogger("chat")


class Trimming:
    """Old messages, if the settings say so, and in any case sessions and accounts that nobody has used for long."""

    def __init__(self, store: Store, settings: Settings, release: Callable[[Mapping[int, str]], None]) -> None:
        """`release` deletes accounts, given as names by ids, with all that hangs on them."""
        self._store = store
        self._settings = settings
        self._release = release
        self._in_use: set[str] = set()  # sessions that the log is to note as used
        self._accounts_in_use: dict[tuple[int, str | None], str] = {}  # and their devices, with their programs
        self._noted_all = 0  # the day on which all that were connected were put there
        self.due = 0.0

    def use(self, session: str) -> None:
        """A client came in with a session that the log knows."""
        self._in_use.add(session)

    def use_account(self, client: Client) -> None:
        """Its owner came in."""
        if client.account:
            self._accounts_in_use[client.account, client.token_hash] = client.program

    def run(self, now: float, connected: Iterable[str], people: Iterable[Client] = ()) -> None:
        """One slice; the next one soon if there is more, else in a while. `connected`: sessions; `people`: clients."""
        try:
            more = self._slice(int(time.time() // DAY), connected, people)
        except StorageError as error:
            log.error("old messages, sessions and accounts cannot be trimmed: %s", error)
            more = False
        self.due = now + (PAUSE if more else INTERVAL)

    def _slice(self, today: int, connected: Iterable[str], people: Iterable[Client]) -> bool:
        if today != self._noted_all:
            self._in_use.update(connected)
            for client in people:
                self.use_account(client)
            self._noted_all = today
        if self._in_use:  # first: none that is in use may look as if it were not
            some = list(self._in_use)[:TRIM_SLICE]
            self._store.note_use(some, today)
            self._in_use.difference_update(some)
            return True
        if self._accounts_in_use:
            self._note_accounts(today)
            return True
        self._store.forget_codes()
        more = self._store.forget_sessions(today - SESSION_DAYS)
        if unused := self._store.unused_accounts(today - ACCOUNT_DAYS):
            self._release(unused)
            more = True
        return self._store.trim(self._settings.keep_days, self._settings.keep_messages) or more

    def _note_accounts(self, today: int) -> None:
        some = list(self._accounts_in_use.items())[:TRIM_SLICE]
        self._store.change(*(NoteUse(account, token, program, today) for (account, token), program in some))
        for key, _ in some:
            del self._accounts_in_use[key]
