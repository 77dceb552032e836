"""Screens of a terminal emulator as one SVG picture: plain window frames, and every character in its own cell.

Pure: shots of screens go in, a string comes out. It must not know what runs in the terminals.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from xml.sax.saxutils import escape

from pyte.screens import Char, Screen

CELL_WIDTH, CELL_HEIGHT, FONT_SIZE = 7.5, 17, 12.5
BASELINE: Final = 12.6  # of the text, below the top of its cell
TITLE_BAR, PADDING, GAP, MARGIN = 26, 10, 10, 1
FONTS: Final = "ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono','DejaVu Sans Mono',monospace"
_PIECE = re.compile(r"\S+(?: \S+)*")  # viewers may take several spaces for one, so no piece contains them


@dataclass(frozen=True, slots=True)
class Theme:
    """What the names of a terminal's colours look like, and the frame around it."""

    background: str
    text: str
    bar: str
    border: str
    title: str
    colors: Mapping[str, str]

    def color(self, name: str, default: str) -> str:
        """The emulator gives one of the 16 names, `default`, or six hexadecimal digits."""
        return default if name == "default" else self.colors.get(name, f"#{name}")


# The emulator calls yellow brown, as the first colour screens did.
_NORMAL = ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white")
_NAMES = (*_NORMAL, *(f"bright{name}" for name in _NORMAL))


def _colors(values: str) -> dict[str, str]:
    return {name: f"#{value}" for name, value in zip(_NAMES, values.split(), strict=True)}


DARK: Final = Theme(
    background="#0d1117",
    text="#e6edf3",
    bar="#21262d",
    border="#3d444d",
    title="#9198a1",
    colors=_colors(
        "484f58 ff7b72 3fb950 d29922 58a6ff bc8cff 39c5cf b1bac4 "
        "6e7681 ffa198 56d364 e3b341 79c0ff d2a8ff 56d4dd f0f6fc"
    ),
)
LIGHT: Final = Theme(
    background="#ffffff",
    text="#1f2328",
    bar="#f0f2f5",
    border="#d1d9e0",
    title="#59636e",
    colors=_colors(
        "24292f cf222e 116329 8a5d00 0969da 8250df 1b7c83 6e7781 "
        "57606a a40e26 1a7f37 9a6700 218bff a475f9 3192aa 8c959f"
    ),
)


class FaintScreen(Screen):
    """An emulator that knows faint text. pyte has no field for it: the one for blinking text, unused here, holds it."""

    def select_graphic_rendition(self, *attributes: int) -> None:
        super().select_graphic_rendition(*attributes)
        if not {38, 48} & set(attributes):  # those are followed by numbers that mean other things
            if 2 in attributes:
                super().select_graphic_rendition(5)
            elif 22 in attributes:
                super().select_graphic_rendition(25)


@dataclass(frozen=True, slots=True)
class Shot:
    """What one terminal showed at one moment."""

    title: str
    rows: tuple[tuple[Char, ...], ...]
    cursor: tuple[int, int]

    @property
    def width(self) -> float:
        return len(self.rows[0]) * CELL_WIDTH + 2 * PADDING

    @property
    def height(self) -> float:
        return len(self.rows) * CELL_HEIGHT + 2 * PADDING + TITLE_BAR


def shoot(screen: Screen, title: str) -> Shot:
    rows = tuple(tuple(screen.buffer[y][x] for x in range(screen.columns)) for y in range(screen.lines))
    return Shot(title, rows, (screen.cursor.x, screen.cursor.y))


