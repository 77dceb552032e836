"""How the line that is being typed looks, laid out once for each change of it."""

from __future__ import annotations

from client_parts.screen.status import Status
from terminal_parts.input_row import input_row


class InputLine:
    def __init__(self) -> None:
        self._typed = ("", 0, "")  # the text, the cursor in it, and a prompt other than the status's
        self._row = ("", 0)  # how that looks, and the column of the cursor

    def change(self, text: str, cursor: int, prompt: str) -> bool:
        """Take what is being typed now. Returns whether it has changed: then it is to be laid out."""
        changed, self._typed = (text, cursor, prompt) != self._typed, (text, cursor, prompt)
        return changed

    def lay_out(self, status: Status | None, columns: int) -> None:
        """Not for each message that is shown, though every one of them ends with the cursor in this line."""
        text, cursor, prompt = self._typed
        if status is not None:
            self._row = input_row(prompt or status.prompt, status.color, text, cursor, columns)

    def drawn(self, start: str) -> str:
        """The codes that draw it; `start` moves the cursor to the beginning of its row."""
        row, _ = self._row
        # No text may leave its row here, whatever the terminal thinks of its width.
        return f"{start}\x1b[0m\x1b[K\x1b[?7l{row}\x1b[0m\x1b[?7h{self.cursor(start)}"

    def cursor(self, start: str) -> str:
        """The codes that move the cursor to its place in the line."""
        _, column = self._row
        return start + (f"\x1b[{column}C" if column else "")
