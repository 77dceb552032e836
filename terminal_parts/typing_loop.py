"""What both programs' terminals do alike between two keys: signals are minded, keys become a line.

The side that inherits says what a key, an interrupt and a redraw mean to it. It must not know rooms, frames or threads.
"""

from __future__ import annotations

import os
import signal
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from terminal_parts.editor import Editor
from terminal_parts.keyboard import Keyboard
from terminal_parts.keys import Key


class Answers(Protocol):
    """What tells the terminal's own answers from keys."""

    @property
    def patience(self) -> float:
        """For how many seconds an answer is worth waiting for."""

    def takes(self, key: Key) -> bool:
        """Whether that is one."""


class TypingLoop(ABC):
    def __init__(self, keyboard: Keyboard, editor: Editor) -> None:
        self._keyboard = keyboard
        self._editor = editor
        self._keys: deque[Key] = deque()  # pressed, and not yet done with

    def _next_line(self) -> str | None:
        while self._keys:
            if (line := self._pressed(self._keys.popleft())) is not None:
                return line
        return None

    def _hear_answers(self, answers: Answers) -> None:
        """What the terminal was asked is not for whoever reads next. No fault here keeps it from being given back."""
        keyboard = self._keyboard
        with suppress(Exception):
            while keyboard.is_open and answers.patience and keyboard.has_keys(answers.patience):
                self._keys.extend(key for key in keyboard.wait() if not answers.takes(key))

    def _mind_signals(self) -> None:
        news = self._keyboard.news()
        if signal.SIGTSTP in news:
            self._stop()
        elif signal.SIGCONT in news and not self._keyboard.is_in_front():
            self._step_aside()
        elif signal.SIGCONT in news:
            # Whoever had the terminal meanwhile may have left anything there.
            self._keyboard.take_over()
            self._redraw()
        elif signal.SIGWINCH in news:
            self._redraw()
        if signal.SIGQUIT in news:
            self._quit()
        if signal.SIGINT in news:
            self._interrupted()

    def _stop(self) -> None:
        """Stop, together with whoever was started along, and come back when `fg` says so."""
        self._step_aside(lambda: os.kill(0, signal.SIGTSTP))

    @abstractmethod
    def _pressed(self, key: Key) -> str | None:
        """The line, if that key ended it."""

    @abstractmethod
    def _interrupted(self) -> None:
        """Ctrl+C."""

    @abstractmethod
    def _quit(self) -> None:
        """Ctrl+\\."""

    @abstractmethod
    def _redraw(self) -> None:
        """The terminal's size or contents may be others than before."""

    @abstractmethod
    def _step_aside(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Give the terminal back, and take it again when we are in front."""
