"""A blocking read in the main thread that other threads can end. It must not know what is read, or where from.

SIGURG does it: unlike SIGINT, nobody types it, and where no handler is left it is ignored.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any


class Closed(Exception):
    """The receiver has ended; nothing more is to be read."""


class Redraw(Exception):
    """The prompt is to be drawn again, with what was typed so far."""


class Reader:
    """One thread reads, inside `with`; any thread may end it."""

    def __init__(self) -> None:
        self._reading = False
        self._closed = False
        self._interruption: BaseException | None = None
        self._thread: int | None = None
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Any:
        if threading.current_thread() is threading.main_thread() and hasattr(signal, "pthread_kill"):
            for number in self._signals():
                self._handlers[number] = signal.signal(number, self._on_signal)
            self._thread = threading.get_ident()
        return self

    def __exit__(self, *exception: object) -> None:
        self._thread = None
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers.clear()

    def end_reading(self) -> None:
        """Make a read that is going on, or the next one, raise Closed."""
        self._closed = True
        self._nudge()

    def _signals(self) -> tuple[int, ...]:
        return (signal.SIGURG,)

    def _nudge(self) -> None:
        if self._reading and self._thread is not None:
            signal.pthread_kill(self._thread, signal.SIGURG)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._reading:
            # The interpreter may run a second handler while the first one's exception is on its way out, and a handler
            # that returns then is a SystemError. So a read that is interrupted stays so.
            if self._interruption is None:
                self._interruption = self._interruption_by(number)
            if self._interruption is not None:
                raise self._interruption
        elif number == signal.SIGINT:
            raise KeyboardInterrupt

    def _interruption_by(self, number: int) -> BaseException | None:
        """What a signal does to the read that is going on; 0 asks for what was signalled before it began."""
        return Closed() if self._closed else None

    def _guarded(self, read: Any, argument: Any) -> str:
        """read(argument). Once it has the line, no signal can take it away: it goes straight into the list."""
        kept: list[str] = []
        self._interruption = None
        self._reading = True
        try:
            if interruption := self._interruption_by(0):
                raise interruption
            kept.extend(map(read, [argument]))
        except (Redraw, Closed):
            if not kept:
                raise
        finally:
            self._reading = False
        return kept[0]
