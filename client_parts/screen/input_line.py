"""How the text that is being typed looks, laid out once for each change of it."""

from __future__ import annotations

from client_parts.screen.status import Status
from terminal_parts.input_rows import InputRows, input_rows, shape_in
from terminal_parts.layout import Shape


class InputLine:
    """The text, on one row or on several."""

    def __init__(self) -> None:
        self.shape: Shape | None = None  # the room that it has; None if that is one row
        self._typed = ("", 0, "")  # the text, the cursor in it, and a prompt other than the status's
        self._looks = InputRows([""], 0, 0)

    @property
    def height(self) -> int:
        """How many rows it takes."""
        return len(self._looks.rows)

    def change(self, text: str, cursor: int, prompt: str) -> bool:
        """Take what is being typed now. Returns whether it has changed: then it is to be laid out."""
        changed, self._typed = (text, cursor, prompt) != self._typed, (text, cursor, prompt)
        return changed

    def lay_out(self, status: Status | None, columns: int, most: int) -> None:
        """Not for each message that is shown, though every one of them ends with the cursor in this text."""
        text, cursor, prompt = self._typed
        if status is not None:
            prompt = prompt or status.prompt
            self.shape = shape_in(prompt, columns, most)
            self._looks = input_rows(prompt, status.color, text, cursor, columns, most)

    def drawn(self, first: int | None) -> str:
        """The codes that draw it from that row of the screen on, or in the row of the cursor, which is the only one."""
        # No text may leave its row here, whatever the terminal thinks of its width.
        rows = "".join(
            f"{_start(first, number)}\x1b[0m\x1b[K\x1b[?7l{row}\x1b[0m\x1b[?7h"
            for number, row in enumerate(self._looks.rows)
        )
        return rows + self.cursor(first)

    def cursor(self, first: int | None) -> str:
        """The codes that move the cursor to its place in the text."""
        _, row, column = self._looks
        return _start(first, row) + (f"\x1b[{column}C" if column else "")


def _start(first: int | None, number: int) -> str:
    return "\r" if first is None else f"\x1b[{first + number};1H"
