"""How a notification is written for a terminal that shows some outside of its window.

Pure: an environment and texts in, codes out. It must not know when somebody is to be notified.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from chat_common import harmless_line, without_padding

_LONGEST_TITLE, _LONGEST_TEXT = 80, 240  # characters


class Form(enum.Enum):
    """Which codes a terminal understands; both end with the text."""

    OSC_9 = enum.auto()
    OSC_777 = enum.auto()


def form_for(environment: Mapping[str, str]) -> Form | None:
    """What the terminal is known to understand: others might show the codes. None for one that has nothing."""
    terminal, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if environment.get("STY") or terminal in ("", "dumb", "linux"):  # screen lets nothing through
        return None
    known = ("KITTY_WINDOW_ID", "WEZTERM_PANE", "GHOSTTY_RESOURCES_DIR")
    named = program in ("iTerm.app", "WezTerm", "ghostty", "WarpTerminal") or environment.get("LC_TERMINAL") == "iTerm2"
    if named or terminal in ("xterm-kitty", "xterm-ghostty", "wezterm") or any(map(environment.get, known)):
        return Form.OSC_9
    if terminal.startswith(("foot", "rxvt-unicode")) or environment.get("VTE_VERSION"):
        return Form.OSC_777
    return None


def notification(form: Form, title: str, text: str) -> str:
    """The codes for it. Nothing in the texts can end them, or be taken for something else than text."""
    title, text = (part.replace(";", ",") for part in (title_of(title), text_of(text)))
    return f"\x1b]9;{title}: {text}\x1b\\" if form is Form.OSC_9 else f"\x1b]777;notify;{title};{text}\x1b\\"


def through_tmux(codes: str) -> str:
    """The same for the terminal that tmux runs in."""
    return "\x1bPtmux;" + codes.replace("\x1b", "\x1b\x1b") + "\x1b\\"


def title_of(text: str) -> str:
    return _inert(text, _LONGEST_TITLE)


def text_of(text: str) -> str:
    return _inert(text, _LONGEST_TEXT)


def _inert(text: str, longest: int) -> str:
    line = without_padding(harmless_line(text[: 4 * longest])).strip()
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def arguments(command: list[str], title: str, text: str) -> list[str]:
    """The words of a command of somebody's own with both texts behind them, neither of which can be an option."""
    title, text = title_of(title), text_of(text)
    if command[0].rpartition("/")[2] == "notify-send":  # it takes tags in the text for markup
        for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = text.replace(sign, entity)
    return [*command, *(f" {part}" if part.startswith(("-", "+", "@", "/")) else part for part in (title, text))]
