"""The plain line mode: pipes, files, dumb terminals, systems without such terminals; and JSON lines for programs.

It must not know frames or rooms, and it never sends an escape code of its own.
"""

from __future__ import annotations

import errno
import getpass
import io
import json
import math
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TextIO

from chat_common import MAX_TEXT, Frame, harmless_line
from client_parts.input.completion import Vocabulary
from client_parts.input.correctable import Correctable
from client_parts.input.reading import Reader
from client_parts.kept.bookmarks import Key
from client_parts.kept.transcript import Transcript
from client_parts.screen.status import Status
from client_parts.screen.window import Window
from terminal_parts.fitting import fitted_for
from terminal_parts.theme import AS_PAINTED, theme_named
from terminal_parts.width import HANG

_PAUSE = 0.1  # seconds in which nobody begins to type


class LineScreen(Reader):
    """Pipes, files, dumb terminals: plain lines, no prompt. Complaints go to standard error."""

    leaving_key = "Ctrl+D"
    shows_pictures = False

    def __init__(self, *, echoes: bool = False, reads: bool = True) -> None:
        super().__init__()
        self._reads = reads
        for stream in (sys.stdin, sys.stdout, sys.stderr):
            _allow_anything(stream)
        self.interactive = reads and sys.stdin.isatty()
        self.echoes = echoes
        self.broken = False
        self.continues = False
        self.corrects: Correctable | None = None  # here, nothing comes into the input
        self.rich = False
        self.window = Window()
        self.transcript = Transcript()
        self.objection: Callable[[], str] = str
        self._ended_line = True
        self._fresh_until = math.inf  # till then the cursor is surely where a row begins
        self._theme = AS_PAINTED
        self._writing = threading.Lock()  # one line at a time

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        if self.echoes:
            with suppress(ImportError):  # on Windows
                from terminal_parts.keyboard import discard_typed

                discard_typed(sys.stdin.fileno())  # the shell would execute it

    def together(self) -> AbstractContextManager[None]:
        return nullcontext()

    def show(self, line: str, hang: int = HANG, key: Key | None = None) -> None:
        self._write(sys.stdout, self._own_row() + line)
        self._log(line)

    def _log(self, line: str) -> None:
        if problem := self.transcript.add(line):
            self.complain(harmless_line(problem))

    def show_delivered(self, line: str, key: Key | None = None) -> None:
        self.show(line)

    def change(self, key: Key, line: str, instead: str) -> None:
        """What was written stays; a further line says what has changed."""
        if instead:
            self.show(instead)

    def note(self, line: str, hang: int = HANG) -> None:
        self.show(line)

    def _own_row(self) -> str:
        """What a line needs before it, where somebody may have begun to type in the row."""
        now = time.monotonic()
        taken = self.echoes and now > self._fresh_until
        self._fresh_until = now + _PAUSE
        return "\n" if taken else ""

    def complain(self, line: str) -> None:
        self._write(sys.stderr, self._own_row() + fitted_for(line, sys.stderr))
        self._log(line)

    def ask_background(self, told: Callable[[str], None]) -> None:
        """There are no questions in a pipe."""

    def is_typed_to(self) -> bool:
        """What is typed here is kept by the terminal, line by line."""
        return False

    def wait_to_leave(self) -> None:
        """A pipe waits for nobody."""

    def ring(self) -> None:
        """Nobody hears a pipe."""

    def notify(self, title: str, text: str, command: str) -> None:
        """Nobody looks at a pipe."""

    def event(self, frame: Frame) -> None:
        """Events are for programs."""

    def clear(self) -> None:
        """There is nothing to clear in a pipe."""

    def picture(self, data: bytes) -> bool:
        """Nothing is drawn in a pipe."""
        return False

    def set_theme(self, name: str) -> None:
        self._theme = theme_named(name)

    def set_links(self, *, on: bool) -> None:
        """There are none in a pipe."""

    def set_status(self, status: Status) -> None:
        """There is no prompt in a pipe."""

    def set_vocabulary(self, vocabulary: Vocabulary) -> None:
        """Nothing is completed in a pipe."""

    def read_line(self) -> str:
        if not self._reads:
            raise EOFError
        # A bound, so that a stream without line ends does not fill the memory.
        try:
            piece = self._guarded(sys.stdin.readline, MAX_TEXT)
        except OSError as error:
            if error.errno != errno.EBADF:  # not open for reading, as nohup leaves it: then there is nothing to read
                raise
            piece = ""
        if not piece:
            raise EOFError
        self._fresh_until = time.monotonic() + _PAUSE
        self.continues, self._ended_line = not self._ended_line, piece.endswith("\n")
        return piece.removesuffix("\n").removesuffix("\r")

    def ask_secret(self, question: str) -> str | None:
        """What a person types on the terminal without an echo; None if they leave that, or nobody is there."""
        if not self.interactive:
            return None
        try:
            return getpass.getpass(f"{question}: ")
        except (EOFError, KeyboardInterrupt):
            return None

    def _write(self, stream: TextIO, line: str) -> None:
        try:
            with self._writing:
                stream.write(self._theme.apply(line) + "\n")
                stream.flush()
        except (OSError, ValueError):
            self._lose(stream)

    def _lose(self, stream: TextIO) -> None:
        if stream is sys.stdout:
            self.broken = True
        # Otherwise the interpreter would complain at exit about what it could not flush.
        with suppress(OSError, ValueError), open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())


def _allow_anything(stream: TextIO) -> None:
    """What does not fit the encoding of a pipe is a sign in its line: it must not stop the lines after it."""
    if isinstance(stream, io.TextIOWrapper):
        with suppress(OSError, ValueError):  # closed, or somebody has read from it already
            stream.reconfigure(errors="replace")


class JsonScreen(LineScreen):
    """One JSON event per line on standard output, for programs; sentences for people on standard error."""

    def show(self, line: str, hang: int = HANG, key: Key | None = None) -> None:
        """Programs get the frame instead."""

    def note(self, line: str, hang: int = HANG) -> None:
        self.complain(line)

    def event(self, frame: Frame) -> None:
        # Pure ASCII, and so harmless even if a terminal should show it.
        self._write(sys.stdout, json.dumps(frame, ensure_ascii=True, separators=(",", ":")))
