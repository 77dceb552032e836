"""What a search found, and where a text has its words."""

from __future__ import annotations

import re
from typing import NamedTuple

from chat_common import Frame

_ITEM = re.compile(r'"([^"]*)"(\*?)|([^\s"]+)')


_FILTER = re.compile(r"(?:from|in|since|until):.", re.IGNORECASE)


_WORD = re.compile(r"[^\W_]+")


class Results(NamedTuple):
    """An answer, newest message first."""

    messages: list[Frame]
    total: int | None  # how many match; None if the server does not count
    partial: bool  # the server did not look through everything


def matches(query: str, text: str) -> list[tuple[int, int]]:
    """Where a text has the words of a query: those that begin so, or exactly what is in quotation marks.

    Words that differ in their accents are not marked.
    """
    spans = []
    for quoted, star, bare in _ITEM.findall(query):
        words = [] if _FILTER.match(bare) else _WORD.findall(quoted or bare)
        if words:
            spans += _places(words, text, goes_on=bool(bare or star))
    return _apart(sorted(spans))


def _places(words: list[str], text: str, *, goes_on: bool = False) -> list[tuple[int, int]]:
    """Where a text has these words in a row; with `goes_on`, the last of them may be longer."""
    row = r"[\W_]+".join(map(re.escape, words)) + (r"\w*" if goes_on else "")
    edge = r"(?<![^\W_])", r"(?![^\W_])"
    if not words[0][0].isascii():  # perhaps of a script without spaces
        edge = "", ""
    return [match.span() for match in re.finditer(edge[0] + row + edge[1], text, re.IGNORECASE)]


def _apart(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those that do not overlap one before them."""
    kept: list[tuple[int, int]] = []
    for start, end in spans:
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return kept
