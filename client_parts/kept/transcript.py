"""A transcript: what is shown, as plain text at the end of a file that a person names.

Any thread may add to it. It must not know what a line means.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from pathlib import Path

from chat_common import harmless
from terminal_parts.width import PAINT


class TranscriptError(Exception):
    """Why there is no transcript, as one sentence."""


class Transcript:
    def __init__(self) -> None:
        self.path: Path | None = None  # of the file, while there is one
        self._descriptor = -1
        self._adding = threading.Lock()  # one line at a time

    def begin(self, path: Path) -> None:
        """Add what comes to that file, which is made if it is missing. TranscriptError if that cannot be."""
        try:
            descriptor = _opened(path.expanduser())
        except (OSError, ValueError, RuntimeError) as problem:
            raise TranscriptError(f"cannot write to {path}: {_reason(problem)}") from None
        self.end()
        with self._adding:
            self.path, self._descriptor = path, descriptor
        self.add(f"--- {time.strftime('%Y-%m-%d %H:%M')} ---")

    def end(self) -> None:
        with self._adding:
            if self._descriptor >= 0:
                os.close(self._descriptor)
            self.path, self._descriptor = None, -1

    def add(self, line: str) -> str | None:
        """Add a painted line, if there is a transcript. Returns one sentence if that ends here."""
        if self._descriptor < 0:
            return None
        try:
            with self._adding:
                _write(self._descriptor, f"{harmless(PAINT.sub('', line))}\n".encode("utf-8", "replace"))
        except OSError as problem:
            path = self.path
            self.end()
            return f"The log in {path} ends here: {_reason(problem)}."
        return None


def _opened(path: Path) -> int:
    if "\0" in str(path):  # each version of Python says that in its own words
        raise ValueError("embedded null byte")
    # Not blocking: nobody may read what is no file.
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    descriptor = os.open(path, flags, 0o600)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise ValueError("it is not a regular file")


def _write(descriptor: int, data: bytes) -> None:
    while data and descriptor >= 0:
        data = data[os.write(descriptor, data) :]


def _reason(problem: Exception) -> str:
    return getattr(problem, "strerror", None) or str(problem)
