"""How long something lasts, written and read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_parts.input.durations import is_like_a_time, seconds_of


@pytest.mark.parametrize(
    ("word", "seconds"),
    [("90s", 90), ("1m", 60), ("10M", 600), ("2h", 7_200), ("1d", 86_400), ("2w", 1_209_600), ("7d", 604_800)],
)
def test_times(word: str, seconds: int) -> None:
    """As many as people write, in either case."""
    assert seconds_of(word) == seconds


@pytest.mark.parametrize("word", ["", "10", "m", "0m", "1.5h", "-1d", "1y", "10 m", "١m", "1" * 5_000 + "s"])
def test_what_is_not_a_time(word: str) -> None:
    """It is named in the sentence that says so."""
    with pytest.raises(ValueError, match="is not a time like"):
        seconds_of(word)


def test_what_lasts_too_long() -> None:
    """Beyond ten years it is meant for good."""
    assert seconds_of("3660d") == 316_224_000
    with pytest.raises(ValueError, match="ten years are the most"):
        seconds_of("3661d")


@given(st.integers(1, 10**8), st.sampled_from("smhdw"))
def test_whatever_has_the_form_is_meant_as_a_time(number: int, unit: str) -> None:
    """No time is taken for the beginning of a reason, also if it is refused."""
    assert is_like_a_time(f"{number}{unit}")


@pytest.mark.parametrize("word", ["spam", "m10", "", "3-fold"])
def test_words_of_a_reason(word: str) -> None:
    """They are no times."""
    assert not is_like_a_time(word)
