"""Servers over both kinds of log."""

from __future__ import annotations

from pathlib import Path

import pytest

from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.store import Store


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Both keep the same promises."""
    return MemoryLog() if request.param == "memory" else SqliteLog(tmp_path / "data")
