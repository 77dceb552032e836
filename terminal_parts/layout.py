"""How a text that is being typed is broken into rows, and where the cursor goes from row to row. Pure.

Only what is near the cursor is looked at, so that a very long text costs no more than a long one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from chat_common import harmless_line
from terminal_parts import graphemes
from terminal_parts.width import width

_NEAR: Final = 2  # times what all rows hold


class Shape(NamedTuple):
    """The room that there is: columns of each row, and how many rows."""

    columns: int
    rows: int


class Row(NamedTuple):
    """A part of the text, without the line break behind it."""

    start: int
    end: int


class Layout(NamedTuple):
    """The rows near the cursor, and which of them it is in; `is_cut`: whether there is more before and behind them."""

    rows: list[Row]
    current: int
    is_cut: tuple[bool, bool]


def lay_out(text: str, cursor: int, shape: Shape) -> Layout:
    near = _NEAR * shape.columns * shape.rows
    start, stop = max(0, cursor // near - 1) * near, cursor + near
    rows = list(_rows(text, start, min(stop, len(text)), shape.columns))
    current = max(number for number, row in enumerate(rows) if row.start <= cursor)
    return Layout(rows, current, (start > 0, stop < len(text)))


def shown(part: str) -> str:
    """A part of one row as it may stand on the screen."""
    return harmless_line(part)


def vertical(text: str, cursor: int, shape: Shape, step: int, goal: int | None) -> tuple[int, int] | None:
    """The place so many rows further in the same column, and the column that was aimed at; None if there is no row.

    `goal`: the column that an earlier step aimed at, if this one follows it.
    """
    layout = lay_out(text, cursor, shape)
    if not 0 <= layout.current + step < len(layout.rows):
        return None
    column = goal if goal is not None else width(shown(text[layout.rows[layout.current].start : cursor]))
    row = layout.current + step
    place, last = layout.rows[row].start, _last_place(text, layout, row)
    while (
        place < last and width(shown(text[layout.rows[row].start : (after := graphemes.after(text, place))])) <= column
    ):
        place = after
    return min(place, last), column


def start_of_row(text: str, cursor: int, shape: Shape) -> int:
    """Where the cursor's row begins; the beginning of the text if the cursor is there already."""
    layout = lay_out(text, cursor, shape)
    start = layout.rows[layout.current].start
    return start if start < cursor else 0


def end_of_row(text: str, cursor: int, shape: Shape) -> int:
    """The last place in the cursor's row; the end of the text if the cursor is there already."""
    layout = lay_out(text, cursor, shape)
    end = _last_place(text, layout, layout.current)
    return end if end > cursor else len(text)


def _last_place(text: str, layout: Layout, number: int) -> int:
    """Behind a row that is only broken for lack of room the cursor would be in the next one."""
    end = layout.rows[number].end
    goes_on = number + 1 < len(layout.rows) and layout.rows[number + 1].start == end
    return max(graphemes.before(text, end), layout.rows[number].start) if goes_on else end


def _rows(text: str, start: int, stop: int, columns: int) -> Iterator[Row]:
    while (end := text.find("\n", start, stop)) >= 0:
        yield from _broken(text, start, end, columns)
        start = end + 1
    yield from _broken(text, start, stop, columns)


def _broken(text: str, start: int, stop: int, columns: int) -> Iterator[Row]:
    """The rows of one line."""
    line = text[start:stop]
    if line.isascii() and (line.isprintable() or not line):
        while stop - start > columns:
            yield Row(start, start + columns)
            start += columns
    else:
        place, used = start, 0
        while place < stop:
            after = min(graphemes.after(text, place), stop)
            wide = width(shown(text[place:after]))
            if used and used + wide > columns:
                yield Row(start, place)
                start, used = place, 0
            place, used = after, used + wide
    yield Row(start, stop)
