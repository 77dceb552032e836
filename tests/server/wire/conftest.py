"""Outboxes and their clients, over real socket pairs, on Unix and as on Windows; and what wires ask the system for."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from server_parts.wire import sockets
from server_parts.wire.making import Making
from server_parts.wire.outbox import Outbox
from server_parts.wire.wire import Wire
from tests.peers import WAIT
from tests.server.wire.slow_client import MEGABYTE, Open, swallow


@pytest.fixture(params=["straight lane", "Windows"])
def lane(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the system sends: with a flag that never waits, or through a thread."""
    if request.param == "Windows":
        monkeypatch.setattr(sockets, "DONTWAIT", None)
    return str(request.param)


@pytest.fixture
def set_aside(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How much memory wires set aside for each look at their connections."""
    asked: list[int] = []
    receive = Wire._receive

    def watched(wire: Wire, most: int, flags: int = 0) -> bytes:
        asked.append(most)
        return receive(wire, most, flags)

    monkeypatch.setattr(Wire, "_receive", watched)
    return asked


@pytest.fixture
def making() -> Making:
    """Of a server where nobody talks."""
    return Making()


@pytest.fixture
def open_outbox(making: Making) -> Iterator[Open]:
    """Makes an outbox and the client's end of its connection, stalled or not; closes both."""
    opened: list[tuple[Outbox, socket.socket]] = []

    def make(bound: int = MEGABYTE, *, stalled: bool = False) -> tuple[Outbox, socket.socket]:
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
        theirs.settimeout(WAIT)
        if stalled:
            swallow(ours)
        opened.append((Outbox(Wire(ours), bound, making), theirs))
        return opened[-1]

    yield make
    for outbox, theirs in opened:
        outbox.close()
        theirs.close()
