"""Opens the log that the settings ask for: the one place that chooses a storage backend."""

from __future__ import annotations

from server_parts.settings import MEMORY, Settings
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.store import Store


def open_log(settings: Settings) -> Store:
    return MemoryLog() if settings.data == MEMORY else SqliteLog(settings.folder)
