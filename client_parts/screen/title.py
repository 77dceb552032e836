"""The title of the terminal's window: set while the client has the screen, and given back afterwards."""

from __future__ import annotations

from terminal_parts.background import takes_commands


class Title:
    """Each method returns the codes to write: none for a terminal without a title."""

    def __init__(self, terminal: str) -> None:
        self._exists = takes_commands(terminal)
        self._shown = ""

    def saved(self) -> str:
        """Have the terminal keep the title that is there."""
        return "\x1b[22;2t" if self._exists else ""

    def changed(self, title: str) -> str:
        if not self._exists or title == self._shown:
            return ""
        self._shown = title
        return f"\x1b]2;{title}\x1b\\"

    def restored(self) -> str:
        self._shown = ""
        return "\x1b]2;\x1b\\\x1b[23;2t" if self._exists else ""
