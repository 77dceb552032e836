"""How a file is named in a line: harmless, in one row, and with the number by which a person speaks of it. Pure."""

from __future__ import annotations

from typing import Final

from chat_common import Frame, harmless_line, without_padding
from client_parts.files.progress import size_text
from terminal_parts.width import cut

_LONGEST: Final = 60  # columns of a name
_BRACKETS: Final = str.maketrans("[]", "()")


def shown_name(name: str) -> str:
    """In one row, and so that nothing behind it is taken for a part of it."""
    return cut(without_padding(harmless_line(name)), _LONGEST)


def mark(number: int, file: Frame) -> str:
    """What stands in a message that brings a file: `[file 3: plan.png, 1.2 MB]`."""
    return f"[file {number}: {shown_name(file['name']).translate(_BRACKETS)}, {size_text(file['size'])}]"
