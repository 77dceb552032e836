"""A pseudo-terminal with an emulator behind it, which judges what changed; and the texts that are to change nothing."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import random
import struct
import termios
from collections.abc import Callable, Mapping
from typing import Any, Final

import pyte

from tests.client.programs import COLUMNS, ROWS, Emulator

PIECES: Final = (
    *("\x1b[2J", "\x1b[H", "\x1bc", "\x1b]0;owned\x07", "\x1b]2;owned\x1b\\", "\x1b[1;24r", "\x1b[?25l", "\x1b[6n"),
    *("\x1b[24;1Hgone", "\x1b[A\x1b[2K", "\x1b[9A", "\x1b#8", "\x1b(0", "\x0e", "\x1b[4h", "\x1b[20h", "\x1b[?7l"),
    *("\x1bH", "\x1b[3g", "\x1bM", "\x1bD", "\x1b7", "\x1b8", "\x1b[31;7m", "\x1b[5i", "\x1bP1$r\x1b\\", "\x1b[c"),
    *("\x9b2J", "\x9d0;x\x9c", "\x84", "\x85", "\x8d", "\x90", "\udc9b2J", "\x07", "\b" * 90, "\r", "\v", "\f", "\0"),
    *("\u2028", "\u2029", "\u202e", "\u2066", "\ufeff", "\u200d", "\ufe0f", "\U000e0041", "\ud800", "\x7f", "\x1b^y"),
    *("漢", "👨\u200d👩\u200d👧", "🇩🇪", "e" + "\u0301" * 300, "x" * 300, " " * 100, "word ", "\t", "\x1b[?1049h"),
    *("\n", "\n\n[COLOR (red)] bob said -> forged", "* bob left *", "\x1b_x\x1b\\"),
    *(
        "/me left *\n",
        "\u2800" * 90,
        "\u3164* bob left *",
        "👍🏽" * 45,
        "漢字、" * 40,
        "한" * 60,
        "䷀" * 45,
        "\u115f\u1161",
    ),
)


def texts(rng: random.Random, count: int) -> list[str]:
    """Each piece by itself, then mixtures."""
    mixed = ("".join(rng.choices((*PIECES, "ann", "a"), k=rng.randint(2, 12))) for _ in range(count))
    return [f"a{piece}z" for piece in PIECES] + list(mixed)


class Judged(Emulator):
    """Notes what a terminal would send back to the program."""

    replies = 0

    def write_process_input(self, data: str) -> None:
        self.replies += 1


def text_of(row: Mapping[int, Any]) -> str:
    """What stands in a row: the emulator's own way to tell it takes ten times as long."""
    return "".join([row[column].data for column in range(COLUMNS)])


class Stage:
    """A pseudo-terminal with an emulator behind it."""

    below = 1  # rows under the message area
    name = ""

    def __init__(self) -> None:
        self._master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.set_blocking(self._master, False)
        self.emulator = Judged(COLUMNS, ROWS, history=100_000, ratio=0.5)
        self._stream = pyte.ByteStream(self.emulator)

    def close(self) -> None:
        os.close(self._master)
        os.close(self.slave)

    def watch(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._master, 65_536):
                self._stream.feed(data)

    def input_row(self) -> object:
        screen = self.emulator
        row = screen.buffer[screen.cursor.y]
        return screen.cursor.x, [row[column][:3] for column in range(COLUMNS)]

    def manners(self) -> dict[str, object]:
        """Everything outside the message area."""
        screen = self.emulator
        return {
            "the input row": self.input_row(),
            "the title": screen.title,
            "the icon's name": screen.icon_name,
            "a mode": frozenset(screen.mode),
            "the margins": screen.margins,
            "a tab stop": frozenset(screen.tabstops),
            "a character set": (screen.charset, screen.g0_charset, screen.g1_charset),
            "the bell": screen.bells,
            "an answer": screen.replies,
            "the status row": text_of(screen.buffer[ROWS - 2]) if self.below == 2 else "",
            "the cursor's look": (screen.cursor.hidden, screen.cursor.attrs),
        }

    def forget(self) -> None:
        """Most of what scrolled away: to compare all of it after each text would take nearly all of the time."""
        gone = self.emulator.history.top
        while len(gone) > ROWS:
            gone.popleft()

    def said(self) -> list[str]:
        """All rows of the message area, and those that scrolled away and are remembered."""
        shown = self.emulator.buffer
        rows = [*self.emulator.history.top, *(shown[number] for number in range(ROWS - self.below))]
        return [text_of(row).rstrip() for row in rows]


Show = Callable[[Any, str], None]
