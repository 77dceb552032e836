"""The link that invites somebody: `chat://host:port/room#KEY`. With the key in it, even the first contact is verified.

A chat that runs on several servers has them all in it, `chat://a:3030,b:3030/room#KEY`: they have one key. Pure.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from chat_common import DEFAULT_PORT, format_address, parse_address, room_problem
from tls_parts.public_key import decoded, words

SCHEME: Final = "chat://"


class Invitation(NamedTuple):
    """Where a link leads. `key` is the digest of the server's public key, or its beginning."""

    host: str
    port: int
    room: str | None = None
    key: bytes | None = None
    others: tuple[tuple[str, int], ...] = ()  # hosts and ports of further servers of that chat

    def __str__(self) -> str:
        room = f"/{self.room}" if self.room else ""
        addresses = ",".join(format_address(host, port) for host, port in ((self.host, self.port), *self.others))
        return f"{SCHEME}{addresses}{room}" + (f"#{words(self.key)}" if self.key else "")


def read_link(text: str) -> Invitation:
    """ValueError says what is wrong with it."""
    rest, has_key, key = text.removeprefix(SCHEME).partition("#")
    places, _, room = rest.partition("/")
    addresses = places.split(",")
    if not text.startswith(SCHEME) or any(not address or address.startswith(":") for address in addresses):
        raise ValueError("write chat://HOST:PORT/ROOM#KEY")
    (host, port), *others = (parse_address(address, default_port=DEFAULT_PORT) for address in addresses)
    if room and (problem := room_problem(room)):
        raise ValueError(problem)
    return Invitation(host, port, room or None, decoded(key) if has_key else None, tuple(others))
