"""Questions to the server's search, and who takes each answer. It must not know what is looked for, or why."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from chat_common import Frame
from client_parts.conversation.state import State
from client_parts.screen.found import Results

Take = Callable[[Results], None]


@dataclass(slots=True)
class Pages:
    """A search, or a list of people or rooms, that is shown page by page."""

    request: Frame  # for the next page
    shown: int = 0  # messages, people or rooms received so far
    more: bool = False


class Searches:
    def __init__(self, state: State, otherwise: Take) -> None:
        """`otherwise` takes what nobody waits for."""
        self._state = state
        self._otherwise = otherwise
        self._asked: deque[tuple[str, Take]] = deque()
        self._found: list[Frame] = []  # an answer that comes in several frames

    def ask(self, request: Frame, take: Take) -> None:
        """Ask the server, if there is one; `take` gets the answer."""
        if self._state.online:
            self._asked.append((request["text"], take))
        self._state.ask(request)

    def answer(self, frame: Frame) -> None:
        self._found += frame["messages"]
        if not frame.get("more"):
            found, self._found = self._found, []
            self._taker(frame.get("text"))(Results(found, frame.get("total"), bool(frame.get("partial"))))

    def forget(self) -> None:
        """The link is gone, and the answers with it."""
        self._asked.clear()
        self._found.clear()

    def _taker(self, text: str | None) -> Take:
        # Answers come in the order of the questions; one that was refused has none.
        while self._asked:
            asked, take = self._asked.popleft()
            if asked == text:
                return take
        return self._otherwise
