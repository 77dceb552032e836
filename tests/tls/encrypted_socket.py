"""A socket that encrypts, for test clients: Python's TLS without its sockets, which cannot end one direction alone."""

from __future__ import annotations

import contextlib
import socket
import ssl
from typing import Any


class EncryptedSocket:
    """As much of a socket as test clients use. Reading tells an end that was said from one that was not."""

    def __init__(self, plain: socket.socket, context: ssl.SSLContext) -> None:
        # A hello right behind the handshake would wait until the handshake is acknowledged, 40 ms later.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.plain = plain
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname="localhost")
        self.was_cut = False  # the other side ended without saying so
        self._unread = b""
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._flush()
                self._take_in()
        self._flush()

    def sendall(self, data: bytes) -> None:
        for start in range(0, len(data), 16_384):
            self.tls.write(data[start : start + 16_384])
            self._flush()

    def recv(self, size: int) -> bytes:
        while not self._unread:
            try:
                return self.tls.read(size)
            except ssl.SSLWantReadError:
                self._take_in()
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLEOFError:
                self.was_cut = True
                return b""
        unread, self._unread = self._unread[:size], self._unread[size:]
        return unread

    def end(self) -> None:
        """Say that nothing more will come; what the other side still says can be read."""
        with contextlib.suppress(ssl.SSLWantReadError):  # or what has arrived would be an error then
            while data := self.tls.read(65_536):
                self._unread += data
        with contextlib.suppress(ssl.SSLError):
            self.tls.unwrap()
        self._flush()

    def _take_in(self) -> None:
        data = self.plain.recv(65_536)
        self._incoming.write(data) if data else self._incoming.write_eof()

    def _flush(self) -> None:
        if self._outgoing.pending:
            self.plain.sendall(self._outgoing.read())

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)
