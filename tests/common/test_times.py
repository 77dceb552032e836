"""Spans of time, and times within a sentence."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from chat_common import instant, lasting, with_local_times

NOON = 1_793_620_800.0  # 2026-11-02, 12:00 UTC


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 s"),
        (45, "45 s"),
        (90, "1 min 30 s"),
        (600, "10 min"),
        (3_599.5, "1 h"),
        (7_200, "2 h"),
        (86_459, "1 day 1 min"),
        (90_000, "1 day 1 h"),
        (259_200, "3 days"),
        (604_800, "1 week"),
        (1_209_600, "2 weeks"),
    ],
)
def test_spans(seconds: float, text: str) -> None:
    """Never less than it is, in two units at most."""
    assert lasting(seconds) == text


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nine hours ahead of UTC, and it is noon in London."""
    monkeypatch.setenv("TZ", "JST-9")
    time.tzset()
    here = time.localtime
    monkeypatch.setattr(time, "localtime", lambda ts=NOON: here(ts))
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("tokyo")
def test_a_time_in_a_sentence_is_shown_in_the_readers_own() -> None:
    """To the second; with the date where that is not today, and with the zone if that is wanted."""
    assert instant(NOON) == "2026-11-02T12:00:00Z"
    assert with_local_times(f"until {instant(NOON + 45)}: flood") == "until 21:00:45: flood"
    assert with_local_times(f"until {instant(NOON + 86_400)}", " %Z") == "until 2026-11-03 21:00:00 JST"


@pytest.mark.parametrize(
    "text", ["", "at 12:00", "2026-13-45T99:99:99Z", "x2026-11-02T12:00:00Z", "9999-99-99T00:00:00Z"]
)
def test_what_is_no_time_stays(text: str) -> None:
    """Whatever it looks like."""
    assert with_local_times(text) == text


@pytest.mark.parametrize("ts", [1e300, -1e300, float("inf"), float("nan")])
def test_an_impossible_time_is_no_fault(ts: float) -> None:
    """Another program's clock may say anything."""
    assert with_local_times(instant(ts))
