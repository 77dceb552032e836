"""Who may be called what: live names, claimed names, and which session is whose. Owned by the hub.

It must not know sockets, rooms or frames.
"""

from __future__ import annotations

import hashlib
import heapq

from server_parts.message_log import MessageLog
from server_parts.people import Client
from server_parts.requests import Refusal


def token_hash(token: str) -> str:
    # A token is random and long, so a plain hash is enough to keep it secret at rest.
    return hashlib.sha256(token.encode()).hexdigest()


class Names:
    """Names are compared without case; a live one belongs to one client."""

    def __init__(self, log: MessageLog) -> None:
        self._log = log
        self._live: dict[str, Client] = {}
        self._guests = 0  # guest numbers given so far …
        self._free_guests: list[int] = []  # … and those that came back, as a heap

    def find(self, name: str) -> Client | None:
        return self._live.get(name.lower())

    def everyone(self) -> list[Client]:
        return list(self._live.values())

    def is_claimed(self, name: str) -> bool:
        return self._log.owner(name) is not None

    def refusal(self, name: str, client: Client) -> Refusal | None:
        """Why this client may not take the name; None if it may."""
        holder = self.find(name)
        if holder is not None and holder is not client:
            return Refusal("name_taken", f"the name {name} is in use: choose another", "name")
        owner = self._log.owner(name)
        if owner is not None and owner != client.token_hash:
            return Refusal("name_taken", f"the name {name} belongs to somebody else: choose another", "name")
        return None

    def take(self, name: str, client: Client, *, claim: bool) -> None:
        """Give the name to the client; with `claim` for good, if it holds a token. StorageError changes nothing."""
        owner = self._log.owner(name)
        if claim and owner is None and client.token_hash is not None:
            self._log.claim(name, client.token_hash)
            owner = client.token_hash
        self.release(client)
        client.name = name
        client.trusted = owner is not None and owner == client.token_hash
        self._live[name.lower()] = client

    def take_guest(self, client: Client) -> None:
        """The first free of guest-1, guest-2 …"""
        if self._free_guests:
            number = heapq.heappop(self._free_guests)
        else:
            number = self._guests = self._guests + 1
        self.take(f"guest-{number}", client, claim=False)

    def release(self, client: Client) -> None:
        if self._live.get(client.name.lower()) is client:
            del self._live[client.name.lower()]
            if client.name.startswith("guest-"):
                heapq.heappush(self._free_guests, int(client.name.removeprefix("guest-")))
