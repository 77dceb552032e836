"""A link that breaks: a proxy that forwards exactly so many bytes in one direction and then drops both sides.

Also a server inside this process, for tests that need thousands of conversations.
"""

from __future__ import annotations

import select
import socket
import threading
from types import TracebackType
from typing import NamedTuple, Self

from server import ChatServer
from server_parts.settings import Settings
from server_parts.storage.exchange import Exchange
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.store import Store
from server_parts.wire.certificate import Certificate
from tests.faults.actors import hang_up
from tests.peers import WAIT


class Cut(NamedTuple):
    """After so many bytes that way both sides are dropped: with a reset if `hard`, else with a FIN."""

    upward: bool  # client → server
    bytes: int
    hard: bool

    def __str__(self) -> str:
        return f"{'up' if self.upward else 'down'}:{self.bytes}:{'RST' if self.hard else 'FIN'}"


class LocalServer:
    """A server in this process; it must come to its end."""

    def __init__(
        self,
        store: Store | None = None,
        exchange: Exchange | None = None,
        *,
        certificate: Certificate | None = None,
        **settings: object,
    ) -> None:
        self.store = MemoryLog() if store is None else store
        options = Settings(**{"console": False, "rate": 0.0, **settings})  # type: ignore[arg-type]
        self.chat = ChatServer("127.0.0.1", 0, options, self.store, certificate, exchange)
        self._thread = threading.Thread(target=self.chat.start_server, name="server")

    @property
    def port(self) -> int:
        return self.chat.port

    def __enter__(self) -> Self:
        self._thread.start()
        assert self.chat.listening.wait(WAIT), "the server does not listen"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.chat.stop_server()
        self._thread.join(2 * WAIT)
        assert not self._thread.is_alive(), "the server does not stop"
        assert not self.chat.failed, "the server failed"


class CutLink:
    """One connection at a time. `cut` is what will happen to the next one."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.cut: Cut | None = None
        self.carried = [0, 0]  # bytes of the latest connection: downward, upward
        self.cuts_made = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="link")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(2 * WAIT)
        self._listener.close()
        assert not self._thread.is_alive(), "the link does not end"

    def await_end(self) -> None:
        """Until the connection that is open, or was last, is closed on both sides."""
        assert self._ended.wait(WAIT), "the link stays open"

    def connect(self) -> socket.socket:
        self._ended.clear()
        return socket.create_connection(("127.0.0.1", self.port), timeout=WAIT)

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target), timeout=WAIT)
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                end.settimeout(WAIT)
            self.carried = [0, 0]
            hard = self._carry(client, server)
            hang_up(server, hard=hard)
            hang_up(client, hard=hard)
            self._ended.set()

    def _carry(self, client: socket.socket, server: socket.socket) -> bool:
        """Forward until the cut or an end; whether to reset."""
        limits = [float("inf")] * 2
        if self.cut is not None:
            limits[self.cut.upward] = self.cut.bytes
        while True:
            for upward in (False, True):
                if self.cut is not None and self.carried[upward] >= limits[upward]:
                    self.cuts_made += 1
                    return self.cut.hard
            ready, _, _ = select.select([client, server], [], [], WAIT)
            for source in ready:
                upward = source is client
                try:
                    data = source.recv(int(min(limits[upward] - self.carried[upward], 65_536)))
                    (server if upward else client).sendall(data)
                except OSError:
                    return False
                if not data:
                    return False
                self.carried[upward] += len(data)
                if self.carried[upward] >= limits[upward]:
                    break
