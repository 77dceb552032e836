"""The one place that writes to the terminal and reads from it.

A terminal gets a prompt that arriving lines do not disturb; a pipe gets plain lines. It must not know frames or rooms.
Lines come in painted and harmless.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
import time
import unicodedata
from types import FrameType
from typing import Any, Protocol, TextIO

from chat_common import MAX_TEXT, Frame, paint

try:
    import readline as _readline
except ImportError:  # Windows
    readline: Any = None
else:
    readline = _readline

_PAINT = re.compile(r"\x1b\[[0-9;]*m")
_WIPE = "\r\x1b[0m\x1b[K"  # empty the row that the cursor is on
_JUST_NOW = 0.02  # seconds


class Closed(Exception):
    """The receiver has ended; nothing more is to be read."""


class Screen(Protocol):
    """What the client needs of a screen. Any thread may show; one thread reads, inside `with screen`."""

    interactive: bool  # a person types
    echoes: bool  # typed lines stay visible
    broken: bool  # nobody sees it any more
    continues: bool  # the line just read is a further piece of the one before

    def __enter__(self) -> Any: ...
    def __exit__(self, *exception: object) -> None: ...
    def show(self, line: str) -> None: ...
    def note(self, line: str) -> None: ...
    def complain(self, line: str) -> None: ...
    def event(self, frame: Frame) -> None: ...
    def clear(self) -> None: ...
    def set_prompt(self, prompt: str, color: str) -> bool: ...
    def read_line(self) -> str: ...
    def end_reading(self) -> None: ...


def choose_screen(*, json_events: bool = False) -> Screen:
    if json_events:
        return JsonScreen()
    both = sys.stdin.isatty() and sys.stdout.isatty()
    if both and readline is not None and os.environ.get("TERM", "dumb") != "dumb":
        return TerminalScreen()
    return PlainScreen(echoes=both)


class _Reader:
    """A blocking read in the main thread that other threads can end.

    SIGURG does it: unlike SIGINT, nobody types it, and where no handler is left it is ignored.
    """

    def __init__(self) -> None:
        self._reading = False
        self._closed = False
        self._interruption: BaseException | None = None
        self._thread: int | None = None
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Any:
        if threading.current_thread() is threading.main_thread() and hasattr(signal, "pthread_kill"):
            for number in self._signals():
                self._handlers[number] = signal.signal(number, self._on_signal)
            self._thread = threading.get_ident()
        return self

    def __exit__(self, *exception: object) -> None:
        self._thread = None
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers.clear()

    def end_reading(self) -> None:
        """Make a read that is going on, or the next one, raise Closed."""
        self._closed = True
        self._nudge()

    def _signals(self) -> tuple[int, ...]:
        return (signal.SIGURG,)

    def _nudge(self) -> None:
        if self._reading and self._thread is not None:
            signal.pthread_kill(self._thread, signal.SIGURG)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._reading:
            # The interpreter may run a second handler while the first one's exception is on its way out, and a handler
            # that returns then is a SystemError. So a read that is interrupted stays so.
            if self._interruption is None:
                self._interruption = self._interruption_by(number)
            if self._interruption is not None:
                raise self._interruption
        elif number == signal.SIGINT:
            raise KeyboardInterrupt

    def _interruption_by(self, number: int) -> BaseException | None:
        """What a signal does to the read that is going on; 0 asks for what was signalled before it began."""
        return Closed() if self._closed else None

    def _guarded(self, read: Any, argument: Any) -> str:
        """read(argument). Once it has the line, no signal can take it away: it goes straight into the list."""
        kept: list[str] = []
        self._interruption = None
        self._reading = True
        try:
            if interruption := self._interruption_by(0):
                raise interruption
            kept.extend(map(read, [argument]))
        except (_Redraw, Closed):
            if not kept:
                raise
        finally:
            self._reading = False
        return kept[0]


class _Redraw(Exception):
    """The prompt is to be drawn again, with what was typed so far."""


class PlainScreen(_Reader):
    """Pipes, files, dumb terminals: plain lines, no prompt. Complaints go to standard error."""

    def __init__(self, *, echoes: bool = False) -> None:
        super().__init__()
        self.interactive = sys.stdin.isatty()
        self.echoes = echoes
        self.broken = False
        self.continues = False
        self._ended_line = True
        self._writing = threading.Lock()  # one line at a time

    def show(self, line: str) -> None:
        self._write(sys.stdout, line)

    def note(self, line: str) -> None:
        self.show(line)

    def complain(self, line: str) -> None:
        self._write(sys.stderr, line)

    def event(self, frame: Frame) -> None:
        """Events are for programs."""

    def clear(self) -> None:
        """There is nothing to clear in a pipe."""

    def set_prompt(self, prompt: str, color: str) -> bool:
        """There is no prompt in a pipe."""
        return True

    def read_line(self) -> str:
        # A bound, so that a stream without line ends does not fill the memory.
        piece = self._guarded(sys.stdin.readline, MAX_TEXT)
        if not piece:
            raise EOFError
        self.continues, self._ended_line = not self._ended_line, piece.endswith("\n")
        return piece.removesuffix("\n").removesuffix("\r")

    def _write(self, stream: TextIO, line: str) -> None:
        try:
            with self._writing:
                stream.write(line + "\n")
                stream.flush()
        except (OSError, ValueError):
            self._lose(stream)

    def _lose(self, stream: TextIO) -> None:
        if stream is sys.stdout:
            self.broken = True
        try:
            # Otherwise the interpreter would complain at exit about what it could not flush.
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), stream.fileno())
        except (OSError, ValueError):
            pass


class JsonScreen(PlainScreen):
    """One JSON event per line on standard output, for programs; sentences for people on standard error."""

    def show(self, line: str) -> None:
        """Programs get the frame instead."""

    def note(self, line: str) -> None:
        self.complain(line)

    def event(self, frame: Frame) -> None:
        # Pure ASCII, and so harmless even if a terminal should show it.
        self._write(sys.stdout, json.dumps(frame, ensure_ascii=True, separators=(",", ":")))


class TerminalScreen(_Reader):
    """A prompt on the last line, and everything else above it.

    An arriving line moves the prompt's row down as it is, with whatever is typed on it, and fills the room above: so
    readline never has to know. That needs the input to stay on one row, which horizontal scrolling does.
    """

    interactive = True
    echoes = False
    continues = False

    def __init__(self) -> None:
        super().__init__()
        self.broken = False
        self._prompt = ("", "")  # text and colour, as they should be
        self._drawn: tuple[str, str] | None = None  # as readline knows it
        self._draft = ""
        self._typing = False  # readline has begun, and its buffer is of this line
        self._shown_at = 0.0
        self._terminal = threading.Lock()  # one write at a time

    def __enter__(self) -> Any:
        readline.parse_and_bind("set horizontal-scroll-mode on")
        readline.parse_and_bind("set enable-bracketed-paste on")
        readline.set_completer(lambda text, state: None)  # else Tab would offer file names
        super().__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        readline.set_startup_hook(None)

    # --- Writing ---

    def show(self, line: str) -> None:
        columns, rows = _terminal_size()
        height = rows_of(line, columns)
        self._shown_at = time.monotonic()
        if height < rows:
            # Make room below (scrolling if need be), and insert it above the row that the cursor is on.
            self._write(
                "\x1bD" * height
                + f"\x1b[{height}A\x1b7\r\x1b[0m\x1b[{height}L"
                + line.replace("\n", "\r\n")
                + f"\x1b8\x1b[{height}B"
            )
        else:
            self._write(_WIPE + line.replace("\n", "\r\n") + "\r\n")
            self._draw_again()

    def note(self, line: str) -> None:
        self.show(line)

    def complain(self, line: str) -> None:
        self.show(line)

    def event(self, frame: Frame) -> None:
        """Events are for programs."""

    def clear(self) -> None:
        self._write("\x1b[H\x1b[2J")
        self._draw_again()

    def _write(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        try:
            with self._terminal:
                while data:
                    data = data[os.write(sys.stdout.fileno(), data) :]
        except (OSError, ValueError):
            self.broken = True

    # --- The prompt ---

    def set_prompt(self, prompt: str, color: str) -> bool:
        """Whether that prompt is on the screen. If not, ask again soon: readline overlooks a signal that comes while
        it works on a key.
        """
        self._prompt = (prompt, color)
        if self._reading and self._drawn != self._prompt:
            self._nudge()
            return False
        return True

    def _draw_again(self) -> None:
        self._drawn = None
        self._nudge()

    def read_line(self) -> str:
        """A line that was typed. It is erased from the screen: what was said appears when it is confirmed.

        KeyboardInterrupt for Ctrl+C on an empty line; a half-typed one is only cleared.
        """
        draft = ""
        while True:
            try:
                line = self._read(draft)
            except _Redraw:
                self._write(_WIPE)
                draft = self._draft
            except KeyboardInterrupt:
                self._write(_WIPE)
                if not self._draft:
                    raise
                draft = ""
            except (EOFError, Closed):
                self._write(_WIPE)
                raise
            else:
                self._erase_typed_row()
                return line

    def _read(self, draft: str) -> str:
        self._draft, self._typing = draft, False
        self._drawn = self._prompt
        readline.set_startup_hook(self._begin_typing)
        # Readline gets a prompt without colour codes: on a row that scrolls sideways it would cut them in pieces.
        # The colour is switched on before it begins, and is that of the typed text too.
        prompt, color = self._drawn
        self._write(paint("\0", color).partition("\0")[0])
        return self._guarded(input, prompt)

    def _begin_typing(self) -> None:
        readline.insert_text(self._draft)
        self._typing = True

    def _erase_typed_row(self) -> None:
        # A line shown just now may stand where the typed one stood, and is worth more than tidiness.
        if time.monotonic() - self._shown_at > _JUST_NOW:
            self._write("\x1b[A" + _WIPE)
        else:
            self._write("\x1b[0m")

    def _signals(self) -> tuple[int, ...]:
        return (signal.SIGURG, signal.SIGCONT, signal.SIGINT)

    def _interruption_by(self, number: int) -> BaseException | None:
        if self._typing:
            self._draft = readline.get_line_buffer()
        if number == signal.SIGINT:
            return KeyboardInterrupt()
        # Whoever had the terminal before SIGCONT may have left anything there.
        stale = number == signal.SIGCONT or self._drawn != self._prompt
        return super()._interruption_by(number) or (_Redraw() if stale else None)


def _terminal_size() -> tuple[int, int]:
    try:
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        return 80, 24
    return columns or 80, rows or 24


def rows_of(text: str, columns: int) -> int:
    """How many rows a painted text takes."""
    return sum(_rows_of_line(line, columns) for line in _PAINT.sub("", text).split("\n"))


def _rows_of_line(line: str, columns: int) -> int:
    if line.isascii():
        return max(1, -(-len(line) // columns))
    rows, column = 1, 0
    for character in line:
        width = _width(character)
        if column + width > columns:
            rows, column = rows + 1, 0
        column += width
    return rows


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
