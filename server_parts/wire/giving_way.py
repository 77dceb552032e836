"""Giving way to people who talk: work for newcomers, and for those who read the past, waits for the hub's turn to end.

While the hub tells a room, it lets go of Python's lock once or twice for each member, and whoever computes meanwhile
keeps it waiting each time. So that work waits until the turn is over, but not for ever: a busy hub is always in one.
It must not know what the work is, nor what the hub does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

# Work waits for one turn so many times as long as the last work took: so newcomers have a ninth of the time, however
# busy the hub is, and however fast the machine …
PATIENCE: Final = 8
MOST: Final = 0.005  # … but so many seconds at most
LOOK: Final = 0.0005  # seconds until it looks again


class GivingWay:
    """One thread's."""

    __slots__ = ("_begun", "_most", "_took", "_turn")

    def __init__(self, turn: Callable[[], int], most: float = MOST) -> None:
        """`turn`: which one it is; 0 between two of them. Any thread may ask. `most`: seconds that it waits."""
        self._turn, self._most = turn, most
        self._begun = self._took = 0.0

    @contextmanager
    def work(self) -> Iterator[None]:
        """Some of it: after the present turn, or a part of that."""
        self.begin()
        try:
            yield
        finally:
            self.end()

    def begin(self) -> None:
        self._give_way(min(PATIENCE * self._took, self._most))
        self._begun = time.monotonic()

    def end(self) -> None:
        self._took = time.monotonic() - self._begun

    def _give_way(self, seconds: float) -> None:
        turn = self._turn()
        until = time.monotonic() + seconds
        while turn and self._turn() == turn and time.monotonic() < until:
            time.sleep(LOOK)
