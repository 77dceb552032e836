"""How many connections there may be, and how many of them from one address. Pure: the time is passed in."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

from server_parts.people.addresses import is_own
from server_parts.people.rate_limit import RateLimit, forget_some

ARRIVALS: Final = 64 / 600  # new connections a second from one address, once …
ARRIVALS_BURST: Final = 16  # … so many have come at once
REQUEST_SHARE: Final = 1 / 32  # of an arrival: a browser loads a page with a connection for each of its files
KEPT_SHARE: Final = 10  # one place of so many is kept for people whose name is claimed
QUIET: Final = 60.0  # seconds between two log records about one address


class Places:
    """Counts connections. Any thread may ask. This machine's own addresses are not limited."""

    def __init__(self, most: int, per_address: int) -> None:
        self.most = most
        self._per_address = per_address
        self._lock = threading.Lock()  # guards all below
        self._taken = 0
        self._by_source: dict[str, int] = {}
        self._arrivals: OrderedDict[str, RateLimit] = OrderedDict()
        self._logged: OrderedDict[str, float] = OrderedDict()

    @property
    def are_short(self) -> bool:
        """Whether no places are left but those that are kept for people whose name is claimed."""
        return self._taken >= self.most - self.most // KEPT_SHARE

    @property
    def last_was_kept(self) -> bool:
        """Whether the place that was taken last is one of those."""
        return self._taken > self.most - self.most // KEPT_SHARE

    def enter(self, source: str, now: float) -> str | None:
        """Take a place for a connection from that address; else a sentence that says why there is none."""
        with self._lock:
            if self._taken >= self.most:
                return "this server is full: try again later"
            if problem := self._refusal(source, now):
                return problem
            self._taken += 1
            self._count(source, 1)
            return None

    def _refusal(self, source: str, now: float) -> str | None:
        """Why there is no place for one more from that address."""
        if not self._per_address or is_own(source):
            return None
        here = self._by_source.get(source, 0)
        if here >= self._per_address:
            return f"too many connections from your address: {here} of {self._per_address}; close one first"
        if not self._arrives(source, now):
            return "too many new connections from your address: try again in a few seconds"
        return None

    def _count(self, source: str, change: int) -> None:
        self._by_source[source] = self._by_source.get(source, 0) + change
        if not self._by_source[source]:
            del self._by_source[source]

    def move(self, source: str, to: str, now: float) -> str | None:
        """Count a connection for another address from now on, if there is a place for it there; else say why not."""
        with self._lock:
            if problem := self._refusal(to, now):
                return problem
            self._count(source, -1)
            self._count(to, 1)
            return None

    def leave(self, source: str) -> None:
        """Give a place back."""
        with self._lock:
            self._taken -= 1
            self._count(source, -1)

    def was_request(self, source: str) -> None:
        """A connection from that address only asked for something over HTTP, so it counts as a part of an arrival."""
        with self._lock:
            if (arrivals := self._arrivals.get(source)) is not None:
                arrivals.give_back(1 - REQUEST_SHARE)

    def is_worth_logging(self, source: str, now: float) -> bool:
        """Whether a refusal is to be logged: once a minute for each address."""
        with self._lock:
            while self._logged and next(iter(self._logged.values())) <= now - QUIET:
                self._logged.popitem(last=False)
            if source in self._logged:
                return False
            self._logged[source] = now
            return True

    def _arrives(self, source: str, now: float) -> bool:
        forget_some(self._arrivals, now - ARRIVALS_BURST / ARRIVALS, lambda rate_limit: rate_limit.used)
        rate_limit = self._arrivals.setdefault(source, RateLimit(ARRIVALS, ARRIVALS_BURST, now))
        return bool(rate_limit.take((1,), now))
