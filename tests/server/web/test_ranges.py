"""Which part of a file is wanted, and whether it is there already."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_parts.web.ranges import Part, Sent, has_it, sent_part, wanted_part

TAG = '"abc"'
WHOLE = Part(0, 100)


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        (None, WHOLE),
        ("bytes=0-", WHOLE),
        ("bytes=0-0", Part(0, 1)),
        ("bytes=10-19", Part(10, 10)),
        ("bytes=99-", Part(99, 1)),
        ("bytes=90-1000", Part(90, 10)),
        ("bytes=-10", Part(90, 10)),
        ("bytes=-1000", WHOLE),
        ("Bytes= 5-6 ", Part(5, 2)),
        ("bytes=100-", None),
        ("bytes=100-200", None),
        ("bytes=-0", None),
        ("bytes=20-10", WHOLE),
        ("bytes=-", WHOLE),
        ("bytes=0-1,5-6", WHOLE),
        ("bytes=1", WHOLE),
        ("bytes=a-b", WHOLE),
        ("bytes=+1-2", WHOLE),
        ("bytes=²-", WHOLE),
        ("lines=0-1", WHOLE),
        ("bytes=0-" + "9" * 30, WHOLE),
    ],
)
def test_a_range(asked: str | None, part: Part | None) -> None:
    """One range; what cannot be understood, or asks for several, is all of it."""
    assert wanted_part(asked, None, TAG, 100) == part


def test_a_condition() -> None:
    """A range of another file, or of one as it was some day, is all of this one."""
    assert wanted_part("bytes=1-2", TAG, TAG, 100) == Part(1, 2)
    for condition in ('"abd"', "W/" + TAG, "Wed, 21 Oct 2015 07:28:00 GMT", ""):
        assert wanted_part("bytes=1-2", condition, TAG, 100) == WHOLE


@given(st.text(st.sampled_from("bytes=0123456789-, "), max_size=20) | st.text(max_size=20), st.integers(1, 50))
def test_any_range_lies_within(asked: str, size: int) -> None:
    """Whatever is asked."""
    part = wanted_part(asked, None, TAG, size)
    assert part is None or (part.start >= 0 and part.length >= 1 and part.start + part.length <= size)


@pytest.mark.parametrize(
    ("condition", "has"),
    [
        (None, False), ("", False), (TAG, True), ("W/" + TAG, True), ("*", True), ('"x", ' + TAG, True), ('"x"', False),
        ("abc", False),
    ],
)  # fmt: skip
def test_who_has_it(condition: str | None, has: bool) -> None:
    """By one of the tags that are listed, or by any."""
    assert has_it(condition, TAG) is has


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("bytes 0-9/10", Sent(0, 10, 10)),
        ("bytes 5-9/10", Sent(5, 5, 10)),
        ("bytes 5-10/10", None),
        ("bytes 6-5/10", None),
        ("bytes 0-9/*", None),
        ("bytes */10", None),
        ("bytes=0-9/10", None),
        ("", None),
    ],
)
def test_what_a_body_says_it_is(text: str, part: Sent | None) -> None:
    """A part of something whose size is known."""
    assert sent_part(text) == part
