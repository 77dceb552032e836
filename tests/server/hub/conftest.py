"""A hub with two people, and no server."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from server_parts.hub import telling
from server_parts.hub.telling import Telling
from tests.server.hub.bench import Bench, Seat


@pytest.fixture(params=["at once", "in slices"])
def at_once_and_in_slices(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test twice: the second time two are a crowd, and are told of one after the other, with a turn between."""
    if request.param == "in slices":
        tell = Telling.tell
        monkeypatch.setattr(telling, "LARGE", 2)
        monkeypatch.setattr(
            Telling, "tell", lambda self, seconds=math.inf: tell(self, 0.0 if seconds < math.inf else seconds)
        )


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A hub in its own thread, without a server."""
    bench = Bench()
    yield bench
    bench.stop()


@pytest.fixture
def alice(bench: Bench) -> Seat:
    """In the lobby; forgets what she heard while others came in."""
    seat = bench.seat("alice")
    assert seat.sees_come("alice")
    return seat


@pytest.fixture
def bob(bench: Bench, alice: Seat) -> Seat:
    """In the lobby, after alice."""
    seat = bench.seat("bob")
    assert seat.sees_come("bob")
    alice.heard()
    return seat
