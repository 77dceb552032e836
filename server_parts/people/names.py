"""Who may be called what: live names, claimed names, guests' numbers, and whose a session is. Owned by the hub.

A name is claimed for good with the first message of its bearer, or the first private one to it: see `due_claims`. Until
then it is reserved for its bearer's token while that is connected, and for a short time after.
It must not know sockets, rooms or frames.
"""

from __future__ import annotations

import heapq
import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeVar

from chat_common import RESERVED_WORDS, is_guest
from server_parts.people.addresses import is_own, source_of
from server_parts.people.clients import Client
from server_parts.people.roles import Role
from server_parts.protocol.events import notice
from server_parts.protocol.requests import Refusal
from server_parts.storage.account_store import AccountStore

GRACE: Final = 60.0  # seconds for which a name that is not claimed yet stays reserved after its bearer left
MOST_RESERVED: Final = 10_000  # such names at once
CLAIMS: Final = 3  # names that one address may claim …
CLAIMS_TIME: Final = 86_400.0  # … in so many seconds
MOST_REMEMBERED: Final = 10_000  # names of which it is known who bore them last


T = TypeVar("T")


class _Reserved(NamedTuple):
    token_hash: str
    address: str
    until: float


class _Bearer(NamedTuple):
    """Who bore a name last."""

    identity: str
    left: float
    replaced: float


