"""The link that invites somebody: `chat://host:port/room#KEY`. With the key in it, even the first contact is verified.

Pure.
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

    def __str__(self) -> str:
        room = f"/{self.room}" if self.room else ""
        return f"{SCHEME}{format_address(self.host, self.port)}{room}" + (f"#{words(self.key)}" if self.key else "")


def read_link(text: str) -> Invitation:
    """ValueError says what is wrong with it."""
    rest, has_key, key = text.removeprefix(SCHEME).partition("#")
    address, _, room = rest.partition("/")
    if not text.startswith(SCHEME) or not address or address.startswith(":"):
        raise ValueError("write chat://HOST:PORT/ROOM#KEY")
    host, port = parse_address(address, default_port=DEFAULT_PORT)
    if room and (problem := room_problem(room)):
        raise ValueError(problem)
    return Invitation(host, port, room or None, decoded(key) if has_key else None)
