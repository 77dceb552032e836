"""How often somebody may try a password: a few times at once, then with pauses that grow. Pure: the clock is passed in.

Failures are counted by the name that was tried and by the address that tried it. Nobody who comes with the token of a
device is asked here, so a name cannot be locked for its owner.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

from server_parts.people.addresses import is_own

FREE: Final = 5  # failures without a pause …
WINDOW: Final = 600.0  # … within so many seconds
FIRST_PAUSE: Final = 60.0  # seconds after those; it doubles with each further one
LONGEST_PAUSE: Final = 3_600.0
MOST_REMEMBERED: Final = 10_000  # names and addresses


class _Failures(NamedTuple):
    number: int
    last: float
    until: float  # no sooner the next one …
    forgotten: float  # … and then none of it counts any more


_NONE: Final = _Failures(0, 0.0, 0.0, 0.0)


class Attempts:
    """Everybody's, for one server. Any thread may ask."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()  # guards the failures
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def begin(self, name: str, source: str) -> float:
        """Seconds to wait until the next attempt; 0: it may be made now, and counts as failed until it succeeds."""
        now, keys = self._clock(), _keys(name, source)
        with self._lock:
            wait = max(self._now(key, now).until - now for key in keys)
            if wait <= 0:
                for key in keys:
                    self._add(key, now)
            return max(wait, 0.0)

    def succeeded(self, name: str, source: str) -> None:
        """The attempt that was begun last by that address for that name did not fail."""
        with self._lock:
            for key in _keys(name, source):
                failures = self._failures.get(key, _NONE)
                if failures.number > 1:
                    self._note(key, failures.number - 1, failures.last)
                else:
                    self._failures.pop(key, None)

    def _now(self, key: str, now: float) -> _Failures:
        failures = self._failures.get(key, _NONE)
        return failures if now < failures.forgotten else _NONE

    def _add(self, key: str, now: float) -> None:
        self._note(key, self._now(key, now).number + 1, now)
        if len(self._failures) > MOST_REMEMBERED:
            self._failures.popitem(last=False)

    def _note(self, key: str, number: int, last: float) -> None:
        doubled = min(max(number - FREE, 0), 16)
        pause = min(FIRST_PAUSE * 2**doubled, LONGEST_PAUSE) if number >= FREE else 0.0
        self._failures[key] = _Failures(number, last, last + pause, last + pause + WINDOW)
        self._failures.move_to_end(key)


def _keys(name: str, source: str) -> list[str]:
    """Names begin with a letter or a digit, so no address is taken for one."""
    return [name.lower()] if is_own(source) else [name.lower(), f"@{source}"]
