"""Who works, who waits, and how fast bytes go; with a clock where time is what counts."""

from __future__ import annotations

import threading
import time

import pytest

from server_parts.files import turns
from server_parts.files.turns import Pace, Slowness, Turns
from tests.peers import WAIT, wait_until


def always() -> bool:
    return True


def test_so_many_have_a_turn() -> None:
    """Others wait, and get theirs in the order in which they came."""
    shared, order, may_end = Turns(2), list[int](), threading.Event()

    def work(number: int) -> None:
        with shared.one(always) as has_turn:
            assert has_turn
            order.append(number)
            may_end.wait(WAIT)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    started: list[threading.Thread] = []
    for worker in workers:
        worker.start()
        started.append(worker)
        assert wait_until(lambda: len(order) + len(shared._waiting) == len(started))
    assert order == [0, 1]
    may_end.set()
    for worker in workers:
        worker.join()
    assert sorted(order[:2]) == [0, 1]
    assert order[2:] == [2, 3]


def test_who_does_not_want_it_any_more_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """And those behind do not wait for him."""
    monkeypatch.setattr(turns, "TICK", 0.01)
    shared = Turns(1)
    with shared.one(always) as first, shared.one(lambda: False) as second:
        assert (first, second) == (True, False)
    with shared.one(always) as third:
        assert third


def test_a_turn_is_over_only_if_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """And after it was long enough."""
    monkeypatch.setattr(turns, "A_TURN", 0.0)
    shared = Turns(1)
    with shared.one(always):
        assert not shared.is_over(time.monotonic())
        waiting = threading.Thread(target=lambda: shared.one(always).__enter__())
        waiting.start()
        assert wait_until(lambda: shared.is_over(time.monotonic()))
        monkeypatch.setattr(turns, "A_TURN", 1_000.0)
        assert not shared.is_over(time.monotonic())
    waiting.join()


def test_bytes_go_at_a_pace() -> None:
    """A little at once after a pause, and then evenly."""
    pace = Pace(1_000.0)
    now, sent = 50.0, 0
    while now < 60.0:
        sent += 10
        now += pace.pause(10, now)
    assert sent == pytest.approx(10_000 + turns.BURST * 1_000, abs=20)
    assert Pace(0).pause(10**12, 0.0) == 0.0


def test_several_share_a_pace() -> None:
    """Together they are as fast as one."""
    pace, clocks, sent = Pace(1_000.0), [50.0, 50.0, 50.0], 0
    while min(clocks) < 60.0:
        who = clocks.index(min(clocks))
        sent += 10
        clocks[who] += pace.pause(10, clocks[who])
    assert sent == pytest.approx(10_000, abs=200)


def test_too_slow_is_judged_over_time() -> None:
    """Not by one pause; time that was not theirs is not counted."""
    slowness = Slowness(1_000.0, 30.0, now=0.0)
    assert not slowness.note(0, 29.0)
    assert not slowness.note(30_000, 30.0)
    assert not slowness.note(29_999, 59.0)
    assert slowness.note(0, 60.0)
    slowness.forgive(90.0)
    assert not slowness.note(0, 119.0)
    assert slowness.note(0, 120.0)
