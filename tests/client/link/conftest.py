"""Places that answer, refuse or are silent."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from client_parts.link.dialing import Place
from tests.client.ports import black_hole


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
    with black_hole() as port:
        yield Place(socket.AF_INET, ("127.0.0.1", port))
