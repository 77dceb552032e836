"""How a new connection becomes a wire: its first byte tells whether it wants to be encrypted, and then it is.

Runs in the reader's thread of the connection, never in the accept thread. A handshake has a thread of its own, since
OpenSSL keeps for each thread what it once needed there for a handshake, and so does the stack: together that is more
than the connection needs afterwards. It must not know what is said on a wire.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from typing import Final

from server_parts.wire import sockets
from server_parts.wire.handshakes import SECONDS, Handshakes
from server_parts.wire.tls_wire import TlsWire
from server_parts.wire.wire import Wire

TLS_HELLO: Final = b"\x16"


class Entrance:
    """One for all connections. Without a `context` this server cannot encrypt, and whoever asks for it is told so."""

    def __init__(self, context: Callable[[], ssl.SSLContext] | None) -> None:
        self._context = context
        self._handshakes = Handshakes()

    @property
    def is_crowded(self) -> bool:
        """Whether so many shake hands that others had better wait outside for a moment."""
        return self._handshakes.are_many

    def wire_of(self, connection: socket.socket, clear: Wire, source: str | None, silence: float) -> Wire | None:
        """`clear`, or an encrypted wire in its place; None if the handshake fails or takes too long.

        `source` is the address that handshakes are counted for, if they are. After so many seconds of `silence` nothing
        will be encrypted.
        """
        if sockets.first_byte(connection, silence) != TLS_HELLO or self._context is None:
            return clear
        with self._handshakes.place(source) as has_place:
            wire = TlsWire(connection, self._context())
            return wire if has_place and _shakes_hands(wire) else None


def _shakes_hands(wire: TlsWire) -> bool:
    """The outcome of its handshake, in a thread that ends with it."""
    outcome: list[bool] = []
    # A daemon, but joined: see Readers.
    thread = threading.Thread(target=lambda: outcome.append(wire.shake_hands(SECONDS)), name="handshake", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no more threads to be had
        return False
    thread.join()
    return outcome == [True]
