"""The text that is being typed: its lines, its cursor, and what each key does to them.

Pure: keys in, a text and a cursor out. It must not know the terminal, nor what a text means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from terminal_parts import graphemes
from terminal_parts.keys import NEW_LINE, Key
from terminal_parts.layout import Shape, end_of_row, start_of_row, vertical
from terminal_parts.past import Past
from terminal_parts.undo import DELETED, FOUND, TYPED, Change, Undo


class Editor:
    """One text after the other, with those before within reach.

    `shape` says how the text stands on the screen; None if it has one row, however many lines it has.
    """

    def __init__(self, past: Iterable[str] = ()) -> None:
        self.text = ""
        self.cursor = 0
        self.shape: Shape | None = None
        self._past = Past(past)
        self._undo = Undo()
        self._goal: int | None = None  # the column that Up and Down aim at
        self._killed = ""
        self._actions = self._bindings()

    @property
    def search(self) -> str | None:
        """What Ctrl+R looks for."""
        return self._past.search

    @property
    def search_fails(self) -> bool:
        return self._past.search_fails

    @property
    def search_prompt(self) -> str:
        return self._past.search_prompt

    def press(self, key: Key) -> None:
        before, goal, self._goal = self.text, self._goal, None
        if self.search is not None and (found := self._past.pressed(key)) is not None:
            self._show(*found)
        elif not key.code:
            self.replace(self.cursor, self.cursor, key.text, TYPED)
        elif key.code in ("\x1b[A", "\x1b[B"):
            self._move_vertically(-1 if key.code == "\x1b[A" else 1, goal)
        elif action := self._actions.get(key.code):
            action()
        if self.text == before:
            self._undo.interrupt()

    def replace(self, start: int, stop: int, new: str = "", kind: str = "") -> None:
        """Every change of the text; the cursor is behind the new then. Those of one `kind` are taken back together."""
        if start != stop or new:
            self._undo.record(Change(start, self.text[start:stop], new, self.cursor), kind)
        self.text = self.text[:start] + new + self.text[stop:]
        self.cursor = start + len(new)

    def take(self) -> str:
        """The finished text. The next one begins empty, and with nothing to take back."""
        text = self.text
        self.clear()
        self._undo.forget()
        return text

    def clear(self) -> None:
        self._past.leave()
        self.replace(0, len(self.text))

    def remember(self, line: str) -> None:
        self._past.add(line)

    def _bindings(self) -> dict[str, Callable[[], None]]:
        def move(place: Callable[[], int]) -> Callable[[], None]:
            return lambda: setattr(self, "cursor", place())

        def kill(place: Callable[[], int]) -> Callable[[], None]:
            return lambda: self._kill(place())

        backspace, delete = lambda: self._delete(self._left()), lambda: self._delete(self._right())
        return {
            **dict.fromkeys(("\x02", "\x1b[D"), move(self._left)),
            **dict.fromkeys(("\x06", "\x1b[C"), move(self._right)),
            **dict.fromkeys(("\x01", "\x1b[H", "\x1b[1~", "\x1b[7~"), move(self._home)),
            **dict.fromkeys(("\x05", "\x1b[F", "\x1b[4~", "\x1b[8~"), move(self._end)),
            **dict.fromkeys(("\x1bb", "\x1b[1;5D", "\x1b[1;3D"), move(self._word_left)),
            **dict.fromkeys(("\x1bf", "\x1b[1;5C", "\x1b[1;3C"), move(self._word_right)),
            **dict.fromkeys(("\x08", "\x7f"), backspace),
            **dict.fromkeys(("\x04", "\x1b[3~"), delete),
            **dict.fromkeys(("\x1b\x7f", "\x1b\x08"), kill(self._word_left)),
            **dict.fromkeys(NEW_LINE, lambda: self.replace(self.cursor, self.cursor, "\n")),
            "\x10": lambda: self._go(-1),
            "\x0e": lambda: self._go(1),
            "\x17": kill(self._blank_left),
            "\x1bd": kill(self._word_right),
            "\x15": kill(self._line_start),
            "\x0b": kill(self._line_end),
            "\x19": lambda: self.replace(self.cursor, self.cursor, self._killed),
            "\x14": self._swap,
            "\x12": lambda: self._past.begin_search(self.text, self.cursor),
            "\x1f": self._take_back,
        }

    # --- Places, and what is deleted up to them ---

    def _left(self) -> int:
        return graphemes.before(self.text, self.cursor)

    def _right(self) -> int:
        return graphemes.after(self.text, self.cursor)

    def _home(self) -> int:
        return start_of_row(self.text, self.cursor, self.shape) if self.shape else 0

    def _end(self) -> int:
        return end_of_row(self.text, self.cursor, self.shape) if self.shape else len(self.text)

    def _word_left(self) -> int:
        return self.cursor - _length(r"\W*\w*", self.text[: self.cursor][::-1])

    def _word_right(self) -> int:
        place = self.cursor + _length(r"\W*\w*", self.text[self.cursor :])
        return graphemes.after(self.text, place - 1) if place > self.cursor else place

    def _blank_left(self) -> int:
        return self.cursor - _length(r"\s*\S*", self.text[: self.cursor][::-1])

    def _line_start(self) -> int:
        """Of the line, or behind the one before if the cursor is there already."""
        start = self.text.rfind("\n", 0, self.cursor) + 1
        return start if start < self.cursor else self._left()

    def _line_end(self) -> int:
        end = self.text.find("\n", self.cursor)
        return len(self.text) if end < 0 else max(end, self.cursor + 1)

    def _delete(self, place: int) -> None:
        self.replace(min(place, self.cursor), max(place, self.cursor), kind=DELETED)

    def _kill(self, place: int) -> None:
        first, last = sorted((place, self.cursor))
        self._killed = self.text[first:last] or self._killed
        self.replace(first, last)

    def _swap(self) -> None:
        """The two characters around the cursor, or the last two at the end."""
        middle = self.cursor if self.cursor < len(self.text) else self._left()
        first, last = graphemes.before(self.text, middle), graphemes.after(self.text, middle)
        if middle > 0:
            self.replace(first, last, self.text[middle:last] + self.text[first:middle])

    # --- Up and down, and what was before ---

    def _move_vertically(self, step: int, goal: int | None) -> None:
        """To the row above or below; from the first and the last one to another text."""
        found = vertical(self.text, self.cursor, self.shape, step, goal) if self.shape else None
        if found is None:
            self._go(step)
        else:
            self.cursor, self._goal = found

    def _go(self, step: int) -> None:
        if (text := self._past.go(step, self.text)) is not None:
            self.replace(0, len(self.text), text)

    def _show(self, text: str, cursor: int) -> None:
        """What a search has found."""
        self.replace(0, len(self.text), text, FOUND)
        self.cursor = cursor

    def _take_back(self) -> None:
        if (before := self._undo.take_back(self.text)) is not None:
            self.text, self.cursor = before


def _length(pattern: str, text: str) -> int:
    found = re.match(pattern, text)
    return found.end() if found else 0
