"""A scripted server and clients at work, all closed after each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client.fakes import RunningClient, ScriptedServer

Start = Callable[..., RunningClient]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture
def start(server: ScriptedServer, tmp_path: Path) -> Iterator[Start]:
    """Starts clients of the scripted server."""
    running: list[RunningClient] = []

    def start_one(**options: Any) -> RunningClient:
        running.append(RunningClient(server.port, tmp_path / "token", **options))
        return running[-1]

    yield start_one
    for client in running:
        client.stop()
