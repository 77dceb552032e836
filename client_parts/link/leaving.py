"""How a client leaves: what signals do to it, and a goodbye in order. It must not know sockets or screens."""

from __future__ import annotations

import enum
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from client_parts.link.link import Patience


@contextmanager
def signals_end_it() -> Iterator[None]:
    """SIGTERM and a closed terminal leave in order, like everybody else."""

    def leave(number: int, frame: object) -> None:
        sys.exit(128 + number)

    numbers = [signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
        numbers.append(signal.SIGHUP)
    before = [(number, signal.signal(number, leave)) for number in numbers]
    before.append((signal.SIGINT, signal.signal(signal.SIGINT, signal.default_int_handler)))
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


class Step(enum.Enum):
    WAIT = enum.auto()
    SAY_BYE = enum.auto()
    GO = enum.auto()


class Farewell:
    """Texts on their way get a moment, then the server is told, then it has a moment to answer."""

    def __init__(self, patience: Patience) -> None:
        self.due: float | None = None  # when the present step is over
        self._patience = patience
        self._said = False

    def next(self, now: float, *, waiting: bool) -> Step:
        """What to do now; `waiting` while texts are not confirmed."""
        if self.due is None:
            self.due = now + self._patience.undelivered
        if not self._said and (not waiting or now >= self.due):
            self._said, self.due = True, now + self._patience.goodbye
            return Step.SAY_BYE
        return Step.GO if now >= self.due else Step.WAIT
