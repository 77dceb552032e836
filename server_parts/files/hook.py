"""The operator's own program that looks at each file when it is complete, and may refuse it: a virus scanner, say.

It gets a copy of the file, and what is known of it in its environment. It is started as it is, without a shell.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from chat_common import harmless_line
from server_parts.storage.file_records import PIECE, FileRecord, Reservation
from server_parts.storage.file_store import FileStore

SECONDS: Final = 60.0  # that it may take …
TICK: Final = 0.5  # … and between two looks whether it is still wanted
WORDS: Final = 5.0  # seconds for which others may still hold its output when it has ended
MOST_SAID: Final = 200  # bytes of its answer
REFUSED: Final = "the operator of this server does not accept this file"
FAILED: Final = "this server could not check the file: try again later"

log = logging.getLogger("chat")


Check = Callable[[FileRecord, Reservation, FileStore, Callable[[], bool]], str | None]


class Hook:
    def __init__(self, program: str, seconds: float = SECONDS) -> None:
        self._program, self._seconds = program, seconds

    def objection(
        self, file: FileRecord, place: Reservation, store: FileStore, is_wanted: Callable[[], bool]
    ) -> str | None:
        """Why the program refuses a file, in a sentence; None if it does not. It is killed when it is not wanted."""
        try:
            with tempfile.TemporaryDirectory(prefix="chat-file-") as folder:
                path = Path(folder) / file.id  # a name that nobody outside has chosen
                _copy(file, store, path)
                return self._ask(path, file, place, is_wanted)
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:  # RuntimeError: no more threads
            if is_wanted():
                log.error("the program of --file-hook cannot check files: %s", error)
            return FAILED

    def _ask(self, path: Path, file: FileRecord, place: Reservation, is_wanted: Callable[[], bool]) -> str | None:
        program = subprocess.Popen(
            [self._program, str(path)],
            bufsize=0,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **_told(file, place)},
            start_new_session=True,
        )
        words = _Words(program.stdout)
        try:
            words.start()
            self._wait_for(program, is_wanted)
            words.join(WORDS)
        finally:
            _end(program, words)
        if program.returncode == 0:
            return None
        first = words.said.decode("utf-8", "replace").strip().partition("\n")[0]
        return harmless_line(first).strip() or REFUSED

    def _wait_for(self, program: subprocess.Popen[bytes], is_wanted: Callable[[], bool]) -> None:
        """Until it ends. TimeoutExpired: it takes too long, or the server does not wait any more."""
        until = time.monotonic() + self._seconds
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(min(TICK, self._seconds))
                return
            if time.monotonic() >= until or not is_wanted():
                raise subprocess.TimeoutExpired(self._program, self._seconds)


class _Words(threading.Thread):
    """The beginning of what a program says. The rest is read, and not kept."""

    def __init__(self, output: IO[bytes] | None) -> None:
        super().__init__(name="file-hook", daemon=True)
        assert output is not None
        self._output = output
        self.said = b""

    def run(self) -> None:
        with self._output:
            while piece := self._output.read(PIECE):
                self.said += piece[: MOST_SAID - len(self.said)]


def _end(program: subprocess.Popen[bytes], words: _Words) -> None:
    """It, and all that it has started and that still holds its output."""
    if program.poll() is None or words.is_alive():
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(program.pid, signal.SIGKILL)
            else:
                program.kill()
    program.wait()
    if words.is_alive():
        words.join(TICK)


def _told(file: FileRecord, place: Reservation) -> dict[str, str]:
    return {
        "CHAT_FILE_ID": file.id,
        "CHAT_FILE_NAME": file.name,
        "CHAT_FILE_SIZE": str(file.size),
        "CHAT_FILE_SHA256": file.sha256,
        "CHAT_FILE_MIME": file.mime,
        "CHAT_FILE_ROOM": place.room,
    }


def _copy(file: FileRecord, store: FileStore, path: Path) -> None:
    with open(path, "xb", opener=_private) as copy:
        while piece := store.read(file.id, copy.tell(), PIECE):
            copy.write(piece)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
