"""One side of an encrypted connection: bytes of the wire in and out, bytes of the conversation in and out.

A TLS object must never be used by two threads at once, so whoever shares a channel holds one lock for every call. It
must not know sockets or threads, and nothing here ever waits.
"""

from __future__ import annotations

import ssl
from typing import Final

from tls_parts.outlet import Outlet

MOST_SEALED: Final = 128 * 1024  # bytes at once: many calls for a large text cost more than the sealing
_READ: Final = 64 * 1024
# What may arrive without a word of the conversation in it. The protocol itself allows endless renewals of keys and
# empty records, each of which costs this side some work.
MOST_IDLE_BYTES: Final = 1024 * 1024
MOST_IDLE_READS: Final = 1_000


class Channel:
    """Feed it what arrives; read what that says; seal what is to be sent; send what is `outgoing`."""

    __slots__ = ("_idle_bytes", "_idle_reads", "_incoming", "_outlet", "_ready", "_tls", "ended", "is_open")

    def __init__(
        self, context: ssl.SSLContext, *, server_side: bool, host: str | None = None, outlet: Outlet | None = None
    ) -> None:
        """`host` is the name that a server's certificate must be for, where the context checks that.

        The `outlet` may be shared with other channels, in other threads too.
        """
        self._incoming, self._outlet = ssl.MemoryBIO(), outlet or Outlet()
        buffer = self._outlet.buffer
        self._tls = context.wrap_bio(self._incoming, buffer, server_side=server_side, server_hostname=host)
        self._ready = b""  # what is to be sent next
        self._idle_bytes = self._idle_reads = 0
        self.is_open = False  # both sides have shaken hands
        self.ended = False  # the other side has ended its direction in order; without that, a link is lost

    # --- what arrives ---

    def feed(self, data: bytes) -> None:
        """Take in what arrived on the wire; nothing at its end. ssl.SSLError: too much of it said nothing."""
        if not data:
            self._incoming.write_eof()
            return
        self._idle_bytes += len(data)
        self._idle_reads += 1
        if self._idle_bytes > MOST_IDLE_BYTES or self._idle_reads > MOST_IDLE_READS:
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, "too many records without content")
        self._incoming.write(data)

    def shake_hands(self) -> bool:
        """Go on with it; whether it is done. There may be something outgoing after each step, also a failed one."""
        if not self.is_open:
            with self._outlet.lock:
                self._outlet.clear()
                try:
                    self._tls.do_handshake()
                except ssl.SSLWantReadError:
                    return False
                finally:
                    self._take()
            self.is_open = True
            self._idle_bytes = self._idle_reads = 0
        return True

    def read(self) -> bytes | None:
        """All that has arrived of the conversation; nothing at its end, None while more has to be fed first.

        There may be something outgoing after it: some of what arrives wants an answer.
        """
        pieces: list[bytes] = []
        while self._has_unread() and (piece := self._read_piece()) is not None:
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)
        if not pieces:
            return None
        self._idle_bytes = self._idle_reads = 0
        return b"".join(pieces)

    def _has_unread(self) -> bool:
        """Whether a read may tell something: trying it for nothing costs more than a read that succeeds."""
        return self._incoming.pending > 0 or self._incoming.eof or self.ended

    def _read_piece(self) -> bytes | None:
        """One record's, so that thousands of small ones do not hold up whoever shares the outlet."""
        try:
            piece = self._read_record()
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLZeroReturnError:
            piece = b""
        except ssl.SSLEOFError:
            return b""
        self.ended = self.ended or not piece
        return piece

    def _read_record(self) -> bytes:
        with self._outlet.lock:
            self._outlet.clear()
            try:
                return self._tls.read(_READ)
            finally:
                self._take()

    # --- what leaves ---

    def seal(self, data: bytes | memoryview) -> int:
        """Make some of it outgoing; how many bytes that was. What is sealed must be sent, in this order, to the end."""
        if len(data) > MOST_SEALED:
            data = memoryview(data)[:MOST_SEALED]
        with self._outlet.lock:
            self._outlet.clear()
            try:
                return self._tls.write(data)
            finally:
                self._take()

    def sealed(self, data: bytes | memoryview) -> tuple[int, bytes]:
        """The same, and what is outgoing then, in fewer calls: a server does this for every client of every message."""
        if len(data) > MOST_SEALED or self._ready:
            return self.seal(data), self.outgoing()
        outlet = self._outlet
        buffer = outlet.buffer
        with outlet.lock:
            if buffer.pending:
                outlet.clear()
            return self._tls.write(data), buffer.read()

    def outgoing(self) -> bytes:
        """What is to be sent next."""
        ready, self._ready = self._ready, b""
        return ready

    @property
    def has_outgoing(self) -> bool:
        return bool(self._ready)

    def end(self) -> None:
        """Say that nothing more will come from this side; that is outgoing then. What was fed and not read is lost."""
        with self._outlet.lock:
            self._outlet.clear()
            try:
                self._tls.unwrap()
            except ssl.SSLError:
                pass  # it waits for the other side's end, or there was no handshake
            finally:
                self._take()

    def _take(self) -> None:
        """With the outlet's lock held: leave nothing there for the next one."""
        buffer = self._outlet.buffer
        if buffer.pending:
            self._ready += buffer.read()

    # --- who is there ---

    def certificate(self) -> bytes:
        """The other side's, in DER; nothing if it showed none."""
        return self._tls.getpeercert(binary_form=True) or b""
