"""A scripted server and clients at work, all closed after each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.client.fakes import RunningClient, ScriptedServer

if TYPE_CHECKING:  # pseudo-terminals are a Unix thing
    from tests.client.programs import ServerProgram, Terminal

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
def program(tmp_path: Path) -> Iterator[ServerProgram]:
    from tests.client.programs import ServerProgram

    program = ServerProgram(tmp_path / "data")
    yield program
    program.close()


@pytest.fixture
def person(program: ServerProgram, open_terminal: Open, tmp_path: Path) -> Open:
    """Opens terminals with clients in them, and waits for their prompt."""

    def open_one(name: str, *arguments: str, **variables: Any) -> Terminal:
        terminal = open_terminal(program.port, tmp_path / f"token-{name}", "--name", name, *arguments, **variables)
        terminal.wait_until(lambda: terminal.prompt.endswith(">") and "online" in terminal.status_row)
        return terminal

    return open_one
