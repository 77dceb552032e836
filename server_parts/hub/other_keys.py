"""Warns the operator of servers of this chat that are encrypted with another key than this one.

Clients know a chat by its key: who changes to such a server is asked about a changed key, and is somebody else there.
It must not know certificates: a key is the words that people compare.
"""

from __future__ import annotations

import logging
from typing import Final

from server_parts.storage.exchange import Exchange

log = logging.getLogger("chat")

REMEDY: Final = (
    "clients that change servers would have to confirm a changed key; copy server.key and server.crt of one server to "
    "all others, and start them with --tls-key and --tls-cert"
)


class OtherKeys:
    """Owned by the hub, run only by its thread."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._told: set[tuple[str, str, str]] = set()

    def note(self, label: str, key: str) -> None:
        """A server says which key it has; none, if it does not encrypt. Of each the operator is told once."""
        own = self._exchange.key()
        if not key or not own or key == own or (label, key, own) in self._told:
            return
        self._told.add((label, key, own))
        log.warning("the server %s has another key (%s) than this one (%s): %s", label, key, own, REMEDY)
