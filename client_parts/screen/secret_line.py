"""A line that must not be seen, such as a password: keys in, dots out.

Nothing else remembers it: it has no history, no draft and nothing to undo. It must not know the terminal.
"""

from __future__ import annotations

from terminal_parts import graphemes
from terminal_parts.keys import Key

_ENTER = ("\r", "\n")
_LEAVES = ("\x03", "\x04", "\x07", "\x1b")  # Ctrl+C, Ctrl+D, Ctrl+G, Esc
_BACKSPACE = ("\x7f", "\x08")
_EMPTIES = ("\x15", "\x17")  # Ctrl+U, Ctrl+W
_DOT = "•"


class Abandoned(Exception):
    """The person does not want to type it after all."""


class SecretLine:
    def __init__(self, question: str) -> None:
        self._question = question
        self._text = ""

    def press(self, key: Key) -> str | None:
        """The line, if that key ended it. Raises Abandoned. Keys that mean nothing here do nothing."""
        if key.code in _LEAVES:
            raise Abandoned
        if key.code in _ENTER:
            return self._text
        if not key.code:
            self._text += key.text
        elif key.code in _BACKSPACE:
            self._text = self._text[: graphemes.before(self._text, len(self._text))]
        elif key.code in _EMPTIES:
            self._text = ""
        return None

    def drawn(self) -> tuple[str, int, str]:
        """What may be seen of it: the text, the cursor in it, the prompt."""
        return _DOT * len(self._text), len(self._text), self._question