def draw(shots: Sequence[Sequence[Shot]], theme: Theme, label: str) -> str:
    """The picture: rows of windows, one below the other."""
    width = max(sum(shot.width + GAP for shot in row) for row in shots) - GAP + 2 * MARGIN
    parts: list[str] = []
    top: float = MARGIN
    for row in shots:
        left: float = MARGIN
        for shot in row:
            parts += [f'<g transform="translate({left:g} {top:g})">', *_window(shot, theme), "</g>"]
            left += shot.width + GAP
        top += max(shot.height for shot in row) + GAP
    height = top - GAP + MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="{FONTS}" font-size="{FONT_SIZE}" role="img">\n'
        f"<title>{escape(label)}</title>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _window(shot: Shot, theme: Theme) -> Iterator[str]:
    width, height = shot.width, shot.height
    yield f'<rect width="{width:g}" height="{height:g}" rx="8" fill="{theme.bar}"/>'
    yield (
        f'<path d="M0 {TITLE_BAR}h{width:g}v{height - TITLE_BAR - 8:g}a8 8 0 0 1-8 8h-{width - 16:g}a8 8 0 0 1-8-8z" '
        f'fill="{theme.background}"/>'
    )
    yield f'<rect width="{width:g}" height="{height:g}" rx="8" fill="none" stroke="{theme.border}"/>'
    yield f'<g fill="{theme.border}"><circle cx="16" cy="13" r="5"/><circle cx="32" cy="13" r="5"/>'
    yield '<circle cx="48" cy="13" r="5"/></g>'
    yield f'<text x="66" y="17" fill="{theme.title}">{escape(shot.title)}</text>'
    yield f'<g transform="translate({PADDING} {TITLE_BAR + PADDING})">'
    x, y = shot.cursor
    yield _box(x, y, 1, theme.title)
    for number, row in enumerate(shot.rows):
        yield from _row(row, number, theme)
    yield "</g>"


@dataclass(frozen=True, slots=True)
class _Style:
    color: str
    background: str
    bold: bool
    underlined: bool
    faint: bool

    @property
    def attributes(self) -> str:
        return (
            f' fill="{self.color}"'
            + (' font-weight="bold"' if self.bold else "")
            + (' text-decoration="underline"' if self.underlined else "")
            + (' opacity=".65"' if self.faint else "")
        )


def _style_of(cell: Char, theme: Theme) -> _Style:
    color, background = theme.color(cell.fg, theme.text), theme.color(cell.bg, theme.background)
    if cell.reverse:
        color, background = background, color
    return _Style(color, background, cell.bold, cell.underscore, cell.blink)


@dataclass(frozen=True, slots=True)
class _Glyph:
    """One character and its column. The second cell of a wide one is empty, and belongs to the first."""

    x: int
    columns: int
    data: str
    style: _Style

    @property
    def sign(self) -> str:
        """Empty for ASCII, whose widths every monospaced font agrees on. Any other may come from another font."""
        return "" if self.data.isascii() else self.data


def _row(row: Sequence[Char], y: int, theme: Theme) -> Iterator[str]:
    """Its coloured backgrounds, and its texts: each begins at its own column and is made as wide as its cells."""
    glyphs = list(_glyphs(row, theme))
    for background, same in groupby(glyphs, lambda glyph: glyph.style.background):
        run = list(same)
        if background != theme.background:
            yield _box(run[0].x, y, _columns(run), background)
    for (style, sign), similar in groupby(glyphs, lambda glyph: (glyph.style, glyph.sign)):
        run = list(similar)
        if sign:
            yield _text(run[0].x, y, _columns(run), sign * len(run), style)
        else:
            for piece in _PIECE.finditer("".join(glyph.data for glyph in run)):
                yield _text(run[0].x + piece.start(), y, len(piece[0]), piece[0], style)


def _glyphs(row: Sequence[Char], theme: Theme) -> Iterator[_Glyph]:
    for x, cell in enumerate(row):
        if cell.data:
            is_wide = x + 1 < len(row) and not row[x + 1].data
            yield _Glyph(x, 2 if is_wide else 1, cell.data, _style_of(cell, theme))


def _columns(run: Sequence[_Glyph]) -> int:
    return sum(glyph.columns for glyph in run)


def _box(x: int, y: int, columns: int, color: str) -> str:
    return (
        f'<rect x="{x * CELL_WIDTH:g}" y="{y * CELL_HEIGHT}" width="{columns * CELL_WIDTH:g}" '
        f'height="{CELL_HEIGHT}" fill="{color}"/>'
    )


def _text(x: int, y: int, columns: int, text: str, style: _Style) -> str:
    return (
        f'<text x="{x * CELL_WIDTH:g}" y="{y * CELL_HEIGHT + BASELINE:g}" textLength="{columns * CELL_WIDTH:g}" '
        f'lengthAdjust="spacingAndGlyphs"{style.attributes}>{escape(text)}</text>'
    )
