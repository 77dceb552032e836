"""Encrypted wires: the handshake, which waits up to a deadline, and then bytes in and out, without ever waiting.

It must not know whom to trust: whoever wants no authority to decide about the certificate looks at the key.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from client_parts.link.dialing import Deadline, NotEncrypted
from tls_parts.channel import MOST_SEALED, Channel
from tls_parts.public_key import digest_of

_CHUNK: Final = 65_536
_MOST_UNSENT: Final = 2 * MOST_SEALED  # bytes: one piece, and answers of the channel itself to renewals of keys
_HANDSHAKE, _ALERT = 0x16, 0x15  # how an answer in TLS begins


class SecureDialing:
    """Encrypted connections to one host, all of them by one deadline."""

    def __init__(self, host: str, connect: Callable[[], socket.socket], deadline: Deadline) -> None:
        self._host = host.partition("%")[0]  # without the interface that leads to it
        self._connect = connect
        self._deadline = deadline
        self.refusal = ""  # what was wrong with a certificate that could not be verified

    def verified(self) -> SecureWire | None:
        """One whose certificate an authority vouches for, as the system has it; None if that certificate is not so."""
        try:
            return self._open(ssl.create_default_context())
        except ssl.SSLCertVerificationError as problem:
            self.refusal = problem.verify_message
            return None

    def unverified(self) -> SecureWire:
        """One with any certificate: its key is to be looked at."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return self._open(context)

    def _open(self, context: ssl.SSLContext) -> SecureWire:
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        try:
            return shake_hands(self._connect(), context, self._host, self._deadline)
        except ssl.SSLCertVerificationError:
            raise
        except (ssl.SSLError, ValueError):  # something else in TLS, like a web server, or a certificate that is none
            raise OSError(errno.EPROTO, "another program answers there, not this chat") from None


def shake_hands(connection: socket.socket, context: ssl.SSLContext, host: str, deadline: Deadline) -> SecureWire:
    """An encrypted wire over a connected socket. OSError says why there is none; then the socket is closed.

    NotEncrypted if it is no TLS that answers, ssl.SSLCertVerificationError if the context refuses the certificate.
    """
    try:
        channel = Channel(context, server_side=False, host=host)
        _shake_hands(connection, channel, deadline)
        return SecureWire(connection, channel)
    except BaseException:
        connection.close()
        raise


def _shake_hands(connection: socket.socket, channel: Channel, deadline: Deadline) -> None:
    answered = False
    while not _take_step(connection, channel, deadline):
        data = _receive(connection, deadline, answered=answered)
        if not answered and data[0] not in (_HANDSHAKE, _ALERT):
            raise NotEncrypted()
        answered = True
        channel.feed(data)


def _take_step(connection: socket.socket, channel: Channel, deadline: Deadline) -> bool:
    """Whether hands are shaken."""
    try:
        done = channel.shake_hands()
    except ssl.SSLError:
        with suppress(OSError):  # the other side may want to know why
            connection.sendall(channel.outgoing())
        raise
    connection.settimeout(deadline.left())
    connection.sendall(channel.outgoing())
    return done


def _receive(connection: socket.socket, deadline: Deadline, *, answered: bool) -> bytes:
    """The next piece; who ends or says nothing before the first one may not encrypt."""
    try:
        connection.settimeout(deadline.left())
        if data := connection.recv(_CHUNK):
            return data
    except (TimeoutError, ConnectionError):
        if answered:
            raise
    raise ConnectionResetError(errno.ECONNRESET, "it ended the handshake") if answered else NotEncrypted()


class SecureWire:
    """One thread uses it. What is sealed leaves in order and whole, whatever the kernel takes of it at a time."""

    def __init__(self, connection: socket.socket, channel: Channel) -> None:
        """With hands shaken. ValueError if the server's certificate cannot be read."""
        connection.setblocking(False)
        self.socket = connection
        self.key = digest_of(channel.certificate())  # the digest of the server's public key
        self._channel = channel
        self._unsent = bytearray()
        # What came together with the end of the handshake: nothing will make the socket readable for it.
        self._early = channel.read() or b""

    @property
    def has_unsent(self) -> bool:
        return bool(self._unsent)

    def flush(self) -> None:
        with suppress(BlockingIOError, InterruptedError):
            while self._unsent:
                sent = self.socket.send(memoryview(self._unsent)[:_CHUNK])
                del self._unsent[:sent]

    def send(self, data: bytes | memoryview) -> int:
        self.flush()
        if self._unsent:  # no more is sealed than one piece: it could not be taken back
            raise BlockingIOError
        sealed = self._channel.seal(data)
        self._take_outgoing()
        return sealed

    def recv(self, size: int) -> bytes:
        """All that one read of the socket holds, which may be a little more than `size`."""
        if self._early:
            early, self._early = self._early, b""
            return early
        said = self._read(self.socket.recv(size))
        if said is None:
            raise BlockingIOError
        if not said and not self._channel.ended:
            raise ConnectionResetError("the connection was cut")
        if said and self._channel.ended:
            with suppress(OSError):  # the end is to be read next, also from a socket that stays open
                self.socket.shutdown(socket.SHUT_RD)
        return said

    def _read(self, data: bytes) -> bytes | None:
        if len(self._unsent) > _MOST_UNSENT:
            raise OSError(errno.EPROTO, "the encrypted connection broke: the server does not read")
        try:
            self._channel.feed(data)
            return self._channel.read()
        except ssl.SSLError:
            raise OSError(errno.EPROTO, "the encrypted connection broke") from None
        finally:
            with suppress(OSError):  # who cannot be answered may have said something all the same
                self._take_outgoing()

    def _take_outgoing(self) -> None:
        if self._channel.has_outgoing:
            self._unsent += self._channel.outgoing()
            self.flush()

    def close(self) -> None:
        """Say that nothing more comes, as far as that leaves at once, and close."""
        with suppress(OSError):
            self._channel.end()
            self._take_outgoing()
        self.socket.close()
