"""How many work on something at once, and how fast: others wait, each for its turn, in the order in which they came.

Nobody who has a turn may keep it for long while others wait. It must not know what is worked on.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

TICK: Final = 0.5  # seconds until whoever waits looks whether it still wants to
A_TURN: Final = 2.0  # seconds after which a turn ends, if others wait
BURST: Final = 0.1  # seconds' worth that may go at once, after a pause


class Turns:
    """So many at once, and no more."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._changed = threading.Condition()  # guards all here
        self._waiting: deque[object] = deque()

    @contextmanager
    def one(self, is_wanted: Callable[[], bool]) -> Iterator[bool]:
        """Wait for a turn, and have it within. False: it was not wanted any more."""
        has_it = self._take(is_wanted)
        try:
            yield has_it
        finally:
            if has_it:
                self._give_back()

    def is_over(self, begun: float) -> bool:
        """Whether a turn that began then is to be given back: others wait, and it was long enough."""
        return bool(self._waiting) and time.monotonic() - begun >= A_TURN

    def _take(self, is_wanted: Callable[[], bool]) -> bool:
        me = object()
        with self._changed:
            self._waiting.append(me)
            try:
                while is_wanted():
                    if self._free and self._waiting[0] is me:
                        self._free -= 1
                        return True
                    self._changed.wait(TICK)
                return False
            finally:
                self._waiting.remove(me)
                self._changed.notify_all()

    def _give_back(self) -> None:
        with self._changed:
            self._free += 1
            self._changed.notify_all()


class Pace:
    """So many bytes a second, all together; 0: no limit."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._lock = threading.Lock()
        self._even = 0.0  # when all that went would have gone at just that rate

    def pause(self, size: int, now: float) -> float:
        """So many bytes have gone: how many seconds to wait before more of them go."""
        if not self._rate:
            return 0.0
        with self._lock:
            self._even = max(self._even, now - BURST) + size / self._rate
            return max(self._even - now, 0.0)


class Slowness:
    """Whether somebody takes too long over what they send: less than `rate` bytes a second, for so many seconds."""

    def __init__(self, rate: float, seconds: float, now: float) -> None:
        self._rate, self._seconds = rate, seconds
        self._since, self._size = now, 0

    def note(self, size: int, now: float) -> bool:
        """So many more bytes have come, perhaps none; True if that was too slow."""
        self._size += size
        if now - self._since < self._seconds:
            return False
        is_slow = self._size < self._rate * (now - self._since)
        self._since, self._size = now, 0
        return is_slow

    def forgive(self, now: float) -> None:
        """The time since then was not theirs."""
        self._since, self._size = now, 0
