"""What a person is told about the connection, and when a text counts as waiting. Times come in.

It must not know threads, screens or frames.
"""

from __future__ import annotations

import math
import socket

from client_parts.delivery import Outgoing

_LATE = 0.3  # seconds without a receipt, after which a text is shown as waiting


def link_state(*, online: bool, waiting: int, seconds: float) -> str:
    """For the status line; `seconds` until the next try to come back."""
    if online:
        return "online"
    if waiting:
        return f"offline, {waiting} waiting"
    return f"reconnecting in {math.ceil(seconds)} s" if seconds > 0 else "reconnecting"


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
