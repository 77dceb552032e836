"""The rows of a terminal: a message area that scrolls, a status row, and rows to type in. Nobody else writes there.

The message area is a scroll region that begins at the first row, so what leaves it goes to the terminal's own
scrollback. Every change is one write, made under one lock, that ends with the cursor in what is typed: so no two
sequences are ever mixed. Inside, a terminal that takes nothing is waited for; a program that leaves never waits long.
It must not know frames, the keyboard or what the lines mean; they come in painted and harmless.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice

from chat_common import paint
from client_parts.kept.bookmarks import Key
from client_parts.screen.fair_lock import FairLock
from client_parts.screen.held_lines import HeldLines, Line, find
from client_parts.screen.input_line import InputLine
from client_parts.screen.links import linked
from client_parts.screen.pictures import Dialect, picture, pictures_wiped
from client_parts.screen.status import Status, status_line, waiting_lines
from client_parts.screen.title import Title
from terminal_parts.fitting import fitted, terminal_size
from terminal_parts.layout import Shape
from terminal_parts.output import write_all, write_for
from terminal_parts.theme import AS_PAINTED, Theme
from terminal_parts.width import cut, height, last_rows, wrap

MIN_ROWS, MIN_COLUMNS = 5, 20  # a smaller terminal gets lines and a prompt, and nothing reserved
_REMEMBERED = 500  # lines that can be drawn again
_MOST_WAITING = 3
_MOST_TOGETHER = 20  # lines that go to the terminal together; more would be seen late
_PART_OF_A_PICTURE = 2
_PARTS = 3  # of the screen, of which one is for what is typed
_PATIENCE = 0.5  # seconds that a terminal may take for the last words
# Whether a pasted block says where it begins and ends, and the window that it got or lost the focus.
_TELLS_MORE, _TELLS_KEYS = "\x1b[?2004h\x1b[?1004h", "\x1b[?1004l\x1b[?2004l"


class Rows:
    """The screen, from `enter` to `leave`; before and between, lines are kept for the next `enter`.

    If none comes, `leave` shows the complaints among them.
    """

    def __init__(self, descriptor: int, terminal: str) -> None:
        self.broken = False
        self.links = False  # addresses are written as links
        self.gathers = False  # lines go to the terminal a few at a time, at the latest when something else does
        self._descriptor = descriptor
        self._title = Title(terminal)
        self._inside = False
        self._lent = True  # the shell has the screen, and will give it, or give it back
        self._reserved = False  # the scroll region is set
        self._columns, self._rows = terminal_size(descriptor)
        self._free = 0  # empty rows at the end of the message area
        self._lines: deque[Line] = deque(maxlen=_REMEMBERED)
        self._new: list[Line] = []  # those of them that are not on the screen yet
        self._held = HeldLines()  # came while somebody else had the screen
        self._status: Status | None = None
        self._foot_rows = 2  # below the message area: texts on their way, the status, and what is typed
        self._theme = AS_PAINTED
        self._input = InputLine()
        self._wipes = ""  # takes pictures away that would outlive their rows
        self._lock = FairLock()  # one change at a time, and a key never waits for many messages

    # --- From and to the shell ---

    def enter(self) -> None:
        """Take the screen over. What the shell left on it goes to the scrollback, not away."""
        with self._lock:
            self._measure()
            self._inside, self._lent = True, False
            opening = self._title.saved()
            if self._status is not None:
                opening += self._title.changed(self._status.title)
            self._write(opening + ("\n" * self._rows + self._drawn() if self._reserved else _TELLS_MORE))
            for line in self._held.take():
                self._append(line)
            self._write(self._drawn_new() + self._drawn_input())

    def lend(self) -> None:
        """Give everything back for a while; whatever comes is kept for `enter`."""
        self._give_back(lent=True)

    def leave(self) -> None:
        """Give everything back: the region, the title, and a cursor below the last message."""
        if not self._give_back(lent=False):
            self.broken = True

    def _give_back(self, *, lent: bool) -> bool:
        """Whether that was possible: not while somebody waits for a terminal that takes nothing."""
        if not self._lock.acquire(timeout=_PATIENCE):
            return False
        try:
            closing = ""
            if self._inside:
                closing = f"{self._drawn_new()}\r\x1b[0m\x1b[K{_TELLS_KEYS}{self._title.restored()}"
                if self._reserved:
                    closing += f"\x1b[r\x1b[{self._bottom - self._free + 1};1H\x1b[0m\x1b[J"
                self._reserved = False
            if not lent:
                closing += "".join(_as_rows(line, self._columns) for line in self._held.take_complaints())
            self._inside, self._lent = False, lent
            self._write(closing)
        finally:
            self._lock.release()
        return True

    # --- Lines ---

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """To change something, behind all lines that were shown."""
        with self._lock:
            if self._new:
                self._write(self._drawn_new())
            yield

    def show(self, text: str, hang: int, key: Key | None = None) -> None:
        """One more line; with the key of a message, it can be changed."""
        line = Line(text, hang, key)
        with self._lock:
            if self._inside:
                self._append(line)
            else:
                self._held.hold(*line)

    def show_delivered(self, text: str, hang: int, key: Key | None = None) -> None:
        """The same for the first of the waiting texts: its row below goes first, so that none stays empty."""
        with self._turn():
            if self._inside and self._reserved and self._status is not None and self._status.waiting:
                self._status = replace(self._status, waiting=self._status.waiting[1:])
                self._write(self._drawn_foot())
        self.show(text, hang, key)

    def show_now(self, text: str, hang: int) -> None:
        """The same for a complaint: it is shown also if there is never an `enter`, but not over a shell's work."""
        if self.broken:
            return  # perhaps somebody waits for ever, with the lock
        with self._lock:
            if self._inside:
                self._append(Line(text, hang))
            elif self._lent:
                self._held.hold(text, hang, complaint=True)
            else:
                self._write(_as_rows(text, self._columns))

    def _append(self, line: Line) -> None:
        self._lines.append(line)
        self._new.append(line)
        if not self.gathers or len(self._new) == _MOST_TOGETHER:
            self._write(self._drawn_new())

    def _drawn_new(self) -> str:
        """The lines that are not on the screen yet."""
        new, self._new = self._new, []
        if not new:
            return ""
        if self._reserved:
            return self._appended(_wrapped(new, self._columns)) + self._input.cursor(self._first_typed)
        rows = "".join(_as_rows(line.text, self._columns) for line in new)
        return f"\r\x1b[0m\x1b[K{rows}{self._drawn_input()}"

    def show_picture(self, data: bytes, dialect: Dialect) -> bool:
        """Draw it over empty rows of its own, at most half of the message area. Whether that is possible."""
        with self._turn():
            found = picture(data, dialect, self._columns - 1, self._bottom // _PART_OF_A_PICTURE)
            if found is None or not (self._inside and self._reserved):
                return False
            self._lines.extend([Line("")] * found.rows)
            empty = self._appended([""] * found.rows)
            first = self._bottom - self._free - found.rows + 1
            self._write(f"{empty}\x1b[{first};1H{found.codes}{self._input.cursor(self._first_typed)}")
            self._wipes = pictures_wiped(dialect)
            return True

    def change(self, key: Key, text: str) -> bool:
        """Change a message. Returns whether that can be seen now, or will be seen with what waits."""
        with self._turn():
            if self._held.change(key, text):
                return True
            if (place := find(self._lines, key)) is None:
                return False
            columns = self._columns
            before = _height(_wrapped(islice(self._lines, place, None), columns), columns)
            self._lines[place] = self._lines[place]._replace(text=text)
            rows = _wrapped(islice(self._lines, place, None), columns)
            first = self._bottom - self._free - before + 1
            scrolled = max(0, _height(rows, columns) - before - self._free)
            if not self._inside or not self._reserved or first - scrolled < 1:
                return False
            self._free = self._bottom - first + scrolled + 1
            wiped = _scrolled_and_wiped(scrolled, first - scrolled, self._bottom)
            self._write(wiped + self._appended(rows) + self._input.cursor(self._first_typed))
            return True

    def _appended(self, rows: list[str]) -> str:
        first = self._bottom - self._free + 1
        start = f"\x1b[{first};1H\x1b[0m" if self._free else f"\x1b[{self._bottom};1H\x1b[0m\n"
        self._free = max(0, self._free - _height(rows, self._columns))
        return start + "\r\n".join(map(linked, rows) if self.links else rows) + "\x1b[0m"

    # --- What stands below the messages ---

    def set_status(self, status: Status) -> None:
        with self._turn():
            changed, self._status = status != self._status, status
            if changed:
                self._lay_out()
            if changed and self._inside:
                self._write(self._title.changed(status.title) + self._drawn_foot())

    def set_input(self, text: str, cursor: int, prompt: str = "") -> Shape | None:
        """What is being typed. The prompt is the status's unless there is another.

        Returns the room for it; None if it has one row.
        """
        with self._turn():
            changed, height = self._input.change(text, cursor, prompt), self._input.height
            if changed:
                self._lay_out()
            if changed and self._inside:
                self._write(self._drawn_input() if self._input.height == height else self._drawn_foot())
            return self._input.shape

    def _lay_out(self) -> None:
        most = self._rows // _PARTS if self._reserved else 1
        self._input.lay_out(self._status, self._columns, most)

    def _drawn_input(self) -> str:
        return self._input.drawn(self._first_typed)

    @property
    def _first_typed(self) -> int | None:
        """The row of the screen in which what is typed begins; None if it has no place of its own."""
        return self._rows - self._input.height + 1 if self._reserved else None

    def _drawn_foot(self) -> str:
        """All that stands below the messages."""
        status, typed = self._status, self._input.height
        if not self._reserved or status is None:
            return self._drawn_input()
        below = waiting_lines(status, max(0, min(_MOST_WAITING, self._rows - MIN_ROWS + 2 - typed)))
        wanted = len(below) + 1 + typed
        moved = self._make_room(wanted) if wanted != self._foot_rows else ""
        drawn = "".join(
            f"\x1b[{self._bottom + number};1H\x1b[0m\x1b[K" + paint(cut(f"… {text}", self._columns - 1), None, "dark")
            for number, text in enumerate(below, 1)
        )
        line = status_line(status, self._columns)
        row = f"\x1b[{self._rows - typed};1H\x1b[0m\x1b[K{line}\x1b[0m"
        return f"{moved}\x1b[?7l{drawn}{row}\x1b[?7h{self._drawn_input()}"

    def _make_room(self, wanted: int) -> str:
        """Move the end of the message area: up over free rows first, then by scrolling; down by freeing rows."""
        more = wanted - self._foot_rows
        scrolled = max(0, more - self._free)
        wiped = "".join(f"\x1b[{row};1H\x1b[0m\x1b[K" for row in range(self._bottom + 1, self._rows + 1))
        moved = f"\x1b[{self._bottom};1H\x1b[0m" + "\n" * scrolled + wiped
        self._free = max(0, self._free - more)
        self._foot_rows = wanted
        return moved + f"\x1b[1;{self._bottom}r"

    def send(self, codes: str) -> None:
        """What changes nothing on the screen: the bell, or a question to the terminal."""
        with self._turn():
            self._write(codes)

    def set_theme(self, theme: Theme) -> None:
        """Other colours, also for what is on the screen already."""
        with self._turn():
            self._theme = theme
            if self._reserved:
                self._write(self._drawn())

    # --- Drawing again ---

    def redraw(self) -> None:
        """Everything anew, and in the size that the terminal has now."""
        with self._turn():
            if self._inside:
                self._measure()
                self._write(self._drawn())

    def clear(self) -> None:
        with self._turn():
            self._lines.clear()
            if self._inside:
                self._write(self._drawn())

    def _drawn(self) -> str:
        if not self._reserved:
            lines = "".join(row + "\r\n" for row in _last_rows(self._lines, self._columns, self._bottom))
            return f"\x1b[r\x1b[H\x1b[0m\x1b[J{_TELLS_MORE}{lines}{self._drawn_input()}"
        self._foot_rows = 1 + self._input.height
        rows = _last_rows(self._lines, self._columns, self._bottom)
        self._free = self._bottom
        area = self._appended(rows) if rows else ""
        # Up to the cursor: wiping the screen as a whole would put it into some terminals' scrollback.
        empty = f"{self._wipes}\x1b[r\x1b[{self._rows};{self._columns}H\x1b[0m\x1b[1J"
        return f"{empty}{_TELLS_MORE}\x1b[1;{self._bottom}r{area}{self._drawn_foot()}"

    @property
    def _bottom(self) -> int:
        """The last row of the message area."""
        return self._rows - self._foot_rows if self._reserved else self._rows - 1

    def _measure(self) -> None:
        self._columns, self._rows = terminal_size(self._descriptor)
        self._reserved = self._rows >= MIN_ROWS and self._columns >= MIN_COLUMNS
        self._lay_out()

    def _write(self, text: str) -> None:
        data = self._theme.apply(text).encode("utf-8", "replace")
        try:
            if self._inside:
                write_all(self._descriptor, data)
            else:
                write_for(_PATIENCE, self._descriptor, data)
        except (OSError, ValueError):
            self.broken = True


def _as_rows(line: str, columns: int) -> str:
    """A line where nothing is reserved, broken between words."""
    return "".join(f"{row}\r\n" for row in fitted(line, columns).split("\n"))


def _scrolled_and_wiped(number: int, first: int, last: int) -> str:
    """So many rows leave the message area, and the rest of it, from the first row to the last, is empty."""
    scrolled = f"\x1b[{last};1H\x1b[0m" + "\n" * number if number else ""
    return scrolled + "".join(f"\x1b[{row};1H\x1b[0m\x1b[K" for row in range(first, last + 1))


def _wrapped(lines: Iterable[Line], columns: int) -> list[str]:
    return [row for line in lines for row in wrap(line.text, columns, line.hang)]


def _height(rows: list[str], columns: int) -> int:
    return sum(height(row, columns) for row in rows)


def _last_rows(lines: Iterable[Line], columns: int, number: int) -> list[str]:
    """As many of the last lines as so many rows of the screen have room for."""
    rows: list[str] = []
    for line in reversed(list(lines)):
        pieces = wrap(line.text, columns, line.hang)
        while pieces and height(pieces[-1], columns) <= number:
            number -= height(pieces[-1], columns)
            rows.append(pieces.pop())
        if pieces:
            rows += [last_rows(pieces.pop(), columns, number)] * bool(number)
            break
    return rows[::-1]
