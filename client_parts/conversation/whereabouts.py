"""Where the server has a file: what is asked of it, one question after the other, as its refusals name none."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from chat_common import Frame
from client_parts.conversation.state import State
from client_parts.screen.filing import linked
from client_parts.screen.view import as_sentence

PASSING: Final = ("storage_unavailable", "rate_limited", "internal")  # the fault is not in what was asked

Answered = Callable[[Frame | None, str], None]  # is told the answer, or None and why; no reason if the link is gone


class Whereabouts:
    def __init__(self, state: State) -> None:
        self._state = state
        self._questions: deque[tuple[str, Answered]] = deque()  # the first one was asked

    def ask(self, id: str, answered: Answered) -> None:
        self._questions.append((id, answered))
        if len(self._questions) == 1:
            self.ask_again()

    def ask_again(self) -> None:
        """Ask the first question."""
        if self._questions:
            self._state.ask_quietly({"type": "file", "id": self._questions[0][0]})

    def located(self, frame: Frame) -> None:
        if self._questions and self._questions[0][0] == frame["id"]:
            self._answer(frame, "")

    def refused(self, frame: Frame) -> bool:
        """Take in an error. Returns whether it is the answer to a question."""
        is_it = frame["code"] in ("no_such_file", "no_files", *PASSING) and frame.get("seq") is None
        if is_it and self._questions:
            self._answer(None, as_sentence(frame["text"]))
            return True
        return False

    def _answer(self, frame: Frame | None, sentence: str) -> None:
        _, answered = self._questions.popleft()
        self.ask_again()
        answered(frame, sentence)

    def forget(self) -> None:
        """The link is gone: nothing of it will be answered."""
        questions, self._questions = self._questions, deque()
        for _, answered in questions:
            answered(None, "")

    def tell(self, id: str) -> None:
        """Say name, size, and the address for a browser."""

        def answered(frame: Frame | None, sentence: str) -> None:
            if frame is not None:
                self._state.board.show(linked(frame, self._state.site))
            elif sentence:
                self._state.complain(sentence)

        self.ask(id, answered)
