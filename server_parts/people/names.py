"""Who may be called what: live names, claimed names and guests' numbers. Owned by the hub.

To look whether a name is free and then to give it is safe because only one thread does it, for one server.

A name is claimed for good with the first message of its bearer, or the first private one to it: see `due_claims`. Until
then it is reserved for its bearer's token while that is connected, and for a short time after.
It must not know sockets, rooms or frames.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Final

from chat_common import is_guest
from server_parts.people.clients import Client
from server_parts.people.guest_numbers import GuestNumbers
from server_parts.people.last_bearers import LastBearers, are_one
from server_parts.people.lookalikes import is_reserved, looks_like
from server_parts.people.permissions import NO_NAME
from server_parts.people.reservations import CLAIMS, Reservations
from server_parts.people.roles import Role, role_of
from server_parts.protocol.events import notice
from server_parts.protocol.requests import Refusal
from server_parts.storage.account_records import Account
from server_parts.storage.account_store import AccountStore
from server_parts.storage.records import StorageError
from server_parts.storage.skeletons import skeleton

AGE: Final = 600.0  # seconds for which an account is new


class Names:
    """Names are compared without case. A live one belongs to one person, who may have several connections."""

    def __init__(self, accounts: AccountStore, operator: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._accounts = accounts
        self._clock = clock
        self._operator = operator.lower()  # nobody else's, whether that person is at a terminal or not
        self._live: dict[str, list[Client]] = {}  # in the order they came
        self._reservations = Reservations()
        self._bearings = count(1)
        self.last_bearers = LastBearers(clock)
        self.guests = GuestNumbers(self._live.__contains__)

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

    def several(self) -> dict[str, int]:
        """Of those who have more than one connection, how many: by their names in lower case."""
        return {name: len(bearers) for name, bearers in self._live.items() if len(bearers) > 1}

    def one_of_each(self) -> list[Client]:
        """One connection of everybody who is here."""
        return [bearers[0] for bearers in self._live.values()]

    # --- whose a name is ---

    def is_claimed(self, name: str) -> bool:
        """Whether it has an owner who will come back to it, or may."""
        return self._accounts.account(name) is not None or self._reserved_for(name) is not None

    def _is_free_for(self, name: str, client: Client) -> bool:
        """Whether it is nobody else's account, nor reserved for anybody else."""
        account = self._accounts.account(name)
        if account is not None:
            return self._is_proved(account, client)
        return self._reserved_for(name) in (None, client.token_hash)

    def _reserved_for(self, name: str) -> str | None:
        """The hashed token that a name which is no account yet is reserved for."""
        bearer = self.find(name)
        if bearer is not None and bearer.claiming:
            return bearer.token_hash
        reserved = self._reservations.find(name.lower(), self._clock())
        return reserved.token_hash if reserved is not None else None

    def refusal(self, name: str, client: Client, leaving: Client | None = None) -> Refusal | None:
        """Why this client may not take the name; None if it may. `leaving` is about to give its own name up."""
        if client.is_owner:
            return None
        if is_reserved(name) and not self.owns(name, client):
            return Refusal("bad_name", f"the name {name} is reserved", "name")
        if name.lower() == self._operator:
            return Refusal("name_taken", f"the name {name} is the operator's: choose another", "name")
        bearers = [bearer for bearer in self.bearers(name) if bearer not in (client, leaving)]
        if (
            bearers
            and not client.takes_over
            and not self._is_same_person(name, bearers, client)
            and not self.gives_way(name, client)
        ):
            return Refusal("name_taken", f"the name {name} is in use: choose another", "name")
        if not self._is_free_for(name, client):
            return Refusal("name_taken", f"the name {name} belongs to somebody else: choose another", "name")
        return None

    def _is_same_person(self, name: str, bearers: Sequence[Client], client: Client) -> bool:
        """Whether all of these are connections of one person, and all can do with that.

        An account has several devices, so its owner may come with any of them beside others.
        """
        if not all(one.shares_name for one in (client, *bearers)):
            return False
        if client.token_hash is not None and all(one.token_hash == client.token_hash for one in bearers):
            return True
        return all(one.trusted for one in bearers) and self.owns(name, client)

    def gives_way(self, name: str, client: Client) -> bool:
        """Whether a guest bears the name, who must leave it to a client that comes with a token."""
        bearers = [bearer for bearer in self.bearers(name) if bearer is not client]
        if not bearers or any(bearer.is_owner or bearer.trusted or bearer.claiming for bearer in bearers):
            return False
        comes_with_a_claim = client.token_hash is not None or self.owns(name, client)
        return comes_with_a_claim and not self._is_same_person(name, bearers, client)

    def owned(self, name: str, client: Client) -> Account | None:
        """The account that the name is, if it is this client's."""
        if client.token_hash is None and not client.proved:
            return None
        account = self._accounts.account(name)
        return account if account is not None and self._is_proved(account, client) else None

    def owns(self, name: str, client: Client) -> bool:
        """Whether the name is an account of this client's."""
        return self.owned(name, client) is not None

    @staticmethod
    def _is_proved(account: Account, client: Client) -> bool:
        """Whether the client has the token of one of its devices, or came with its password or a code."""
        return client.proved == account.id or (client.token_hash is not None and account.has(client.token_hash))

    # --- claiming ---

    def due_claims(self, names: Iterable[str]) -> dict[str, str]:
        """Of the names (in lower case) that a message is said by or to, those to be claimed together with it.

        They come as their bearers spell them.
        """
        due = {}
        for name in names:
            bearer = self.find(name)
            if bearer is None:
                reserved = self._reservations.find(name, self._clock())
                if reserved is not None and self._reservations.may_claim(name, reserved.address, self._clock()):
                    due[name] = reserved.token_hash
            elif bearer.claiming and bearer.token_hash is not None:
                if self._reservations.may_claim(name, bearer.address, self._clock()):
                    due[bearer.name] = bearer.token_hash
                else:
                    self._give_up_claim(name)
        return due

    def _give_up_claim(self, name: str) -> None:
        """Nothing is reserved any more: whoever bears the name does so like a guest, and is told."""
        for one in self.bearers(name):
            one.claiming = False
            one.tell(notice(_not_kept(one.name)))

    def give_up_vain_claim(self, client: Client) -> None:
        """Tell a client at once if the name that it has got cannot become an account today."""
        name = client.name.lower()
        if client.claiming and not self._reservations.has_claim_left(name, client.address, self._clock()):
            self._give_up_claim(name)

    def claim_refusal(self, client: Client) -> Refusal | None:
        """Why the client may not make an account of the name that it bears; None if it may, and that is counted."""
        if is_guest(client.name) or client.is_owner:
            return NO_NAME
        if not self._reservations.may_claim(client.name.lower(), client.address, self._clock()):
            return Refusal("too_many", f"{CLAIMS} names have been claimed from your address today", "type")
        return None

    def claimed(self, name: str, token_hash: str | None) -> None:
        """It is in the log."""
        self._reservations.end(name.lower())
        bearers = [bearer for bearer in self.bearers(name) if bearer.token_hash == token_hash]
        for bearer in bearers:
            bearer.role, bearer.claiming = Role.MEMBER, False
            bearer.settles = time.time() + AGE
            bearer.invited = False  # an invitation is for one name
        with contextlib.suppress(StorageError):  # it is claimed all the same
            account = self._accounts.account(name)
            for bearer in bearers:
                bearer.account = account.id if account is not None else 0
            self._warn_of_lookalikes(name)

    def _warn_of_lookalikes(self, name: str) -> None:
        others = [other for other in self._accounts.lookalikes(skeleton(name)) if other.lower() != name.lower()]
        if others:
            for one in self.connections():
                if one.role >= Role.OPERATOR:
                    one.tell(notice(looks_like(name, others[0])))

    # --- bearing a name ---

    def take(self, name: str, client: Client, account: Account | None = None, *, returning: bool = False) -> None:
        """Give a name that `refusal` does not refuse. `account`: what `owned` says of it. Nothing of this can fail.

        `returning`: its session bore the name last.
        """
        moves = name.lower() != client.name.lower()
        self._give_up(client)
        bearers = self._live.setdefault(name.lower(), [])
        client.name = bearers[0].name if bearers else name  # one person's name has one spelling
        client.account = account.id if account is not None else 0
        if moves or account is not None:
            client.real_name = account.real_name if account is not None else None
        if not client.is_owner:
            client.role = role_of(account.role) if account is not None else Role.GUEST
        client.settles = math.inf if account is None else (account.since or 0.0) + AGE
        client.claiming = client.token_hash is not None and account is None and not is_guest(name)
        self._reservations.end(name.lower())
        if bearers:
            first = bearers[0]
            client.replaced, client.away = first.replaced, first.away
            client.claiming, client.bearing = first.claiming, first.bearing
        else:
            client.bearing = next(self._bearings) if moves else client.bearing
            client.replaced = self.last_bearers.replaced(client, returning=returning)
        bearers.append(client)

    def add(self, client: Client, name: str, replaced: float) -> None:
        """Somebody at another server bears the name from now on: that is not to be decided here.

        `replaced`: when somebody else gave it up, as that server knows it.
        """
        self._give_up(client)
        client.name = name
        bearers = self._live.setdefault(name.lower(), [])
        bearers.append(client)
        if bearers[0] is client:
            client.bearing = next(self._bearings)
            client.replaced = self.last_bearers.replaced_elsewhere(client, replaced)
        elif are_one(client, bearers[0]):
            client.bearing, client.replaced = bearers[0].bearing, bearers[0].replaced
        else:  # the one before gives it up, which its server has not said yet
            self._pass_on(bearers)

    def _pass_on(self, bearers: Iterable[Client]) -> None:
        bearing, now = next(self._bearings), self._clock()
        for bearer in bearers:
            bearer.bearing, bearer.replaced = bearing, now

    def bear(self, client: Client, account: Account) -> None:
        """Its name is an account now, or has changed as one."""
        client.account, client.role, client.claiming = account.id, role_of(account.role), False
        client.settles = (account.since or 0.0) + AGE
        client.real_name = account.real_name

    def take_guest(self, client: Client) -> None:
        self.take(self.guests.next(), client)
        self.guests.take(client)

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
            self.last_bearers.note(client)
        self.guests.give_back(client)
        if client.is_distant and is_guest(client.name):
            self.guests.is_free_elsewhere(client.name)


def _not_kept(name: str) -> str:
    return (
        f"{CLAIMS} names have been claimed from your address today, so {name} does not become an account: it is yours "
        "only while you are connected and nobody else claims it, and what is said to you in private is not kept for you"
    )
