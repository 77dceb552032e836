"""Per cent, speed and the time that is left, from what has arrived when."""

from __future__ import annotations

import pytest

from client_parts.files.progress import Progress, size_text, step, together

MB = 1024 * 1024


def moved(size: int, *samples: tuple[float, int]) -> Progress:
    progress = Progress(size)
    for now, done in samples:
        progress.move(done, now)
    return progress


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KB"),
        (1536, "1.5 KB"),
        (102_400, "100 KB"),
        (100 * MB, "100 MB"),
        (5 * 1024 * MB, "5 GB"),
        (10**18, "909494.7 TB"),
    ],
)
def test_sizes_are_short(size: int, text: str) -> None:
    assert size_text(size) == text


def test_speed_is_that_of_the_last_seconds() -> None:
    """A slow beginning is forgotten."""
    assert together([moved(100 * MB, (0, 0), (10, MB), (12, 21 * MB), (14, 41 * MB), (16, 61 * MB))]) == (
        "61 %, 10 MB/s, 4 s left"
    )


def test_there_is_no_speed_before_there_is_one() -> None:
    assert together([moved(100, (0, 0))]) == "0 %"
    assert together([moved(100, (0, 0), (0.1, 50))]) == "50 %"
    assert together([moved(MB, (0, 100), (9, 100))]) == "0 %"


def test_several_are_a_sum() -> None:
    one, other = moved(10 * MB, (0, 0), (2, 2 * MB)), moved(30 * MB, (0, 0), (2, 6 * MB))
    assert together([one, other]) == "20 %, 4 MB/s, 8 s left"


def test_what_must_go_back_is_not_slower_than_nothing() -> None:
    """Nor does a pause count as slow."""
    progress = moved(10 * MB, (0, 0), (2, 8 * MB), (3, MB))
    assert (progress.done, progress.speed) == (MB, 0.0)
    progress.pause()
    progress.move(2 * MB, 100)
    progress.move(4 * MB, 102)
    assert progress.speed == MB


def test_it_is_whole_only_when_all_is_there() -> None:
    assert moved(1000, (0, 999)).percent == 99
    assert moved(1000, (0, 1000)).percent == 100
    assert moved(0).percent == 100
    assert [step(percent) for percent in (0, 9, 10, 99, 100)] == [0, 0, 10, 90, 100]
