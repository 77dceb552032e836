"""What stands at a server's address: the way to the real one, or somebody who answers in clear in its place.

Whoever answers with a key of their own is `tests.tls.relay.Relay`.
"""

from __future__ import annotations

import select
import socket
import threading
from contextlib import suppress
from typing import Self

from tests.peers import WAIT


class Listener:
    """Serves each connection in a thread of its own. All of them have ended when it is closed."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.listen()

    def listen(self) -> None:
        """Also again, once it was closed."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._begin(self._accept)

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join(WAIT)
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(WAIT)
            assert not thread.is_alive()
        self._open.clear()
        self._threads.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._threads:
            self.close()

    def serve(self, connection: socket.socket) -> None:
        """Until it is over; OSError ends it too."""
        raise NotImplementedError

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                self._begin(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            self.serve(connection)

    def _begin(self, run: object, *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()


class Road(Listener):
    """Leads to a server of this machine, and reads nothing."""

    def __init__(self, target: int) -> None:
        self._target = target
        super().__init__()

    def serve(self, connection: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", self._target), WAIT) as onward:
            ends = {connection: onward, onward: connection}
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    data = end.recv(65_536)
                    if not data:
                        return
                    ends[end].sendall(data)


class InClear(Listener):
    """Answers whoever says something with the same words in clear, and ends the connection."""

    def __init__(self, port: int, answer: bytes) -> None:
        self.heard = b""
        self.calls = 0
        self._answer = answer
        super().__init__(port)

    def serve(self, connection: socket.socket) -> None:
        connection.settimeout(WAIT)
        self.heard += connection.recv(65_536)
        self.calls += 1
        connection.sendall(self._answer)
        connection.shutdown(socket.SHUT_WR)
        while data := connection.recv(65_536):
            self.heard += data
