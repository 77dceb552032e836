"""What a terminal's window says by itself: its background, and whether it has the focus; and when a person last did
something there.

It must not know sockets, frames or rows. The main thread presses keys; any thread may look.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Final

from terminal_parts.keys import Key

FOCUS_IN, FOCUS_OUT = "\x1b[I", "\x1b[O"
# Every terminal answers the second question: then there will be no answer to the first any more.
QUESTION: Final = "\x1b]11;?\x1b\\\x1b[c"
PATIENCE: Final = 0.5  # seconds that an answer is waited for when the terminal is given back
_JUST_NOW: Final = 60.0  # seconds after a key in which somebody surely looks, where nothing is said about the focus
_PAUSE: Final = 5.0  # seconds without a key: the next one is news
_COLOR = re.compile(r"\x1b\]11;rgba?:([0-9a-f]{1,4})/([0-9a-f]{1,4})/([0-9a-f]{1,4})(?:/[0-9a-f]{1,4})?", re.IGNORECASE)
_ATTRIBUTES = re.compile(r"\x1b\[\?[0-9;]*c")


class Window:
    def __init__(self) -> None:
        self.has_focus: bool | None = None  # None: that was never said
        self.losses = 0  # how often the focus was lost
        self.touched = time.monotonic()
        self.stirred: Callable[[], None] = lambda: None  # called when somebody is back
        self._told: Callable[[str], None] | None = None
        self._asked: float | None = None  # when, while an answer may still come

    # --- The background ---

    def ask_background(self, told: Callable[[str], None]) -> None:
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

    # --- Keys ---

    def takes(self, key: Key) -> bool:
        """Whether that is no key which a person pressed, but something that the terminal says."""
        if key.code == FOCUS_OUT:
            self.has_focus = False
            self.losses += 1
            return True
        is_back = key.code == FOCUS_IN and self.has_focus is False
        if key.code == FOCUS_IN:
            self.has_focus = True
        elif key.code.startswith("\x1b]") and len(key.code) > 2:
            self._take_answer(key.code)
            return True
        elif _ATTRIBUTES.fullmatch(key.code):
            self._told = None
            return True
        self._touch(is_news=is_back)
        return key.code == FOCUS_IN

    def _take_answer(self, code: str) -> None:
        if self._told is not None and (theme := theme_for(code)):
            self._told(theme)

    def _touch(self, *, is_news: bool) -> None:
        before, self.touched = self.touched, time.monotonic()
        if is_news or self.touched - before > _PAUSE:
            self.stirred()

    def is_looked_at(self) -> bool:
        """Whether somebody sees what is shown now, as far as that can be known."""
        if self.has_focus is None:
            return time.monotonic() - self.touched < _JUST_NOW
        return self.has_focus


def theme_for(answer: str) -> str | None:
    """The theme for the background that a terminal tells; None if it does not tell one."""
    if not (found := _COLOR.fullmatch(answer)):
        return None
    red, green, blue = (int(part, 16) / (16 ** len(part) - 1) for part in found.groups())
    return "light" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "dark"
