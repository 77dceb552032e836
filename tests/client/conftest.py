"""A scripted server and clients at work, all closed after each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.client.fakes import RunningClient, ScriptedServer
from tests.client.server_in_process import ServerInProcess
from tests.conftest import ChatLog

if TYPE_CHECKING:  # pseudo-terminals are a Unix thing
    from tests.client.programs import Terminal

Start = Callable[..., RunningClient]
Open = Callable[..., "Terminal"]


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


@pytest.fixture
def real_server(chat_log: ChatLog, no_threads_left: None, tmp_path: Path) -> Iterator[ServerInProcess]:
    """Nothing that it logs is an error."""
    real = ServerInProcess(tmp_path / "data")
    yield real
    real.close()


@pytest.fixture
def person(real_server: ServerInProcess, open_terminal: Open, tmp_path: Path) -> Open:
    """Opens terminals with clients in them, and waits for their prompt."""

    def open_one(name: str, *arguments: str, **variables: Any) -> Terminal:
        terminal = open_terminal(real_server.port, tmp_path / f"token-{name}", "--name", name, *arguments, **variables)
        terminal.wait_until(lambda: terminal.prompt.endswith(">") and "online" in terminal.status_row)
        return terminal

    return open_one
