"""Opens the log that the settings ask for: the one place that chooses a storage backend."""

from __future__ import annotations

from server_parts.settings import MEMORY, Settings
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.message_log import MessageLog
from server_parts.storage.sqlite.log import SqliteLog


def open_log(settings: Settings) -> MessageLog:
    return MemoryLog() if settings.data == MEMORY else SqliteLog(settings.folder)
