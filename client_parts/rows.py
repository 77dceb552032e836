"""The rows of a terminal: a message area that scrolls, a status row, and an input row that others write on.

The message area is a scroll region that begins at the first row, so what leaves it goes to the terminal's own
scrollback. Every change is one write that saves and restores the cursor, so whoever works on the input row need not
know. It must not know frames, the keyboard or what the lines mean; they come in painted and harmless.
"""

from __future__ import annotations

import os
import threading
from collections import deque

from chat_common import paint
from client_parts.status import Status, status_line, waiting_lines
from client_parts.theme import AS_PAINTED, Theme
from client_parts.width import cut, height, wrap

MIN_ROWS, MIN_COLUMNS = 5, 20  # a smaller terminal gets lines and a prompt, and nothing reserved
_REMEMBERED = 500  # lines that can be drawn again
_MOST_WAITING = 3
_WIPE = "\r\x1b[0m\x1b[K"
_SAVE, _RESTORE = "\x1b7", "\x1b8"
_TITLED = ("xterm", "rxvt", "screen", "tmux", "alacritty", "foot", "kitty", "st-", "konsole", "gnome", "vte", "wezterm")


def has_title(terminal: str) -> bool:
    """Whether a terminal of that kind has a title to set."""
    return terminal.startswith(_TITLED)


