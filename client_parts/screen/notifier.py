"""Notifies a person who does not look: by the terminal, or by a command of their own.

It never makes anybody wait, and it never notifies more often than people can take it in. It must not know messages.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from client_parts.kept.values import NOTIFY_COMMAND, words_of
from client_parts.screen.notifications import arguments, form_for, notification, through_tmux

PAUSE: Final = 3.0  # seconds from one notification to the next
_PATIENCE: Final = 10.0  # seconds that a command may take
_ANSWERS: Final = 1.0  # seconds in which tmux has answered


class Notifier:
    """`send` writes codes to the terminal, `complain` tells the person one sentence."""

    def __init__(
        self,
        send: Callable[[str], None],
        complain: Callable[[str], None],
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._send = send
        self._complain = complain
        self._environment = environment
        self._next = 0.0  # when the next one may come
        self._thread: threading.Thread | None = None
        self._tmux_passes: bool | None = None  # None: not asked yet
        self._complained_of = ""  # the command that could not be carried out

    def notify(self, title: str, text: str, command: str = "") -> bool:
        """Notify the person, by that command if there is one. Returns whether that is tried now."""
        now = time.monotonic()
        if now < self._next or (self._thread is not None and self._thread.is_alive()):
            return False
        self._next = now + PAUSE
        if command:
            self._start(lambda: self._execute(command, title, text))
            return True
        if (form := form_for(self._environment)) is None:
            return False
        codes = notification(form, title, text)
        if self._environment.get("TMUX"):
            self._start(lambda: self._send_through_tmux(codes))
        else:
            self._send(codes)
        return True

    def wait(self) -> None:
        """Until what was begun is done."""
        if self._thread is not None:
            self._thread.join()

    def _start(self, work: Callable[[], None]) -> None:
        # A daemon: who leaves does not wait for a command.
        self._thread = threading.Thread(target=work, name="notifier", daemon=True)
        self._thread.start()

    def _send_through_tmux(self, codes: str) -> None:
        if self._tmux_passes is None:
            self._tmux_passes = self._output(["tmux", "show-options", "-Apv", "allow-passthrough"]) in ("on", "all")
        if self._tmux_passes:
            self._send(through_tmux(codes))

    def _output(self, command: list[str]) -> str:
        import subprocess

        try:
            run = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_ANSWERS, check=False
            )
        except (OSError, ValueError, subprocess.SubprocessError):
            return ""
        return run.stdout.strip()

    def _execute(self, command: str, title: str, text: str) -> None:
        """Without a shell; it cannot read what is typed here, nor write on the screen."""
        import subprocess  # takes a while to load

        try:
            words = words_of(command)
            words[0] = os.path.expanduser(words[0])
            nowhere = subprocess.DEVNULL
            subprocess.run(
                arguments(words, title, text),
                stdin=nowhere,
                stdout=nowhere,
                stderr=nowhere,
                timeout=_PATIENCE,
                check=True,
                start_new_session=True,
            )
        except subprocess.CalledProcessError as problem:
            self._complain_once(command, f"it ended with status {problem.returncode}")
        except subprocess.TimeoutExpired:
            self._complain_once(command, f"it took more than {_PATIENCE:.0f} seconds")
        except (OSError, ValueError) as problem:
            self._complain_once(command, getattr(problem, "strerror", None) or str(problem))

    def _complain_once(self, command: str, reason: str) -> None:
        if command != self._complained_of:
            self._complained_of = command
            self._complain(f"The {NOTIFY_COMMAND} {command} did not work: {reason}.")
