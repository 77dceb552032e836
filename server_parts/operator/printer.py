"""The one thread that writes to the operator's terminal: texts, and below them rows that go and come back.

Any thread may hand it something and none waits for it, so that a terminal that is held never holds the hub. It must not
know the keyboard, nor what a text says; texts come in harmless.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from terminal_parts.width import wrap

KEPT_TEXTS: Final = 2_000  # of a terminal that is held; beyond, the oldest are dropped
_NARROW: Final = 20  # columns; with fewer, breaking between words wastes more than it helps


class _Rows(NamedTuple):
    """What stands below the texts, with all codes; the cursor is in it, so many rows below its first."""

    drawn: str = ""
    cursor: int = 0

    def wiped(self) -> str:
        """The codes that take it away."""
        return (f"\x1b[{self.cursor}A" if self.cursor else "") + "\r\x1b[0m\x1b[J"


_NOTHING: Final = _Rows()


class Printer:
    def __init__(self, write: Callable[[str], None], columns: Callable[[], int]) -> None:
        self._write = write
        self._columns = columns
        self._texts: deque[str] = deque(maxlen=KEPT_TEXTS)
        self._rows = self._standing = _NOTHING  # what is to stand below the texts, and what does …
        self._is_sure = True  # … if nobody else has written over it
        self._resting = False
        self._writing = False
        self._finished = False
        self._changed = threading.Condition()  # guards all of the above; never held while writing
        # A daemon: a terminal that is held must not hold the end of the program.
        self._thread = threading.Thread(target=self._run, name="console-printer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def finish(self, seconds: float) -> None:
        """Write what is left, for so long at most."""
        if self._thread.ident is None:
            self.start()
        with self._changed:
            self._finished, self._resting = True, False
            self._changed.notify_all()
        self._thread.join(seconds)

    def show(self, text: str) -> None:
        """Whole lines; or codes, without a line's end."""
        with self._changed:
            self._texts.append(text)
            self._changed.notify_all()

    def put_rows(self, drawn: str, cursor: int = 0) -> None:
        """What is to stand below the texts from now on, and in which of its rows it leaves the cursor."""
        with self._changed:
            self._rows = _Rows(drawn, cursor)
            self._changed.notify_all()

    def draw_again(self) -> None:
        """Somebody else may have written over the rows."""
        with self._changed:
            self._is_sure = False
            self._changed.notify_all()

    def forget_rows(self) -> None:
        """Somebody else has ended the row: it stays where it is, and is no longer the last."""
        with self._changed:
            self._rows = self._standing = _NOTHING

    def rest(self, seconds: float) -> None:
        """Write what is due, for so long at most, and nothing more until `resume`; what is shown meanwhile waits."""
        with self._changed:
            self._changed.wait_for(lambda: not (self._writing or self._is_due()), seconds)
            self._resting = True

    def resume(self) -> None:
        with self._changed:
            self._resting = False
            self._changed.notify_all()

    def _is_due(self) -> bool:
        return not self._resting and (bool(self._texts) or self._rows != self._standing or not self._is_sure)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_due() or self._finished)
                if not self._is_due():
                    return
                due = self._take()
                self._writing = True
            self._write(self._block(*due))
            with self._changed:
                self._writing = False
                self._changed.notify_all()

    def _take(self) -> tuple[str, list[str], str]:
        """All that is due: what takes the rows away, the texts, and the rows that are to stand below them."""
        wiped = "" if self._standing == _NOTHING and self._is_sure else self._standing.wiped()
        texts = list(self._texts)
        self._texts.clear()
        self._standing, self._is_sure = self._rows, True
        return wiped, texts, self._rows.drawn

    def _block(self, wiped: str, texts: Iterable[str], rows: str) -> str:
        """One piece, broken between words: that takes a while, and not from those who hand over more."""
        columns = self._columns()
        return wiped + "".join(_broken(text, columns) for text in texts) + rows


def _broken(text: str, columns: int) -> str:
    return "\n".join(wrap(text, columns)) if columns >= _NARROW and text.endswith("\n") else text
