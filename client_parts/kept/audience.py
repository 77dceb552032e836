"""For whom a token is made of the secret: each server gets its own, which is of no use at any other. Pure.

So neither a false server nor anybody on the way learns what proves this person's name to the real one.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from typing import NamedTuple


class Audience(NamedTuple):
    """How a server was recognised, and by what."""

    label: str
    subject: bytes = b""


# Whatever is called localhost: one's own servers come and go on many ports.
OWN_MACHINE = Audience("chat-pair token, own machine, in clear")


def of_key(digest: bytes) -> Audience:
    """Whoever has that key."""
    return Audience("chat-pair token, server key", digest)


def of_name(host: str) -> Audience:
    """The host of that name, as an authority has confirmed."""
    return Audience("chat-pair token, server name", host.lower().encode())


def in_clear(address: str) -> Audience:
    """Whoever answers at that address: nobody has confirmed who that is."""
    return Audience("chat-pair token, address, in clear", address.lower().encode())


def token_for(secret: str, audience: Audience) -> str:
    """What proves to that server that its names belong to whoever has the secret."""
    message = audience.label.encode() + b"\0" + audience.subject
    digest = hmac.digest(secret.encode(), message, hashlib.sha256)
    return urlsafe_b64encode(digest).decode().rstrip("=")
