"""The threads that read clients, one for each: how they are started, and how their end is waited for."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any


class Readers:
    """`start` and `join` belong to one thread at a time: the accept thread, and after it the main thread."""

    def __init__(self) -> None:
        self._threads: set[threading.Thread] = set()
        self._leaving: deque[threading.Thread] = deque()  # those of them that are about to end

    def start(self, read: Callable[..., object], *args: Any, name: str) -> None:
        """Run it in a thread of its own. RuntimeError: there are no more threads to be had."""
        # Joined when the server stops. A daemon only because starting any other thread takes as long as there are many.
        reader = threading.Thread(target=read, args=args, name=f"reader {name}", daemon=True)
        reader.start()
        self._threads.add(reader)
        while self._leaving:
            ended = self._leaving.popleft()
            ended.join()
            self._threads.discard(ended)

    def leave(self) -> None:
        """A reader's own last step but for its log record."""
        self._leaving.append(threading.current_thread())

    def join(self, seconds: float) -> list[str]:
        """Wait for all of them together; the names of those that are left."""
        until = time.monotonic() + seconds
        for reader in self._threads:
            reader.join(max(until - time.monotonic(), 0.0))
        return [reader.name for reader in self._threads if reader.is_alive()]
