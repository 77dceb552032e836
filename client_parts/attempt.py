"""One try to connect, in a thread of its own: a name being looked up, or a host that is silent, holds up nobody.

It must not know what the connection is for.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable


class Attempt:
    """`done` is called in that thread when there is an outcome, unless the attempt was given up by then."""

    def __init__(self, connect: Callable[[], socket.socket], done: Callable[[], None]) -> None:
        self._connect = connect
        self._done = done
        self._outcome: socket.socket | Exception | None = None
        self._given_up = False
        self._ending = threading.Lock()  # guards both
        # A daemon: nothing can interrupt it.
        threading.Thread(target=self._run, name="connecting", daemon=True).start()

    def connection(self) -> socket.socket | None:
        """The connection, once there is one. Raises what the attempt failed of."""
        with self._ending:
            outcome = self._outcome
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def give_up(self) -> None:
        """Nobody wants the connection any more."""
        with self._ending:
            self._given_up = True
            self._close()

    def _run(self) -> None:
        outcome: socket.socket | Exception
        try:
            outcome = self._connect()
        except Exception as problem:
            outcome = problem
        with self._ending:
            self._outcome = outcome
            if self._given_up:
                self._close()
            else:
                self._done()

    def _close(self) -> None:
        if isinstance(self._outcome, socket.socket):
            self._outcome.close()
