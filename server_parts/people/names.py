"""Who may be called what: live names, claimed names, guests' numbers, and whose a session is. Owned by the hub.

To look whether a name is free and then to give it is safe because only one thread does it, for one server.

A name is claimed for good with the first message of its bearer, or the first private one to it: see `due_claims`. Until
then it is reserved for its bearer's token while that is connected, and for a short time after.
It must not know sockets, rooms or frames.
"""

from __future__ import annotations

import heapq
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Final, NamedTuple

from chat_common import RESERVED_WORDS, is_guest
from server_parts.people.clients import Client
from server_parts.people.reservations import CLAIMS, Reservations
from server_parts.people.roles import Role
from server_parts.protocol.events import notice
from server_parts.protocol.requests import Refusal
from server_parts.storage.account_store import AccountStore

MOST_REMEMBERED: Final = 10_000  # names of which it is known who bore them last


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
        self._operator = operator.lower()  # nobody else's, whether that person is at a terminal or not
        self._live: dict[str, list[Client]] = {}  # in the order they came
        self._reservations = Reservations()
        self._bearings = count(1)
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
        reserved = self._reservations.find(name.lower(), self._clock())
        return reserved.token_hash if reserved is not None else None

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
        bearers = [bearer for bearer in self.bearers(name) if bearer is not client]
        if not bearers or client.token_hash is None or self._is_same_person(bearers, client):
            return False
        return not any(bearer.is_owner or bearer.trusted or bearer.claiming for bearer in bearers)

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
                reserved = self._reservations.find(name, self._clock())
                if reserved is not None and self._reservations.may_claim(name, reserved.address, self._clock()):
                    due[name] = reserved.token_hash
            elif bearer.claiming and bearer.token_hash is not None:
                if self._reservations.may_claim(name, bearer.address, self._clock()):
                    due[name] = bearer.token_hash
                else:
                    for one in self.bearers(name):
                        one.claiming = False  # nothing is reserved any more: it bears the name like a guest
                        one.tell(notice(_not_kept(one.name)))
        return due

    def claimed(self, name: str, token_hash: str) -> None:
        """It is in the log."""
        self._reservations.end(name)
        for bearer in self.bearers(name):
            if bearer.token_hash == token_hash:
                bearer.role, bearer.claiming = Role.MEMBER, False

    # --- bearing a name ---

    def take(self, name: str, client: Client, *, trusted: bool, returning: bool = False) -> None:
        """Give a name that `refusal` does not refuse. `returning`: its session bore the name last."""
        moves = name.lower() != client.name.lower()
        self._give_up(client)
        bearers = self._live.setdefault(name.lower(), [])
        client.name = bearers[0].name if bearers else name  # one person's name has one spelling
        if not client.is_owner:
            client.role = Role.MEMBER if trusted else Role.GUEST
        client.claiming = client.token_hash is not None and not trusted and not is_guest(name)
        self._reservations.end(name.lower())
        if bearers:
            first = bearers[0]
            client.replaced, client.away = first.replaced, first.away
            client.claiming, client.bearing = first.claiming, first.bearing
        else:
            client.bearing = next(self._bearings) if moves else client.bearing
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
            self._reservations.add(name, client.token_hash, client.address, self._clock())
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


def _not_kept(name: str) -> str:
    return (
        f"{CLAIMS} names have been claimed from your address today: {name} is yours only while you are connected, "
        "and what is said to you in private is not kept for you"
    )
