"""A relay between a server and its database, which breaks where it is told to.

It knows the connections by the names that they give themselves, and cuts one after so many more bytes in one direction.
So a statement is cut on its way up, or its answer on the way down, at any byte of either. It can also stop passing
anything on, as a network does that is gone.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from tests.faults.actors import hang_up
from tests.peers import WAIT

LOOK: Final = 0.2  # seconds between two looks whether it is to end


@dataclass(eq=False)
class _Pair:
    """One connection: both of its sockets, and what is to become of it."""

    near: socket.socket  # to whoever uses the database
    far: socket.socket
    name: str = ""
    greeting: bytes = b""  # the first packet, until it is whole
    left: dict[bool, int] = field(default_factory=dict)  # upward or not: after so many more bytes it is cut

    def name_itself(self, data: bytes) -> None:
        """Read the name from the packet that begins every connection."""
        self.greeting += data
        fields = self.greeting[8:].split(b"\0")
        if not self.name and b"application_name" in fields[:-2]:
            self.name = fields[fields.index(b"application_name") + 1].decode()


class DatabaseLink:
    """Each user of the database has one of its own."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.cuts = 0
        self._frozen = False
        self._pairs: set[_Pair] = set()
        self._lock = threading.Lock()  # guards the pairs and what is to become of them
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="database link")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ending.set()
        self._thread.join(WAIT)
        self._listener.close()
        self.cut_all()
        assert not self._thread.is_alive(), "the link to the database does not end"

    def cut_after(self, name: str, bytes: int, *, upward: bool) -> bool:
        """Cut the connection of that name after so many more bytes in one direction; whether there is one."""
        with self._lock:
            pairs = [pair for pair in self._pairs if pair.name == name]
            for pair in pairs:
                pair.left[upward] = bytes
            return bool(pairs)

    def cut_all(self) -> None:
        with self._lock:
            for pair in list(self._pairs):
                self._cut(pair)

    def freeze(self) -> None:
        """From now on nothing gets through, and nobody is told."""
        self._frozen = True

    def _cut(self, pair: _Pair) -> None:
        self.cuts += 1
        self._drop(pair)

    def _drop(self, pair: _Pair) -> None:
        self._pairs.discard(pair)
        hang_up(pair.near, hard=True)
        hang_up(pair.far, hard=True)

    def _run(self) -> None:
        while not self._ending.is_set():
            with self._lock:
                pairs = set() if self._frozen else self._pairs.copy()
            sockets = {end: pair for pair in pairs for end in (pair.near, pair.far)}
            try:
                ready, _, _ = select.select([self._listener, *sockets], [], [], LOOK)
            except (OSError, ValueError):  # one was cut meanwhile
                continue
            for end in ready:
                if end is self._listener:
                    self._accept()
                elif not self._frozen:
                    with self._lock, contextlib.suppress(OSError):
                        self._carry(sockets[end], end)

    def _accept(self) -> None:
        near, _ = self._listener.accept()
        try:
            far = socket.create_connection(("127.0.0.1", self.target), timeout=WAIT)
        except OSError:
            hang_up(near, hard=True)
            return
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._pairs.add(_Pair(near, far))

    def _carry(self, pair: _Pair, source: socket.socket) -> None:
        if pair not in self._pairs:
            return
        upward = source is pair.near
        left = pair.left.get(upward)
        if left == 0:
            self._cut(pair)
            return
        try:
            data = source.recv(65_536 if left is None else min(left, 65_536))
            (pair.far if upward else pair.near).sendall(data)
        except OSError:
            data = b""
        if not data:
            self._drop(pair)
            return
        if upward and not pair.name:
            pair.name_itself(data)
        if left is not None:
            pair.left[upward] = left - len(data)
            if pair.left[upward] == 0 and upward:
                self._cut(pair)
