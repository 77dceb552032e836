"""How many columns a text takes, and where its lines are broken. The one place that measures text.

Pure: strings in, strings out. It must not know the terminal, and it expects text that `harmless` has seen.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

PAINT = re.compile(r"\x1b\[[0-9;]*m")
HANG = 2  # columns that the further rows of a line are moved in
_WIDENING = "\ufe0f"  # asks for an emoji where there may be a narrow sign; a terminal may obey or not
_PIECE = re.compile(r" +|[^ ]+")  # a colour within a word does not end it


def width(text: str) -> int:
    """The columns that a text takes, painted or not; where terminals differ, the larger number."""
    if text.isascii():
        return len(PAINT.sub("", text)) if "\x1b" in text else len(text)
    return sum(map(_width_of, PAINT.sub("", text)))


def _width_of(character: str) -> int:
    if character == _WIDENING:
        return 1
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, columns: int) -> str:
    """As much of an unpainted text as fits, with a sign where something is missing."""
    if width(text) <= columns:
        return text
    kept, used = [], 0
    for character in text:
        used += _width_of(character)
        if used > columns - 1:
            break
        kept.append(character)
    return "".join(kept) + "…" if columns > 0 else ""


def wrap(text: str, columns: int, hang: int = HANG) -> list[str]:
    """A painted text in rows, broken between words.

    A word wider than a row, such as a long address, starts on a row of its own and is left for the terminal to break:
    so it stays one piece when it is selected. `height` says how many rows that makes.
    """
    return [row for line in text.split("\n") for row in _wrap_line(line, columns, hang)]


def _wrap_line(line: str, columns: int, hang: int) -> Iterator[str]:
    if width(line) <= columns:
        yield line
        return
    lead = len(line) - len(line.lstrip(" "))
    indent = min(max(hang, lead), columns // 3)
    row, used, spaces = "", 0, ""
    for piece in _PIECE.findall(line):
        if piece.startswith(" "):
            spaces += piece
            used += len(piece)
        elif not (wide := width(piece)):  # a colour alone; spaces around it are still one gap
            row += piece
        elif used > indent and used + wide > columns:
            if width(row):
                yield row
                row = ""
            row, spaces, used = row + " " * indent + piece, "", indent + wide
        else:
            row, spaces, used = row + spaces + piece, "", used + wide
    yield row


def height(row: str, columns: int) -> int:
    """How many rows of the screen one row of `wrap` takes: more than one if it holds a word that is wider."""
    row = PAINT.sub("", row)
    if row.isascii():
        return max(1, -(-len(row) // columns))
    rows, column = 1, 0
    for character in row:
        wide = _width_of(character)
        if column + wide > columns:
            rows, column = rows + 1, 0
        column += wide
    return rows
