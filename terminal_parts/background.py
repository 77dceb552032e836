"""The background of a terminal, asked of the terminal itself: so colours can be read on it from the beginning.

It must not know what becomes of the answer, nor who writes the question. The main thread presses keys; any may look.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Final

from terminal_parts.keys import Key

# Every terminal answers the second question: then there will be no answer to the first any more.
QUESTION: Final = "\x1b]11;?\x1b\\\x1b[c"
PATIENCE: Final = 0.5  # seconds that an answer is waited for when the terminal is given back
_COLOR = re.compile(r"\x1b\]11;rgba?:([0-9a-f]{1,4})/([0-9a-f]{1,4})/([0-9a-f]{1,4})(?:/[0-9a-f]{1,4})?", re.IGNORECASE)
_ATTRIBUTES = re.compile(r"\x1b\[\?[0-9;]*c")
_TAKE_COMMANDS: Final = (
    *("xterm", "rxvt", "screen", "tmux", "alacritty", "foot", "kitty"),
    *("st-", "konsole", "gnome", "vte", "wezterm"),
)


def takes_commands(terminal: str) -> bool:
    """Whether a terminal of that kind takes commands for its window: others may show them."""
    return terminal.startswith(_TAKE_COMMANDS)


class Background:
    def __init__(self) -> None:
        self._told: Callable[[str], None] | None = None
        self._asked: float | None = None  # when, while an answer may still come

    def ask(self, told: Callable[[str], None]) -> None:
        """Have it asked when the terminal is opened; `told` gets the theme for it, in the main thread."""
        self._told = told

    def question(self) -> str:
        """The codes that ask it, the first time that they are wanted."""
        if self._told is None or self._asked is not None:
            return ""
        self._asked = time.monotonic()
        return QUESTION

    @property
    def patience(self) -> float:
        """For how long an answer is still worth waiting for, before somebody else gets what is typed."""
        if self._told is None or self._asked is None:
            return 0.0
        return max(0.0, self._asked + PATIENCE - time.monotonic())

    def takes(self, key: Key) -> bool:
        """Whether that is no key which a person pressed, but an answer."""
        if key.code.startswith("\x1b]") and len(key.code) > 2:
            if self._told is not None and (theme := theme_for(key.code)):
                self._told(theme)
            return True
        if _ATTRIBUTES.fullmatch(key.code):
            self._told = None
            return True
        return False


def theme_for(answer: str) -> str | None:
    """The theme for the background that a terminal tells; None if it does not tell one."""
    if not (found := _COLOR.fullmatch(answer)):
        return None
    red, green, blue = (int(part, 16) / (16 ** len(part) - 1) for part in found.groups())
    return "light" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "dark"
