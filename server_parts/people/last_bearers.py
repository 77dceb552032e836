"""Who bore each name last, and when they gave it up: whether somebody else may have borne it. Owned by the hub.

A server knows that since it started. Of what was before, others may tell it. This module must not know how they do.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from server_parts.people.clients import Client

NEVER: Final = -math.inf  # when nobody else can have given the name up
UNKNOWN: Final = -1e18  # before all that any server knows of: earlier than any other time, and later than never
SKEW: Final = 2.0  # seconds by which times may be too late that another server has told
MOST_REMEMBERED: Final = 10_000  # names


class _Bearer(NamedTuple):
    """Who bore a name last."""

    identity: str  # nothing: nobody who could come back
    account: int  # 0: none
    left: float
    replaced: float

    def is_same(self, client: Client) -> bool:
        return _is_same(self[:2], _who(client))


class LastBearers:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last: OrderedDict[str, _Bearer] = OrderedDict()
        self.known_since = clock()  # who has given a name up since then is known

    def note(self, client: Client) -> None:
        """The name of this client is free from now on."""
        bearer = _Bearer(*_who(client), self._clock(), client.replaced)
        self._remember(client.name.lower(), bearer)

    def _remember(self, name: str, bearer: _Bearer) -> None:
        self._last[name] = bearer
        self._last.move_to_end(name)
        if len(self._last) > MOST_REMEMBERED:
            _, forgotten = self._last.popitem(last=False)
            self.known_since = max(self.known_since, forgotten.left)

    def left(self, name: str) -> float:
        """When somebody last gave that name up, as far as is known here."""
        last = self._last.get(name.lower())
        return NEVER if last is None else last.left

    def replaced(self, client: Client, *, returning: bool) -> float:
        """When somebody else gave up the name that this client has just got here."""
        last = self._last.get(client.name.lower())
        if last is None:
            return NEVER if returning or client.trusted or client.is_owner else UNKNOWN
        return last.replaced if last.is_same(client) else last.left

    def replaced_elsewhere(self, client: Client, told: float) -> float:
        """The same for somebody at another server, which has told when that was.

        Whoever is here cannot have known of it before this server did: so its own times count, where it has any.
        """
        last = self._last.get(client.name.lower())
        if last is None:
            return told
        if last.is_same(client) and told <= last.left:
            return last.replaced
        return max(told, last.left)

    # --- for other servers ---

    def lately(self, since: float) -> dict[str, list[Any]]:
        """The names that were given up since then, as JSON has it. Times are ages: each machine has its own clock."""
        now = self._clock()
        return {
            name: [
                last.identity,
                last.account,
                now - last.left,
                None if last.replaced == NEVER else now - last.replaced,
            ]
            for name, last in self._last.items()
            if last.left >= since
        }

    def learn(self, names: Mapping[str, Sequence[Any]], posted: float) -> None:
        """The same, as another server has told it."""
        for name, (identity, account, left, replaced) in names.items():
            since = NEVER if replaced is None else posted - replaced
            self._learn(name, _Bearer(identity, account, posted - left, since))

    def _learn(self, name: str, told: _Bearer) -> None:
        known = self._last.get(name)
        if known is None or known.left < told.left - SKEW:
            self._remember(name, told)
        elif known.left < told.left + SKEW and not _is_same(known[:2], told[:2]):  # which of the two was the last?
            self._remember(name, _Bearer("", 0, max(known.left, told.left), told.replaced))


def are_one(one: Client, other: Client) -> bool:
    """Whether these are connections of one person, across their reconnects; or of those who keep the servers."""
    return (one.is_owner and other.is_owner) or _is_same(_who(one), _who(other))


def _is_same(one: tuple[str, int], other: tuple[str, int]) -> bool:
    return one[0] == other[0] != "" or one[1] == other[1] != 0


def _who(client: Client) -> tuple[str, int]:
    """What tells one person from another, and the account, if there is one."""
    return client.token_hash or (client.session.key if client.session is not None else ""), client.account
