"""How many handshakes may be under way: each costs memory and computing before anybody has said a word.

Whoever comes to many waits. Of one address only few are let in at a time, so that it holds up nobody but itself; and of
one site no more than a quarter of all, since whoever rents a line or a machine may get 65,536 IPv6 networks with it.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import Final

MOST: Final = 256  # at once
CROWD: Final = 4  # that have begun, with which others already feel them
PER_SOURCE: Final = 3  # of them for one address …
PER_SITE: Final = 64  # … and for one /48 network of IPv6
SITE: Final = 48
SECONDS: Final = 5.0  # to wait for one's turn, and again for the handshake itself


class Place:
    """Of one handshake."""

    def __init__(self, count: Callable[[int], None], held: ExitStack) -> None:
        self._count = count
        self._held = held

    def begin(self) -> None:
        """There is something to compute for it. To be called once."""
        self._count(1)
        self._held.callback(self._count, -1)


class Handshakes:
    """Any thread may ask for a place."""

    def __init__(self, most: int = MOST, per_source: int = PER_SOURCE, per_site: int = PER_SITE) -> None:
        self._all = threading.Semaphore(most)
        self._per_source = per_source
        self._per_site = per_site
        self._lock = threading.Lock()  # guards what is below
        self._shares: dict[str, tuple[threading.Semaphore, int]] = {}  # with how many use it or wait for it
        self._begun = 0

    @property
    def are_many(self) -> bool:
        """Whether one more would make everybody else wait for a processor. Who only holds a place does not count."""
        return self._begun >= CROWD

    @contextmanager
    def place(self, source: str | None, seconds: float = SECONDS) -> Iterator[Place | None]:
        """A place among those of that address, if it has a limit, and of all; None if there was none in time."""
        until = time.monotonic() + seconds
        with ExitStack() as held:
            shares = [] if source is None else self._shares_of(source)
            wanted = [*(held.enter_context(self._share(key, most)) for key, most in shares), self._all]
            has_place = all(self._acquire(places, until, held) for places in wanted)
            yield Place(self._count, held) if has_place else None

    def _count(self, change: int) -> None:
        with self._lock:
            self._begun += change

    @staticmethod
    def _acquire(places: threading.Semaphore, until: float, held: ExitStack) -> bool:
        if not places.acquire(timeout=max(until - time.monotonic(), 0.0)):
            return False
        held.callback(places.release)
        return True

    def _shares_of(self, source: str) -> list[tuple[str, int]]:
        """What an address has a share of, and how large that is."""
        site = site_of(source)
        return [(source, self._per_source), *([(site, self._per_site)] if site != source else [])]

    @contextmanager
    def _share(self, key: str, most: int) -> Iterator[threading.Semaphore]:
        with self._lock:
            places, users = self._shares.get(key, (threading.Semaphore(most), 0))
            self._shares[key] = places, users + 1
        try:
            yield places
        finally:
            with self._lock:
                places, users = self._shares.pop(key)
                if users > 1:
                    self._shares[key] = places, users - 1


@lru_cache(maxsize=256)
def site_of(source: str) -> str:
    """The network that one customer usually gets: of IPv6. Another address is a site of its own."""
    try:
        network = ipaddress.ip_network(source)
    except ValueError:
        return source
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen > SITE:
        return str(network.supernet(new_prefix=SITE))
    return source
