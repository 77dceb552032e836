"""A blocking read in the main thread that other threads can end. It must not know what is read, or where from.

A clock's tick does it. It also lets Ctrl+C and its like through: a signal that comes just before a read begins, or to
another thread, does not interrupt it, and its handler would have to wait for the next line.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Final, NamedTuple

TICK: Final = 0.2  # seconds
SOON: Final = 1e-6


class Closed(Exception):
    """The receiver has ended; nothing more is to be read."""


class _Alarm(NamedTuple):
    """What the clock was set to before."""

    handler: Any
    due: float
    interval: float


class Reader:
    """One thread reads, inside `with`; any thread may end it."""

    def __init__(self) -> None:
        self._reading = False
        self._closed = False
        self._alarm: _Alarm | None = None

    def __enter__(self) -> Any:
        if threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer"):
            handler = signal.signal(signal.SIGALRM, self._on_tick)
            left, interval = signal.setitimer(signal.ITIMER_REAL, TICK, TICK)
            self._alarm = _Alarm(handler, time.monotonic() + left if left else math.inf, interval)
        return self

    def __exit__(self, *exception: object) -> None:
        self._give_back_the_clock()

    def end_reading(self) -> None:
        """Make a read that is going on, or the next one, raise Closed."""
        self._closed = True

    def _give_back_the_clock(self) -> None:
        if self._alarm is not None:
            alarm, self._alarm = self._alarm, None
            signal.setitimer(signal.ITIMER_REAL, 0)  # a tick too late would end the program
            signal.signal(signal.SIGALRM, alarm.handler)
            if alarm.due < math.inf:
                signal.setitimer(signal.ITIMER_REAL, max(alarm.due - time.monotonic(), SOON), alarm.interval)

    def _on_tick(self, number: int, frame: FrameType | None) -> None:
        if self._alarm is not None and time.monotonic() >= self._alarm.due:
            self._give_back_the_clock()
        if self._reading and self._closed:
            raise Closed

    def _guarded(self, read: Callable[[int], str], size: int) -> str:
        """read(size). Once it has the line, no signal can take it away: it goes straight into the list."""
        kept: list[str] = []
        self._reading = True
        try:
            if self._closed:
                raise Closed
            kept.extend(map(read, [size]))
        except Closed:
            if not kept:
                raise
        finally:
            self._reading = False
        return kept[0]
