"""How a client in a terminal bears 10,000 messages at once: `python -m tests.bench.screen_bench [--messages N]`.

Measures when the last of them is on the screen, and how long each key that is pressed meanwhile takes to appear. What
the client writes is searched for plain text, so no terminal emulator takes time beside it.
"""

from __future__ import annotations

import argparse
import fcntl
import itertools
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from tests.bench.log_bench import Row, print_table, row
from tests.client.programs import COLUMNS, PROGRAM, ROOT, ROWS, ServerProgram, environment
from tests.peers import Ended, Native

MESSAGES: Final = 10_000
AT_ONCE: Final = 100  # messages on their way
PAUSE: Final = 0.011  # seconds between two keys
SEEN: Final = 6  # so many of the last keys are looked for together
PATIENCE: Final = 20.0
TEXT: Final = "message number {} of a flood that takes a while to show"
CONTROLS: Final = re.compile(rb"\x1b(\[[0-9;?]*[A-Za-z]|\][^\x07\x1b]*(\x07|\x1b\\)|[^\[\]])")


class Screen:
    """A client in a pseudo-terminal, and what it has written when."""

    def __init__(self, port: int, folder: Path) -> None:
        self.written: list[tuple[float, bytes]] = []
        self._terminal, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        command = [*PROGRAM, "--port", str(port), "--name", "ann", "--style", "short"]
        self._client = subprocess.Popen(
            command, stdin=inside, stdout=inside, stderr=inside, cwd=ROOT, env=environment(folder / "token"),
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(inside)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        try:
            while data := os.read(self._terminal, 65_536):
                self.written.append((time.monotonic(), data))
        except OSError:
            return  # the client has ended

    def press(self, key: str) -> None:
        os.write(self._terminal, key.encode())

    def when(self, text: str, since: int = 0) -> float | None:
        """When that was written, if it was, among what came from so many pieces on."""
        before = b""
        for at, piece in self.written[since:]:
            before = before[-200:] + piece
            if text.encode() in CONTROLS.sub(b"", before):
                return at
        return None

    def wait_for(self, text: str) -> float:
        until = time.monotonic() + PATIENCE
        since, already = 0, len(self.written)
        while (found := self.when(text, since)) is None:
            if time.monotonic() > until or self._client.poll() is not None:
                raise RuntimeError(f"the client has not shown {text!r} within {PATIENCE:.0f} s")
            since, already = max(0, already - 3), len(self.written)
            time.sleep(0.01)
        return found

    def close(self) -> None:
        self._client.kill()
        self._client.wait()
        self._reader.join()
        os.close(self._terminal)


def _say(bob: Native, messages: int) -> None:
    """Message by message, and no faster than the server lets people read."""
    with suppress(Ended, OSError):  # then the last message is not shown, or nobody waits for it any more
        for number in range(messages):
            seq = bob.say(TEXT.format(number))
            if seq % AT_ONCE == 0 or seq == messages:
                bob.until("message", seq=seq)


def _waits(screen: Screen, pressed: list[tuple[float, int, str]]) -> Iterator[float]:
    """Milliseconds from a key to the piece of output that shows it behind those before it."""
    for at, since, typed in pressed[SEEN:]:
        shown = screen.when(typed[-SEEN:], max(0, since - 1))
        yield PATIENCE * 1000 if shown is None else max(0.0, shown - at) * 1000


def _type_until_shown(screen: Screen, last: str) -> list[tuple[float, int, str]]:
    pressed: list[tuple[float, int, str]] = []
    typed, until = "", time.monotonic() + PATIENCE
    for key in itertools.cycle("abcdefghij"):
        typed = (typed + key)[-2 * SEEN :]
        pressed.append((time.monotonic(), len(screen.written), typed))
        screen.press(key)
        time.sleep(PAUSE)
        if screen.when(last, max(0, pressed[-1][1] - 3)) is not None or time.monotonic() > until:
            return pressed
    raise AssertionError("keys never end")


def measure(folder: Path, messages: int = MESSAGES) -> Iterator[Row]:
    last = TEXT.format(messages - 1)
    with closing(ServerProgram(folder / "screen-data")) as server, closing(Screen(server.port, folder)) as screen:
        screen.wait_for("you are in")
        with Native(server.port, "bob") as bob:
            teller = threading.Thread(target=_say, args=(bob, messages))
            begun = time.monotonic()
            teller.start()
            pressed = _type_until_shown(screen, last)
            teller.join()
            shown = screen.wait_for(last)
            screen.wait_for(pressed[-1][2][-SEEN:])
        yield row(f"{messages:,} messages shown", [(shown - begun) * 1000])
        yield row("keys meanwhile", sorted(_waits(screen, pressed)), note=f"{len(pressed)} keys")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        print_table(list(measure(Path(name), options.messages)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
