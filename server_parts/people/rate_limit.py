"""How fast people are listened to: token buckets, which outlive a connection for a while. Pure: the time is passed in.

Whoever comes back finds the bucket that he left. Newcomers from one address share a bucket of bursts, so that nobody
becomes faster by coming in again and again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final, TypeVar
from weakref import WeakValueDictionary

BURST: Final = 40  # requests at once, after a pause
KEPT: Final = 60.0  # seconds that a bucket outlives its last use
SHARED: Final = 16  # newcomers of one address who may begin with a full burst at once
RENAMES: Final = 5  # the same for new names …
RENAMES_SHARE: Final = 0.02  # … and how many of them to one request

NEWCOMERS: Final = 1 / 3  # texts a second from each newcomer, while newcomers are watched

T = TypeVar("T")


class RateLimit:
    """`rate` requests a second, and up to `burst` at once after a pause; a rate of 0 is no limit."""

    __slots__ = ("_burst", "_rate", "_tokens", "used")

    def __init__(self, rate: float, burst: float, now: float, tokens: float | None = None) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst if tokens is None else tokens)
        self.used = now

    def take(self, costs: Sequence[float], now: float) -> int:
        """How many of the requests with these costs may be carried out now, in their order.

        One that costs more than a burst is carried out on a full bucket, and leaves a debt.
        """
        if not self._rate:
            return len(costs)
        self._refill(now)
        for number, cost in enumerate(costs):
            if self._tokens < min(cost, self._burst):
                return number
            self._tokens -= cost
        return len(costs)

    def has(self, cost: float, now: float) -> bool:
        """Whether a request of that cost may be carried out now."""
        self._refill(now)
        return not self._rate or self._tokens >= min(cost, self._burst)

    def draw(self, most: float, now: float) -> float:
        """Up to `most` tokens at once, or as many as there are."""
        self._refill(now)
        drawn = max(min(most, self._tokens), 0.0)
        self._tokens -= drawn
        return drawn

    def give_back(self, tokens: float) -> None:
        """What was taken has cost less."""
        self._tokens = min(self._burst, self._tokens + tokens)

    def wait(self, cost: float = 1.0) -> float:
        """Seconds until a request of that cost may be carried out."""
        return max(min(cost, self._burst) - self._tokens, 0.0) / self._rate if self._rate else 0.0

    def _refill(self, now: float) -> None:
        self._tokens = min(self._burst, self._tokens + max(now - self.used, 0.0) * self._rate)
        self.used = now


class Person:
    """What one person may ask for, on whatever connection: requests, and new names by themselves."""

    __slots__ = ("__weakref__", "_texts", "renames", "requests")

    def __init__(self, requests: RateLimit, renames: RateLimit) -> None:
        self.requests = requests
        self.renames = renames
        self._texts: RateLimit | None = None

    @property
    def texts(self) -> RateLimit:
        """Asked for only while newcomers are watched: everybody else needs no room for it."""
        if self._texts is None:
            self._texts = RateLimit(NEWCOMERS, 1, self.requests.used)
        return self._texts


class RateLimits:
    """Everybody's, for one server. Any thread may ask."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._lock = threading.Lock()  # guards all below
        self._people: OrderedDict[str, Person] = OrderedDict()
        self._held: WeakValueDictionary[str, Person] = WeakValueDictionary()  # by connections, however silent they are
        self._shared: OrderedDict[str, RateLimit] = OrderedDict()  # by address

    @property
    def unlimited(self) -> bool:
        return not self._rate

    def __len__(self) -> int:
        return len(self._people) + len(self._shared)

    def find(self, key: str, source: str, now: float, known: Person | None = None) -> Person:
        """The person of that key, who comes from that address. `known` is who he was on this connection so far."""
        if self.unlimited:
            return Person(RateLimit(0, BURST, now), RateLimit(0, RENAMES, now))
        with self._lock:
            forget_some(self._people, now - KEPT, lambda person: person.requests.used)
            forget_some(self._shared, now - KEPT, lambda rate_limit: rate_limit.used)
            person = self._people.get(key) or self._held.get(key) or known or self._newcomer(source, now)
            self._people[key] = self._held[key] = person
            return person

    def _newcomer(self, source: str, now: float) -> Person:
        shared = self._shared.setdefault(source, RateLimit(SHARED * self._rate, SHARED * BURST, now))
        tokens = shared.draw(BURST, now)
        renames = RateLimit(RENAMES_SHARE * self._rate, RENAMES, now, RENAMES * tokens / BURST)
        return Person(RateLimit(self._rate, BURST, now, tokens), renames)


def forget_some(kept: OrderedDict[str, T], since: float, used: Callable[[T], float]) -> None:
    """Look at two of them, and forget those not used since then. Done for each that comes, this keeps up with them."""
    for _ in range(min(2, len(kept))):
        key, one = kept.popitem(last=False)
        if used(one) > since:
            kept[key] = one
