"""Lines that were finished before, within reach of the arrow keys and Ctrl+R. Pure: it must not know the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from terminal_parts import graphemes
from terminal_parts.keys import Key


class Past:
    """All of them, and which one is being shown; behind the last one is the draft."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        self.search: str | None = None  # what Ctrl+R looks for
        self.search_fails = False  # if so, the line is the one that the search began with
        self._lines = list(lines)
        self._place = len(self._lines)
        self._draft = ""
        self._before_search = (self._place, "", 0)  # the place, the text and the cursor

    @property
    def search_prompt(self) -> str:
        """What stands before the line during a search."""
        if self.search is None:
            return ""
        return f"nothing matches {self.search}" if self.search_fails else f"search {self.search}"

    def add(self, line: str) -> None:
        self._lines.append(line)
        self._place = len(self._lines)

    def leave(self) -> None:
        """Come back to an empty draft."""
        self.end_search()
        self._place, self._draft = len(self._lines), ""

    def go(self, step: int, text: str) -> str | None:
        """The line that many steps away, or None if there is none; `text` is what is being shown."""
        place = self._place + step
        if not 0 <= place <= len(self._lines):
            return None
        if self._place == len(self._lines):
            self._draft = text
        self._place = place
        return self._lines[place] if place < len(self._lines) else self._draft

    def begin_search(self, text: str, cursor: int) -> None:
        self.search = ""
        self._before_search = self._place, text, cursor

    def end_search(self) -> None:
        self.search, self.search_fails = None, False

    def pressed(self, key: Key) -> tuple[str, int] | None:
        """The text and the cursor to show, if that key was for the search. Others end it and keep what was found."""
        query = self.search or ""
        if not key.code:
            return self._find(query + key.text, self._place)
        if key.code in ("\x7f", "\x08"):
            return self._find(query[: graphemes.before(query, len(query))], len(self._lines) - 1)
        if key.code == "\x12":
            return self._find(query, self._place - 1)
        self.end_search()
        if key.code in ("\x07", "\x1b"):
            self._place, text, cursor = self._before_search
            return text, cursor
        return None

    def _find(self, query: str, newest: int) -> tuple[str, int]:
        """The newest line up to that place with the query in it, or else the newest of all."""
        place = self._found(query, newest)
        self._place, text, cursor = self._before_search
        self.search, self.search_fails = query, place is None and query != ""
        if place is None:
            return text, cursor
        found = self.go(place - self._place, text) or ""
        return found, found.lower().index(query.lower())

    def _found(self, query: str, newest: int) -> int | None:
        query, last = query.lower(), len(self._lines) - 1
        newest = min(newest, last)
        places = chain(range(newest, -1, -1), range(last, newest, -1)) if query else ()
        return next((place for place in places if query in self._lines[place].lower()), None)
