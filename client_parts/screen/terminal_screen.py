"""A person's terminal: messages above, what is typed below, and neither disturbs the other.

`Rows` alone writes on the screen, `Keyboard` alone reads, `Editor` is the line between them. This module holds the
three together: what Enter, Tab, Ctrl+C, Ctrl+Z and a new size mean. It must not know frames or rooms.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from chat_common import Frame, harmless_line, paint
from client_parts.input.completion import Vocabulary, complete
from client_parts.input.reading import Closed
from client_parts.kept.input_history import InputHistory
from client_parts.screen.rows import Rows
from client_parts.screen.status import Status
from terminal_parts.editor import Editor
from terminal_parts.keyboard import Keyboard
from terminal_parts.keys import Key
from terminal_parts.theme import theme_named
from terminal_parts.typing_loop import TypingLoop
from terminal_parts.width import HANG

_MOST_LISTED = 100
_LAST_WORDS = 1.0  # seconds
_LOOK = 0.2  # seconds between looks whether we are in front again: nothing tells
_ENTER = ("\r", "\n")
_CTRL_C, _CTRL_D, _TAB, _CTRL_L, _CTRL_Z, _CTRL_BACKSLASH = "\x03", "\x04", "\t", "\x0c", "\x1a", "\x1c"


class TerminalScreen(TypingLoop):
    """The screen of a person."""

    interactive = True
    echoes = False
    continues = False
    rich = True

    def __init__(self, history: InputHistory | None = None) -> None:
        super().__init__(Keyboard(sys.stdin.fileno()), Editor(history.load() if history is not None else ()))
        self._rows = Rows(sys.stdout.fileno(), os.environ.get("TERM", ""))
        self._history = history
        self._closed = threading.Event()
        self._vocabulary = Vocabulary()
        self._cycle: list[str] = []  # what the next Tab chooses from
        self.objection: Callable[[], str] = str
        self._has_objected = False  # since the last key but Ctrl+C

    @property
    def broken(self) -> bool:
        return self._rows.broken

    def is_typed_to(self) -> bool:
        if not self._keyboard.is_in_front():
            return False
        self._keyboard.open()
        return self._keyboard.has_keys()

    def __enter__(self) -> Any:
        try:
            self._keyboard.open()
            self._rows.enter()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            self._rows.leave()
        finally:
            self._keyboard.close(discard=True)
            if self._history is not None:
                self._history.add(self._editor.text)  # a half-typed line is found again in the next run

    # --- What any thread may ask for ---

    def show(self, line: str, hang: int = HANG) -> None:
        self._rows.show(line, hang)

    def show_delivered(self, line: str) -> None:
        self._rows.show_delivered(line, HANG)

    def note(self, line: str, hang: int = HANG) -> None:
        self.show(line, hang)

    def complain(self, line: str) -> None:
        self._rows.show_now(line, HANG)

    def event(self, frame: Frame) -> None:
        """Events are for programs."""

    def clear(self) -> None:
        self._rows.clear()

    def ring(self) -> None:
        self._rows.ring()

    def set_theme(self, name: str) -> None:
        self._rows.set_theme(theme_named(name))

    def set_status(self, status: Status) -> None:
        self._rows.set_status(status)

    def set_vocabulary(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def end_reading(self) -> None:
        self._closed.set()
        self._keyboard.wake()

    # --- Reading ---

    def read_line(self) -> str:
        """A line that was typed. It leaves the screen: what was said appears when it is confirmed.

        KeyboardInterrupt for Ctrl+C on an empty line; a half-typed one is only cleared.
        """
        self._keyboard.listen()
        while True:
            self._mind_signals()
            line = self._next_line()
            self._draw_input()
            if line is not None:
                return line
            # Just before waiting, with a keyboard that is open: from here on `end_reading` wakes.
            if self._closed.is_set():
                raise Closed
            self._keys.extend(self._keyboard.wait())

    def wait_to_leave(self) -> None:
        """Until Enter on an empty line, or a key that leaves. What is still typed is shown, to be copied."""
        if self.broken or not self._keyboard.is_in_front():
            return
        self._keyboard.listen()
        self._closed.wait(_LAST_WORDS)  # till then the receiver says what happened
        with suppress(EOFError, KeyboardInterrupt, Closed):
            self._ask_to_leave()
            while (line := self._last_line()).strip():
                self._give_up(line)
                self._ask_to_leave()
        self._give_up(self._editor.text)

    def _ask_to_leave(self) -> None:
        self.note(paint("Press Enter to leave.", "yellow"))

    def _last_line(self) -> str:
        while True:
            self._mind_signals()
            line = self._next_line()
            self._draw_input()
            if line is not None:
                return line
            self._keys.extend(self._keyboard.wait())

    def _give_up(self, line: str) -> None:
        if line.strip():
            self.note(paint("Not sent: ", "red") + harmless_line(line))

    def _pressed(self, key: Key) -> str | None:
        """The line, if that key ended it."""
        editor = self._editor
        self._has_objected = self._has_objected and key.code == _CTRL_C
        if key.code in _ENTER and not editor.search_fails:
            return self._entered()
        if key.code == _CTRL_C:
            self._interrupted()
        elif key.code == _CTRL_BACKSLASH or (key.code == _CTRL_D and (not editor.text or self._closed.is_set())):
            raise EOFError
        elif key.code == _CTRL_Z:
            self._stop()
        elif key.code == _CTRL_L:
            self._redraw()
        elif key.code == _TAB:
            self._complete()
        else:
            editor.press(key)
        return None

    def _entered(self) -> str:
        line = self._editor.take()
        if self._history is not None and self._history.add(line):
            self._editor.remember(line)
        return line

    def _interrupted(self) -> None:
        if not self._closed.is_set() and (self._editor.text or self._editor.search is not None):
            self._editor.clear()
        elif not self._closed.is_set() and not self._has_objected and (objection := self.objection()):
            self._has_objected = True
            self.note(paint(f"{objection}; press Ctrl+C again to leave anyway.", "yellow"))
        else:
            raise KeyboardInterrupt

    def _draw_input(self) -> None:
        self._rows.set_input(self._editor.text, self._editor.cursor, self._editor.search_prompt)

    # --- Tab ---

    def _complete(self) -> None:
        """Commands are listed and completed as far as they agree; of all else, each Tab offers the next one."""
        before = self._editor.text[: self._editor.cursor]
        if before in self._cycle:
            found = [self._cycle[(self._cycle.index(before) + 1) % len(self._cycle)]]
        else:
            self._cycle = found = complete(before, self._vocabulary)
            if not before.startswith("/") or " " in before:
                found = found[:1]
        if found:
            self._editor.replace(0, len(before), _agreed(found))
        if len(found) > 1:
            self.show(paint("  ".join(match.strip() for match in sorted(found)[:_MOST_LISTED]), None, "dark"))

    # --- Signals ---

    def _quit(self) -> None:
        raise EOFError

    def _redraw(self) -> None:
        self._rows.redraw()

    def _step_aside(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Give the terminal back, and take it again when we are in front. In the background messages still come in."""
        try:
            self._rows.lend()
        finally:
            self._keyboard.close()
        meanwhile()
        while not self._keyboard.is_in_front():
            if self._closed.wait(_LOOK):
                raise Closed
        self._keyboard.open()
        self._keyboard.listen()
        self._rows.enter()


def _agreed(texts: list[str]) -> str:
    """The beginning that they all have."""
    length = 0
    for letters in zip(*texts, strict=False):
        if len(set(letters)) > 1:
            break
        length += 1
    return texts[0][:length]
