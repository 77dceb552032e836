"""The one thread that writes to the operator's terminal: texts, and below them a row that goes and comes back.

Any thread may hand it something and none waits for it, so that a terminal that is held never holds the hub. It must not
know the keyboard, nor what a text says; texts come in harmless.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from terminal_parts.width import wrap

KEPT_TEXTS: Final = 2_000  # of a terminal that is held; beyond, the oldest are dropped
_NARROW: Final = 20  # columns; with fewer, breaking between words wastes more than it helps
_EMPTY_ROW: Final = "\r\x1b[0m\x1b[K"


class Printer:
    def __init__(self, write: Callable[[str], None], columns: Callable[[], int]) -> None:
        self._write = write
        self._columns = columns
        self._texts: deque[str] = deque(maxlen=KEPT_TEXTS)
        self._row = ""  # what is to stand below the texts
        self._standing: str | None = ""  # what does; None if that is not known
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
        with self._changed:
            self._texts.append(text)
            self._changed.notify_all()

    def put_row(self, row: str) -> None:
        """What is to stand below the texts from now on."""
        with self._changed:
            self._row = row
            self._changed.notify_all()

    def draw_again(self) -> None:
        """Somebody else may have written over the row."""
        with self._changed:
            self._standing = None
            self._changed.notify_all()

    def forget_row(self) -> None:
        """Somebody else has ended the row: it stays where it is, and is no longer the last."""
        with self._changed:
            self._row = self._standing = ""

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
        return not self._resting and (bool(self._texts) or self._row != self._standing)

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

    def _take(self) -> tuple[str, str, str]:
        """All that is due: what takes the row away, the texts, and the row that is to stand below them."""
        wiped, text = "" if self._standing == "" else _EMPTY_ROW, "".join(self._texts)
        self._texts.clear()
        self._standing = self._row
        return wiped, text, self._row

    def _block(self, wiped: str, text: str, row: str) -> str:
        """One piece, broken between words: that takes a while, and not from those who hand over more."""
        columns = self._columns()
        return wiped + ("\n".join(wrap(text, columns)) if columns >= _NARROW else text) + row
