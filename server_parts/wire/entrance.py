"""How a new connection becomes a wire: its first byte tells whether it wants to be encrypted, and then it is.

Runs in the reader's thread of the connection, never in the accept thread. That thread waits for the client; what there
is to compute for a handshake is left to the workers. It must not know what is said on a wire.
"""

from __future__ import annotations

import itertools
import socket
import ssl
from collections.abc import Callable
from typing import Final

from server_parts.wire import sockets
from server_parts.wire.handshakes import SECONDS, Handshakes
from server_parts.wire.tls_wire import TlsWire
from server_parts.wire.wire import Wire
from server_parts.wire.workers import NoThread, Workers
from tls_parts.outlet import Outlet

TLS_HELLO: Final = b"\x16"
OUTLETS: Final = 16  # for all connections; whoever sends on one waits while a handshake is computed with the same


class Entrance:
    """One for all connections. Without a `context` this server cannot encrypt, and whoever asks for it is told so."""

    def __init__(self, context: Callable[[], ssl.SSLContext] | None, turn: Callable[[], int] = lambda: 0) -> None:
        """`turn`: to which handshakes give way, see GivingWay."""
        self._context = context
        self._handshakes = Handshakes()
        self._workers = Workers("handshakes", turn=turn)
        self._outlets = itertools.cycle([Outlet() for _ in range(OUTLETS)])

    @property
    def is_crowded(self) -> bool:
        """Whether so many shake hands that newcomers had better wait outside for a moment."""
        return self._handshakes.are_many

    def wire_of(self, connection: socket.socket, clear: Wire, source: str | None, silence: float) -> Wire | None:
        """`clear`, or an encrypted wire in its place; None if the handshake fails or takes too long.

        `source` is the address that handshakes are counted for, if they are. After so many seconds of `silence` nothing
        will be encrypted.
        """
        if sockets.first_byte(connection, silence) != TLS_HELLO or self._context is None:
            return clear
        clear.hand_over()  # a goodbye in clear would be garbage to the other side
        with self._handshakes.place(source) as place:
            if place is None:
                return None
            wire = TlsWire(connection, self._context(), next(self._outlets))
            try:
                return wire if wire.shake_hands(SECONDS, self._workers.do, place.begin) else None
            except NoThread:  # that costs this connection, not the server
                return None

    def close(self) -> None:
        """When no reader is left."""
        self._workers.close()
