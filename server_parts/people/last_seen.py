"""Who was here lately, and from where: for a ban of somebody who has just left, and for one whose link broke.

Owned by the hub; bounded; the time is passed in.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Final, NamedTuple

from server_parts.people.clients import Client
from server_parts.people.restraint import keys_of, source_to_ban

MOST_REMEMBERED: Final = 1_000  # names


class Seen(NamedTuple):
    name: str
    source: str
    keys: tuple[str, ...]
    session: str
    expected: float  # until then whoever brings that session is not new here


class LastSeen:
    def __init__(self) -> None:
        self._seen: OrderedDict[str, Seen] = OrderedDict()

    def note(self, client: Client, expected: float = -math.inf) -> None:
        """A client that was in leaves, or changes its name. It did not want to, if it is expected back until then."""
        if not client.name or client.is_owner:
            return
        name, session = client.name.lower(), client.session
        keys = keys_of(client, client.name, session)
        self._seen[name] = Seen(client.name, source_to_ban(client), keys, session.key if session else "", expected)
        self._seen.move_to_end(name)
        if len(self._seen) > MOST_REMEMBERED:
            self._seen.popitem(last=False)

    def is_expected(self, name: str, session: str, now: float) -> bool:
        """Whether that session was here under that name a moment ago, and lost its link."""
        seen = self.find(name)
        return seen is not None and session != "" and seen.session == session and now < seen.expected

    def find(self, name: str) -> Seen | None:
        return self._seen.get(name.lower())
