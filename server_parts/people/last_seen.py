"""Who was here lately, and from where: for a ban of somebody who has just left. Owned by the hub; bounded."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

from server_parts.people.clients import Client
from server_parts.people.restraint import keys_of, source_to_ban

MOST_REMEMBERED: Final = 1_000  # names


class Seen(NamedTuple):
    name: str
    source: str
    keys: tuple[str, ...]


class LastSeen:
    def __init__(self) -> None:
        self._seen: OrderedDict[str, Seen] = OrderedDict()

    def note(self, client: Client) -> None:
        """A client that was in leaves, or changes its name."""
        if not client.name or client.is_owner:
            return
        name = client.name.lower()
        self._seen[name] = Seen(client.name, source_to_ban(client), keys_of(client, client.name, client.session))
        self._seen.move_to_end(name)
        if len(self._seen) > MOST_REMEMBERED:
            self._seen.popitem(last=False)

    def find(self, name: str) -> Seen | None:
        return self._seen.get(name.lower())
