"""A message of one's own that is corrected in the input, and the draft that it has put aside.

It must not know the terminal, rooms, or how a correction is sent.
"""

from __future__ import annotations

from client_parts.input.correctable import Correctable
from terminal_parts.editor import Editor
from terminal_parts.keys import Key

_COMMAND = "/edit"
_ENTER, _UP, _ESCAPE = "\r", "\x1b[A", "\x1b"


class Correcting:
    def __init__(self, editor: Editor) -> None:
        self.which: Correctable | None = None  # what is being corrected
        self._editor = editor
        self._draft = ""

    @property
    def prompt(self) -> str:
        """What stands before the text meanwhile."""
        return "" if self.which is None else f"edit [{self.which.id}]"

    def takes(self, key: Key, own: Correctable | None) -> bool:
        """Whether that key brings `own` into the input, or the draft back. Then it means nothing else."""
        if self._editor.search is not None:
            return False
        if self.which is None:
            if own is None or not self._is_asked_for(key):
                return False
            self._begin(own)
        elif key.code == _ESCAPE:
            self.give_up()
        elif key.code == _UP and self._editor.text == self.which.text and "\n" not in self.which.text:
            self.give_up()  # whoever goes on looks for what was typed before
            return False
        else:
            return False
        return True

    def _is_asked_for(self, key: Key) -> bool:
        text = self._editor.text
        return (key.code == _UP and not text) or (key.code == _ENTER and text.strip() == _COMMAND)

    def is_left(self) -> bool:
        """Whether Ctrl+C means the correction."""
        return self.which is not None and self._editor.search is None

    def _begin(self, which: Correctable) -> None:
        self._put(which.text, draft="" if self._editor.text.strip() == _COMMAND else self._editor.text)
        self.which = which

    def give_up(self) -> None:
        """Bring the draft back."""
        self.which = None
        self._put(self._draft)

    def end(self) -> Correctable | None:
        """The text is finished. Returns what it corrects, if anything."""
        which, self.which = self.which, None
        return which

    def _put(self, text: str, draft: str = "") -> None:
        self._editor.take()
        self._editor.replace(0, 0, text)
        self._draft = draft
