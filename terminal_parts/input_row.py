"""How a line that is being typed looks on one row of any width. Pure: it must not know the terminal."""

from __future__ import annotations

from chat_common import harmless_line, paint
from terminal_parts.width import cut, width


def input_row(prompt: str, color: str | None, text: str, cursor: int, columns: int) -> tuple[str, int]:
    """The painted row, and the column of the cursor in it.

    The prompt always stays. A text that does not fit is shown around the cursor, with a sign where something is
    missing. The row leaves the last column free: a terminal would go on to the next row from there.
    """
    prompt = cut(prompt.rstrip("> "), max(6, columns // 2) - 2) + "> "
    room = columns - 1 - width(prompt)
    if room < 4:
        prompt, room = "", max(1, columns - 1)
    before, after = harmless_line(text[:cursor]), harmless_line(text[cursor:])
    place = width(before)
    step = max(1, (room - 2) // 2)
    start = 0 if place + width(after) <= room else max(0, place // step - 1) * step
    shown = paint(prompt, color) + _part(before + after, start, room)
    return shown, min(width(prompt) + place - start, max(0, columns - 1))


def _part(text: str, start: int, room: int) -> str:
    """So many columns of a text from that one on."""
    signs = room > 2
    before, after = signs and start > 0, signs and width(text) > start + room
    first, last = start + before, start + room - after
    kept, column, end = "", 0, first
    for character in text:
        wide = width(character)
        if column >= first and column + wide <= last and (kept or wide):
            kept += " " * (column - end) + character
            end = column + wide
        column += wide
    return "<" * before + kept + (" " * (last - end) + ">") * after
