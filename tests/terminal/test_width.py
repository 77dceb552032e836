"""How many columns a text takes, and where it is broken."""

from __future__ import annotations

import pytest
import wcwidth
from hypothesis import example, given
from hypothesis import strategies as st

from terminal_parts.width import PAINT, cut, height, width, wrap


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
    assert "".join(PAINT.sub("", " ".join(rows)).split()) == "".join(words)
    if "漢" not in line:  # which may be broken after each character
        assert PAINT.sub("", " ".join(rows)).split() == words
    if all(width(word) <= columns - columns // 3 for word in words):
        assert all(height(row, columns) == 1 for row in rows), rows


CHINESE = "我们今天去公园散步，看到了很多花。"


def test_a_script_without_spaces_is_broken_between_characters() -> None:
    """It begins beside its sender, fills the rows, and no row begins with a comma."""
    rows = wrap(f"20:14 bob: {CHINESE}{CHINESE}", 29)
    assert rows[0].startswith("20:14 bob: 我们")
    assert all(width(row) <= 29 for row in rows)
    assert all(row.startswith("  ") and row[2] not in "，。" for row in rows[1:])
    assert "".join(row.strip() for row in rows) == f"20:14 bob: {CHINESE}{CHINESE}"


def test_a_colour_in_chinese_stays_with_its_sign() -> None:
    """No row ends in a colour that belongs to the next one."""
    rows = wrap("我们" * 10 + painted("安娜") + "很多花" * 5, 20)
    assert "".join(row.strip() for row in rows) == "我们" * 10 + painted("安娜") + "很多花" * 5
    assert not any(row.endswith("\x1b[4m") for row in rows)


def test_no_sign_is_wider_than_it_is_taken_for() -> None:
    """For every character that can be printed, at least as many columns as other programs expect."""
    too_narrow = [
        f"U+{code:04X}"
        for code in range(0x20, 0x110000)
        if chr(code).isprintable() and width(chr(code)) < wcwidth.wcwidth(chr(code))
    ]
    assert too_narrow == []


@pytest.mark.parametrize("text", ["👍🏽", "\u1112\u1161\u11ab", "🇩🇪", "e\u0301", "漢字", "한글", "ok"])
def test_what_is_drawn_as_one_is_measured_as_one(text: str) -> None:
    """A skin tone, Korean letters, a flag and accents take no columns of their own."""
    assert width(text) == wcwidth.wcswidth(text)


@given(st.text(st.sampled_from("a漢👍🏽🇩🇪é\u0301\ufe0f"), max_size=40), st.integers(2, 30))
@example("👍🏽" * 10, 20)
@example("🇩🇪" * 10, 21)
def test_rows_and_columns_agree(text: str, columns: int) -> None:
    """What fits a row by its width takes one row, and what is cut keeps within it."""
    assert (height(text, columns) == 1) == (width(text) <= columns)
    assert width(cut(text, columns)) <= columns


PIECES = {
    "a closing bracket": ("去公园(看花)好", "(看"),
    "a small kana": ("がっこうにきっと", "がっ"),
    "a long vowel": ("コーヒーコーヒー", "コー"),
    "a Latin comma": ("看花,好看花,好", "花,"),
    "a mark of its own": ("か\u3099か\u3099か\u3099か\u3099", "か\u3099"),
}


@pytest.mark.parametrize(("text", "together"), PIECES.values(), ids=PIECES.keys())
@pytest.mark.parametrize("columns", range(8, 16))
def test_what_belongs_together_is_not_broken(text: str, together: str, columns: int) -> None:
    """No row begins with what closes, nor ends with what opens."""
    rows = wrap(text * 3, columns)
    assert sum(row.count(together) for row in rows) == (text * 3).count(together)


@pytest.mark.parametrize("text", ["don\u2019t\u2026stop", "caf\u00e9(au", "foo(bar)\u2013baz"])
def test_other_words_stay_whole(text: str) -> None:
    """A Latin word with a sign that is also used in Chinese is not broken at it."""
    assert wrap(f"said {text}", 8)[-1].strip() == text
