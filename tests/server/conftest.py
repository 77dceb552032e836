"""Two people for the tests that talk to a real server."""

from __future__ import annotations

import pytest

from server_parts.people import passwords
from tests.conftest import Chat
from tests.peers import Native


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
