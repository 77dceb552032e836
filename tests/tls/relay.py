"""A server that encrypts, made of one that does not: a relay with a key of its own, which reads all that passes.

It stands for a server with encryption as well as for somebody between one and its clients.
"""

from __future__ import annotations

import select
import socket
import threading
from contextlib import suppress

from tests.tls.certificates import Pair, server_context
from tls_parts.channel import Channel

_CHUNK = 65_536


class Relay:
    """Listens on a port of this machine, and passes what is said on to another port there, in clear."""

    def __init__(self, target: int, pair: Pair | None = None, port: int = 0) -> None:
        self.target = target
        self.said = bytearray()  # by clients, in clear
        self.refused = 0  # clients that did not shake hands to the end
        self._context = server_context(pair)
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)

    def cut(self) -> None:
        """End all connections, without a word of that inside the encryption."""
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join(10)
        self.cut()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def _start(self, run: object, *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        channel = Channel(self._context, server_side=True)
        with connection:
            try:
                shake_hands(connection, channel)
                first = hear_first(connection, channel)
                with socket.create_connection(("127.0.0.1", self.target), 10) as onward:
                    self._relay(connection, channel, onward, first)
            except OSError:
                self.refused += not channel.is_open

    def _relay(self, connection: socket.socket, channel: Channel, onward: socket.socket, said: bytes | None) -> None:
        while said != b"":
            if said:
                self.said += said
                onward.sendall(said)
            said = None
            ready, _, _ = select.select([connection, onward], [], [])
            if onward in ready and not pass_on(onward, connection, channel):
                return
            if connection in ready:
                channel.feed(connection.recv(_CHUNK))
                said = channel.read()


def hear_first(connection: socket.socket, channel: Channel) -> bytes:
    """What a client says, once it says something: until then nobody else needs to know of it."""
    while (said := channel.read()) is None:
        channel.feed(connection.recv(_CHUNK))
    if not said:
        raise ConnectionAbortedError
    return said


def pass_on(onward: socket.socket, connection: socket.socket, channel: Channel) -> bool:
    """Encrypt what the server says, and also its end. Returns whether it goes on."""
    data = memoryview(onward.recv(_CHUNK))
    ends = not data
    while data:
        data = data[channel.seal(data) :]
    if ends:
        channel.end()
    connection.sendall(channel.outgoing())
    return not ends


def shake_hands(connection: socket.socket, channel: Channel) -> None:
    """The server's side of it. OSError if the client breaks it off."""
    done = False
    while not done:
        try:
            done = channel.shake_hands()
        finally:
            with suppress(OSError):
                connection.sendall(channel.outgoing())
        if not done:
            channel.feed(connection.recv(_CHUNK))
