"""Work for newcomers waits for those who are in: until a turn is over, and never for long."""

from __future__ import annotations

import pytest

from server_parts.wire import giving_way
from server_parts.wire.giving_way import LOOK, MOST, PATIENCE, GivingWay

ROUNDING = 1e-9


class Clock:
    """Stands for the time, which passes only while somebody waits or works."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(giving_way, "time", clock)
    return clock


class Hub:
    """In a turn that lasts until a given time, if in any; then in the next one, or none."""

    def __init__(self, clock: Clock, *, after: int = 0) -> None:
        self._clock, self._after = clock, after
        self.until = 0.0

    def turn(self) -> int:
        return 1 if self._clock.now < self.until else self._after


def waited(clock: Clock, hub: Hub, took: float, turn: float) -> float:
    """Before work in the middle of a turn that goes on for so many seconds, if the work before took so many."""
    one = GivingWay(hub.turn)
    with one.work():
        clock.sleep(took)
    begun, hub.until = clock.now, clock.now + turn
    with one.work():
        return clock.now - begun


@pytest.fixture(params=[0, 2], ids=["then none", "then the next"])
def hub(clock: Clock, request: pytest.FixtureRequest) -> Hub:
    return Hub(clock, after=request.param)


def test_work_waits_for_the_end_of_the_turn(clock: Clock, hub: Hub) -> None:
    """Of that one: a busy hub begins the next at once, and newcomers would never be let in."""
    assert -ROUNDING <= waited(clock, hub, took=0.001, turn=0.002) - 0.002 <= LOOK + ROUNDING


def test_between_turns_nothing_waits(clock: Clock) -> None:
    assert waited(clock, Hub(clock), took=0.001, turn=0.0) == 0.0


def test_a_long_turn_is_waited_for_as_long_as_work_takes(clock: Clock, hub: Hub) -> None:
    """So newcomers have some share of the time, on a slow machine too."""
    for took in (0.0001, 0.0002, 0.0004):
        over = waited(clock, hub, took=took, turn=60.0) - PATIENCE * took
        assert -ROUNDING <= over <= LOOK + ROUNDING


def test_nobody_waits_for_ever(clock: Clock, hub: Hub) -> None:
    assert -ROUNDING <= waited(clock, hub, took=10.0, turn=60.0) - MOST <= LOOK + ROUNDING


def test_work_that_fails_took_its_time_too(clock: Clock, hub: Hub) -> None:
    one = GivingWay(hub.turn)

    def fail() -> None:
        with one.work():
            clock.sleep(10.0)
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    begun, hub.until = clock.now, clock.now + 60.0
    with one.work():
        assert clock.now - begun >= MOST - ROUNDING
