"""Whatever people say of whatever others said, in any order, everybody ends in the same room, and the log too."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from server_parts.storage.sqlite.log import SqliteLog
from tests.postgres import needs_postgres
from tests.server.hub.bench import Bench, Gated
from tests.server.hub.entries_world import run
from tests.server.hub.neighbours.meetings import MemoryMeeting, PostgresMeeting
from tests.server.hub.room_copies import Blind, Copy, Deaf, Stubborn

pytestmark = pytest.mark.usefixtures("no_threads_left", "chat_log")

SEED = int(os.environ.get("CHAT_SEED", random.randrange(10**6)))
STEPS = 120


class BenchSqlite(Gated, SqliteLog):
    pass


def _open(kind: str, servers: int, folder: Path) -> list[Bench]:
    if kind == "sqlite":
        return [Bench(BenchSqlite(folder))]
    if kind == "memory" and servers == 1:
        return [Bench()]
    meeting = MemoryMeeting() if kind == "memory" else PostgresMeeting(folder)
    return [meeting.open(f"server {number}") for number in range(servers)]


PLACES = [
    ("memory", 1),
    ("memory", 3),
    ("sqlite", 1),
    pytest.param(("postgres", 1), marks=needs_postgres),
    pytest.param(("postgres", 3), marks=needs_postgres),
]


@pytest.fixture
def benches(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Bench]]:
    opened = _open(request.param[0], request.param[1], tmp_path)
    yield opened
    for bench in opened:
        bench.stop()
        bench.store.close()


@pytest.mark.parametrize("benches", PLACES, indirect=True)
def test_everybody_ends_in_the_same_room(benches: list[Bench]) -> None:
    """Also whoever was away, looked back, or began anew in between."""
    world = run(benches, SEED, STEPS)
    assert len(world.said()) > STEPS / 4
    assert world.has_all_sorts()


@pytest.mark.parametrize("benches", PLACES[:1], indirect=True)
@pytest.mark.parametrize("copy", [Deaf, Blind, Stubborn])
def test_a_client_that_ignores_entries_is_found(
    benches: list[Bench], monkeypatch: pytest.MonkeyPatch, copy: type[Copy]
) -> None:
    """Else this would show nothing: of edits, of what is changed about the room, of what is set in it."""
    monkeypatch.setattr("tests.server.hub.entries_world.Copy", copy)
    monkeypatch.setattr("tests.server.hub.entries_world.PATIENCE", 0.2)
    with pytest.raises(AssertionError, match="CHAT_SEED"):
        run(benches, 1, STEPS)
