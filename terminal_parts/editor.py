"""The line that is being typed: its text, its cursor, and what each key does to them.

Pure: keys in, a text and a cursor out. It must not know the terminal, nor what a line means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import chain

from terminal_parts import graphemes
from terminal_parts.keys import Key


class Editor:
    """One line after the other, with those before within reach of the arrow keys and Ctrl+R."""

    def __init__(self, past: Iterable[str] = ()) -> None:
        self.text = ""
        self.cursor = 0
        self.search: str | None = None  # what Ctrl+R looks for
        self.search_fails = False  # if so, the line is the one that the search began with
        self._past = list(past)
        self._place = len(self._past)  # which of them is being shown; behind the last one, the draft
        self._draft = ""
        self._before_search = (self._place, "", 0)  # the place, the text and the cursor
        self._killed = ""
        self._actions = self._bindings()

    @property
    def search_prompt(self) -> str:
        """What stands before the line during a search."""
        if self.search is None:
            return ""
        return f"nothing matches {self.search}" if self.search_fails else f"search {self.search}"

    def press(self, key: Key) -> None:
        if self.search is not None and self._pressed_in_search(key):
            return
        if not key.code:
            self.replace(self.cursor, self.cursor, key.text)
        elif action := self._actions.get(key.code):
            action()

    def replace(self, start: int, stop: int, new: str = "") -> None:
        """Every change of the text; the cursor is behind the new then."""
        self.text = self.text[:start] + new + self.text[stop:]
        self.cursor = start + len(new)

    def take(self) -> str:
        """The finished line. The next one begins empty."""
        line = self.text
        self.clear()
        return line

    def clear(self) -> None:
        self._end_search()
        self._place, self._draft = len(self._past), ""
        self.replace(0, len(self.text))

    def remember(self, line: str) -> None:
        self._past.append(line)
        self._place = len(self._past)

    def _bindings(self) -> dict[str, Callable[[], None]]:
        def move(place: Callable[[], int]) -> Callable[[], None]:
            return lambda: setattr(self, "cursor", place())

        def kill(place: Callable[[], int]) -> Callable[[], None]:
            return lambda: self._kill(place())

        left, right = move(self._left), move(self._right)
        start, end = move(lambda: 0), move(lambda: len(self.text))
        word_left, word_right = move(self._word_left), move(self._word_right)
        older, newer = lambda: self._go(-1), lambda: self._go(1)
        backspace, delete = lambda: self._delete(self._left()), lambda: self._delete(self._right())
        kill_word = kill(self._word_left)
        return {
            **dict.fromkeys(("\x02", "\x1b[D"), left),
            **dict.fromkeys(("\x06", "\x1b[C"), right),
            **dict.fromkeys(("\x01", "\x1b[H", "\x1b[1~", "\x1b[7~"), start),
            **dict.fromkeys(("\x05", "\x1b[F", "\x1b[4~", "\x1b[8~"), end),
            **dict.fromkeys(("\x1bb", "\x1b[1;5D", "\x1b[1;3D"), word_left),
            **dict.fromkeys(("\x1bf", "\x1b[1;5C", "\x1b[1;3C"), word_right),
            **dict.fromkeys(("\x10", "\x1b[A"), older),
            **dict.fromkeys(("\x0e", "\x1b[B"), newer),
            **dict.fromkeys(("\x08", "\x7f"), backspace),
            **dict.fromkeys(("\x04", "\x1b[3~"), delete),
            **dict.fromkeys(("\x1b\x7f", "\x1b\x08"), kill_word),
            "\x17": kill(self._blank_left),
            "\x1bd": kill(self._word_right),
            "\x15": kill(lambda: 0),
            "\x0b": kill(lambda: len(self.text)),
            "\x19": lambda: self.replace(self.cursor, self.cursor, self._killed),
            "\x14": self._swap,
            "\x12": self._begin_search,
        }

    # --- Places, and what is deleted up to them ---

    def _left(self) -> int:
        return graphemes.before(self.text, self.cursor)

    def _right(self) -> int:
        return graphemes.after(self.text, self.cursor)

    def _word_left(self) -> int:
        return self.cursor - _length(r"\W*\w*", self.text[: self.cursor][::-1])

    def _word_right(self) -> int:
        place = self.cursor + _length(r"\W*\w*", self.text[self.cursor :])
        return graphemes.after(self.text, place - 1) if place > self.cursor else place

    def _blank_left(self) -> int:
        return self.cursor - _length(r"\s*\S*", self.text[: self.cursor][::-1])

    def _delete(self, place: int) -> None:
        self.replace(min(place, self.cursor), max(place, self.cursor))

    def _kill(self, place: int) -> None:
        first, last = sorted((place, self.cursor))
        self._killed = self.text[first:last] or self._killed
        self._delete(place)

    def _swap(self) -> None:
        """The two characters around the cursor, or the last two at the end."""
        middle = self.cursor if self.cursor < len(self.text) else self._left()
        first, last = graphemes.before(self.text, middle), graphemes.after(self.text, middle)
        if middle > 0:
            self.replace(first, last, self.text[middle:last] + self.text[first:middle])

    # --- Lines before ---

    def _go(self, step: int) -> None:
        place = self._place + step
        if not 0 <= place <= len(self._past):
            return
        if self._place == len(self._past):
            self._draft = self.text
        self._place = place
        self.replace(0, len(self.text), self._past[place] if place < len(self._past) else self._draft)

    def _begin_search(self) -> None:
        self.search = ""
        self._before_search = self._place, self.text, self.cursor

    def _end_search(self) -> None:
        self.search, self.search_fails = None, False

    def _pressed_in_search(self, key: Key) -> bool:
        """Whether the key was for the search. Any other key ends it, and keeps what was found."""
        query = self.search or ""
        if not key.code:
            self._find(query + key.text, self._place)
        elif key.code in ("\x7f", "\x08"):
            self._find(query[: graphemes.before(query, len(query))], len(self._past) - 1)
        elif key.code == "\x12":
            self._find(query, self._place - 1)
        elif key.code in ("\x07", "\x1b"):
            self._show_before_search()
            self._end_search()
        else:
            self._end_search()
            return False
        return True

    def _find(self, query: str, newest: int) -> None:
        """Show the newest line up to that place with the query in it, or else the newest of all."""
        place = self._found(query, newest)
        self._show_before_search()
        self.search, self.search_fails = query, place is None and query != ""
        if place is not None:
            self._go(place - self._place)
            self.cursor = self._past[place].lower().index(query.lower())

    def _found(self, query: str, newest: int) -> int | None:
        query, last = query.lower(), len(self._past) - 1
        newest = min(newest, last)
        places = chain(range(newest, -1, -1), range(last, newest, -1)) if query else ()
        return next((place for place in places if query in self._past[place].lower()), None)

    def _show_before_search(self) -> None:
        self._place, text, cursor = self._before_search
        self.replace(0, len(self.text), text)
        self.cursor = cursor


def _length(pattern: str, text: str) -> int:
    found = re.match(pattern, text)
    return found.end() if found else 0
