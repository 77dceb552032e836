"""Where a line ends: LineDecoder on bytes that arrive whole, one by one, and cut anywhere."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_common import LineDecoder


def fed(pieces: list[bytes], limit: int = 65_536) -> list[bytes]:
    decoder = LineDecoder(limit)
    return [line for piece in pieces for line in decoder.feed(piece)]


def byte_by_byte(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


CASES = {
    "one line": (b"hello\n", [b"hello"]),
    "two lines in one read": (b"a\nb\n", [b"a", b"b"]),
    "empty lines": (b"\n\n", [b"", b""]),
    "a carriage return before the newline goes": (b"a\r\n", [b"a"]),
    "only one carriage return goes": (b"a\r\r\n", [b"a\r"]),
    "a carriage return elsewhere stays": (b"a\rb\n", [b"a\rb"]),
    "line and paragraph separators split nothing": (
        "a\u2028b\u2029c\x85d\n".encode(),
        ["a\u2028b\u2029c\x85d".encode()],
    ),
    "form feeds and vertical tabs split nothing": (b"a\x0bb\x0cc\x1cd\n", [b"a\x0bb\x0cc\x1cd"]),
    "characters of several bytes stay whole": ("grüße 👋\n".encode(), ["grüße 👋".encode()]),
    "bytes that are no UTF-8 pass": (b"\xff\xfe\n", [b"\xff\xfe"]),
}


@pytest.mark.parametrize(("data", "lines"), CASES.values(), ids=CASES.keys())
def test_lines_whole_and_byte_by_byte(data: bytes, lines: list[bytes]) -> None:
    """The same lines come out, however the bytes come in."""
    assert fed([data]) == lines
    assert fed(byte_by_byte(data)) == lines


def test_a_tail_waits_for_its_newline() -> None:
    """An unfinished line is kept, shown as the tail, and finished by what comes later."""
    decoder = LineDecoder()
    assert decoder.feed(b"one\ntw") == [b"one"]
    assert decoder.tail == b"tw"
    assert decoder.feed(b"o\n") == [b"two"]
    assert decoder.tail == b""


def test_a_carriage_return_is_dropped_across_reads() -> None:
    """The \\r belongs to its \\n even when a read ends between them."""
    assert fed([b"a\r", b"\n"]) == [b"a"]


def test_taking_the_tail_gives_up_waiting() -> None:
    """The unfinished line is handed out once, as it stands."""
    decoder = LineDecoder()
    decoder.feed(b"half")
    assert decoder.take_tail() == b"half"
    assert decoder.take_tail() == b""
    assert decoder.feed(b"next\n") == [b"next"]


def test_a_line_of_exactly_the_limit_passes() -> None:
    """The limit counts the newline, and is allowed."""
    decoder = LineDecoder(10)
    assert decoder.feed(b"123456789\n") == [b"123456789"]
    assert decoder.overlong is None


def test_a_line_one_over_the_limit_stops_the_decoder() -> None:
    """One byte more is too long, and its size is told."""
    decoder = LineDecoder(10)
    assert decoder.feed(b"1234567890\n") == []
    assert decoder.overlong == 11


def test_the_limit_holds_while_the_line_arrives() -> None:
    """No newline is needed to know that a line is too long."""
    decoder = LineDecoder(10)
    for byte in byte_by_byte(b"123456789"):
        decoder.feed(byte)
    assert decoder.overlong is None
    decoder.feed(b"0")
    assert decoder.overlong == 10
    assert decoder.tail == b"", "what cannot be used is not kept"


def test_lines_before_a_long_one_are_delivered() -> None:
    """What was whole before the long line still counts; nothing after it does."""
    decoder = LineDecoder(10)
    assert decoder.feed(b"good\n" + b"x" * 20 + b"\nlate\n") == [b"good"]
    assert decoder.overlong == 21


def test_after_a_long_line_nothing_comes_out() -> None:
    """The rest of the stream cannot be trusted."""
    decoder = LineDecoder(10)
    decoder.feed(b"x" * 11)
    assert decoder.feed(b"fine\n") == []
    assert decoder.feed(b"\n\n") == []
    assert decoder.take_tail() == b""


def test_the_limit_may_grow_between_lines() -> None:
    """A raised limit holds from the next bytes on."""
    decoder = LineDecoder(10)
    decoder.feed(b"short\n")
    decoder.limit = 100
    assert decoder.feed(b"x" * 99 + b"\n") == [b"x" * 99]


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=8))
def test_cuts_change_nothing(data: bytes, cuts: list[int]) -> None:
    """Any bytes, cut anywhere, give the same lines and the same verdict as in one piece."""
    edges = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    whole, cut = LineDecoder(50), LineDecoder(50)
    lines = whole.feed(data)
    pieces = [line for start, stop in pairwise(edges) for line in cut.feed(data[start:stop])]
    assert pieces == lines
    assert (whole.overlong is None) == (cut.overlong is None)
    assert whole.tail == cut.tail
