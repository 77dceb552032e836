"""Texts for a terminal that nothing is reserved in: as wide as it is, broken between words."""

from __future__ import annotations

import os
from typing import TextIO

from terminal_parts.width import wrap


def terminal_size(descriptor: int) -> tuple[int, int]:
    """Columns and rows; the usual ones where nobody can tell."""
    try:
        columns, rows = os.get_terminal_size(descriptor)
    except (OSError, ValueError):
        columns, rows = 80, 24
    return columns or 80, rows or 24


def fitted(text: str, columns: int) -> str:
    """A text broken between words."""
    return "\n".join(wrap(text, columns))


def fitted_for(text: str, stream: TextIO) -> str:
    """The same, if the stream is a terminal."""
    return fitted(text, terminal_size(stream.fileno())[0]) if stream.isatty() else text