class Names:
    """Names are compared without case. A live one belongs to one person, who may have several connections."""

    def __init__(self, accounts: AccountStore, operator: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._accounts = accounts
        self._clock = clock
        self._started = clock()
        self._operator = operator.lower()  # nobody else's, whether he is at a terminal or not
        self._live: dict[str, list[Client]] = {}  # in the order they came
        self._reserved: OrderedDict[str, _Reserved] = OrderedDict()
        self._reserved_by: OrderedDict[str, deque[str]] = OrderedDict()  # the same by address
        self._claims: OrderedDict[str, deque[tuple[float, str]]] = OrderedDict()  # when each address claimed what
        self._last_bearers: OrderedDict[str, _Bearer] = OrderedDict()
        self._guests = 0  # guest numbers given so far …
        self._free_guests: list[int] = []  # … those that came back, as a heap …
        self._numbers: dict[Client, int] = {}  # … and whose the others are

    def bearers(self, name: str) -> Sequence[Client]:
        """The connections of whoever bears the name: one, or several of a person who proves that it is theirs."""
        return self._live.get(name.lower(), ())

    def find(self, name: str) -> Client | None:
        """The first of them."""
        return next(iter(self.bearers(name)), None)

    def others(self, client: Client) -> list[Client]:
        """The other connections of the same person."""
        return [other for other in self.bearers(client.name) if other is not client]

    def connections(self) -> list[Client]:
        return [client for bearers in list(self._live.values()) for client in bearers]

    def one_of_each(self) -> list[Client]:
        """One connection of everybody who is here."""
        return [bearers[0] for bearers in self._live.values()]

    # --- whose a name is ---

    def is_claimed(self, name: str) -> bool:
        """Whether it has an owner who will come back to it, or may."""
        return self._owner(name) is not None

    def _owner(self, name: str) -> str | None:
        """The hashed token that a name belongs to or is reserved for."""
        return self._accounts.owner(name) or self._reserved_for(name)

    def _reserved_for(self, name: str) -> str | None:
        bearer = self.find(name)
        if bearer is not None and bearer.claiming:
            return bearer.token_hash
        reserved = self._reservation(name.lower())
        return reserved.token_hash if reserved is not None else None

    def _reservation(self, name: str) -> _Reserved | None:
        reserved = self._reserved.get(name)
        if reserved is not None and self._clock() >= reserved.until:
            del self._reserved[name]
            return None
        return reserved

    def refusal(self, name: str, client: Client, leaving: Client | None = None) -> Refusal | None:
        """Why this client may not take the name; None if it may. `leaving` is about to give its own name up."""
        if client.is_owner:
            return None
        if name.lower() in RESERVED_WORDS and not self.owns(name, client):
            return Refusal("bad_name", f"the name {name} is reserved", "name")
        if name.lower() == self._operator:
            return Refusal("name_taken", f"the name {name} is the operator's: choose another", "name")
        bearers = [bearer for bearer in self.bearers(name) if bearer not in (client, leaving)]
        if bearers and not self._is_same_person(bearers, client) and not self.gives_way(name, client):
            return Refusal("name_taken", f"the name {name} is in use: choose another", "name")
        if self._owner(name) not in (None, client.token_hash):
            return Refusal("name_taken", f"the name {name} belongs to somebody else: choose another", "name")
        return None

    @staticmethod
    def _is_same_person(bearers: Iterable[Client], client: Client) -> bool:
        """Whether all of these are connections of one person, and all can do with that."""
        return client.token_hash is not None and all(
            one.shares_name and one.token_hash == client.token_hash for one in (client, *bearers)
        )

    def gives_way(self, name: str, client: Client) -> bool:
        """Whether a guest bears the name, who must leave it to a client that comes with a token."""
        bearer = self.find(name)
        if bearer is None or bearer is client or client.token_hash is None:
            return False
        return not (bearer.is_owner or bearer.trusted or bearer.claiming)

    def owns(self, name: str, client: Client) -> bool:
        """Whether the name is claimed for good with this client's token."""
        return client.token_hash is not None and self._accounts.owner(name) == client.token_hash

    # --- claiming ---

    def due_claims(self, names: Iterable[str]) -> dict[str, str]:
        """Of the names (in lower case) that a message is said by or to, those to be claimed together with it."""
        due = {}
        for name in names:
            bearer = self.find(name)
            if bearer is None:
                reserved = self._reservation(name)
                if reserved is not None and self._may_claim(name, reserved.address):
                    due[name] = reserved.token_hash
            elif bearer.claiming and bearer.token_hash is not None:
                if self._may_claim(name, bearer.address):
                    due[name] = bearer.token_hash
                else:
                    for one in self.bearers(name):
                        one.claiming = False  # nothing is reserved any more: it bears the name like a guest
                        one.tell(notice(_not_kept(one.name)))
        return due

    def claimed(self, name: str, token_hash: str) -> None:
        """It is in the log."""
        self._reserved.pop(name, None)
        for bearer in self.bearers(name):
            if bearer.token_hash == token_hash:
                bearer.role, bearer.claiming = Role.MEMBER, False

    def _may_claim(self, name: str, address: str) -> bool:
        """Whether this address may claim one more name now; it is counted."""
        source, now = _source(address), self._clock()
        if source is None:
            return True
        made = _latest(self._claims, source)
        while made and made[0][0] <= now - CLAIMS_TIME:
            made.popleft()
        if name in (claimed for _, claimed in made):  # tried before, when the log could not be written
            return True
        if len(made) >= CLAIMS:
            return False
        made.append((now, name))
        return True

    # --- bearing a name ---

    def take(self, name: str, client: Client, *, trusted: bool, returning: bool = False) -> None:
        """Give a name that `refusal` does not refuse. `returning`: its session bore the name last."""
        self._give_up(client)
        bearers = self._live.setdefault(name.lower(), [])
        client.name = bearers[0].name if bearers else name  # one person's name has one spelling
        if not client.is_owner:
            client.role = Role.MEMBER if trusted else Role.GUEST
        client.claiming = client.token_hash is not None and not trusted and not is_guest(name)
        self._reserved.pop(name.lower(), None)
        if bearers:
            client.replaced, client.away = bearers[0].replaced, bearers[0].away
        else:
            client.replaced = self._replaced(client, returning=returning)
        bearers.append(client)

    def next_guest(self) -> str:
        """The first free of guest-1, guest-2 …"""
        return f"guest-{self._free_guests[0] if self._free_guests else self._guests + 1}"

    def take_guest(self, client: Client) -> None:
        self.take(self.next_guest(), client, trusted=False)
        if self._free_guests:
            self._numbers[client] = heapq.heappop(self._free_guests)
        else:
            self._numbers[client] = self._guests = self._guests + 1

    def release(self, client: Client) -> None:
        """The client leaves. What it had not claimed yet stays reserved for a while."""
        name = client.name.lower()
        if client.claiming and client.token_hash is not None and self.bearers(name) == [client]:
            self._reserve(name, _Reserved(client.token_hash, client.address, self._clock() + GRACE))
        self._give_up(client)

    def _give_up(self, client: Client) -> None:
        name = client.name.lower()
        bearers = self._live.get(name, [])
        if client in bearers:
            bearers.remove(client)
        if not bearers and self._live.pop(name, None) is not None:
            self._last_bearers[name] = _Bearer(_identity(client), self._clock(), client.replaced)
            self._last_bearers.move_to_end(name)
            if len(self._last_bearers) > MOST_REMEMBERED:
                self._last_bearers.popitem(last=False)
        if client in self._numbers:
            heapq.heappush(self._free_guests, self._numbers.pop(client))

    def _reserve(self, name: str, reserved: _Reserved) -> None:
        source = _source(reserved.address)
        if source is not None:
            names = _latest(self._reserved_by, source)
            if len(names) >= CLAIMS:
                self._reserved.pop(names.popleft(), None)
            names.append(name)
        self._reserved.pop(name, None)
        self._reserved[name] = reserved
        if len(self._reserved) > MOST_RESERVED:
            self._reserved.popitem(last=False)

    def _replaced(self, client: Client, *, returning: bool) -> float:
        """When somebody else gave up the name; for ever ago if nobody else can have borne it."""
        last = self._last_bearers.get(client.name.lower())
        if last is None:
            return -math.inf if returning or client.trusted or client.is_owner else self._started
        return last.replaced if last.identity == _identity(client) else last.left

    # --- whose a session is ---

    def may_resume(self, owner: str, name: str, client: Client, *, live: bool) -> bool:
        """Whether a session that belongs to `owner` is this client's.

        One that was opened with a token belongs to that token. One that was opened without belongs to whoever knows
        it and bears one of its last names; or any other name, if somebody else has taken that one meanwhile.
        """
        if not owner or client.is_owner:
            return True
        if _is_token(owner):
            return client.token_hash == owner
        names = owner.split()
        if name.lower() in names:
            return True
        return not live and any(is_guest(other) or self.refusal(other, client) for other in names)

    @staticmethod
    def session_owner(client: Client, before: str, name: str) -> str:
        """Who a session belongs to when its client bears this name.

        `before` is who it belonged to so far. Of the names, the last two count: a client may not have heard the last.
        """
        if _is_token(before):
            return before
        if client.token_hash is not None and not before:
            return client.token_hash
        latest = before.split()[-1:]
        return " ".join(dict.fromkeys([*latest, name.lower()]))


def _is_token(owner: str) -> bool:
    return len(owner) == 64 and " " not in owner  # longer than any name


def _identity(client: Client) -> str:
    """What tells one bearer of a name from another, across their reconnects."""
    return client.token_hash or (client.session.key if client.session is not None else "")


def _source(address: str) -> str | None:
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


def _not_kept(name: str) -> str:
    return (
        f"{CLAIMS} names have been claimed from your address today: {name} is yours only while you are connected, "
        "and what is said to you in private is not kept for you"
    )
