"""What any thread may show on a person's terminal: lines, the status, the bell, notifications. It must not know the
keyboard.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from chat_common import Frame, harmless_line, paint
from client_parts.kept.bookmarks import Key
from client_parts.kept.transcript import Transcript
from client_parts.screen.links import understands_links
from client_parts.screen.notifier import Notifier
from client_parts.screen.pictures import Dialect, dialect_of
from client_parts.screen.rows import Rows
from client_parts.screen.status import Status
from client_parts.screen.window import Window
from terminal_parts.theme import theme_named
from terminal_parts.width import HANG


class RowsBoard:
    echoes = False
    rich = True

    def __init__(self, rows: Rows) -> None:
        self.window = Window()
        self.transcript = Transcript()
        self._rows = rows
        self._notifier = Notifier(rows.send, lambda sentence: self.complain(paint(harmless_line(sentence), "red")))

    @property
    def broken(self) -> bool:
        return self._rows.broken

    @contextmanager
    def together(self) -> Iterator[None]:
        self._rows.gathers = True
        try:
            yield
        finally:
            self._rows.gathers = False
            self._rows.send("")

    def show(self, line: str, hang: int = HANG, key: Key | None = None) -> None:
        self._rows.show(line, hang, key)
        self._log(line)

    def show_delivered(self, line: str, key: Key | None = None) -> None:
        self._rows.show_delivered(line, HANG, key)
        self._log(line)

    def change(self, key: Key, line: str, instead: str) -> None:
        if not self._rows.change(key, line) and instead:
            self.show(instead)
        elif instead:  # a transcript has no rows to change
            self._log(instead)

    def _log(self, line: str) -> None:
        if problem := self.transcript.add(line):
            self.complain(paint(harmless_line(problem), "red"))

    def note(self, line: str, hang: int = HANG) -> None:
        self.show(line, hang)

    def complain(self, line: str) -> None:
        self._rows.show_now(line, HANG)
        self._log(line)

    def event(self, frame: Frame) -> None:
        """Events are for programs."""

    def clear(self) -> None:
        self._rows.clear()

    def ring(self) -> None:
        self._rows.send("\a")

    def notify(self, title: str, text: str, command: str) -> None:
        self._notifier.notify(title, text, command)

    @property
    def shows_pictures(self) -> bool:
        return dialect_of(os.environ) is not Dialect.NONE

    def picture(self, data: bytes) -> bool:
        return self._rows.show_picture(data, dialect_of(os.environ))

    def set_theme(self, name: str) -> None:
        self._rows.set_theme(theme_named(name))

    def set_links(self, *, on: bool) -> None:
        self._rows.links = on and understands_links(os.environ)

    def set_status(self, status: Status) -> None:
        self._rows.set_status(status)
