"""The servers of the chat that this run talks to: where they are, how to talk to them, and how patient to be.

It must not know connections.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass, replace

from chat_common import format_address
from client_parts.link.link import Patience


@dataclass(frozen=True, slots=True)
class Server:
    """One of them."""

    host: str
    port: int
    tls: bool | None = None  # None for wherever somebody could listen
    key: bytes | None = None  # what a link says of its key

    @property
    def address(self) -> str:
        return format_address(self.host, self.port)

    @property
    def site(self) -> str:
        """How an address in a browser begins."""
        return f"{'https' if self.is_encrypted else 'http'}://{self.address}"

    @property
    def is_own(self) -> bool:
        """Whether it is on this machine, by what it was called: what a name leads to is for others to say."""
        return self.host.lower() == "localhost" or self.host == "::1" or _is_loopback(self.host)

    @property
    def is_encrypted(self) -> bool:
        """Also on this machine if its key is given: a tunnel may lead elsewhere, and in clear nobody shows a key."""
        return (not self.is_own or self.key is not None) if self.tls is None else self.tls


@dataclass(frozen=True, slots=True)
class Servers:
    """All of them, in the order in which they were named: they run one chat, over one log."""

    all: tuple[Server, ...]
    patience: Patience
    reconnect: bool = True
    are_to_be_forgotten: bool = False  # what is remembered of them, before the first connection

    @property
    def first(self) -> Server:
        return self.all[0]

    @property
    def addresses(self) -> str:
        """As a command line has them."""
        return " ".join(server.address for server in self.all)

    @property
    def are_several(self) -> bool:
        return len(self.all) > 1

    @property
    def key(self) -> bytes | None:
        """What a link says of the key: all of them have it."""
        return self.first.key

    @property
    def are_private(self) -> bool:
        """Whether all of them are on this machine and reached in clear: nothing needs to be remembered of them."""
        return all(server.is_own and not server.is_encrypted for server in self.all)


def alike(servers: Sequence[Server]) -> tuple[Server, ...]:
    """Each of them once. One elsewhere has all of them encrypted, or people would be somebody else on this machine."""
    once = {server.address.lower(): server for server in servers}.values()
    if any(server.is_encrypted for server in once):
        return tuple(replace(server, tls=True) for server in once)
    return tuple(once)


def _is_loopback(host: str) -> bool:
    try:
        return socket.inet_pton(socket.AF_INET, host)[0] == 127
    except (OSError, ValueError):
        return False
