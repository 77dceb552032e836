"""A terminal of rows, and the emulator that judges what is on it."""

from __future__ import annotations

import os
import sys

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are a Unix thing", allow_module_level=True)

import fcntl
import select
import struct
import termios
import tty

import pyte

from client_parts.screen.rows import Rows
from client_parts.screen.status import Status
from tests.client.programs import Emulator

READY = Status("lobby", "ann", "red", members=2)


class Judge:
    """Rows on a pseudo-terminal, and the emulator behind it."""

    def __init__(self, rows: int = 10, columns: int = 40) -> None:
        self._reader, self.writer = os.openpty()
        tty.setraw(self.writer)
        os.set_blocking(self._reader, False)
        self.screen = Emulator(columns, rows, history=1000)
        self._stream = pyte.ByteStream(self.screen)
        self.resize(rows, columns)
        self.rows = Rows(self.writer, "xterm")

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.writer, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)

    def display(self) -> list[str]:
        try:
            while data := os.read(self._reader, 65_536):
                self._stream.feed(data)
        except BlockingIOError:
            pass
        return [row.rstrip() for row in self.screen.display]

    def drain(self) -> None:
        """Take in what was written, without a look at it."""
        if select.select([self._reader], [], [], 0.01)[0]:
            os.read(self._reader, 65_536)

    def gone(self) -> list[str]:
        """What has left through the top."""
        columns = range(self.screen.columns)
        return ["".join(row[x].data for x in columns).rstrip() for row in self.screen.history.top]

    def outside(self) -> list[object]:
        """All but the message area: the status row, the input row, the cursor, the title and the bell."""
        shown = self.display()
        cursor, screen = self.screen.cursor, self.screen
        return [shown[-2], shown[-1], cursor.x, cursor.y, screen.title, screen.bells, screen.margins]

    def close(self) -> None:
        os.close(self.writer)
        os.close(self._reader)
