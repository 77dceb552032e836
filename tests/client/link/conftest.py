"""Places that answer, refuse or are silent."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from client_parts.link.dialing import Place


def place(bound: socket.socket) -> Place:
    return Place(socket.AF_INET, bound.getsockname())


@pytest.fixture
def answering() -> Iterator[Place]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield place(listener)


@pytest.fixture
def refusing() -> Iterator[Place]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield place(bound)


@pytest.fixture
def silent() -> Iterator[Place]:
    """One that answers nobody any more: as many wait already as may."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield place(listener)
        for one in waiting:
            one.close()
