"""Two people and both kinds of log, for the tests that talk to a real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from server_parts.people import passwords
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.store import Store
from tests.conftest import Chat
from tests.peers import Native


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """For tests of promises that both kinds of log keep. The server closes it."""
    return MemoryLog() if request.param == "memory" else SqliteLog(tmp_path / "data")


@pytest.fixture
def alice(chat: Chat) -> Native:
    """In the lobby."""
    return chat.native("alice")


@pytest.fixture
def bob(chat: Chat, alice: Native) -> Native:
    """In the lobby; alice has heard that he came."""
    bob = chat.native("bob")
    alice.moved("joined", "bob")
    return bob


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed as real ones are, in a thousandth of the time."""
    monkeypatch.setattr(passwords, "LOG_COST", 4)
