"""Names on their way to an owner: those that wait for their bearer to come back, and how many an address may claim.

Owned by the hub; the time is passed in. Names come in lower case. It must not know who is connected.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final, NamedTuple, TypeVar

from server_parts.people.addresses import is_own, source_of

GRACE: Final = 60.0  # seconds for which a name that is not claimed yet stays reserved after its bearer left
MOST_RESERVED: Final = 10_000  # such names at once
CLAIMS: Final = 3  # names that one address may claim …
CLAIMS_TIME: Final = 86_400.0  # … in so many seconds
MOST_REMEMBERED: Final = 10_000  # addresses

T = TypeVar("T")


class Reserved(NamedTuple):
    """A name that its bearer, gone for now, has not claimed yet."""

    token_hash: str
    address: str
    until: float


class Reservations:
    def __init__(self) -> None:
        self._reserved: OrderedDict[str, Reserved] = OrderedDict()
        self._by_source: OrderedDict[str, deque[str]] = OrderedDict()
        self._claims: OrderedDict[str, deque[tuple[float, str]]] = OrderedDict()  # when each address claimed what

    def find(self, name: str, now: float) -> Reserved | None:
        reserved = self._reserved.get(name)
        if reserved is not None and now >= reserved.until:
            del self._reserved[name]
            return None
        return reserved

    def add(self, name: str, token_hash: str, address: str, now: float) -> None:
        """Keep a name for a while. Of one address only as many as it may claim."""
        source = _limited_source(address)
        if source is not None:
            names = _latest(self._by_source, source)
            if name in names:
                names.remove(name)
            if len(names) >= CLAIMS:
                self._reserved.pop(names.popleft(), None)
            names.append(name)
        self._reserved.pop(name, None)
        self._reserved[name] = Reserved(token_hash, address, now + GRACE)
        if len(self._reserved) > MOST_RESERVED:
            self._reserved.popitem(last=False)

    def end(self, name: str) -> None:
        """Somebody bears the name, or owns it."""
        self._reserved.pop(name, None)

    def has_claim_left(self, name: str, address: str, now: float) -> bool:
        """Whether an address may claim that name."""
        source = _limited_source(address)
        return source is None or self._may_claim(name, self._made(source, now))

    def may_claim(self, name: str, address: str, now: float) -> bool:
        """The same, and it is counted."""
        source = _limited_source(address)
        if source is None:
            return True
        made = self._made(source, now)
        if not self._may_claim(name, made):
            return False
        if not _has(made, name):
            made.append((now, name))
        return True

    def _made(self, source: str, now: float) -> deque[tuple[float, str]]:
        made = _latest(self._claims, source)
        while made and made[0][0] <= now - CLAIMS_TIME:
            made.popleft()
        return made

    @staticmethod
    def _may_claim(name: str, made: deque[tuple[float, str]]) -> bool:
        return len(made) < CLAIMS or _has(made, name)


def _has(made: deque[tuple[float, str]], name: str) -> bool:
    """Whether it was tried before, when the log could not be written."""
    return name in (claimed for _, claimed in made)


def _limited_source(address: str) -> str | None:
    """The address, or for IPv6 the network, that claims are counted for; None for this machine's own."""
    source = source_of(address)
    return None if is_own(source) else source


def _latest(kept: OrderedDict[str, deque[T]], source: str) -> deque[T]:
    """What is kept of an address; those that were asked for longest ago are forgotten if there are too many."""
    found = kept.setdefault(source, deque())
    kept.move_to_end(source)
    if len(kept) > MOST_REMEMBERED:
        kept.popitem(last=False)
    return found
