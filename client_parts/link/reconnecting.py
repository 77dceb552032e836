"""What a person is told about the connection; when to try again, and when a text counts as waiting. Times come in.

It must not know threads, screens or frames.
"""

from __future__ import annotations

import math
import random
import socket
from collections.abc import Mapping

from client_parts.conversation.delivery import Outgoing
from client_parts.link.dialing import NotEncrypted
from client_parts.link.link import Patience, Pauses
from terminal_parts.command_line import how_to_start

ANOTHER_NAME = ("name_taken", "bad_name")  # refusals after which another name may do: a login name may be reserved
PASSING = ("server_full", "storage_unavailable", "rate_limited", "internal")  # those that may be gone tomorrow
FINAL = ("kicked", "banned", "forgotten")  # goodbyes after which nobody comes back by itself
_LATE = 0.3  # seconds without a receipt, after which a text is shown as waiting


def link_state(*, online: bool, waiting: int, seconds: float, first: bool = False) -> str:
    """For the status line; `seconds` until the next try. `first`: there has been no connection yet."""
    if online:
        return "online"
    if waiting:
        return f"{'connecting' if first else 'offline'}, {waiting} waiting"
    doing = "connecting" if first else "reconnecting"
    return f"{doing} in {math.ceil(seconds)} s" if seconds > 0 else doing


def next_try(*, waiting: int, seconds: float) -> str:
    """What may stand behind it, if there is room."""
    return f"again in {math.ceil(seconds)} s" if waiting and seconds > 0 else ""


def no_connection(address: str, problem: OSError) -> str:
    if isinstance(problem, NotEncrypted):
        return str(problem)
    if isinstance(problem, ConnectionRefusedError):
        return f"No server answers at {address}; start one with: {how_to_start('server')}"
    return (
        f"Cannot reach {address}: {cause_of(problem)}; check the address, or start a server: {how_to_start('server')}"
    )


def no_connections(problems: Mapping[str, OSError]) -> str:
    """`problems` by address. For one, what to do about it; for several, what each of them is."""
    if len(problems) == 1:
        return no_connection(*next(iter(problems.items())))
    each = "; ".join(f"{address}: {_in_short(problem)}" for address, problem in problems.items())
    return f"No server can be reached ({each}). Check the addresses, or start a server: {how_to_start('server')}"


def _in_short(problem: OSError) -> str:
    return "it does not encrypt" if isinstance(problem, NotEncrypted) else cause_of(problem)


def cause_of(problem: OSError) -> str:
    if isinstance(problem, TimeoutError):
        return "nobody answered in time"
    if isinstance(problem, socket.gaierror):
        return "no such host is known"
    return (problem.strerror or str(problem)).lower()


def texts_are(number: int) -> str:
    return "1 text is" if number == 1 else f"{number} texts are"


def texts_were(number: int) -> str:
    return "1 text was" if number == 1 else f"{number} texts were"


class ReturnPlan:
    """When to try to come back: after pauses that grow, and sooner if a person is there who wants to go on."""

    def __init__(self, patience: Patience) -> None:
        self.due = 0.0
        self._pauses = Pauses(patience.first_pause, patience.longest_pause)
        self._hurry = patience.hurry
        self._failed = 0.0  # when the last try had

    def plan(self, now: float) -> float:
        """The link is gone, or a try has failed: the pause before the next."""
        pause = self._pauses.next()
        self._failed, self.due = now, now + pause
        return pause

    def go_on(self, now: float, pause: float) -> float:
        """There is another server to go to: the next try is after that pause, and those to come do not grow by it."""
        self._failed, self.due = now, now + pause
        return pause

    def bring_forward(self) -> None:
        self.due = min(self.due, self._failed + self._hurry)

    def succeeded(self) -> None:
        self._pauses.reset()


class ResendPlan:
    """When texts that the server could not take go out again: after pauses that grow until all are through.

    They go sooner when somebody else's text was stored, or when a person writes more: then the server may take them.
    """

    def __init__(self, patience: Patience) -> None:
        self.due: float | None = None
        self._hold = patience.hold
        self._pauses = Pauses(patience.hold, patience.longest_pause)

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

    def bring_forward(self, now: float) -> None:
        if self.due is not None and self.due > now + self._hold:
            # At any moment of a second, so that a thousand clients do not send at once. Drawn once: the least of many
            # draws would be now, where many talk.
            self.due = now + self._hold * random.random()


class Lateness:
    """Whether the oldest unconfirmed text has waited long enough to be shown as waiting."""

    def __init__(self) -> None:
        self.late = False
        self._oldest: int | None = None  # its seq
        self._due = 0.0

    def is_late(self, outgoing: Outgoing, now: float, *, online: bool) -> bool:
        oldest = outgoing.oldest
        if oldest != self._oldest:
            self._oldest, self._due = oldest, now + _LATE
        self.late = oldest is not None and (now >= self._due or not online)
        return self.late

    def due(self, now: float) -> float:
        """When `is_late` will say something else by itself."""
        return self._due if self._oldest is not None and now < self._due else math.inf
