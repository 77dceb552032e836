"""How many handshakes may be under way: each costs memory and computing before anybody has said a word.

Whoever comes to many waits. Of one address only few are let in at a time, so that it holds up nobody but itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

MOST: Final = 256  # at once
PER_SOURCE: Final = 3  # of them for one address
SECONDS: Final = 5.0  # to wait for one's turn, and again for the handshake itself


class Handshakes:
    """Any thread may ask for a place."""

    def __init__(self, most: int = MOST, per_source: int = PER_SOURCE) -> None:
        self._all = threading.Semaphore(most)
        self._per_source = per_source
        self._lock = threading.Lock()  # guards what is below
        self._sources: dict[str, tuple[threading.Semaphore, int]] = {}  # with how many use it or wait for it

    @contextmanager
    def place(self, source: str | None, seconds: float = SECONDS) -> Iterator[bool]:
        """Whether there was a place in time, among those of that address, if it has a limit, and of all."""
        until = time.monotonic() + seconds
        with ExitStack() as held:
            wanted = [self._all] if source is None else [held.enter_context(self._of(source)), self._all]
            yield all(self._acquire(places, until, held) for places in wanted)

    @staticmethod
    def _acquire(places: threading.Semaphore, until: float, held: ExitStack) -> bool:
        if not places.acquire(timeout=max(until - time.monotonic(), 0.0)):
            return False
        held.callback(places.release)
        return True

    @contextmanager
    def _of(self, source: str) -> Iterator[threading.Semaphore]:
        with self._lock:
            places, users = self._sources.get(source, (threading.Semaphore(self._per_source), 0))
            self._sources[source] = places, users + 1
        try:
            yield places
        finally:
            with self._lock:
                places, users = self._sources.pop(source)
                if users > 1:
                    self._sources[source] = places, users - 1
