"""Spans of time, read and written."""

from __future__ import annotations

import pytest

from server_parts.protocol.durations import seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10m", 600), ("2h", 7_200), ("1d", 86_400), ("3W", 1_814_400), (" 90s ", 90), ("0s", 0)]
    + [(text, None) for text in ("", "10", "m", "-1m", "1.5h", "1h30m", "10 m", "٣m", "1" * 10 + "s")],
)
def test_what_is_typed(text: str, seconds: int | None) -> None:
    """A whole number and a unit; anything else is no span of time."""
    assert seconds_of(text) == seconds
