"""How many handshakes may be under way: each costs memory and computing before anybody has said a word.

Whoever comes to many waits. Of one address only few are let in at a time, so that it holds up nobody but itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

MOST: Final = 256  # at once
CROWD: Final = 4  # that have begun, with which others already feel them
PER_SOURCE: Final = 3  # of them for one address
SECONDS: Final = 5.0  # to wait for one's turn, and again for the handshake itself


class Place:
    """Of one handshake."""

    def __init__(self, count: Callable[[int], None], held: ExitStack) -> None:
        self._count = count
        self._held = held

    def begin(self) -> None:
        """There is something to compute for it. To be called once."""
        self._count(1)
        self._held.callback(self._count, -1)


class Handshakes:
    """Any thread may ask for a place."""

    def __init__(self, most: int = MOST, per_source: int = PER_SOURCE) -> None:
        self._all = threading.Semaphore(most)
        self._per_source = per_source
        self._lock = threading.Lock()  # guards what is below
        self._sources: dict[str, tuple[threading.Semaphore, int]] = {}  # with how many use it or wait for it
        self._begun = 0

    @property
    def are_many(self) -> bool:
        """Whether one more would make everybody else wait for a processor. Who only holds a place does not count."""
        return self._begun >= CROWD

    @contextmanager
    def place(self, source: str | None, seconds: float = SECONDS) -> Iterator[Place | None]:
        """A place among those of that address, if it has a limit, and of all; None if there was none in time."""
        until = time.monotonic() + seconds
        with ExitStack() as held:
            wanted = [self._all] if source is None else [held.enter_context(self._of(source)), self._all]
            has_place = all(self._acquire(places, until, held) for places in wanted)
            yield Place(self._count, held) if has_place else None

    def _count(self, change: int) -> None:
        with self._lock:
            self._begun += change

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
