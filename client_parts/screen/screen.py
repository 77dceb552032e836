"""What the client needs of a screen, and which of them this run gets. It must not know frames or rooms."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from chat_common import Frame
from client_parts.input.completion import Vocabulary
from client_parts.input.correctable import Correctable
from client_parts.screen.board import Board
from client_parts.screen.line_screen import JsonScreen, LineScreen
from client_parts.screen.status import Status


class Screen(Board, Protocol):
    """Any thread may show; one thread reads, inside `with screen`. Lines come in painted and harmless."""

    interactive: bool  # a person types
    continues: bool  # the line just read is a further piece of the one before
    corrects: Correctable | None  # the message of which the line just read is the new text
    leaving_key: str  # the key that leaves the question for a secret
    objection: Callable[[], str]  # what a person who leaves may not know, if anything

    @property
    def broken(self) -> bool:
        """Nobody sees it any more."""

    def __enter__(self) -> Any: ...
    def __exit__(self, *exception: object) -> None: ...
    def together(self) -> AbstractContextManager[None]:
        """For one thread that shows much and waits for nothing in between: it may appear a few lines at a time."""

    def event(self, frame: Frame) -> None: ...
    def set_status(self, status: Status) -> None: ...
    def set_vocabulary(self, vocabulary: Vocabulary) -> None: ...
    def read_line(self) -> str: ...

    def ask_secret(self, question: str) -> str | None:
        """What a person types unseen; None if they leave that. It is shown, kept and told to programs by nobody."""

    def end_reading(self) -> None: ...

    def is_typed_to(self) -> bool:
        """Whether somebody has begun to type, before it is entered."""

    def ask_background(self, told: Callable[[str], None]) -> None:
        """Ask the terminal for its background, if it can tell. `told` gets the theme for it, perhaps never."""

    def wait_to_leave(self) -> None:
        """After an end that nobody here asked for: let the person finish the line, and read what happened."""


def choose_screen(*, json_events: bool = False, reads: bool = True) -> Screen:
    """Without `reads`, whatever is typed or comes through a pipe is not for this run."""
    if json_events:
        return JsonScreen(reads=reads)
    if not reads:
        return LineScreen(reads=False)
    both = sys.stdin.isatty() and sys.stdout.isatty()
    if both and _can_edit_lines() and os.environ.get("TERM", "dumb") != "dumb":
        # Imported here, for systems that have no such terminals.
        from client_parts.kept.input_history import InputHistory, history_path
        from client_parts.screen.terminal_screen import TerminalScreen

        return TerminalScreen(InputHistory(history_path()))
    return LineScreen(echoes=both)


def _can_edit_lines() -> bool:
    return importlib.util.find_spec("termios") is not None  # not on Windows
