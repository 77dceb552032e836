"""How many columns a text takes, and where its lines are broken. The one place that measures text.

Pure: strings in, strings out. It must not know the terminal, and it expects text that `harmless` has seen.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

PAINT = re.compile(r"\x1b\[[0-9;]*m")
_PAINTED = re.compile(f"({PAINT.pattern})")
HANG = 2  # columns that the further rows of a line are moved in
_WIDENING = "\ufe0f"  # asks for an emoji where there may be a narrow sign; a terminal may obey or not
# Signs that Unicode made wide after the tables of some Pythons here were written.
_WIDE = re.compile(
    "[\u2630-\u2637\u268a-\u268f\u4dc0-\u4dff\U0001d300-\U0001d356\U0001d360-\U0001d376\U0001f1e6-\U0001f1ff]"
)
_JAMO = re.compile("[\u1160-\u11ff\ud7b0-\ud7ff]")  # Korean vowels and finals, drawn into the sign before them
# Two letters of a flag, or an emoji with the colour of its skin.
_ONE_SIGN = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}|[\u261d\u26f9\u270a-\u270d\U0001f385-\U0001faff][\U0001f3fb-\U0001f3ff]"
)
_SIGN = re.compile(f"{_ONE_SIGN.pattern}|.", re.DOTALL)
_WIDE_SIGN = "\u4e00"
_PIECE = re.compile(r" +|[^ ]+")  # a colour within a word does not end it
# Scripts without spaces between words are broken between characters, but not before or after some signs.
_IDEOGRAPHS = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U0003fffd"
)
_OPENING = "\uff08\u300c\u300e\u3010\u3008\u300a\u3014\u3016\uff62"
_CLOSING = (
    "\u3001\u3002\uff0c\uff0e\uff01\uff1f\uff1a\uff1b\uff09"
    "\u300d\u300f\u3011\u3009\u300b\u3015\u3017\u301c\uff61\uff63\uff64"
)
_SMALL_KANA = (
    "\u3005\u30fb\u30fc\uff65\uff70\u3041\u3043\u3045\u3047\u3049\u3063\u3083\u3085\u3087\u308e"
    "\u30a1\u30a3\u30a5\u30a7\u30a9\u30c3\u30e3\u30e5\u30e7\u30ee\u30f5\u30f6"
)
_MARKS = "\u3099\u309a\uff9e\uff9f\ufe00-\ufe0f\U000e0100-\U000e01ef"
_NOT_FIRST = rf"{_CLOSING}{_SMALL_KANA}{_MARKS}\u2019\u201d\u2026,.!?:;%)}}\]"  # in a row
_NOT_LAST = rf"{_OPENING}\u2018\u201c([{{"
_BETWEEN = re.compile(
    f"(?<![{_NOT_LAST}m])(?![{_NOT_FIRST}\x1b])(?:(?<=[{_IDEOGRAPHS}{_CLOSING}])|(?=[{_IDEOGRAPHS}{_OPENING}]))"
)


def width(text: str) -> int:
    """The columns that a text takes, painted or not; where terminals differ, the larger number."""
    if text.isascii():
        return len(PAINT.sub("", text)) if "\x1b" in text else len(text)
    return sum(map(_width_of, _ONE_SIGN.sub(_WIDE_SIGN, PAINT.sub("", text))))


@lru_cache(maxsize=4_096)
def _width_of(character: str) -> int:
    if character == _WIDENING:
        return 1
    if unicodedata.category(character) in ("Mn", "Me", "Cf") or _JAMO.match(character):
        return 0
    if unicodedata.east_asian_width(character) in "WF":
        return 2
    return 2 if _WIDE.match(character) else 1


def signs(text: str) -> list[str]:
    """The parts of an unpainted text that have a width of their own, which together is the width of the text."""
    return list(text) if text.isascii() else _SIGN.findall(text)


def cut(text: str, columns: int) -> str:
    """As much of an unpainted text as fits, with a sign where something is missing."""
    if width(text) <= columns:
        return text
    kept, used = [], 0
    for sign in signs(text):
        used += width(sign)
        if used > columns - 1:
            break
        kept.append(sign)
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
    for piece in _pieces(line):
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


def _pieces(line: str) -> Iterator[str]:
    """Runs of spaces, and what must not be broken between them."""
    for piece in _PIECE.findall(line):
        if piece.isascii():
            yield piece
        else:
            yield from _BETWEEN.split(piece)


def height(row: str, columns: int) -> int:
    """How many rows of the screen one row of `wrap` takes: more than one if it holds a word that is wider."""
    row = PAINT.sub("", row)
    if row.isascii():
        return max(1, -(-len(row) // columns))
    rows, column = 1, 0
    for sign in signs(row):
        wide = width(sign)
        if column + wide > columns:
            rows, column = rows + 1, 0
        column += wide
    return rows


def last_rows(row: str, columns: int, number: int) -> str:
    """The end of one row of `wrap` that takes more than so many rows of the screen, in its colours."""
    rows, column, paint = [""], 0, ""
    for part in _PAINTED.split(row):  # texts and colours in turn
        if PAINT.match(part):
            paint += part
            rows[-1] += part
            continue
        for sign in signs(part):
            wide = width(sign)
            if column + wide > columns:
                rows.append(paint)
                column = 0
            rows[-1] += sign
            column += wide
    return "".join(rows[-number:])
