"""How a text is broken into rows, and how the cursor moves in them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from terminal_parts.input_rows import input_rows
from terminal_parts.layout import Shape, end_of_row, lay_out, shown, start_of_row, vertical
from terminal_parts.width import width

SHAPE = Shape(10, 8)
TEXTS = st.text(st.characters() | st.sampled_from("漢🎉\u0301\u200d\n\n\n\u05d0ab 👩‍👩‍👧🇩🇪"), max_size=300)


def rows_of(text: str, cursor: int = 0, shape: Shape = SHAPE) -> list[str]:
    return [text[row.start : row.end] for row in lay_out(text, cursor, shape).rows]


def test_lines_are_rows_and_long_ones_are_several() -> None:
    """Signs of two columns are not cut in two, nor is a picture that is made of several."""
    assert rows_of("") == [""]
    assert rows_of("one\n\ntwo\n") == ["one", "", "two", ""]
    assert rows_of("abcdefghijkl\nm") == ["abcdefghij", "kl", "m"]
    assert rows_of("a" + "漢" * 6) == ["a漢漢漢漢", "漢漢"]
    assert rows_of("123456🇩🇪👩‍👩‍👧") == ["123456🇩🇪", "👩‍👩‍👧"]


def test_the_cursor_behind_a_full_row_is_in_the_next() -> None:
    """But at the end of the text there is none."""
    assert [lay_out("abcdefghijkl", cursor, SHAPE).current for cursor in (0, 9, 10, 12)] == [0, 0, 1, 1]
    assert lay_out("abcdefghij", 10, SHAPE).current == 0
    assert [lay_out("ab\ncd", cursor, SHAPE).current for cursor in (2, 3)] == [0, 1]


def test_the_cursor_keeps_its_column() -> None:
    """Also over a row that is shorter, and in the middle of a wide sign it stands before it."""
    text = "abcdef\nx\n12漢34"
    place, goal = vertical(text, 5, SHAPE, 1, None) or (0, 0)
    assert (text[:place], goal) == ("abcdef\nx", 5)
    place, goal = vertical(text, place, SHAPE, 1, goal) or (0, 0)
    assert (text[:place], goal) == ("abcdef\nx\n12漢3", 5)
    assert vertical(text, place, SHAPE, 1, goal) is None
    assert vertical(text, 3, SHAPE, -1, None) is None
    assert (vertical(text, 3, SHAPE, 2, None) or (0, 0))[0] == text.index("漢")


def test_home_and_end_are_those_of_the_row() -> None:
    """And pressed again, those of the whole text."""
    text = "one\nabcdefghijklm\ntwo"
    assert (start_of_row(text, 7, SHAPE), end_of_row(text, 7, SHAPE)) == (4, 13)
    assert (start_of_row(text, 15, SHAPE), end_of_row(text, 15, SHAPE)) == (14, 17)
    assert (start_of_row(text, 4, SHAPE), end_of_row(text, 17, SHAPE)) == (0, len(text))


@given(TEXTS, st.integers(4, 30), st.integers(1, 9), st.data())
def test_rows_hold_the_whole_text_and_fit(text: str, columns: int, rows: int, data: st.DataObject) -> None:
    """Nothing near the cursor is missing, no row is too wide but for one sign, and the cursor is in one of them."""
    cursor = data.draw(st.integers(0, len(text)))
    layout = lay_out(text, cursor, Shape(columns, rows))
    assert layout.rows[layout.current].start <= cursor
    assert layout.current + 1 == len(layout.rows) or cursor < layout.rows[layout.current + 1].start
    for this, following in zip(layout.rows, layout.rows[1:], strict=False):
        assert text[this.end : following.start] in ("", "\n")
    for start, end in layout.rows:
        assert "\n" not in text[start:end]
        assert width(shown(text[start:end])) <= columns or len(text[start:end]) < 20


@given(TEXTS, st.integers(4, 30), st.data())
def test_up_and_down_lead_back(text: str, columns: int, data: st.DataObject) -> None:
    """The same column in the row that one came from, as long as all is near."""
    shape, cursor = Shape(columns, 40), data.draw(st.integers(0, len(text)))
    start = lay_out(text, cursor, shape)
    column = width(shown(text[start.rows[start.current].start : cursor]))
    if (down := vertical(text, cursor, shape, 1, None)) is not None:
        assert lay_out(text, down[0], shape).current == start.current + 1
        back = vertical(text, down[0], shape, -1, down[1])
        assert back is not None
        assert back[1] == column
        assert lay_out(text, back[0], shape).current == start.current


@given(st.text(max_size=30), TEXTS, st.integers(1, 60), st.integers(1, 9), st.data())
def test_what_is_typed_never_leaves_its_rows(
    prompt: str, text: str, columns: int, most: int, data: st.DataObject
) -> None:
    """Whatever is typed, wherever the cursor is, however narrow: so many rows, and the cursor in one of them."""
    cursor = data.draw(st.integers(0, len(text)))
    looks = input_rows(prompt, "", text, cursor, columns, most)
    assert 1 <= len(looks.rows) <= max(1, most)
    assert looks.row in range(len(looks.rows))
    assert 0 <= looks.column <= max(0, columns - 1)
    assert not any(sign in row for row in looks.rows for sign in "\n\x1b")


def test_what_does_not_fit_is_marked() -> None:
    """With signs where more of it is; the prompt stays."""
    text = "\n".join("abcdefg")
    assert input_rows("lobby> ", "", text, 6, 20, 3).rows == ["lobby> c          ↑", "       d", "       e          ↓"]
    assert input_rows("lobby> ", "", text, 0, 20, 3).rows == ["lobby> a", "       b", "       c          ↓"]
    looks = input_rows("lobby> ", "", text, len(text), 20, 3)
    assert looks.rows == ["lobby> e          ↑", "       f", "       g"]
    assert (looks.row, looks.column) == (2, 8)
    assert input_rows("lobby> ", "", "one\ntwo", 0, 20, 1).rows == ["lobby> one␊two"]


def test_what_is_far_from_the_cursor_is_not_looked_at() -> None:
    """A draft of a million signs is laid out like one of a thousand, and is marked on both sides."""
    text = "é" * 1_000_000
    for cursor, cut in ((0, (False, True)), (500_000, (True, True)), (1_000_000, (True, False))):
        layout = lay_out(text, cursor, SHAPE)
        assert sum(end - start for start, end in layout.rows) <= 3 * 2 * 80
        assert layout.is_cut == cut
