"""A lock that goes to whoever has waited longest.

Python's own lock goes to whoever is quick: a thread that shows thousands of messages takes it again before one that
was woken for a key gets to run. It must not know what it protects.
"""

from __future__ import annotations

import threading
from collections import deque
from types import TracebackType


class FairLock:
    """Used like `threading.Lock`, in the order of asking."""

    def __init__(self) -> None:
        self._guard = threading.Lock()  # of what follows; never held while somebody waits
        self._taken = False
        self._waiting: deque[threading.Lock] = deque()  # each is let go of when its owner's turn has come

    def acquire(self, timeout: float = -1) -> bool:
        """Whether it was this thread's turn in time."""
        with self._guard:
            if not self._taken:
                self._taken = True
                return True
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        try:
            return turn.acquire(timeout=timeout) or not self._give_up(turn)
        except BaseException:  # of a signal that came meanwhile
            if not self._give_up(turn):
                self.release()
            raise

    def _give_up(self, turn: threading.Lock) -> bool:
        """Whether that was possible: the turn may have come just now."""
        with self._guard:
            if turn not in self._waiting:
                return False
            self._waiting.remove(turn)
            return True

    def release(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()  # it stays taken, by the next one
            else:
                self._taken = False

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()
