"""Who may be called what: live names, claimed names, guests' numbers. Owned by the hub.

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

    def __init__(self, log: MessageLog, operator: str) -> None:
        self._log = log
        self._operator = operator.lower()  # nobody else's, whether he is at a terminal or not
        self._live: dict[str, Client] = {}
        self._guests = 0  # guest numbers given so far …
        self._free_guests: list[int] = []  # … those that came back, as a heap …
        self._numbers: dict[Client, int] = {}  # … and whose the others are

    def find(self, name: str) -> Client | None:
        return self._live.get(name.lower())

    def everyone(self) -> list[Client]:
        return list(self._live.values())

    def is_claimed(self, name: str) -> bool:
        return self._log.owner(name) is not None

    def refusal(self, name: str, client: Client, leaving: Client | None = None) -> Refusal | None:
        """Why this client may not take the name; None if it may. `leaving` is about to give its own name up."""
        if client.operator:
            return None
        if name.lower() == self._operator:
            return Refusal("name_taken", f"the name {name} is the operator's: choose another", "name")
        if self.find(name) not in (None, client, leaving):
            return Refusal("name_taken", f"the name {name} is in use: choose another", "name")
        owner = self._log.owner(name)
        if owner is not None and owner != client.token_hash:
            return Refusal("name_taken", f"the name {name} belongs to somebody else: choose another", "name")
        return None

    def owns(self, name: str, client: Client) -> bool:
        return client.token_hash is not None and self._log.owner(name) == client.token_hash

    def claim(self, name: str, client: Client) -> bool:
        """Whether the client owns the name; it does from now on if it holds a token and nobody else did."""
        if client.token_hash is not None and self._log.owner(name) is None:
            self._log.claim(name, client.token_hash)
        return self.owns(name, client)

    def take(self, name: str, client: Client, *, trusted: bool) -> None:
        self.release(client)
        client.name, client.trusted = name, trusted
        self._live[name.lower()] = client

    def take_guest(self, client: Client) -> None:
        """The first free of guest-1, guest-2 …"""
        if self._free_guests:
            number = heapq.heappop(self._free_guests)
        else:
            number = self._guests = self._guests + 1
        self.take(f"guest-{number}", client, trusted=False)
        self._numbers[client] = number

    def release(self, client: Client) -> None:
        if self._live.get(client.name.lower()) is client:
            del self._live[client.name.lower()]
        if client in self._numbers:
            heapq.heappush(self._free_guests, self._numbers.pop(client))
