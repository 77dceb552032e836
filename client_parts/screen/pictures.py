"""Pictures in terminals that decode them by themselves: those of kitty and of iTerm2. Pure.

Bytes of a stranger go out in base64 alone. It must not know files or the screen.
"""

from __future__ import annotations

import enum
import struct
from binascii import b2a_base64
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

MOST_BYTES: Final = 20 * 1024 * 1024
_CELL: Final = 8, 16  # the pixels of a character, as most terminals have them
_LONGEST: Final = 20_000  # pixels of a side …
_MOST_PIXELS: Final = 64_000_000  # … and of all: a small file can be a picture that takes all memory
_CHUNK: Final = 4_096
_PNG: Final = b"\x89PNG\r\n\x1a\n"


class Dialect(enum.Enum):
    NONE = enum.auto()
    KITTY = enum.auto()
    ITERM = enum.auto()


class Picture(NamedTuple):
    """What draws it, and how many rows that takes."""

    codes: str
    rows: int


def dialect_of(environment: Mapping[str, str]) -> Dialect:
    """Which one the terminal is known to speak. Multiplexers pass none on that they do not know."""
    terminal, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if environment.get("TMUX") or environment.get("STY") or terminal.startswith(("screen", "tmux")):
        return Dialect.NONE
    if program in ("iTerm.app", "WezTerm", "mintty"):
        return Dialect.ITERM
    if terminal.startswith(("xterm-kitty", "xterm-ghostty")) or environment.get("KITTY_WINDOW_ID"):
        return Dialect.KITTY
    return Dialect.NONE


def picture(data: bytes, dialect: Dialect, columns: int, rows: int) -> Picture | None:
    """That picture in at most so many columns and rows; None if the terminal cannot show it."""
    size = _size_of(data)
    if size is None or len(data) > MOST_BYTES or (dialect is Dialect.KITTY and not data.startswith(_PNG)):
        return None
    width, height = _fitted(size, columns, rows)
    if dialect is Dialect.KITTY:
        return Picture("".join(_kitty(data, width, height)), height)
    if dialect is Dialect.ITERM:
        form = f"inline=1;size={len(data)};width={width};height={height};preserveAspectRatio=1;doNotMoveCursor=1"
        return Picture(f"\x1b]1337;File={form}:{_base64(data)}\x07", height)
    return None


def _base64(data: bytes) -> str:
    return b2a_base64(data, newline=False).decode()


def pictures_wiped(dialect: Dialect) -> str:
    """What takes all of them off the screen, where empty rows do not."""
    return "\x1b_Ga=d,q=2\x1b\\" if dialect is Dialect.KITTY else ""


def _kitty(data: bytes, width: int, height: int) -> Iterator[str]:
    text = _base64(data)
    for place in range(0, len(text), _CHUNK):
        more = int(place + _CHUNK < len(text))
        first = f"a=T,f=100,q=2,C=1,c={width},r={height}," if not place else ""
        yield f"\x1b_G{first}m={more};{text[place : place + _CHUNK]}\x1b\\"


def _fitted(size: tuple[int, int], columns: int, rows: int) -> tuple[int, int]:
    """In characters, not larger than it is, with its own proportions."""
    width, height = size[0] / _CELL[0], size[1] / _CELL[1]
    shrunk = min(1.0, columns / width, rows / height)
    return max(1, round(width * shrunk)), max(1, round(height * shrunk))


def _size_of(data: bytes) -> tuple[int, int] | None:
    """In pixels, as its own head says; None for what is no picture of a known kind."""
    try:
        size = _read_size(data)
    except (struct.error, IndexError):
        return None
    if size is None or not all(0 < side <= _LONGEST for side in size) or size[0] * size[1] > _MOST_PIXELS:
        return None
    return size


def _read_size(data: bytes) -> tuple[int, int] | None:
    if data.startswith(_PNG):
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    if data.startswith((b"GIF87a", b"GIF89a")):
        width, height = struct.unpack("<HH", data[6:10])
        return width, height
    return _size_of_jpeg(data) if data.startswith(b"\xff\xd8") else None


def _size_of_jpeg(data: bytes) -> tuple[int, int] | None:
    place = 2
    while data[place] == 0xFF:
        kind = data[place + 1]
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return width, height
        place += 2 + int(struct.unpack(">H", data[place + 2 : place + 4])[0])
    return None
