"""The operator's terminal itself: what is written below the texts, and what the terminal answers."""

from __future__ import annotations

import os
import sys
import threading

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are a Unix thing", allow_module_level=True)

import pty

from server_parts.operator import terminal_screen
from server_parts.operator.printer import Printer
from server_parts.operator.terminal_screen import TerminalScreen
from terminal_parts import background
from tests.peers import WAIT


def test_an_answer_that_comes_late_is_not_left_to_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who gives the terminal back waits for it, for a moment."""
    ours, terminal = pty.openpty()
    with open(terminal, "r+b", buffering=0) as file:
        monkeypatch.setattr(sys, "stdin", file)
        monkeypatch.setattr(sys, "stdout", file)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr(terminal_screen, "shows_colors", lambda: True)
        monkeypatch.setattr(background, "PATIENCE", WAIT)  # however slow this machine is: the answer ends the waiting
        screen = TerminalScreen("server> ")
        typing = threading.Timer(0.1, os.write, (ours, b"\x1b]11;rgb:f/f/f\x1b\\\x1b[?62c"))

        def run() -> None:
            typing.start()
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            screen.attend(run)
        typing.join()
        assert screen.theme == "light"
        assert not screen._keyboard.has_keys()
        screen.close()
    assert os.read(ours, 65_536).count(b"\x1b]11;?") == 1
    os.close(ours)


class Written:
    """What a printer has written, as one text."""

    def __init__(self) -> None:
        self.text = ""
        self._changed = threading.Condition()

    def add(self, text: str) -> None:
        with self._changed:
            self.text += text
            self._changed.notify_all()

    def wait_for(self, end: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.text.endswith(end), WAIT), repr(self.text)


def test_rows_go_and_come_back_below_a_text() -> None:
    """From wherever they have left the cursor; codes are not broken, lines are."""
    written = Written()
    printer = Printer(written.add, lambda: 20)
    printer.start()
    printer.put_rows("one\r\ntwo\r\nthree", 2)
    written.wait_for("three")
    written.text = ""
    printer.show("\x1b[?2004h" + "\x1b[1;2;3;4;5;6;7;8;9;10;11x")
    printer.show("the quick brown fox jumps\n")
    written.wait_for("three")
    assert written.text.startswith("\x1b[2A\r\x1b[0m\x1b[J")
    assert "11x" in written.text
    assert "the quick brown fox\n  jumps\n" in written.text
    written.text = ""
    printer.put_rows("")
    written.wait_for("\x1b[2A\r\x1b[0m\x1b[J")
    printer.finish(WAIT)
    assert not printer._thread.is_alive()
