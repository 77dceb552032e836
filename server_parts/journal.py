"""The server's log records: to the terminal or standard error, and to a file if one is named.

Records go through a queue to a thread of their own: a blocked terminal or a slow disk must never hold the hub.
"""

from __future__ import annotations

import logging
from logging.handlers import QueueHandler, QueueListener
from queue import SimpleQueue
from typing import Final

from server_parts.settings import Settings

LOG: Final = logging.getLogger("chat")
_FORMAT: Final = "%(asctime)s %(levelname)s %(message)s"


class Journal:
    """Started with the program, stopped last. OSError: the log file cannot be written."""

    def __init__(self, settings: Settings, screen: logging.Handler | None) -> None:
        handlers: list[logging.Handler] = [screen or logging.StreamHandler()]
        if settings.log_file is not None:
            handlers.append(logging.FileHandler(settings.log_file, encoding="utf-8"))
        for handler in handlers:
            if handler is not screen:
                handler.setFormatter(logging.Formatter(_FORMAT))
        self._door = QueueHandler(SimpleQueue())
        self._listener = QueueListener(self._door.queue, *handlers)
        self._handlers = handlers
        LOG.setLevel(logging.DEBUG if settings.verbose else logging.INFO)
        LOG.propagate = False
        LOG.addHandler(self._door)
        self._listener.start()

    def stop(self) -> None:
        self._listener.stop()
        LOG.removeHandler(self._door)
        for handler in self._handlers:
            handler.close()
