"""A hub with two people, and no server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from tests.server.hub.bench import Bench, Seat
from tests.slices import told_in_slices


@pytest.fixture(params=["at once", "in slices"])
def at_once_and_in_slices(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run a test twice: the second time two are a crowd."""
    with told_in_slices(2) if request.param == "in slices" else nullcontext():
        yield


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
