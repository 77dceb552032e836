"""Giving way to those who are in: work for newcomers waits while the hub is in a turn.

While the hub tells a room, it lets go of Python's lock once or twice for each member, and whoever computes meanwhile
keeps it waiting each time. So that work waits until the turn is over, but not for ever: a busy hub is always in one.
It must not know what the work is, nor what the hub does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

# Times as long as the last work took, newcomers wait for one turn: so they have a ninth of the time, however busy the
# hub is, and however fast the machine …
PATIENCE: Final = 8
MOST: Final = 0.005  # … but so many seconds at most
LOOK: Final = 0.0005  # seconds until it looks again


class GivingWay:
    """One thread's."""

    __slots__ = ("_took", "_turn")

    def __init__(self, turn: Callable[[], int]) -> None:
        """`turn`: which one it is; 0 between two of them. Any thread may ask."""
        self._turn = turn
        self._took = 0.0

    @contextmanager
    def work(self) -> Iterator[None]:
        """Work for a newcomer: after the present turn, or some of it."""
        self._give_way(min(PATIENCE * self._took, MOST))
        begun = time.monotonic()
        try:
            yield
        finally:
            self._took = time.monotonic() - begun

    def _give_way(self, seconds: float) -> None:
        turn = self._turn()
        until = time.monotonic() + seconds
        while turn and self._turn() == turn and time.monotonic() < until:
            time.sleep(LOOK)
