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
from server_parts.wire.handshakes import SECONDS, Handshakes, Place
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
            wire = TlsWire(connection, self._context())
            return wire if _shakes_hands(wire, place) else None


def _shakes_hands(wire: TlsWire, place: Place) -> bool:
    """The outcome of its handshake, in a thread that ends with it."""
    outcome: list[bool] = []

    def shake_hands() -> None:
        outcome.append(wire.shake_hands(SECONDS, place.begin))

    thread = threading.Thread(target=shake_hands, name="handshake", daemon=True)  # but joined: see Readers
    try:
        thread.start()
    except RuntimeError:  # no more threads to be had
        return False
    thread.join()
    return outcome == [True]
