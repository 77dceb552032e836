"""A server whose operator sits in the test."""

from __future__ import annotations

import pytest

from server_parts.operator import seat
from tests.conftest import Chat, Serve
from tests.server.operator.seated import Seated


@pytest.fixture
def chat(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Chat:
    monkeypatch.setattr(seat, "choose_screen", Seated)
    return serve(console=True)


@pytest.fixture
def operator(chat: Chat) -> Seated:
    assert isinstance(chat.server.screen, Seated)
    return chat.server.screen
