"""How a line that is being typed looks on one row of any width. Pure: it must not know the terminal."""

from __future__ import annotations

from chat_common import harmless_line, paint
from terminal_parts.width import cut, signs, width

_NEAR = 4  # times the width of the row


def input_row(prompt: str, color: str | None, text: str, cursor: int, columns: int) -> tuple[str, int]:
    """The painted row, and the column of the cursor in it.

    The prompt always stays. A text that does not fit is shown around the cursor, with a sign where something is
    missing; far from the cursor nothing is looked at, so that a very long text costs no more than a long one. The row
    leaves the last column free: a terminal would go on to the next row from there.
    """
    prompt = prompt_in(prompt, columns)
    room = columns - 1 - width(prompt)
    if room < 4:
        prompt, room = "", max(1, columns - 1)
    near = _NEAR * columns
    first, last = max(0, cursor // near - 1) * near, cursor + near
    before, after = harmless_line(text[first:cursor]), harmless_line(text[cursor:last])
    place = width(before)
    step = max(1, (room - 2) // 2)
    fits = first == 0 and last >= len(text) and place + width(after) <= room
    start = 0 if fits else max(0, place // step - 1) * step
    shown = paint(prompt, color) + _part(before + after, start, room, is_more=(first > 0, last < len(text)))
    return shown, min(width(prompt) + place - start, max(0, columns - 1))


def prompt_in(prompt: str, columns: int) -> str:
    """The prompt, as much of it as half a row has room for."""
    return cut(harmless_line(prompt).rstrip("> "), max(6, columns // 2) - 2) + "> "


def _part(text: str, start: int, room: int, is_more: tuple[bool, bool]) -> str:
    """So many columns of a text from that one on; `is_more`: before the text, and after it."""
    marks = room > 2
    before = marks and (start > 0 or is_more[0])
    after = marks and (width(text) > start + room or is_more[1])
    first, last = start + before, start + room - after
    kept, column, end = "", 0, first
    for sign in signs(text):
        wide = width(sign)
        if column >= first and column + wide <= last and (kept or wide):
            kept += " " * (column - end) + sign
            end = column + wide
        column += wide
    return "<" * before + kept + (" " * (last - end) + ">") * after
