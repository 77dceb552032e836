"""Questions to the server's search, and who takes each answer. It must not know what is looked for, or why."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from chat_common import Frame

Take = Callable[["Results"], None]

_ITEM = re.compile(r'"([^"]*)"(\*?)|([^\s"]+)')
_FILTER = re.compile(r"(?:from|in|since|until):.", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")


class Results(NamedTuple):
    """An answer, newest message first."""

    messages: list[Frame]
    total: int | None  # how many match; None if the server does not count
    partial: bool  # the server did not look through everything


@dataclass(slots=True)
class Pages:
    """A search that is shown page by page."""

    request: Frame  # for the next page
    shown: int = 0  # messages received so far
    more: bool = False


@dataclass(slots=True)
class ListPages:
    """The same for a list of people or rooms."""

    request: Frame
    shown: int = 0
    more: bool = False


def matches(query: str, text: str) -> list[tuple[int, int]]:
    """Where a text has the words of a query. Words that differ in their accents are not marked."""
    spans = []
    for quoted, star, bare in _ITEM.findall(query):
        words = [] if _FILTER.match(bare) else _WORD.findall(quoted or bare)
        if words:
            row = r"[\W_]+".join(map(re.escape, words)) + (r"\w*" if star or bare.endswith("*") else "")
            edge = r"(?<![^\W_])", r"(?![^\W_])"
            if not words[0][0].isascii():  # perhaps of a script without spaces
                edge = "", ""
            spans += [match.span() for match in re.finditer(edge[0] + row + edge[1], text, re.IGNORECASE)]
    return _apart(sorted(spans))


def _apart(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those that do not overlap one before them."""
    kept: list[tuple[int, int]] = []
    for start, end in spans:
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return kept


class Searches:
    def __init__(self, otherwise: Take) -> None:
        """`otherwise` takes what nobody waits for."""
        self._otherwise = otherwise
        self._asked: deque[tuple[str, Take]] = deque()
        self._found: list[Frame] = []  # an answer that comes in several frames

    def expect(self, text: str, take: Take) -> None:
        """That was just asked."""
        self._asked.append((text, take))

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
