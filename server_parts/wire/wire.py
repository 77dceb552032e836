"""One connection: what its reader receives from and its outbox sends to. Nobody else uses the socket.

This one sends bytes as they are. `tls_wire.py` has an encrypted one with the same methods, so they promise what that
needs: one lock for all that both directions share, no waiting while that is held, and no order of bytes but one.
It must not know what the bytes mean.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Final

from server_parts.wire import sockets

# Bytes that are received at once. They are set aside before the reader waits for them, and most readers of thousands
# wait for little: so that is what they set aside, but for those to whom much was said the last time. Up to some 470,
# Python takes them from its own store of small objects.
LITTLE: Final = 400
MORE: Final = 4 * 1024
MUCH: Final = 64 * 1024


class Wire:
    """A plain connection.

    The methods that want `lock` held never wait. The others are called without it, and each direction by one thread
    at a time: the reader receives; whoever empties the outbox sends.
    """

    __slots__ = ("_flags", "_is_drained", "_is_handed_over", "_most", "_socket", "_was_reset", "lock")

    is_encrypted = False

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._flags = sockets.DONTWAIT
        self._most = LITTLE  # bytes that are received at once
        self._is_drained = False  # all that had arrived was received the last time: more takes a moment
        self._was_reset = False
        self._is_handed_over = False
        self.lock = threading.Lock()  # the outbox's, and for whatever a wire has to share between its directions

    def own_address(self) -> tuple[str, int]:
        """The address and port of this machine that the other side has connected to."""
        host, port = self._socket.getsockname()[:2]
        return str(host).partition("%")[0].removeprefix("::ffff:"), int(port)

    def hand_over(self) -> None:
        """Another wire sends on this connection from now on: what is sent here would stand in the middle of that."""
        with self.lock:
            self._is_handed_over = True

    # --- the reader, without the lock ---

    def receive(self) -> bytes:
        """What has arrived, as soon as that is anything; nothing at the end: a reset, a time-out, or ours."""
        return self._with_the_rest(self._receive(self._most))

    def receive_within(self, seconds: float) -> bytes | None:
        """The same; None if nothing arrives within so many seconds. What may be there is received without a look."""
        if self._flags is not None and not self._is_drained:
            with contextlib.suppress(OSError):
                return self._with_the_rest(self._socket.recv(self._most, self._flags))
        return self.receive() if self.readable(seconds) else None

    def _receive(self, most: int, flags: int = 0) -> bytes:
        try:
            return self._socket.recv(most, flags)
        except OSError:
            return b""

    def _with_the_rest(self, data: bytes) -> bytes:
        """And what has arrived with that little, if anything: what came together is handled together."""
        if len(data) == LITTLE == self._most and self._flags is not None:
            data += self._receive(MUCH, self._flags)
        self._is_drained = len(data) < self._most
        self._most = LITTLE if len(data) < LITTLE else MORE if len(data) < MORE else MUCH
        return data

    def readable(self, seconds: float) -> bool:
        """Wait so long at most until `receive` would not wait."""
        return sockets.readable(self._socket, seconds)

    def is_reset_within(self, seconds: float) -> bool:
        """Wait so long while nobody reads. True at once if the client resets the connection without ending it first."""
        return sockets.is_reset_within(self._socket, seconds) or self._was_reset

    # --- whoever sends ---

    def try_send(self, block: bytes | memoryview) -> int:
        """With the lock held: how many bytes of the block were taken, without waiting. OSError: the wire is broken.

        The rest of a block, even if that is all of it, must be sent before anything else: it may be encrypted already.
        """
        if self._is_handed_over:
            return len(block)
        if self._flags is None:
            return 0
        try:
            return self._socket.send(block, self._flags)
        except BlockingIOError:
            return 0
        except OSError as error:
            self._note(error)
            raise

    def send(self, block: bytes | memoryview, seconds: float) -> int:
        """Without the lock: the same, and if nothing is taken at once, wait so long at most until something would be.

        Windows cannot try: there it waits until some of the block is taken.
        """
        if self._is_handed_over:
            return len(block)
        try:
            if self._flags is None:
                return self._socket.send(block[: sockets.SEND_BUFFER])
            return self._socket.send(block, self._flags)
        except BlockingIOError:
            sockets.writable(self._socket, seconds)
            return 0
        except OSError as error:
            self._note(error)
            raise

    def _note(self, error: OSError) -> None:
        # The kernel says so once, to the first who asks.
        self._was_reset = self._was_reset or isinstance(error, ConnectionResetError)

    # --- ending it, with the lock held ---

    def half_close(self) -> None:
        """After the last block: the client sees the end, and may still send."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def wake(self) -> None:
        """End both directions and whatever thread waits in one of them."""
        sockets.wake(self._socket)

    def close(self) -> None:
        """When no thread is left in any of the methods above; `wake` and `half_close` do nothing after it."""
        self._socket.close()
