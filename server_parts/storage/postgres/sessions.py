"""The sessions that this server has taken, and how far each was committed. Pure.

Whoever appends for a session names the holder that it was taken as, and how far it was: so no text is stored twice,
whatever connections were lost and whichever server has continued it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Final

from server_parts.storage.postgres.batch import Holding
from server_parts.storage.records import Moved

MOST: Final = 100_000  # sessions that are remembered


class Sessions:
    """Used by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards both
        self._held: dict[str, Holding] = {}
        self._unsure: set[str] = set()  # nobody knows what was stored of them last

    def hold(self, taken: Mapping[str, Holding]) -> None:
        with self._lock:
            for key, holding in taken.items():
                self._held.pop(key, None)  # so that it is the last one again
                self._held[key] = holding
            self._unsure.difference_update(taken)
            while len(self._held) > MOST:  # what was forgotten is taken again with its next text
                del self._held[next(iter(self._held))]

    def let_go(self, keys: Iterable[str]) -> None:
        with self._lock:
            for key in keys:
                self._held.pop(key, None)
                self._unsure.discard(key)

    def forget(self) -> None:
        """The database is another one: nothing is held there."""
        with self._lock:
            self._held.clear()
            self._unsure.clear()

    def doubt(self, keys: Iterable[str]) -> None:
        """They must be taken before anything else is stored for them."""
        with self._lock:
            for key in keys:
                self._held.pop(key, None)
                self._unsure.add(key)

    def held(self, keys: Iterable[str]) -> dict[str, Holding]:
        """Those of them that are held. Moved, if one of them is in doubt."""
        with self._lock:
            keys = set(keys)
            if doubtful := keys & self._unsure:
                raise Moved("it is not known yet how far a session was stored; send again", doubtful)
            return {key: self._held[key] for key in keys if key in self._held}

    def of_ids(self, ids: Iterable[str]) -> list[str]:
        """The keys of sessions by their numbers in the database."""
        wanted = set(map(int, ids))
        with self._lock:
            return [key for key, holding in self._held.items() if holding.id in wanted]
