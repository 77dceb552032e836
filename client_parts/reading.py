"""A blocking read in the main thread that other threads can end. It must not know what is read, or where from.

SIGURG does it: unlike SIGINT, nobody types it, and where no handler is left it is ignored.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any


class Closed(Exception):
    """The receiver has ended; nothing more is to be read."""


class Reader:
    """One thread reads, inside `with`; any thread may end it."""

    def __init__(self) -> None:
        self._reading = False
        self._closed = False
        self._thread: int | None = None
        self._handler: Any = None

    def __enter__(self) -> Any:
        if threading.current_thread() is threading.main_thread() and hasattr(signal, "pthread_kill"):
            self._handler = signal.signal(signal.SIGURG, self._on_signal)
            self._thread = threading.get_ident()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._thread is not None:
            self._thread = None
            signal.signal(signal.SIGURG, self._handler)

    def end_reading(self) -> None:
        """Make a read that is going on, or the next one, raise Closed."""
        self._closed = True
        if self._reading and self._thread is not None:
            signal.pthread_kill(self._thread, signal.SIGURG)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
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
