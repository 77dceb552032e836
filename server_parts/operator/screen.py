"""The operator's screen, and the one without a terminal. It must not know what a line means."""

from __future__ import annotations

import codecs
import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from chat_common import harmless, paint, storable
from server_parts.operator.printer import Printer
from terminal_parts.theme import first_theme, theme_named

LAST_WORDS: Final = 1.0  # seconds that a terminal may take for what is left when the server ends


class Screen:
    """The operator's: any thread may show, one asks. The printer alone writes."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self.complete: Callable[[str], list[str]] = lambda line: []  # what Tab may make of a line
        self.theme = first_theme()  # its name
        self._theme = theme_named(self.theme)
        self._day = time.localtime()[:3]  # of what was shown last
        self._turning = threading.Lock()  # guards the day
        self._printer = Printer(write, self._columns)

    def _columns(self) -> int:
        """Of the terminal; 0 where nobody knows, and lines are left as they are."""
        return 0

    def choose_theme(self, name: str) -> None:
        """How colours look from now on."""
        self.theme = name
        self._theme = theme_named(name)

    def set_prompt(self, prompt: str) -> None:
        """What stands before the text that is typed. Only the thread that asks may change it."""
        raise NotImplementedError

    def show(self, text: str) -> None:
        """Whole lines, harmless and perhaps painted. Lines have times, so a new day gets a line of its own."""
        if text:
            with self._turning:
                self._printer.show(self._theme.apply(self._new_day() + text))

    def _new_day(self) -> str:
        now = time.localtime()
        if now[:3] == self._day:
            return ""
        self._day = now[:3]
        return paint(f"── {time.strftime('%A %d %B %Y', now)} ──", None, "dark") + "\n"

    def attend(self, run: Callable[[], None]) -> None:
        """Begin to print, and let `run` ask for lines: in this thread if it can be called away, else in its own."""
        raise NotImplementedError

    def ask(self) -> str:
        """The next line. EOFError when there is none."""
        raise NotImplementedError

    def end_asking(self) -> None:
        """By any thread or signal handler: let `ask` have no more lines, if it can be called away."""

    def give_back(self) -> None:
        """By a signal handler, when nothing else will: leave the terminal in its own mode."""

    def close(self) -> None:
        """Show what was written last."""
        self._printer.finish(LAST_WORDS)


class LineScreen(Screen):
    """Where lines cannot be edited: on Windows, on a dumb terminal, with an output that goes elsewhere."""

    def __init__(self, prompt: str) -> None:
        super().__init__(self._write)
        self._has_prompt = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self._prompt = ""
        self.set_prompt(prompt)
        # Unbuffered: at the end of the program nobody could have the lock of a buffer that a reader still waits in.
        stdin: Any = sys.stdin
        self._input = stdin.buffer.raw
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def set_prompt(self, prompt: str) -> None:
        self._prompt = prompt if self._has_prompt else ""

    def attend(self, run: Callable[[], None]) -> None:
        self._printer.start()
        # A daemon: nothing can interrupt its read.
        threading.Thread(target=run, name="console", daemon=True).start()

    def ask(self) -> str:
        self._printer.put_rows(self._prompt)
        while "\n" not in self._rest:
            data = self._input.read(4096)
            if not data:
                raise EOFError
            self._rest += self._decoder.decode(data)
        line, _, self._rest = self._rest.partition("\n")
        self._printer.forget_rows()
        return storable(line)

    def close(self) -> None:
        super().close()
        with contextlib.suppress(ImportError):  # on Windows
            from terminal_parts.keyboard import discard_typed

            discard_typed(sys.stdin.fileno())  # the shell would execute it

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.write(text)
            sys.stdout.flush()


class ScreenLog(logging.Handler):
    """Log records as lines between the conversation."""

    def __init__(self, screen: Screen) -> None:
        super().__init__()
        self._screen = screen

    def emit(self, record: logging.LogRecord) -> None:
        when = time.strftime("%H:%M", time.localtime(record.created))
        self._screen.show(f"{when} * {harmless(self.format(record))} *\n")
