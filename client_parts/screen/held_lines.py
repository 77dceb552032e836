"""Lines that come while somebody else has the screen: the last of them wait, and the others are counted.

It must not know the terminal.
"""

from __future__ import annotations

from collections import deque

from chat_common import paint
from terminal_parts.width import HANG

_MOST = 500


class HeldLines:
    def __init__(self) -> None:
        self._lines: deque[tuple[str, int]] = deque(maxlen=_MOST)
        self._complaints: deque[str] = deque(maxlen=_MOST)  # those of them that must not be lost
        self._dropped = 0  # how many more there were

    def hold(self, line: str, hang: int = HANG, *, complaint: bool = False) -> None:
        self._dropped += len(self._lines) == _MOST
        self._lines.append((line, hang))
        if complaint:
            self._complaints.append(line)

    def take(self) -> list[tuple[str, int]]:
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

    def _dropped_in_words(self) -> list[tuple[str, int]]:
        lines = "1 more line" if self._dropped == 1 else f"{self._dropped} more lines"
        return [(paint(f"── {lines} came before these ──", "yellow"), HANG)] if self._dropped else []
