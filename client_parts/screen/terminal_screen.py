"""A person's terminal: messages above, what is typed below, and neither disturbs the other.

`Rows` alone writes on the screen, `Keyboard` alone reads, `Editor` is the text between them, or `SecretLine` while a
password is asked for. This module holds them together: what Enter, Tab, Ctrl+C, Ctrl+Z and a new size mean. It must not
know frames or rooms.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from chat_common import harmless_line, paint
from client_parts.input.completion import Vocabulary, complete, path_in
from client_parts.input.correctable import Correctable
from client_parts.input.reading import Closed
from client_parts.kept.input_history import InputHistory
from client_parts.screen.correcting import Correcting
from client_parts.screen.own_editor import EditorFailed, edited
from client_parts.screen.rows import Rows
from client_parts.screen.rows_board import RowsBoard
from client_parts.screen.secret_line import Abandoned, SecretLine
from terminal_parts.background import takes_commands
from terminal_parts.editor import Editor
from terminal_parts.keyboard import Keyboard
from terminal_parts.keys import Key
from terminal_parts.tab import Tab
from terminal_parts.typing_loop import TypingLoop

_LAST_WORDS = 1.0  # seconds
_LOOK = 0.2  # seconds between looks whether we are in front again: nothing tells
_ENTER = "\r"
_CTRL_C, _CTRL_D, _TAB, _CTRL_L, _CTRL_Z, _CTRL_BACKSLASH = "\x03", "\x04", "\t", "\x0c", "\x1a", "\x1c"
_GO = {"\x1ba": "/next", "\x1bA": "/next", **{f"\x1b{number}": f"/next {number}" for number in range(1, 10)}}  # Alt
_CTRL_X, _CTRL_E = "\x18", "\x05"


class TerminalScreen(RowsBoard, TypingLoop):
    """The screen of a person."""

    interactive = True
    continues = False
    leaving_key = "Esc"

    def __init__(self, history: InputHistory | None = None) -> None:
        TypingLoop.__init__(self, Keyboard(sys.stdin.fileno()), Editor(history.load() if history is not None else ()))
        RowsBoard.__init__(self, Rows(sys.stdout.fileno(), os.environ.get("TERM", "")))
        self._history = history
        self._closed = threading.Event()
        self._vocabulary = Vocabulary()
        self._tab = Tab(lambda line: complete(line, self._vocabulary), path_in)
        self._correcting = Correcting(self._editor)
        self.corrects: Correctable | None = None
        self._secret: SecretLine | None = None  # what is typed instead of a line, and is not seen
        self.objection: Callable[[], str] = str
        self._has_objected = False  # since the last key but Ctrl+C
        self._has_begun = False  # a key of two, with Ctrl+X

    def is_typed_to(self) -> bool:
        if not self._keyboard.is_in_front():
            return False
        self._keyboard.open()
        return self._keyboard.has_keys()

    def __enter__(self) -> Any:
        try:
            self._keyboard.open()
            self._rows.enter()
            self._rows.send(self.window.background.question())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            self._rows.leave()
        finally:
            self._hear_answers(self.window)
            self._keyboard.close(discard=True)
            if self._history is not None:
                self._history.add(self._editor.text)  # a half-typed line is found again in the next run

    # --- What any thread may ask for ---

    def ask_background(self, told: Callable[[str], None]) -> None:
        if takes_commands(os.environ.get("TERM", "")):  # others may show the question
            self.window.background.ask(told)

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
            # A secret is not cut off: the rest of it would be typed into a line that can be seen.
            if self._closed.is_set() and self._secret is None:
                raise Closed
            self._keys.extend(self._keyboard.wait())

    def ask_secret(self, question: str) -> str | None:
        """What a person types unseen; None if they leave that with Ctrl+C or Esc."""
        self._secret = SecretLine(question)
        try:
            return self.read_line()
        except Abandoned:
            return None
        finally:
            self._secret = None
            self._draw_input()

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
        if self.window.takes(key):
            return None
        self._has_objected = self._has_objected and key.code == _CTRL_C
        if self._secret is not None and key.code not in (_CTRL_Z, _CTRL_L, _CTRL_BACKSLASH):
            return self._secret.press(key)
        second, self._has_begun = self._has_begun, key.code == _CTRL_X
        if self._correcting.takes(key, self._vocabulary.correctable):
            return None
        if key.code in _GO and not self._closed.is_set():
            return self._leave_by(key)
        if key.code == _ENTER and not editor.search_fails:
            return self._entered()
        if key.code == _CTRL_C:
            self._interrupted()
        elif key.code == _CTRL_BACKSLASH or (key.code == _CTRL_D and (not editor.text or self._closed.is_set())):
            raise EOFError
        elif key.code == _CTRL_Z:
            self._stop()
        elif key.code == _CTRL_L:
            self._redraw()
        elif second and key.code == _CTRL_E:
            self._edit_elsewhere()
        else:
            self._typed(key)
        return None

    def _typed(self, key: Key) -> None:
        if key.code != _TAB:
            self._editor.press(key)
        elif listed := self._tab.press(self._editor):
            self.show(listed)

    def _leave_by(self, key: Key) -> str:
        """To another room: what is corrected is of this one."""
        if self._correcting.which is not None:
            self._correcting.give_up()
        self.corrects = None
        return _GO[key.code]

    def _entered(self) -> str:
        line = self._editor.take().strip("\n")
        self.corrects = self._correcting.end()
        if self._history is not None and self._history.add(line):
            self._editor.remember(line)
        return line

    def _edit_elsewhere(self) -> None:
        """Lend the draft and the screen to the person's own editor; what is said meanwhile is shown afterwards."""
        problems: list[str] = []

        def lend() -> None:
            try:
                text = edited(self._editor.text)
            except EditorFailed as problem:
                problems.append(str(problem))
            else:
                self._editor.replace(0, len(self._editor.text), text)

        self._step_aside(lend)
        for problem in problems:
            self.note(paint(harmless_line(problem), "yellow"))

    def _interrupted(self) -> None:
        if self._secret is not None:
            raise Abandoned
        if not self._closed.is_set() and self._correcting.is_left():
            self._correcting.give_up()
        elif not self._closed.is_set() and (self._editor.text or self._editor.search is not None):
            self._editor.clear()
        elif not self._closed.is_set() and not self._has_objected and (objection := self.objection()):
            self._has_objected = True
            self.note(paint(f"{objection}; press Ctrl+C again to leave anyway.", "yellow"))
        else:
            raise KeyboardInterrupt

    def _draw_input(self) -> None:
        if self._secret is not None:
            shape = self._rows.set_input(*self._secret.drawn())
        else:
            shape = self._rows.set_input(self._editor.text, self._editor.cursor, self._prompt_instead)
        self._editor.shape = shape

    @property
    def _prompt_instead(self) -> str:
        """What stands before the text instead of the room; nothing, if the room does."""
        return self._editor.search_prompt or self._correcting.prompt

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
            self._hear_answers(self.window)
            self._keyboard.close()
        meanwhile()
        while not self._keyboard.is_in_front():
            if self._closed.wait(_LOOK):
                raise Closed
        self._keyboard.open()
        self._keyboard.listen()
        self._rows.enter()
