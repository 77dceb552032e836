"""A person's terminal: messages above, what is typed below, and neither disturbs the other.

`Rows` owns the screen but for the input row, which is readline's. This module holds the two together: signals, the
prompt, drafts, keys. It must not know frames or rooms.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Any

from chat_common import Frame, paint
from client_parts.completion import Vocabulary, complete
from client_parts.input_history import InputHistory
from client_parts.reading import Reader, Redraw
from client_parts.rows import Rows
from client_parts.status import Status
from client_parts.theme import theme_named
from client_parts.width import HANG, cut

readline: Any = None
_REDRAW_KEY = 42  # how readline tells a completer that Ctrl+L was bound to it, see `_bind_keys`


def load_readline() -> bool:
    """Whether this system can edit a line."""
    global readline
    try:
        import readline as found
    except ImportError:  # Windows
        return False
    readline = found
    return True


class TerminalScreen(Reader):
    """The screen of a person."""

    interactive = True
    echoes = False
    continues = False
    rich = True

    def __init__(self, history: InputHistory | None = None) -> None:
        super().__init__()
        self._rows = Rows(sys.stdout.fileno(), os.environ.get("TERM", ""))
        self._status = Status("lobby", "", "white")
        self._drawn: tuple[str, str] | None = None  # prompt and colour, as readline knows them
        self._draft = ""
        self._typing = False  # readline has begun, and its buffer is of this line
        self._stopping = False
        self._history = history
        self._vocabulary = Vocabulary()
        self._candidates: list[str] = []
        self._cycle: list[str] = []

    @property
    def broken(self) -> bool:
        return self._rows.broken

    def __enter__(self) -> Any:
        # Before readline is loaded, so that its own handler for this signal calls ours.
        self._hear_of_resizing()
        load_readline()
        self._bind_keys()
        if self._history is not None:
            for line in self._history.load():
                readline.add_history(line)
        super().__enter__()
        self._rows.enter()
        return self

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        readline.set_startup_hook(None)
        readline.set_completer(None)
        self._rows.leave()

    def _hear_of_resizing(self) -> None:
        try:
            signal.signal(signal.SIGWINCH, self._on_resize)
        except ValueError:
            pass  # not the main thread: a test

    def _bind_keys(self) -> None:
        readline.set_auto_history(False)
        readline.set_completer(self._complete)
        readline.set_completer_delims("")
        if "libedit" in (readline.__doc__ or ""):
            readline.parse_and_bind("bind ^I rl_complete")
            return
        for setting in (
            "set horizontal-scroll-mode on",
            "set enable-bracketed-paste on",
            "set bell-style none",
            "set completion-query-items 0",
            "set show-all-if-ambiguous on",
            "tab: complete",
            # Ctrl+L: ask the completer, which knows this kind of question and draws all above the input row, and then
            # let readline draw its own row.
            r'"\e[9001~": insert-completions',
            r'"\e[9002~": redraw-current-line',
            r'"\C-l": "\e[9001~\e[9002~"',
        ):
            readline.parse_and_bind(setting)
        readline.set_completion_display_matches_hook(self._show_candidates)

    # --- Lines ---

    def show(self, line: str, hang: int = HANG) -> None:
        if not self._rows.show(line, hang):
            self._draw_again()

    def note(self, line: str) -> None:
        self.show(line)

    def complain(self, line: str) -> None:
        if self._thread is None:
            self._rows.now(line)
        else:
            self.show(line)

    def event(self, frame: Frame) -> None:
        """Events are for programs."""

    def clear(self) -> None:
        self._rows.clear()
        if not self._rows.reserved:
            self._draw_again()

    def ring(self) -> None:
        self._rows.ring()

    def set_theme(self, name: str) -> None:
        self._rows.set_theme(theme_named(name))
        self._draw_again()

    # --- The status, the prompt, and what can be completed ---

    def set_status(self, status: Status) -> bool:
        """Whether the prompt is on the screen. If not, ask again soon: readline overlooks a signal that comes while
        it works on a key.
        """
        self._status = status
        self._rows.set_status(status)
        if self._reading and self._drawn != self._prompt():
            self._nudge()
            return False
        return True

    def set_vocabulary(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def _prompt(self) -> tuple[str, str]:
        room = max(6, self._rows.columns // 2)
        return cut(self._status.prompt.rstrip("> "), room - 2) + "> ", self._status.color

    def _complete(self, text: str, state: int) -> str | None:
        if state == 0:
            if readline.get_completion_type() == _REDRAW_KEY:
                self._rows.redraw()
                self._candidates = []
            else:
                self._candidates = self._next_candidates(text)
        return self._candidates[state] if state < len(self._candidates) else None

    def _next_candidates(self, text: str) -> list[str]:
        """Commands are listed and completed as far as they agree; of all else, each Tab offers the next one."""
        if text in self._cycle:
            return [self._cycle[(self._cycle.index(text) + 1) % len(self._cycle)]]
        found = complete(text, self._vocabulary)
        self._cycle = found
        return found if text.startswith("/") and " " not in text else found[:1]

    def _show_candidates(self, substitution: str, matches: list[str], longest: int) -> None:
        self.show(paint("  ".join(match.split(" ")[-1] or match.strip() for match in matches[:100]), None, "dark"))

    # --- Reading ---

    def read_line(self) -> str:
        """A line that was typed. It is erased from the screen: what was said appears when it is confirmed.

        KeyboardInterrupt for Ctrl+C on an empty line; a half-typed one is only cleared.
        """
        draft = ""
        while True:
            try:
                line = self._read(draft)
            except Redraw:
                draft = self._draft
                self._mind_a_stop()
            except KeyboardInterrupt:
                if not self._draft:
                    raise
                draft = ""
            else:
                self._remember(line)
                return line
            finally:
                self._rows.wipe_input()

    def _read(self, draft: str) -> str:
        self._draft, self._typing = draft, False
        self._drawn = self._prompt()
        readline.set_startup_hook(self._begin_typing)
        # Readline gets a prompt without colour codes: on a row that scrolls sideways it would cut them in pieces.
        # The colour is switched on before it begins, and is that of the typed text too.
        prompt, color = self._drawn
        self._rows.write(paint("\0", color).partition("\0")[0])
        return self._guarded(input, prompt)

    def _begin_typing(self) -> None:
        readline.insert_text(self._draft)
        self._typing = True

    def _remember(self, line: str) -> None:
        if self._history is not None and self._history.add(line):
            readline.add_history(line)

    def _draw_again(self) -> None:
        self._drawn = None
        self._nudge()

    # --- Signals ---

    def _on_resize(self, number: int, frame: FrameType | None) -> None:
        # Readline draws its own row after this.
        if not self._rows.resize():
            self._drawn = None

    def _mind_a_stop(self) -> None:
        """Ctrl+Z: give the terminal back, stop, and take it again when `fg` comes."""
        if not self._stopping:
            return
        self._stopping = False
        self._rows.leave()
        before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, before)
        self._rows.enter()

    def _signals(self) -> tuple[int, ...]:
        return (signal.SIGURG, signal.SIGCONT, signal.SIGINT, signal.SIGTSTP)

    def _interruption_by(self, number: int) -> BaseException | None:
        if self._typing:
            self._draft = readline.get_line_buffer()
        if number == signal.SIGINT:
            return KeyboardInterrupt()
        if number == signal.SIGTSTP:
            self._stopping = True
            return Redraw()
        if number == signal.SIGCONT:
            # Whoever had the terminal meanwhile may have left anything there.
            self._rows.resize()
        stale = number == signal.SIGCONT or self._drawn != self._prompt()
        return super()._interruption_by(number) or (Redraw() if stale else None)
