"""An encrypted connection: the same promises as a plain one, with a channel between the two directions and the socket.

Every call of the channel is made with the wire's lock held, which is the outbox's: whoever receives waits for the
socket without it, and decrypts with it. A block is sealed when its turn to be sent has come, never before, and what is
sealed leaves in that order and to the end: a record that is missing or out of place ends the connection.
It must not know what the bytes mean.
"""

from __future__ import annotations

import contextlib
import math
import socket
import ssl
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from server_parts.wire import sockets
from server_parts.wire.wire import LITTLE, Wire
from tls_parts.channel import MOST_SEALED, Channel
from tls_parts.outlet import Outlet

SHORTEST_HELLO: Final = 64  # bytes; less is nothing to compute with
# Bytes that are received at once, unless it was little the last time. All of it may be renewals of keys, of which
# OpenSSL does 600 in one call of 10 ms, while others wait for the outlet.
MUCH: Final = 16 * 1024
# What is sealed and may wait: one piece, and answers of the channel itself. Each renewal of keys may ask for one,
# also a client's that reads none of them.
MOST_UNSENT: Final = 2 * MOST_SEALED
_LONG: Final = 60.0  # seconds; any time


class TlsWire(Wire):
    """`shake_hands` comes first, and is the reader's. See Wire for the rest."""

    __slots__ = ("_channel", "_expected", "_is_over", "_may_block", "_received", "_sealed", "_unsent")

    is_encrypted = True

    def __init__(self, connection: socket.socket, context: ssl.SSLContext, outlet: Outlet | None = None) -> None:
        super().__init__(connection)
        self._may_block = self._flags is not None
        if not self._may_block:  # Windows: here too a send must never wait while it holds the lock
            connection.setblocking(False)
            self._flags = 0
        self._channel = Channel(context, server_side=True, outlet=outlet)
        self._expected = MUCH  # at first, where it does not wait with it: a hello in one piece is one step
        self._unsent: bytes | memoryview = b""  # what is sealed, and to be sent before anything else
        self._sealed = 0  # how much of the present block that is
        self._received = b""  # decrypted, and not asked for yet
        self._is_over = False  # nothing more can be decrypted

    def shake_hands(
        self, seconds: float, compute: Callable[[Callable[[], bool]], bool], begun: Callable[[], None] = lambda: None
    ) -> bool:
        """Without the lock: agree on keys, in so many seconds. False: the other side could not, or would not.

        `compute` does what is to be computed, perhaps in another thread, and returns its outcome. `begun` is called
        when there is something to compute.
        """
        until = time.monotonic() + seconds
        is_begun = False
        while not self._is_over and sockets.readable(self._socket, until - time.monotonic()):
            data = self._receive_sealed()
            if not is_begun and len(data) >= SHORTEST_HELLO:
                is_begun = True
                begun()
            if compute(partial(self._step, data)):
                return True
        return False

    def _step(self, data: bytes) -> bool:
        """One step of the handshake, with what has arrived; whether it was the last."""
        with self.lock:
            try:
                self._channel.feed(data)
                if not self._channel.shake_hands():
                    return False
                self._decrypt()  # what came with the end of it
                return True
            except ssl.SSLError:
                self._is_over = True
                return False
            finally:
                self._answer()

    # --- receiving, without the lock ---

    def receive(self) -> bytes:
        self._await(math.inf)
        received, self._received = self._received, b""
        return received

    def receive_within(self, seconds: float) -> bytes | None:
        return self.receive() if self.readable(seconds) else None

    def readable(self, seconds: float) -> bool:
        return self._await(time.monotonic() + seconds)

    def _await(self, until: float) -> bool:
        """Wait until there is something to receive, the end included."""
        while not self._received and not self._is_over:
            if not self._is_readable_before(until):
                return False
            self._take_in(self._receive_sealed())
        return True

    def _receive_sealed(self) -> bytes:
        data = self._receive(self._expected)
        self._expected = MUCH if len(data) >= LITTLE else LITTLE
        return data

    def _is_readable_before(self, until: float) -> bool:
        if until != math.inf:
            return sockets.readable(self._socket, until - time.monotonic())
        while not self._may_block and not sockets.readable(self._socket, _LONG):
            pass
        return True

    def _take_in(self, data: bytes) -> None:
        with self.lock:
            try:
                self._channel.feed(data)
                self._decrypt()
            except ssl.SSLError:
                self._is_over = True
            finally:
                self._answer()

    def _decrypt(self) -> None:
        """With the lock held."""
        received = self._channel.read()
        self._received = received or b""
        self._is_over = received == b"" or self._channel.ended

    def _answer(self) -> None:
        """Send what the channel wants to say itself; what is not taken now goes before the next block."""
        if self._channel.has_outgoing:
            self._unsent = b"".join((self._unsent, self._channel.outgoing()))
        with contextlib.suppress(OSError):
            self._flush()
        if len(self._unsent) > MOST_UNSENT:
            self._is_over = True

    # --- sending ---

    def try_send(self, block: bytes | memoryview) -> int:
        if self._unsent and not self._flush():
            return 0
        taken, self._sealed = self._sealed, 0
        while taken < len(block):
            self._sealed, self._unsent = self._channel.sealed(memoryview(block)[taken:] if taken else block)
            if not self._flush():
                break
            taken += self._sealed
            self._sealed = 0
        return taken

    def send(self, block: bytes | memoryview, seconds: float) -> int:
        with self.lock:
            taken = self.try_send(block)
        if not taken:
            sockets.writable(self._socket, seconds)
        return taken

    def _flush(self) -> bool:
        """With the lock held: send what is sealed, which is kept until it is out; whether all of it is."""
        if self._unsent:
            sent = Wire.try_send(self, self._unsent)  # quicker than by super(): this runs for every client, too
            if sent < len(self._unsent):
                self._unsent = memoryview(self._unsent)[sent:]
                return False
            self._unsent = b""
        return True

    # --- ending it, with the lock held ---

    def half_close(self) -> None:
        """The end is said in the channel too: without that the client takes it for a lost link."""
        self._channel.end()
        self._answer()
        super().half_close()
