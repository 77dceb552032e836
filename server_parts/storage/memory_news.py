"""Who waits for what is appended to a log in memory: several servers of one process, as in tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final
from weakref import WeakKeyDictionary, WeakSet

from server_parts.storage.records import Message, Run, in_runs
from server_parts.storage.store import Feed

PAGE: Final = 1_000  # messages of one room that are read at a time


class MemoryNews:
    """The same promises as those of a database, without one. Used by any thread."""

    def __init__(self, after: Callable[[str, int, int], list[Message]], last: Callable[[str], int]) -> None:
        self._after = after
        self._last = last
        self._appended = threading.Condition()  # guards what follows
        self._hints: WeakKeyDictionary[Feed, dict[str, int]] = WeakKeyDictionary()  # where first something new is
        self._rung: WeakSet[Feed] = WeakSet()
        self._closed = False

    def ring(self) -> None:
        """Whoever waits is to look for what is not in the log."""
        with self._appended:
            self._rung.update(self._hints)
            self._appended.notify_all()

    def tell(self, runs: list[Run]) -> None:
        """Something was appended."""
        with self._appended:
            for hints in self._hints.values():
                for run in runs:
                    hints.setdefault(run.room, run.id)
            self._appended.notify_all()

    def news(self, feed: Feed, timeout: float) -> list[Run]:
        deadline = time.monotonic() + timeout
        while True:
            with self._appended:
                hints = self._hints.get(feed, {})
                self._hints[feed] = {}
            if runs := self._wanted(feed, hints):
                return runs
            with self._appended:
                left = deadline - time.monotonic()
                if self._closed or left <= 0 or feed in self._rung:
                    self._rung.discard(feed)
                    return []
                if not self._hints[feed]:
                    self._appended.wait(left)

    def _wanted(self, feed: Feed, hints: Mapping[str, int]) -> list[Run]:
        wanted = {room: told for room, told in feed.positions().items() if self._last(room) > told}
        for room, first in hints.items():
            after = feed.wanted(room, first)
            if after is not None and self._last(room) > after:
                wanted[room] = after
        return [run for room, told in wanted.items() for run in in_runs(self._after(room, told, PAGE))]

    def close(self) -> None:
        with self._appended:
            self._closed = True
            self._appended.notify_all()
