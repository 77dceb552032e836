"""How this client gets to one of its servers, and to another one when that fails: rounds over all, pauses in between.

The first round begins with the server that was named first: whoever wrote the list down knows which one is near, and
nothing has to be kept between runs. After a loss it begins behind the server that was lost, so that one comes last.
A pause, which grows, comes only after a whole round, or when one server after the other has broken the connection soon.
It must not know what is said over a connection.
"""

from __future__ import annotations

import errno
import random
from collections.abc import Callable, Mapping
from typing import Final

from client_parts.link.distrust import Untrusted
from client_parts.link.reconnecting import ReturnPlan
from client_parts.link.round import Round
from client_parts.link.server import Server, Servers
from client_parts.link.trust import Opened, Trust

LASTED: Final = 5.0  # seconds after which a connection that is lost was a good one
_SPREAD: Final = 0.2  # seconds over which the clients of a server that is lost come to the next


class NoneAnswered(Exception):
    """A round over all servers has led to none."""

    def __init__(self, problems: Mapping[Server, Exception]) -> None:
        """`problems` has one for each server: an OSError, or why it is not to be trusted."""
        super().__init__("no server can be reached")
        for fault in problems.values():
            if not isinstance(fault, (OSError, Untrusted)):  # one of this program
                raise fault
        self.distrusted = {server: one for server, one in problems.items() if isinstance(one, Untrusted)}
        self.failed = {server: one for server, one in problems.items() if isinstance(one, OSError)}


class Reaching:
    """One thread owns it."""

    def __init__(self, servers: Servers, trust: Trust) -> None:
        self.plan = ReturnPlan(servers.patience)
        self.current = servers.first  # the server that was reached last
        self._servers = servers
        self._trust = trust
        self._order = servers.all
        self._round: Round[Opened] | None = None
        self._opened: float | None = None  # when the last connection was
        self._hops = 0  # connections that were lost soon, since the last pause

    @property
    def due(self) -> float:
        """When `step` has something to do that nobody rings for."""
        return self.plan.due if self._round is None else max(self.plan.due, self._round.due)

    @property
    def has_more(self) -> bool:
        """Whether there is a server that was not tried in this round."""
        return self._round is not None and self._round.has_more

    @property
    def distrusted(self) -> dict[Server, Untrusted]:
        """Those who were found out in this round so far."""
        return {} if self._round is None else NoneAnswered(self._round.problems).distrusted

    def step(self, now: float, ring: Callable[[], None]) -> Opened | None:
        """Go on, when it is time. Returns a connection if there is one now.

        NoneAnswered after a round without one, Untrusted if there must be none at all.
        """
        if now < self.plan.due:
            return None
        if self._round is None:
            self._trust.look_up()
            self._round = Round(self._order, self._trust.open, ring)
        if (opened := self._round.step(now)) is not None:
            self.current, self._opened = opened.server, now
        elif self._round.is_over:
            problems, self._round = self._round.problems, None
            raise NoneAnswered(problems)
        return opened

    def lost(self, now: float, reason: str, *, was_welcomed: bool) -> float:
        """The connection is gone, or none could be had. Returns the pause before the next try."""
        if self._opened is not None:
            self._begin_behind(self.current)
        if self._round is not None:
            self._round.problems[self.current] = OSError(errno.ECONNABORTED, reason)
        if self.has_more and not was_welcomed:
            return self.plan.go_on(now, 0.0)
        self._round = None
        if was_welcomed and self._may_hop(now):
            return self.plan.go_on(now, random.uniform(0, _SPREAD))
        self._hops = 0
        return self.plan.plan(now)

    def _may_hop(self, now: float) -> bool:
        """Whether to go to the next without a pause. Servers that break each connection soon are not stormed."""
        if self._opened is not None and now - self._opened >= LASTED:
            self._hops = 0
        self._hops += 1
        return self._hops < len(self._servers.all)

    def _begin_behind(self, server: Server) -> None:
        behind = self._servers.all.index(server) + 1
        self._order = self._servers.all[behind:] + self._servers.all[:behind]

    def give_up(self) -> None:
        """Nobody waits for a connection any more."""
        if self._round is not None:
            self._round.give_up()
