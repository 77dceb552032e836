"""Lines that come while somebody else has the screen: the last of them wait, and the others are counted.

It must not know the terminal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from chat_common import paint
from client_parts.kept.bookmarks import Key
from terminal_parts.width import HANG

_MOST = 500


class Line(NamedTuple):
    """A painted line, how far its further rows are moved in, and of which message it is, if of one."""

    text: str
    hang: int = HANG
    key: Key | None = None


def find(lines: Sequence[Line], key: Key) -> int | None:
    """The place of the newest line of a message."""
    return next((place for place in range(len(lines) - 1, -1, -1) if lines[place].key == key), None)


class HeldLines:
    def __init__(self) -> None:
        self._lines: deque[Line] = deque(maxlen=_MOST)
        self._complaints: deque[str] = deque(maxlen=_MOST)  # those of them that must not be lost
        self._dropped = 0  # how many more there were

    def hold(self, line: str, hang: int = HANG, key: Key | None = None, *, complaint: bool = False) -> None:
        self._dropped += len(self._lines) == _MOST
        self._lines.append(Line(line, hang, key))
        if complaint:
            self._complaints.append(line)

    def change(self, key: Key, text: str) -> bool:
        """Change a message that waits. Returns whether it does."""
        if (place := find(self._lines, key)) is not None:
            self._lines[place] = self._lines[place]._replace(text=text)
        return place is not None

    def take(self) -> list[Line]:
        """Return all that wait, each with its hang, and a line before them if there were more. None wait any longer."""
        taken = self._dropped_in_words() + list(self._lines)
        self._lines.clear()
        self._complaints.clear()
        self._dropped = 0
        return taken

    def take_complaints(self) -> list[str]:
        """Return what must be shown also if the screen is never taken over again."""
        complaints = list(self._complaints)
        self._complaints.clear()
        return complaints

    def _dropped_in_words(self) -> list[Line]:
        lines = "1 more line" if self._dropped == 1 else f"{self._dropped} more lines"
        return [Line(paint(f"── {lines} came before these ──", "yellow"))] if self._dropped else []
