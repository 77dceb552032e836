"""How what is being typed looks on several rows. Pure: it must not know the terminal."""

from __future__ import annotations

from typing import NamedTuple

from chat_common import paint
from terminal_parts.input_row import input_row, prompt_in
from terminal_parts.layout import Shape, lay_out, shown
from terminal_parts.width import width

_LEAST = 4  # columns for the text; with fewer there is one row that shows a part of it
_MORE_ABOVE, _MORE_BELOW = "↑", "↓"


class InputRows(NamedTuple):
    """Painted rows, and the row and the column of the cursor in them."""

    rows: list[str]
    row: int
    column: int


def shape_in(prompt: str, columns: int, most: int) -> Shape | None:
    """The room for the text beside a prompt; None if it has to be on one row.

    Two columns stay free: one for the sign that there is more, and the last, from which a terminal would go on to the
    next row.
    """
    room = columns - 2 - width(prompt_in(prompt, columns))
    return Shape(room, most) if most > 1 and room >= _LEAST else None


def input_rows(prompt: str, color: str | None, text: str, cursor: int, columns: int, most: int) -> InputRows:
    """The text on as many rows as it needs, or those around the cursor; the prompt stands before the first of them."""
    if (shape := shape_in(prompt, columns, most)) is None:
        row, column = input_row(prompt, color, text, cursor, columns)
        return InputRows([row], 0, column)
    layout = lay_out(text, cursor, shape)
    first = max(0, min(layout.current - most // 2, len(layout.rows) - most))
    last = min(first + most, len(layout.rows))
    prompt = prompt_in(prompt, columns)
    indent = width(prompt)
    rows = [" " * indent + shown(text[start:end]) for start, end in layout.rows[first:last]]
    rows[0] = paint(prompt, color) + rows[0][indent:]
    if layout.is_cut[0] or first > 0:
        rows[0] = _marked(rows[0], _MORE_ABOVE, columns)
    if layout.is_cut[1] or last < len(layout.rows):
        rows[-1] = _marked(rows[-1], _MORE_BELOW, columns)
    before = shown(text[layout.rows[layout.current].start : cursor])
    return InputRows(rows, layout.current - first, min(indent + width(before), columns - 1))


def _marked(row: str, mark: str, columns: int) -> str:
    return row + " " * (columns - 2 - width(row)) + paint(mark, None, "dark")
