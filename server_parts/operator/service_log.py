"""The server's log records: to the terminal or standard error, and to a file if one is named.

Records go through a queue to a thread of their own: a blocked terminal or a slow disk must never hold the hub.
"""

from __future__ import annotations

import logging
import os
import threading
from io import TextIOWrapper
from logging.handlers import QueueHandler, QueueListener
from queue import SimpleQueue
from typing import Final

from server_parts.settings import Settings

LOG: Final = logging.getLogger("chat")
KEPT_RECORDS: Final = 10_000
STOP_WAIT: Final = 1.0
_Waiting = SimpleQueue[logging.LogRecord | None]
_FORMAT: Final = "%(asctime)s %(levelname)s %(message)s"


class _Door(QueueHandler):
    def __init__(self, waiting: _Waiting) -> None:
        super().__init__(waiting)
        self._waiting = waiting

    def enqueue(self, record: logging.LogRecord) -> None:
        if self._waiting.qsize() < KEPT_RECORDS:  # what a blocked reader misses is lost; the chat goes on
            self._waiting.put(record)


class _Listener(QueueListener):
    def enqueue_sentinel(self) -> None:
        self.queue.put(None)  # type: ignore[attr-defined]


class _PrivateFile(logging.FileHandler):
    """A new file can be read by its owner alone: it holds addresses. One that exists keeps its mode."""

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return TextIOWrapper(os.fdopen(descriptor, "ab"), encoding=self.encoding)


class ServiceLog:
    """Started with the program, stopped last. OSError: the log file cannot be written."""

    def __init__(self, settings: Settings, screen: logging.Handler | None) -> None:
        handlers: list[logging.Handler] = [screen or logging.StreamHandler()]
        if settings.log_file is not None:
            handlers.append(_PrivateFile(settings.log_file, encoding="utf-8"))
        for handler in handlers:
            if handler is not screen:
                handler.setFormatter(logging.Formatter(_FORMAT))
        waiting: _Waiting = SimpleQueue()
        self._door = _Door(waiting)
        self._listener = _Listener(waiting, *handlers)
        self._handlers = handlers
        LOG.setLevel(logging.DEBUG if settings.verbose else logging.INFO)
        LOG.propagate = False
        LOG.addHandler(self._door)
        self._listener.start()

    def stop(self) -> None:
        # With a deadline: whoever reads our standard error may have stopped doing so.
        last = threading.Thread(target=self._listener.stop, name="log-stop", daemon=True)
        last.start()
        last.join(STOP_WAIT)
        if last.is_alive():
            return
        LOG.removeHandler(self._door)
        for handler in self._handlers:
            handler.close()
