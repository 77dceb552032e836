"""The server that this run talks to: where it is, how to talk to it, and how patient this client is with it.

It must not know connections.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass

from chat_common import format_address
from client_parts.link.link import Patience


@dataclass(frozen=True, slots=True)
class Server:
    host: str
    port: int
    patience: Patience
    reconnect: bool = True
    tls: bool | None = None  # None for wherever somebody could listen
    key: bytes | None = None  # what a link says of its key
    is_to_be_forgotten: bool = False  # what is remembered of it, before the first connection

    @property
    def address(self) -> str:
        return format_address(self.host, self.port)

    @property
    def is_own(self) -> bool:
        """Whether it is on this machine, by what it was called: what a name leads to is for others to say."""
        return self.host.lower() == "localhost" or self.host == "::1" or _is_loopback(self.host)

    @property
    def is_encrypted(self) -> bool:
        """Also on this machine if its key is given: a tunnel may lead elsewhere, and in clear nobody shows a key."""
        return (not self.is_own or self.key is not None) if self.tls is None else self.tls


def _is_loopback(host: str) -> bool:
    try:
        return socket.inet_pton(socket.AF_INET, host)[0] == 127
    except (OSError, ValueError):
        return False
