"""How fast one client is listened to, with the time passed in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_parts.pace import Pace


def test_a_burst_is_free() -> None:
    """Up to the burst at once; then nothing."""
    pace = Pace(10, 40, 0.0)
    assert pace.take([1] * 40, 0.0) == 40
    assert pace.take([1] * 1, 0.0) == 0
    assert pace.wait() == pytest.approx(0.1)


def test_then_it_is_the_rate() -> None:
    """One more every tenth of a second."""
    pace = Pace(10, 40, 0.0)
    pace.take([1] * 40, 0.0)
    assert pace.take([1] * 5, 0.05) == 0
    assert pace.take([1] * 5, 0.1000001) == 1
    assert pace.take([1] * 5, 0.4000002) == 3


def test_a_pause_fills_the_burst_and_no_more() -> None:
    """An hour of silence is worth one burst."""
    pace = Pace(10, 40, 0.0)
    pace.take([1] * 40, 0.0)
    assert pace.take([1] * 1000, 3600.0) == 40


def test_no_rate_is_no_limit() -> None:
    """Whatever is wanted is granted, and nobody waits."""
    pace = Pace(0, 40, 0.0)
    assert pace.take([1] * 10**6, 0.0) == 10**6
    assert pace.wait() == 0.0


@given(st.floats(0.5, 100), st.integers(1, 50), st.lists(st.tuples(st.floats(0, 2), st.integers(1, 100)), max_size=20))
def test_never_faster_than_promised(rate: float, burst: int, script: list[tuple[float, int]]) -> None:
    """Over any stretch at most the burst and the rate; and whoever waits as told gets at least one."""
    pace, now, granted = Pace(rate, burst, 0.0), 0.0, 0
    for pause, wanted in script:
        now += pause
        got = pace.take([1] * wanted, now)
        granted += got
        assert 0 <= got <= wanted
        assert granted <= burst + now * rate + 1e-6
    now += pace.wait() + 1e-6
    assert pace.take([1] * 1, now) == 1
