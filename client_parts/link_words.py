"""What a person is told about the connection, when a text counts as waiting, and when it is sent again. Times come in.

It must not know threads, screens or frames.
"""

from __future__ import annotations

import math
import socket

from client_parts.delivery import Outgoing
from client_parts.link import Pauses

_LATE = 0.3  # seconds without a receipt, after which a text is shown as waiting


def link_state(*, online: bool, waiting: int, seconds: float) -> str:
    """For the status line; `seconds` until the next try to come back."""
    if online:
        return "online"
    if waiting:
        return f"offline, {waiting} waiting"
    return f"reconnecting in {math.ceil(seconds)} s" if seconds > 0 else "reconnecting"


def next_try(*, waiting: int, seconds: float) -> str:
    """What may stand behind it, if there is room."""
    return f"again in {math.ceil(seconds)} s" if waiting and seconds > 0 else ""


def no_connection(address: str, problem: OSError) -> str:
    if isinstance(problem, ConnectionRefusedError):
        return f"No server answers at {address}; start one with: python server.py"
    return f"Cannot reach {address}: {cause_of(problem)}; check the address, or start one with: python server.py"


def cause_of(problem: OSError) -> str:
    if isinstance(problem, TimeoutError):
        return "nobody answered in time"
    if isinstance(problem, socket.gaierror):
        return "no such host is known"
    return (problem.strerror or str(problem)).lower()


def texts_were(number: int) -> str:
    return "1 text was" if number == 1 else f"{number} texts were"


class Holds:
    """When texts that the server could not take go out again: after pauses that grow until all are through."""

    def __init__(self, pauses: Pauses) -> None:
        self.due: float | None = None
        self._pauses = pauses

    def tend(self, outgoing: Outgoing, now: float) -> None:
        if not outgoing.held:
            self.due = None
            if not outgoing:
                self._pauses.reset()
        elif self.due is None:
            self.due = now + self._pauses.next()
        elif now >= self.due:
            self.due = None
            outgoing.release()


class Lateness:
    """Whether the oldest unconfirmed text has waited long enough to be shown as waiting."""

    def __init__(self) -> None:
        self._oldest: int | None = None  # its seq
        self._due = 0.0

    def is_late(self, outgoing: Outgoing, now: float, *, online: bool) -> bool:
        oldest = outgoing.oldest
        if oldest != self._oldest:
            self._oldest, self._due = oldest, now + _LATE
        return oldest is not None and (now >= self._due or not online)

    def due(self, now: float) -> float:
        """When `is_late` will say something else by itself."""
        return self._due if self._oldest is not None and now < self._due else math.inf