class Rows:
    """The screen, from `enter` to `leave`; before and after, and where it is too small, lines one below the other."""

    def __init__(self, descriptor: int, terminal: str) -> None:
        self.broken = False
        self._descriptor = descriptor
        self._titled = has_title(terminal)
        self._title = ""
        self._inside = False
        self._reserved = False  # the scroll region is set
        self._columns, self._rows = 80, 24
        self._free = 0  # empty rows at the end of the message area
        self._lines: deque[tuple[str, int]] = deque(maxlen=_REMEMBERED)
        self._status: Status | None = None
        self._below: tuple[str, ...] = ()  # waiting texts, in rows between the messages and the status
        self._theme = AS_PAINTED
        self._writing = threading.Lock()  # one change at a time
        self._resized = False

    @property
    def columns(self) -> int:
        return self._columns

    @property
    def reserved(self) -> bool:
        return self._reserved

    # --- From and to the shell ---

    def enter(self) -> None:
        """Take the screen over. What the shell left on it goes to the scrollback, not away."""
        with self._writing:
            self._measure()
            self._inside = True
            opening = "\x1b[22;2t" if self._titled else ""  # keep the title that is there
            opening += self._titled_now(self._status) if self._status is not None else ""
            self._write(opening + "\n" * self._rows + self._drawn() if self._reserved else opening)
            if not self._reserved:
                self._write("".join(f"{line}\r\n" for line, _ in self._lines).replace("\n", "\r\n"))

    def leave(self) -> None:
        """Give everything back: the region, the title, and a cursor below the last message."""
        with self._writing:
            if not self._inside:
                return
            self._inside = False
            closing = "\x1b]2;\x1b\\\x1b[23;2t" if self._titled else ""
            if self._reserved:
                closing += f"\x1b[r\x1b[{self._bottom - self._free + 1};1H\x1b[0m\x1b[J"
            self._reserved, self._below, self._title = False, (), ""
            self._write(_WIPE + closing)

    # --- Lines ---

    def show(self, line: str, hang: int) -> bool:
        """One more line. False if the input row was lost and must be drawn again."""
        with self._writing:
            self._lines.append((line, hang))
            if self._reserved:
                self._write(_SAVE + self._appended(wrap(line, self._columns, hang)) + _RESTORE)
            elif self._inside:
                self._write(_WIPE + line.replace("\n", "\r\n") + "\r\n")
            intact = self._reserved or not self._inside
        self._catch_up()
        return intact

    def now(self, line: str) -> None:
        """A line that cannot wait for `enter`."""
        self._write(line.replace("\n", "\r\n") + "\r\n")

    def _appended(self, rows: list[str]) -> str:
        first = self._bottom - self._free + 1
        start = f"\x1b[{first};1H\x1b[0m" if self._free else f"\x1b[{self._bottom};1H\x1b[0m\n"
        self._free = max(0, self._free - sum(height(row, self._columns) for row in rows))
        return start + "\r\n".join(rows) + "\x1b[0m"

    # --- What stands below the messages ---

    def set_status(self, status: Status) -> None:
        with self._writing:
            changed, self._status = status != self._status, status
            if changed and self._inside:
                self._write(
                    self._titled_now(status) + (_SAVE + self._foot(status) + _RESTORE if self._reserved else "")
                )
        self._catch_up()

    def _foot(self, status: Status) -> str:
        below = waiting_lines(status, min(_MOST_WAITING, self._rows - MIN_ROWS + 1))
        moved = self._make_room(len(below)) if len(below) != len(self._below) else ""
        self._below = below
        # No text may leave its row here, whatever the terminal thinks of its width.
        drawn = "".join(
            f"\x1b[{self._bottom + number};1H\x1b[0m\x1b[K" + paint(cut(f"… {text}", self._columns - 1), None, "dark")
            for number, text in enumerate(below, 1)
        )
        line = status_line(status, self._columns)
        return f"{moved}\x1b[?7l{drawn}\x1b[{self._rows - 1};1H\x1b[0m\x1b[K{line}\x1b[0m\x1b[?7h"

    def _make_room(self, wanted: int) -> str:
        """Move the end of the message area: up over free rows first, then by scrolling; down by freeing rows."""
        more = wanted - len(self._below)
        scrolled = max(0, more - self._free)
        wiped = "".join(f"\x1b[{self._bottom + number};1H\x1b[0m\x1b[K" for number in range(1, len(self._below) + 1))
        moved = f"\x1b[{self._bottom};1H\x1b[0m" + "\n" * scrolled + wiped
        self._free = max(0, self._free - more)
        self._below = ("",) * wanted
        return moved + f"\x1b[1;{self._bottom}r"

    def _titled_now(self, status: Status) -> str:
        if not self._titled or status.title == self._title:
            return ""
        self._title = status.title
        return f"\x1b]2;{status.title}\x1b\\"

    def ring(self) -> None:
        with self._writing:
            self._write("\a")

    def set_theme(self, theme: Theme) -> None:
        """Other colours, also for what is on the screen already."""
        with self._writing:
            self._theme = theme
            if self._reserved:
                self._write(_SAVE + self._drawn() + _RESTORE)

    # --- The input row ---

    def wipe_input(self) -> None:
        with self._writing:
            self._write((f"\x1b[{self._rows};1H" if self._reserved else "") + _WIPE)

    def write(self, text: str) -> None:
        with self._writing:
            self._write(text)

    # --- Drawing again ---

    def resize(self) -> bool:
        """The terminal has another size. Safe in a signal handler: if a change is under way, it is done after it."""
        self._resized = True
        return self._catch_up()

    def redraw(self) -> None:
        """Everything anew; the cursor is at the start of the input row then."""
        with self._writing:
            if self._inside:
                self._measure()
                self._write(self._drawn())

    def clear(self) -> None:
        with self._writing:
            self._lines.clear()
            self._write(_SAVE + self._drawn() + _RESTORE if self._reserved else "\x1b[H\x1b[2J")

    def _catch_up(self) -> bool:
        done = False
        while self._resized and self._writing.acquire(blocking=False):
            try:
                self._resized = False
                if self._inside:
                    self._measure()
                    self._write(self._drawn())
                done = True
            finally:
                self._writing.release()
        return done

    def _drawn(self) -> str:
        if not self._reserved:
            return "\x1b[r\x1b[H\x1b[J"
        self._below = ()
        rows = self._last_rows()
        self._free = self._bottom
        area = self._appended(rows) if rows else ""
        status = self._foot(self._status) if self._status is not None else ""
        # The input row is left alone: it is not ours.
        empty = f"\x1b[r\x1b[{self._rows - 1};{self._columns}H\x1b[0m\x1b[1J"
        return f"{empty}\x1b[1;{self._bottom}r{area}{status}\x1b[{self._rows};1H"

    def _last_rows(self) -> list[str]:
        """As many of the last lines as the message area has room for."""
        rows: list[str] = []
        left = self._bottom
        for line, hang in reversed(self._lines):
            pieces = wrap(line, self._columns, hang)
            while pieces and height(pieces[-1], self._columns) <= left:
                left -= height(pieces[-1], self._columns)
                rows.append(pieces.pop())
            if pieces:
                break
        return rows[::-1]

    @property
    def _bottom(self) -> int:
        """The last row of the message area."""
        return self._rows - 2 - len(self._below)

    def _measure(self) -> None:
        try:
            columns, rows = os.get_terminal_size(self._descriptor)
        except (OSError, ValueError):
            columns, rows = 80, 24
        self._columns, self._rows = columns or 80, rows or 24
        self._reserved = self._rows >= MIN_ROWS and self._columns >= MIN_COLUMNS

    def _write(self, text: str) -> None:
        data = self._theme.apply(text).encode("utf-8", "replace")
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except (OSError, ValueError):
            self.broken = True
