"""Where browsers came from a moment ago: they open connections ahead, and a greeting would spoil what they ask there.

Asked by every reader. Pure.
"""

from __future__ import annotations

import threading
from typing import Final

LATELY: Final = 12.0  # seconds: browsers close what they opened ahead and did not use after 10
MOST: Final = 10_000  # addresses


class Visits:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._visits: dict[str, float] = {}  # oldest first

    def note(self, source: str, now: float) -> None:
        """A browser at that address has asked for something."""
        with self._lock:
            self._visits.pop(source, None)
            self._visits[source] = now
            if len(self._visits) > MOST:
                del self._visits[next(iter(self._visits))]

    def is_lately(self, source: str, now: float) -> bool:
        return now - self._visits.get(source, -LATELY) < LATELY
