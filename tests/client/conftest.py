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
    program.stop()


@pytest.fixture
def person(program: ServerProgram, tmp_path: Path) -> Iterator[Open]:
    """Opens terminals with clients in them, and waits for their prompt."""
    from tests.client.programs import Terminal

    terminals: list[Terminal] = []

    def open_one(name: str, *arguments: str, **variables: Any) -> Terminal:
        token_file = tmp_path / f"token-{name}"
        terminals.append(Terminal(program.port, token_file, "--name", name, *arguments, **variables))
        terminals[-1].wait_until(lambda: terminals[-1].prompt.endswith(">") and "online" in terminals[-1].status_row)
        return terminals[-1]

    yield open_one
    for terminal in terminals:
        terminal.close()
