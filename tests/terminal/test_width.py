"""How many columns a text takes, and where it is broken."""

from __future__ import annotations

from terminal_parts.width import wrap


def test_words_are_wrapped_and_addresses_stay_whole() -> None:
    """Rows break between words and hang; a word wider than a row is left in one piece; lines stay lines."""
    address = "https://example.org/" + "x" * 40
    assert wrap("ann: one two three four", 12, 2) == ["ann: one two", "  three four"]
    assert wrap(f"see {address} there", 30, 2) == ["see", f"  {address}", "  there"]
    assert wrap("a\n    b", 12, 2) == ["a", "    b"]
