"""An operator in front of a server of the same process, whose screen is a list of lines."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from queue import SimpleQueue

from server_parts.operator.screen import Screen
from tests.peers import WAIT

_PAINT = re.compile(r"\x1b\[\d+m")


class Seated(Screen):
    """The screen of an operator, and the operator."""

    def __init__(self, prompt: str) -> None:
        super().__init__(lambda text: None)
        self.prompt = prompt
        self._typed: SimpleQueue[str | None] = SimpleQueue()
        self._shown = ""
        self._changed = threading.Condition()

    # --- What the operator does ---

    def enter(self, line: str) -> None:
        self._typed.put(line)

    def see(self, pattern: str) -> str:
        """What is shown up to there, from where was looked last, without colours."""

        def found() -> re.Match[str] | None:
            return re.search(pattern, self._shown)

        with self._changed:
            assert self._changed.wait_for(lambda: found() is not None, WAIT), (pattern, self._shown)
            match = found()
            assert match is not None
            seen, self._shown = self._shown[: match.end()], self._shown[match.end() :]
        return seen

    def answered(self) -> str:
        """All that is shown before the answer to a question that comes last."""
        self.enter("/help help")
        return self.see(r"\* /help \[COMMAND\]: [^\n]*\n")

    # --- The screen ---

    def set_prompt(self, prompt: str) -> None:
        self.prompt = prompt

    def show(self, text: str) -> None:
        with self._changed:
            self._shown += _PAINT.sub("", text)
            self._changed.notify_all()

    def attend(self, run: Callable[[], None]) -> None:
        run()

    def ask(self) -> str:
        line = self._typed.get()
        if line is None:
            raise EOFError
        return line

    def end_asking(self) -> None:
        self._typed.put(None)

    def close(self) -> None:
        """Nothing is left to be shown."""
