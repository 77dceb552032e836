"""What a terminal's window says by itself: its background, and whether it has the focus; and when a person last did
something there.

It must not know sockets, frames or rows. The main thread presses keys; any thread may look.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from terminal_parts.background import Background
from terminal_parts.keys import Key

FOCUS_IN, FOCUS_OUT = "\x1b[I", "\x1b[O"
_JUST_NOW: Final = 60.0  # seconds after a key in which somebody surely looks, where nothing is said about the focus
_PAUSE: Final = 5.0  # seconds without a key: the next one is news


class Window:
    def __init__(self) -> None:
        self.has_focus: bool | None = None  # None: that was never said
        self.losses = 0  # how often the focus was lost
        self.touched = time.monotonic()
        self.stirred: Callable[[], None] = lambda: None  # called when somebody is back
        self.background = Background()

    @property
    def patience(self) -> float:
        """For how long an answer is still worth waiting for, before somebody else gets what is typed."""
        return self.background.patience

    def takes(self, key: Key) -> bool:
        """Whether that is no key which a person pressed, but something that the terminal says."""
        if key.code == FOCUS_OUT:
            self.has_focus = False
            self.losses += 1
            return True
        is_back = key.code == FOCUS_IN and self.has_focus is False
        if key.code == FOCUS_IN:
            self.has_focus = True
        elif self.background.takes(key):
            return True
        self._touch(is_news=is_back)
        return key.code == FOCUS_IN

    def _touch(self, *, is_news: bool) -> None:
        before, self.touched = self.touched, time.monotonic()
        if is_news or self.touched - before > _PAUSE:
            self.stirred()

    def is_looked_at(self) -> bool:
        """Whether somebody sees what is shown now, as far as that can be known."""
        if self.has_focus is None:
            return time.monotonic() - self.touched < _JUST_NOW
        return self.has_focus
