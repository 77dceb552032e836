"""The operator's terminal: what is said and logged above, the line that is typed below.

`Printer` alone writes, `Keyboard` alone reads, `Editor` is the line between them. This module holds the three together:
what Enter, Tab, Ctrl+C, Ctrl+D, Ctrl+Z and a new size mean. It must not know rooms or commands.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Final

from chat_common import harmless, shows_colors, storable
from server_parts.operator.screen import Screen
from terminal_parts.background import Background, takes_commands
from terminal_parts.editor import Editor
from terminal_parts.fitting import terminal_size
from terminal_parts.input_rows import input_rows, shape_in
from terminal_parts.keyboard import Keyboard
from terminal_parts.keys import Key
from terminal_parts.output import write_all
from terminal_parts.tab import Tab
from terminal_parts.typing_loop import TypingLoop

_LOOK: Final = 0.2  # seconds between looks whether we are in front: nothing tells
_PATIENCE: Final = 0.5  # seconds that a terminal may take to take the rows away
_SHARE: Final = 3  # what is typed takes one in so many rows
_ENTER: Final = "\r"
_CTRL_C, _CTRL_D, _TAB, _CTRL_L, _CTRL_Z = "\x03", "\x04", "\t", "\x0c", "\x1a"
_CTRL_BACKSLASH = "\x1c"
_PASTES_WHOLE, _PASTES_KEYS = "\x1b[?2004h", "\x1b[?2004l"  # whether a pasted block says where it begins and ends


class TerminalScreen(Screen, TypingLoop):
    """`attend` and `ask` belong to the main thread, which signals can call away."""

    def __init__(self, prompt: str) -> None:
        Screen.__init__(self, self._write)
        TypingLoop.__init__(self, Keyboard(sys.stdin.fileno(), holds=True), Editor())
        self._prompt = prompt
        self._output = sys.stdout.fileno()
        self._ended = False
        self._has_chosen = False  # a theme
        self._tab = Tab(lambda line: self.complete(line))
        self._background = Background()
        if shows_colors() and takes_commands(os.environ.get("TERM", "")):  # others may show the question
            self._background.ask(self._suppose_theme)

    def choose_theme(self, name: str) -> None:
        self._has_chosen = True
        super().choose_theme(name)

    def _suppose_theme(self, name: str) -> None:
        """For the background that the terminal has told."""
        if not self._has_chosen:
            super().choose_theme(name)

    def set_prompt(self, prompt: str) -> None:
        self._prompt = prompt

    def attend(self, run: Callable[[], None]) -> None:
        """KeyboardInterrupt for Ctrl+C and Ctrl+\\; the terminal is given back by then."""
        self._printer.start()
        try:
            self._enter()
            run()
        finally:
            self._leave()
            self._printer.resume()

    def ask(self) -> str:
        while not self._ended:
            self._mind_signals()
            line = self._next_line()
            self._draw()
            if line is not None:
                return line
            if not self._ended:
                self._keys.extend(self._keyboard.wait())
        raise EOFError

    def end_asking(self) -> None:
        self._ended = True
        self._keyboard.wake()

    def give_back(self) -> None:
        self._keyboard.close(discard=True)

    def close(self) -> None:
        super().close()
        self._keyboard.close(discard=True)  # what was typed while the server stopped is not for the shell

    # --- From and to the shell ---

    def _enter(self) -> None:
        """Take the terminal when it is ours to use. In the background the server serves on, and what it says waits."""
        while not self._ended and not self._keyboard.is_in_front():
            self._printer.rest(_PATIENCE)
            time.sleep(_LOOK)
        if not self._ended:
            self._keyboard.open()
            self._keyboard.listen()
            self._printer.show(_PASTES_WHOLE + self._background.question())
            self._draw()
            self._printer.resume()

    def _leave(self) -> None:
        self._printer.show(_PASTES_KEYS)
        self._printer.put_rows("")
        self._printer.rest(_PATIENCE)
        self._hear_answers(self._background)
        self._keyboard.close()

    def _step_aside(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        self._leave()
        meanwhile()
        self._enter()

    def _interrupted(self) -> None:
        raise KeyboardInterrupt

    _quit = _interrupted

    def _redraw(self) -> None:
        self._printer.draw_again()

    # --- Keys ---

    def _pressed(self, key: Key) -> str | None:
        """The line, if that key ended it."""
        if self._background.takes(key):
            return None
        if key.code == _ENTER and not self._editor.search_fails:
            return self._entered()
        if key.code in (_CTRL_C, _CTRL_BACKSLASH):
            raise KeyboardInterrupt
        if key.code == _CTRL_D and not self._editor.text:
            raise EOFError
        if key.code == _CTRL_Z:
            self._stop()
        elif key.code == _CTRL_L:
            self._printer.show("\x1b[H\x1b[J")
        elif key.code == _TAB:
            self.show(f"{listed}\n" if (listed := self._tab.press(self._editor)) else "")
        else:
            self._editor.press(key)
        return None

    def _entered(self) -> str:
        line = self._editor.take().strip("\n")
        if line.strip():
            self._editor.remember(line)
        said = harmless(line).replace("\n", "\n    ")  # as everybody else sees it: no line passes for another
        self.show(f"{self._prompt}{said}\n")  # stays, as what the operator said
        return storable(line)

    # --- The rows ---

    def _draw(self) -> None:
        editor = self._editor
        columns, height = terminal_size(self._output)
        prompt, most = editor.search_prompt or self._prompt, max(1, height // _SHARE)
        editor.shape = shape_in(prompt, columns, most)
        rows, row, column = input_rows(prompt, None, editor.text, editor.cursor, columns, most)
        # No text may leave its row here, whatever the terminal thinks of its width.
        drawn = "\r\n".join(f"\x1b[?7l{one}\x1b[0m\x1b[?7h" for one in rows) + "\r"
        up = len(rows) - 1 - row
        drawn += (f"\x1b[{up}A" if up else "") + (f"\x1b[{column}C" if column else "")
        self._printer.put_rows(drawn, row)

    def _columns(self) -> int:
        return terminal_size(self._output)[0]

    def _write(self, text: str) -> None:
        try:
            write_all(self._output, text.encode("utf-8", "replace"))
        except OSError:
            pass  # nobody sees it any more, as the next read will tell
