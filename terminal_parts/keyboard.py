"""The keyboard's side of a terminal: keys as they are pressed, and signals as news that wait until they are asked for.

It owns the terminal's input mode and the signals that belong to a terminal. It must not know what keys do. One thread,
the main one, opens, waits and closes; any thread may wake it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import termios
import threading
from types import FrameType
from typing import Any

from terminal_parts.keys import Key, KeyDecoder

_ENDING = (signal.SIGINT, signal.SIGQUIT)
_SIGNALS = (*_ENDING, signal.SIGTSTP, signal.SIGCONT, signal.SIGWINCH)


class Keyboard:
    """With `holds`, Ctrl+S holds the terminal's output and Ctrl+Q lets it go on; else they are keys."""

    def __init__(self, descriptor: int, *, holds: bool = False) -> None:
        self._descriptor = descriptor
        self._resend = termios.IXON if holds else 0
        self._decoder = KeyDecoder()
        self._shell_mode: list[Any] = []  # how the shell left the terminal
        self._early: list[Key] = []  # pressed before the terminal was ours
        self._is_open = False
        self._listening = False
        self._news: set[int] = set()
        self._handlers: dict[int, Any] = {}
        self._ear: socket.socket | None = None
        self._bell: socket.socket | None = None

    def open(self) -> None:
        """No echo and single keys. Ctrl+C and Ctrl+\\ are still signals: nobody listens yet, and they must end it.

        A second time changes nothing.
        """
        if self._is_open:
            return
        self._shell_mode = self._shell_mode or termios.tcgetattr(self._descriptor)
        self._is_open = True
        self._decoder = KeyDecoder()  # what was half pressed before is not half pressed now
        self._ear, self._bell = socket.socketpair()
        self._ear.setblocking(False)
        self._bell.setblocking(False)
        if threading.current_thread() is threading.main_thread():
            self._handlers = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
            # A signal that comes just before `select` would not interrupt it, but this does.
            signal.set_wakeup_fd(self._bell.fileno(), warn_on_full_buffer=False)
        self.take_over()
        self._early += self._typed_before()

    def _typed_before(self) -> list[Key]:
        """What waits already. The mode of before has made of Enter what is Ctrl+J now."""
        with contextlib.suppress(OSError):
            if select.select([self._descriptor], [], [], 0)[0]:
                return self._decoder.feed(os.read(self._descriptor, 65_536).replace(b"\n", b"\r"))
        return []

    def listen(self) -> None:
        """From now on Ctrl+C, Ctrl+\\ and Ctrl+Z are keys, in their order among the others."""
        if not self._listening:
            self._listening = True
            self.take_over()

    def take_over(self) -> None:
        """Set the mode, also again after somebody else had the terminal."""
        mode = [*self._shell_mode[:6], list(self._shell_mode[6])]
        mode[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR | termios.IXON)
        mode[0] |= self._resend
        mode[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        if self._listening:
            mode[3] &= ~termios.ISIG
        self._set(mode)

    def close(self, *, discard: bool = False) -> None:
        """Give the terminal back. A second time changes nothing.

        `discard` what was typed and not read, also if the terminal was never taken: else the shell would execute it.
        """
        if discard:
            self._early.clear()
            discard_typed(self._descriptor)
        if not self._is_open:
            return
        # In the background the terminal is somebody else's: trying would stop the program.
        if is_in_front(self._descriptor):
            if self._resend:  # the kernel lets a held terminal go on when Ctrl+S loses its meaning
                self._set([self._shell_mode[0] & ~termios.IXON, *self._shell_mode[1:]])
            self._set(self._shell_mode)
        self._is_open = self._listening = False
        if self._handlers:
            signal.set_wakeup_fd(-1)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers.clear()
        for end in (self._ear, self._bell):
            if end is not None:
                end.close()

    def wake(self) -> None:
        try:
            if self._bell is not None:
                self._bell.send(b"!")
        except OSError:
            pass  # it rings already, or is closed

    @property
    def is_open(self) -> bool:
        return self._is_open

    def has_keys(self, seconds: float = 0) -> bool:
        """Whether a key waits to be read, within that time."""
        return bool(self._early or select.select([self._descriptor], [], [], seconds)[0])

    def wait(self) -> list[Key]:
        """The next keys; none after a signal or a `wake`. EOFError if nobody can type any more."""
        assert self._ear is not None
        if self._early:
            early, self._early = self._early, []
            return early
        ready, _, _ = select.select([self._descriptor, self._ear.fileno()], [], [], self._decoder.patience)
        if self._ear.fileno() in ready:
            self._ear.recv(4096)
        if self._descriptor in ready:
            return self._read()
        return [] if ready else self._decoder.give_up()

    def _read(self) -> list[Key]:
        try:
            data = os.read(self._descriptor, 65_536)
        except BlockingIOError:
            return []  # another program made the terminal so, and was faster
        except OSError:
            data = b""
        if not data:
            raise EOFError
        return self._decoder.feed(data)

    def news(self) -> set[int]:
        """The signals since the last time."""
        news, self._news = self._news, set()
        return news

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number in _ENDING and not self._listening:
            raise KeyboardInterrupt
        self._news.add(number)

    def is_in_front(self) -> bool:
        return is_in_front(self._descriptor)

    def _set(self, mode: list[Any]) -> None:
        try:
            termios.tcsetattr(self._descriptor, termios.TCSANOW, mode)
        except termios.error:
            pass  # the terminal is gone, as the next read will tell


def is_in_front(terminal: int) -> bool:
    """Whether the terminal is ours to use. Nobody's, when it is gone: then reading will tell."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return True


def discard_typed(terminal: int) -> None:
    """Let nobody read what was typed and is not read yet."""
    if is_in_front(terminal):
        with contextlib.suppress(termios.error):
            termios.tcflush(terminal, termios.TCIFLUSH)
