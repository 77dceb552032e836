"""Two servers of one chat, with somebody at each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from server_parts.people.roles import Role
from server_parts.protocol.requests import Hello, Who
from tests.postgres import needs_postgres
from tests.server.hub.bench import Bench, Seat
from tests.server.hub.neighbours.meetings import Meeting, MemoryMeeting, Open, PostgresMeeting

HERE: Final = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # before some are chosen by their markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What servers tell each other is the same with every Python."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker("once")


@pytest.fixture(params=["memory", pytest.param("postgres", marks=needs_postgres)])
def meeting(request: pytest.FixtureRequest, tmp_path: Path) -> Meeting:
    """Servers that share a log in memory, and others that share a database."""
    return MemoryMeeting() if request.param == "memory" else PostgresMeeting(tmp_path)


@pytest.fixture
def open_server(meeting: Meeting) -> Iterator[Open]:
    """Another server of the chat."""
    opened: list[Bench] = []

    def open_one() -> Bench:
        opened.append(meeting.open(f"server {len(opened)}"))
        return opened[-1]

    yield open_one
    for bench in opened:
        bench.stop()
        bench.store.close()


@pytest.fixture
def here(open_server: Open) -> Bench:
    return open_server()


@pytest.fixture
def there(here: Bench, open_server: Open) -> Bench:
    return open_server()


@pytest.fixture
def alice(here: Bench, there: Bench) -> Seat:
    """At one server, in the lobby; she has heard that she came."""
    alice = here.seat("alice", token="a" * 32)
    assert alice.sees_come("alice")
    return alice


@pytest.fixture
def bob(there: Bench, alice: Seat) -> Seat:
    """At the other one; alice has heard that he came, and asked who is there, so that she can mean nobody else."""
    bob = there.seat("bob", token="b" * 32)
    assert alice.sees_come("bob")
    alice.ask(Who("lobby"))
    return bob


def operator_at(bench: Bench) -> Seat:
    seat = Seat(bench, Role.OWNER)
    seat.client.name = "server"
    seat.ask(Hello("server", ""))
    return seat


@pytest.fixture
def operator(here: Bench) -> Seat:
    return operator_at(here)
