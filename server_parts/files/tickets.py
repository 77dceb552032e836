"""Tickets: what opens one file for one purpose for a while, whoever shows it. Pure: the time is passed in.

A ticket says until when it is good, and proves with a keyed hash that a server of this chat has made it. It names
nobody, so it is given only to whoever may have what it opens.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from typing import Final, NamedTuple

LASTS: Final = 900  # seconds
SEND, GET = "send", "get"  # what a ticket is for
_FORM: Final = re.compile(r"([0-9a-f]{1,12})\.([A-Za-z0-9_-]{43})")


class Ticket(NamedTuple):
    text: str
    expires: int


class Tickets:
    """Those of servers with the same key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def new(self, purpose: str, id: str, name: str, now: float) -> Ticket:
        expires = int(now) + LASTS
        return Ticket(f"{expires:x}.{self._proof(purpose, id, name, expires)}", expires)

    def opens(self, ticket: str, purpose: str, id: str, name: str, now: float) -> bool:
        """Whether it is one for just that, and good now."""
        found = _FORM.fullmatch(ticket)
        if found is None:
            return False
        expires = int(found[1], 16)
        return hmac.compare_digest(found[2], self._proof(purpose, id, name, expires)) and now < expires

    def _proof(self, purpose: str, id: str, name: str, expires: int) -> str:
        """No part can be taken for another one: only the name may contain anything, and it is the last."""
        what = f"{purpose}\n{id}\n{expires}\n{name}".encode("utf-8", "surrogatepass")
        return urlsafe_b64encode(hmac.digest(self._key, what, hashlib.sha256)).decode().rstrip("=")
