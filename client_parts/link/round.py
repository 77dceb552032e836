"""One try of each place where a server may be: begun one after the other, a moment apart; the first that is open wins.

So nobody waits for a host that is silent. While one is, those that have failed are tried again: a server that starts
anew should not have to wait for the end of a silence. It must not know whom to trust, or what a connection is for.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

from client_parts.link.attempt import Attempt, Closable
from client_parts.link.dialing import Hold, Place, places_of
from client_parts.link.server import Server

HEAD_START: Final = 0.3  # seconds before the next is begun: most that answer at all have answered by then
AGAIN: Final = 1.0  # seconds before those that have failed are tried again, while others are silent
_MOST_AGAIN: Final = 5  # times: a round has an end

Opened = TypeVar("Opened", bound=Closable)


class _Found(NamedTuple):
    """Where a server may be."""

    places: Sequence[Place]

    def close(self) -> None:
        """There is nothing to close."""


class _Candidate(NamedTuple):
    server: Server
    place: Place | None = None  # None until its name is looked up


class _Try(NamedTuple, Generic[Opened]):
    candidate: _Candidate
    attempt: Attempt[Opened] | Attempt[_Found]


class Round(Generic[Opened]):
    """One thread owns it; each try has a thread of its own."""

    def __init__(
        self, servers: Sequence[Server], connect: Callable[[Server, Place, Hold], Opened], ring: Callable[[], None]
    ) -> None:
        """`ring` is called when there is something to do before it is due."""
        self.problems: dict[Server, Exception] = {}  # of each that failed, the first
        self._connect = connect
        self._ring = ring
        self._waiting = deque(_Candidate(server) for server in servers)
        self._tries: list[_Try[Opened]] = []
        self._next_due = -math.inf
        self._failed: list[_Candidate] = []
        self._again_due = math.inf
        self._times_again = 0

    @property
    def due(self) -> float:
        """When the next one is to be begun."""
        return self._next_due if self._waiting else self._again_due if self._may_try_again else math.inf

    @property
    def _may_try_again(self) -> bool:
        return bool(self._tries and self._failed) and self._times_again < _MOST_AGAIN

    @property
    def has_more(self) -> bool:
        """Whether there is a place that was not tried."""
        return bool(self._waiting)

    @property
    def is_over(self) -> bool:
        return not (self._waiting or self._tries)

    def step(self, now: float) -> Opened | None:
        """Do what is due. Returns a connection if there is one now; all other tries are given up then."""
        for one in list(self._tries):
            if (opened := self._outcome(one, now)) is not None:
                self.give_up()
                return opened
        if not self._waiting and self._may_try_again and now >= self._again_due:
            self._times_again += 1
            self._waiting.extend(self._failed)
            self._failed.clear()
        while self._waiting and (now >= self._next_due or not self._tries):
            self._begin(self._waiting.popleft())
            self._next_due = now + HEAD_START
        return None

    def give_up(self) -> None:
        """Nobody wants a connection now; what was not tried yet may be tried later."""
        for one in self._tries:
            one.attempt.give_up()
        self._tries.clear()
        self._next_due = -math.inf

    def _begin(self, candidate: _Candidate) -> None:
        server, place = candidate
        attempt: Attempt[Opened] | Attempt[_Found]
        if place is None:
            attempt = Attempt(lambda _: _Found(places_of(server.host, server.port)), self._ring)
        else:
            attempt = Attempt(lambda hold: self._connect(server, place, hold), self._ring)
        self._tries.append(_Try(candidate, attempt))

    def _outcome(self, one: _Try[Opened], now: float) -> Opened | None:
        """The connection, if this try has one. If it failed, or has found where to connect, the next one is due."""
        try:
            outcome = one.attempt.connection()
        except Exception as problem:
            self.problems.setdefault(one.candidate.server, problem)
            if isinstance(problem, OSError):  # anything else will not have changed
                self._failed.append(one.candidate)
                self._again_due = now + AGAIN
        else:
            if outcome is None:
                return None
            if isinstance(outcome, _Found):
                self._waiting.extendleft(_Candidate(one.candidate.server, place) for place in reversed(outcome.places))
            else:
                self._tries.remove(one)
                return outcome
        self._tries.remove(one)
        self._next_due = now
        return None
