"""One try to connect, in a thread of its own: a name being looked up, or a host that is silent, holds up nobody.

It must not know what the connection is for.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from client_parts.link.dialing import Hold


class Closable(Protocol):
    def close(self) -> None: ...


Opened = TypeVar("Opened", bound=Closable)


class Attempt(Generic[Opened]):
    """`done` is called in that thread when there is an outcome, unless the attempt was given up by then."""

    def __init__(self, connect: Callable[[Hold], Opened], done: Callable[[], None]) -> None:
        """`connect` calls what it is given with each socket that it is going to wait for."""
        self._connect = connect
        self._done = done
        self._outcome: Opened | Exception | None = None
        self._held: socket.socket | None = None
        self._given_up = False
        self._ending = threading.Lock()  # guards these three
        # A daemon: nothing can interrupt its looking up of a name.
        threading.Thread(target=self._run, name="connecting", daemon=True).start()

    def connection(self) -> Opened | None:
        """The connection, once there is one. Raises what the attempt failed of."""
        with self._ending:
            outcome = self._outcome
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def give_up(self) -> None:
        """Nobody wants the connection any more. What waits for a socket is interrupted."""
        with self._ending:
            self._given_up = True
            self._close()
            if self._outcome is None and self._held is not None:
                with suppress(OSError):
                    self._held.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        outcome: Opened | Exception
        try:
            outcome = self._connect(self._hold)
        except Exception as problem:
            outcome = problem
        with self._ending:
            self._outcome, self._held = outcome, None
            if self._given_up:
                self._close()
            else:
                self._done()

    def _hold(self, connection: socket.socket) -> None:
        with self._ending:
            if self._given_up:
                raise ConnectionAbortedError("given up")
            self._held = connection

    def _close(self) -> None:
        if self._outcome is not None and not isinstance(self._outcome, Exception):
            self._outcome.close()
