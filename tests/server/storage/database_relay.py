"""Stands between a server and its database, and fails on request: requests or answers are lost, or nothing moves."""

from __future__ import annotations

import selectors
import socket
import threading
from types import TracebackType
from typing import Self

from tests.peers import WAIT

CHUNK = 1 << 16


class _Side:
    """One end of one connection. `name` is what the server's side calls the connection, once that is known."""

    def __init__(self, end: socket.socket, other: socket.socket, upward: bool) -> None:
        self.end, self.other, self.upward = end, other, upward


class DatabaseRelay:
    """Many connections, one thread.

    `loses_request` and `loses_answer` name a connection: the next bytes that way are dropped, and both sides cut off.
    While `frozen`, nothing moves and nothing is cut; while `closed`, nobody is let in.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self.loses_request = self.loses_answer = ""
        self.frozen = self.closed = False
        self.cuts = 0
        self._names: dict[socket.socket, bytes] = {}  # by the server's end: the first bytes that it sent
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._wake, self._woken = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._orders: list[str] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="database relay")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._order("stop")
        self._thread.join(WAIT)
        for end in (self._listener, self._wake, self._woken):
            end.close()
        assert not self._thread.is_alive()

    def cut(self) -> None:
        """End all connections. Returns when it is done."""
        self._order("cut")

    def thaw(self) -> None:
        """What was held back goes on."""
        self.frozen = False
        self._order("look")

    def _order(self, order: str) -> None:
        self._done.clear()
        self._orders.append(order)
        self._wake.send(b"x")
        assert self._done.wait(WAIT)

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select(0.05 if self.frozen else None):
                if key.fileobj is self._woken:
                    self._woken.recv(1)
                    order = self._orders.pop(0)
                    if order != "look":
                        self._cut_all()
                    self._done.set()
                    if order == "stop":
                        return
                elif key.fileobj is self._listener:
                    self._accept()
                elif not self.frozen and key.data.end.fileno() >= 0:
                    self._carry(key.data)
            if self.frozen:
                threading.Event().wait(0.01)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        if self.closed:
            client.close()
            return
        server = socket.create_connection(("127.0.0.1", self._target), timeout=WAIT)
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._names[client] = b""
        self._selector.register(client, selectors.EVENT_READ, _Side(client, server, upward=True))
        self._selector.register(server, selectors.EVENT_READ, _Side(server, client, upward=False))

    def _carry(self, side: _Side) -> None:
        try:
            data = side.end.recv(CHUNK)
        except OSError:
            data = b""
        if not data or self._is_lost(side, data):
            self._cut_one(side)
            return
        try:
            side.other.sendall(data)
        except OSError:
            self._cut_one(side)

    def _is_lost(self, side: _Side, data: bytes) -> bool:
        client = side.end if side.upward else side.other
        if side.upward and len(self._names[client]) < CHUNK:
            self._names[client] += data
        wanted = self.loses_request if side.upward else self.loses_answer
        if not wanted or wanted.encode() not in self._names[client]:
            return False
        self.loses_request = self.loses_answer = ""
        self.cuts += 1
        return True

    def _cut_one(self, side: _Side) -> None:
        for end in (side.end, side.other):
            self._selector.unregister(end)
            end.close()
            self._names.pop(end, None)

    def _cut_all(self) -> None:
        for key in list(self._selector.get_map().values()):
            if isinstance(key.data, _Side) and key.data.upward:
                self._cut_one(key.data)
