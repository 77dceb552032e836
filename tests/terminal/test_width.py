"""How many columns a text takes, and where it is broken."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from terminal_parts.width import PAINT, height, width, wrap


def painted(text: str) -> str:
    return f"\x1b[4m{text}\x1b[0m"


def test_words_are_wrapped_and_addresses_stay_whole() -> None:
    """Rows break between words and hang; a word wider than a row is left in one piece; lines stay lines."""
    address = "https://example.org/" + "x" * 40
    assert wrap("ann: one two three four", 12, 2) == ["ann: one two", "  three four"]
    assert wrap(f"see {address} there", 30, 2) == ["see", f"  {address}", "  there"]
    assert wrap("a\n    b", 12, 2) == ["a", "    b"]


def test_a_break_takes_the_spaces_away() -> None:
    """Also those around a colour; and nothing underlined ends in the spaces of the next row."""
    assert wrap(f"{painted('ann')}  {painted('one')} ", 4, 2) == [painted("ann"), " " + painted("one")]
    assert wrap(f"hello {painted('ann')}, {painted('bob')}", 12, 2) == [
        f"hello {painted('ann')},",
        f"  {painted('bob')}",
    ]


def test_a_colour_within_a_word_does_not_break_it() -> None:
    """A comma stays with the name that stands out before it."""
    assert wrap(f"hello you {painted('ann')}, hi", 13, 2) == ["hello you", f"  {painted('ann')}, hi"]


def test_a_deep_indent_gives_way() -> None:
    """To a word that has no room behind it; no row is empty."""
    assert wrap(" " * 30 + "deep indeed", 36, 2) == [" " * 30 + "deep", " " * 12 + "indeed"]
    assert wrap(" " * 30 + "deeper", 35, 2) == [" " * 11 + "deeper"]


@given(st.lists(st.tuples(st.text("a 漢", max_size=8), st.booleans()), max_size=8), st.integers(8, 20))
def test_short_words_take_a_row_each_at_most(parts: list[tuple[str, bool]], columns: int) -> None:
    """No row is wider than the screen, no word is cut or lost, whatever is painted."""
    line = "".join(painted(text) if paint else text for text, paint in parts)
    words = PAINT.sub("", line).split()
    rows = wrap(line, columns, 2)
    assert PAINT.sub("", " ".join(rows)).split() == words
    if all(width(word) <= columns - columns // 3 for word in words):
        assert all(height(row, columns) == 1 for row in rows), rows
