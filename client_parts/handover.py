"""What the input loop hands to the receiver: intents, in order, and a ring that wakes it out of its select.

The only place where the two threads meet. It must not know what an intent means.
"""

from __future__ import annotations

import socket
import threading
from collections import deque

from client_parts.commands import Intent

_TICK = 0.2  # waiting in short pieces keeps Ctrl+C alive where a lock cannot be interrupted (Windows)


class Handover:
    def __init__(self) -> None:
        self._intents: deque[Intent] = deque()
        self._progress = threading.Condition()  # guards _waiting and _closed
        self._waiting = 0  # intents that are not done with: not taken yet, or a text not confirmed yet
        self._closed = False
        self._ear, self._bell = socket.socketpair()
        self._ear.setblocking(False)
        self._bell.setblocking(False)

    # --- The input loop's side ---

    def post(self, intent: Intent) -> None:
        with self._progress:
            self._waiting += 1
            self._intents.append(intent)
        self.ring()

    def ring(self) -> None:
        try:
            self._bell.send(b"!")
        except (BlockingIOError, InterruptedError):
            pass  # it is ringing already

    @property
    def waiting(self) -> int:
        """Intents that are not done with."""
        with self._progress:
            return self._waiting

    def wait_below(self, limit: int) -> bool:
        """Wait until fewer than `limit` intents are waiting; False if that can no longer come."""
        with self._progress:
            while self._waiting >= limit and not self._closed:
                self._progress.wait(_TICK)
            return self._waiting < limit

    # --- The receiver's side ---

    def fileno(self) -> int:
        return self._ear.fileno()

    def take(self) -> list[Intent]:
        try:
            self._ear.recv(4096)
        except (BlockingIOError, InterruptedError):
            pass
        taken = []
        while self._intents:
            taken.append(self._intents.popleft())
        return taken

    def report(self, texts: int) -> None:
        """How many texts are not confirmed yet, besides what was not taken."""
        with self._progress:
            waiting = texts + len(self._intents)
            if waiting != self._waiting:
                self._waiting = waiting
                self._progress.notify_all()

    def end(self) -> None:
        """The receiver is gone: nobody need wait any longer."""
        with self._progress:
            self._closed = True
            self._progress.notify_all()

    def close(self) -> None:
        self._ear.close()
        self._bell.close()
