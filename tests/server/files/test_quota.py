"""How much people may send: who is refused is told both numbers."""

from __future__ import annotations

import pytest

from server_parts.files.quota import A_DAY, DAY, LEFT_FREE, FileLimits, WithinADay, size_refusal, space_refusal
from server_parts.storage.file_records import Totals

MB = 1024**2
LIMITS = FileLimits(100 * MB, 5 * 1024 * MB)


def test_a_size_within_the_limit() -> None:
    """May be just as large as it."""
    assert size_refusal(100 * MB, LIMITS) is None
    refusal = size_refusal(200 * MB, LIMITS)
    assert refusal is not None
    assert (refusal.code, refusal.text) == ("file_too_large", "that file is too large: 200 MB > 100 MB")
    close = size_refusal(100 * MB + 1, LIMITS)
    assert close is not None
    assert close.text == "that file is too large: 104857601 > 104857600 bytes"
    off = size_refusal(1, FileLimits(0, 0))
    assert off is not None
    assert off.code == "no_files"


@pytest.mark.parametrize(
    ("totals", "words"),
    [
        (Totals(0, 0, 3, None), "3 of your files are not said yet, and 3 may be"),
        (Totals(0, A_DAY, 0, None), "you have sent 1 GB within 1 day, and 1 GB are the most"),
        (Totals(5 * 1024 * MB, 0, 0, None), "no space for 1 MB: files take 5 GB of 5 GB"),
        (Totals(0, 0, 0, LEFT_FREE), "no space for 1 MB: 1 GB are free, and 1 GB have to stay so"),
    ],
)
def test_where_there_is_no_place(totals: Totals, words: str) -> None:
    """Too many at once, too much in a day, too much of all, or too little of the disk is left."""
    refusal = space_refusal(MB, totals, LIMITS)
    assert refusal is not None
    assert refusal.code == "quota"
    assert words in refusal.text


def test_the_last_byte_fits() -> None:
    """Each limit may be reached."""
    assert space_refusal(MB, Totals(5 * 1024 * MB - MB, A_DAY - MB, 2, LEFT_FREE + MB), LIMITS) is None


def test_addresses_are_counted_for_a_day() -> None:
    """Whatever sessions come from there; this machine's own are not."""
    addresses = WithinADay()
    assert addresses.refusal("192.0.2.1", A_DAY, 0.0) is None
    refusal = addresses.refusal("192.0.2.1", 1, DAY - 1)
    assert refusal is not None
    assert refusal.code == "quota"
    assert addresses.refusal("192.0.2.2", A_DAY, 0.0) is None
    assert addresses.refusal("192.0.2.1", A_DAY, DAY) is None
    assert [addresses.refusal("", A_DAY, 0.0) for _ in range(2)] == [None, None]


def test_what_came_is_added_up() -> None:
    """Of each by itself, and for a day."""
    sent = WithinADay()
    sent.add("ann", 5, 0.0)
    sent.add("ann", 2 * A_DAY, 10.0)
    assert [sent.so_far(who, 20.0) for who in ("ann", "bob")] == [2 * A_DAY + 5, 0]
    assert sent.so_far("ann", DAY) == 0
    assert len(sent._sent) == 1


def test_many_small_files_from_an_address_take_little_memory() -> None:
    """They are counted together, and forgotten a day after the first of an hour."""
    addresses = WithinADay()
    for minute in range(1_440):
        assert addresses.refusal("192.0.2.1", A_DAY // 1_440, 60.0 * minute) is None
    assert len(addresses._sent["192.0.2.1"]) <= 24
    assert addresses.refusal("192.0.2.1", A_DAY // 24, DAY - 1) is not None
    assert addresses.refusal("192.0.2.1", A_DAY // 24, DAY) is None
