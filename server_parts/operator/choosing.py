"""Which screen the operator gets: the terminal's, plain lines, or none."""

from __future__ import annotations

import importlib.util
import os
import sys

from server_parts.operator.screen import LineScreen, Screen


def choose_screen(prompt: str) -> Screen | None:
    """None if nobody can type."""
    if not sys.stdin.isatty():
        return None
    if sys.stdout.isatty() and _can_edit_lines() and os.environ.get("TERM", "dumb") != "dumb":
        # Imported here, for systems that have no such terminals.
        from server_parts.operator.terminal_screen import TerminalScreen

        return TerminalScreen(prompt)
    return LineScreen(prompt)


def _can_edit_lines() -> bool:
    return importlib.util.find_spec("termios") is not None  # not on Windows
