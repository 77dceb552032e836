"""The real programs as a person runs them: a server, a client in a pseudo-terminal, a client in a pipe."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect  # type: ignore[import-untyped]
import pyte

from tests.client.ports import ReservedPort
from tests.peers import SLOWNESS

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = (sys.executable, "client.py")
SECONDS = 10.0 * SLOWNESS
# `python client.py` that opens no screen before it knows whether there is a chat, however slow the machine is.
KNOWS_FIRST = (sys.executable, "-c", f"import sys, client; client._SOON = {SECONDS}; sys.exit(client.main())")
ROWS, COLUMNS = 24, 80
# How much is read of what a program writes before a test looks at the screen again. A test that does not wait for all
# it asks for fails where this is small.
PIECE = int(os.environ.get("CHAT_TEST_PIECE", "65536"))


def environment(token_file: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CHAT_", "COV_"))}
    for name in ("NO_COLOR", "FORCE_COLOR", "LINES", "COLUMNS"):
        kept.pop(name, None)
    return {**kept, "TERM": "xterm-256color", "CHAT_TOKEN_FILE": str(token_file), **more}


class ServerProgram:
    """`python server.py`, on a free port that it keeps over a restart."""

    _process: subprocess.Popen[str] | None = None

    def __init__(self, folder: Path, *, starts: bool = True) -> None:
        self._folder = folder
        self._reserved = ReservedPort()
        self.port = self._reserved.number
        if starts:
            self.start()

    def start(self) -> None:
        command = [sys.executable, "server.py", "--port", str(self.port), "--data", str(self._folder), "--rate", "0"]
        self._process = subprocess.Popen(
            [*command, "--no-console"], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert f"Server started on 127.0.0.1:{self.port}" in self._process.stdout.readline()

    def stop(self, number: int = signal.SIGTERM) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        self._process.communicate(timeout=SECONDS)

    def close(self) -> None:
        """For good."""
        if self._process is not None and self._process.poll() is None:
            self.stop()
        self._reserved.release()


class Emulator(pyte.HistoryScreen):
    """What xterm does where pyte differs: below a scroll region the cursor does not jump into it. Counts bells."""

    bells = 0

    def cursor_down(self, count: int | None = None) -> None:
        bottom = self.margins.bottom if self.margins else self.lines - 1
        last = bottom if self.cursor.y <= bottom else self.lines - 1
        self.cursor.y = min(self.cursor.y + (count or 1), last)

    def ensure_vbounds(self, use_margins: bool | None = None) -> None:
        super().ensure_vbounds(None)  # a restored cursor may stand below the region

    def bell(self, *args: Any) -> None:
        self.bells += 1


class Terminal:
    """`python client.py`, or a stand-in for it, in a pseudo-terminal, watched through a terminal emulator.

    Without a port it is a program that wants none.
    """

    def __init__(
        self,
        port: int | None,
        token_file: Path,
        *arguments: str,
        program: Sequence[str] = PROGRAM,
        rows: int = ROWS,
        columns: int = COLUMNS,
        style: str | None = "classic",
        **variables: str,
    ) -> None:
        if program is PROGRAM and style is not None and "--style" not in arguments:
            arguments = (*arguments, "--style", style)
        self._screen = Emulator(columns, rows, history=10_000)
        self._stream = pyte.ByteStream(self._screen)
        self._child = pexpect.spawn(
            program[0],
            [*program[1:], *([] if port is None else ["--port", str(port)]), *arguments],
            cwd=str(ROOT),
            env=environment(token_file, **variables),
            dimensions=(rows, columns),
            timeout=SECONDS,
        )
        self._child.delaybeforesend = None
        self._hung_up = False
        self.output = b""

    def type(self, keys: str) -> None:
        self._child.send(keys)

    def signal(self, number: int) -> None:
        os.kill(self._child.pid, number)

    @property
    def rows(self) -> list[str]:
        """What is on the screen, without empty rows at the end."""
        rows = [row.rstrip() for row in self._screen.display]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    @property
    def prompt(self) -> str:
        """The row that the cursor is on, which must be the last."""
        return self.rows[-1] if self.rows and self._screen.cursor.y == len(self.rows) - 1 else ""

    @property
    def status_row(self) -> str:
        """The row above what is typed."""
        return str(self._screen.display[self._status_place]).rstrip()

    @property
    def _status_place(self) -> int:
        """The last row that looks like one; without any, where it stands above a single row."""
        rows = range(len(self._screen.display) - 1, -1, -1)
        return next((row for row in rows if self._screen.display[row].startswith("── ")), -2)

    @property
    def typed(self) -> list[str]:
        """The rows below the status row, which is what a person types."""
        return [row.rstrip() for row in self._screen.display[self._status_place + 1 :]]

    @property
    def typing_at(self) -> tuple[int, int]:
        """The row and the column of the cursor in what is typed."""
        place = self._status_place % len(self._screen.display)
        return self._screen.cursor.y - place - 1, int(self._screen.cursor.x)

    @property
    def messages(self) -> list[str]:
        """What stands above the status row, without empty rows at the end."""
        rows = [row.rstrip() for row in self._screen.display[: self._status_place]]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    @property
    def title(self) -> str:
        return str(self._screen.title)

    @property
    def bells(self) -> int:
        return self._screen.bells

    @property
    def has_region(self) -> bool:
        return self._screen.margins is not None and self._screen.margins.bottom < self._screen.lines - 1

    @property
    def pastes_whole(self) -> bool:
        """Whether the terminal says where a pasted block begins and ends."""
        return 2004 << 5 in self._screen.mode  # as pyte keeps modes with a question mark

    def resize(self, rows: int, columns: int) -> None:
        self._screen.resize(rows, columns)
        self._child.setwinsize(rows, columns)

    def wait_for_status(self, part: str) -> None:
        self.wait_until(lambda: part in self.status_row)

    @property
    def column(self) -> int:
        return int(self._screen.cursor.x)

    def history(self) -> list[str]:
        """What has scrolled off the top."""
        return ["".join(row[x].data for x in range(self._screen.columns)).rstrip() for row in self._screen.history.top]

    def colour_of(self, part: str) -> str:
        """The colour of the first place where that text stands."""
        for y, row in enumerate(self._screen.display):
            if part in row:
                return str(self._screen.buffer[y][row.index(part)].fg)
        raise AssertionError(f"{part!r} is not on the screen")

    def wait_until(self, true: Callable[[], bool], seconds: float = SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, "\n".join(["never came true; on the screen:", *self.rows])
            self._read(0.1)

    def wait_for(self, part: str) -> None:
        self.wait_until(lambda: any(part in row for row in self.rows))

    def wait_for_typed(self, *rows: str) -> None:
        self.wait_until(lambda: self.typed == list(rows))

    def wait_for_prompt(self, prompt: str) -> None:
        self.wait_until(lambda: self.prompt == prompt)

    def watch(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._read(left)

    def settle(self) -> None:
        """Take in what still comes."""
        while self._read(0.15):
            pass

    def leave(self, way: str | int = "/exit\r") -> int:
        """As a person does, with these keys, or by this signal; the status."""
        if isinstance(way, str):
            self.type(way)
        else:
            self.signal(way)
        return self.status()

    def status(self) -> int:
        """Wait for the end of the program."""
        deadline = time.monotonic() + SECONDS
        while self._child.isalive():
            assert time.monotonic() < deadline, "\n".join(["it does not end; on the screen:", *self.rows])
            self._read(0.1)
        self.settle()
        return int(self._child.exitstatus if self._child.signalstatus is None else -self._child.signalstatus)

    @contextmanager
    def shared(self) -> Iterator[int]:
        """The program's side of the terminal, as other programs may have it too."""
        terminal = os.open(os.readlink(f"/proc/{self._child.pid}/fd/0"), os.O_RDWR | os.O_NOCTTY)
        yield terminal
        os.close(terminal)

    def wait_for_end(self) -> None:
        """Without looking at what it writes."""
        deadline = time.monotonic() + SECONDS
        while self._child.isalive():
            assert time.monotonic() < deadline, "it does not end"
            time.sleep(0.005)

    def hang_up(self) -> None:
        """The window is closed: nobody reads any more, and nobody types."""
        self._hung_up = True
        self._child.ptyproc.fileobj.close()

    def close(self) -> None:
        """At once: how the program ends is of no interest any more."""
        if self._child.isalive():
            self.signal(signal.SIGKILL)
            self.wait_for_end()
        self._child.ptyproc.delayafterclose = 0.0  # it waits for nobody
        self._child.close()

    def feed(self, data: bytes) -> None:
        """What the program writes, or what a test says that it wrote."""
        self.output += data
        self._stream.feed(data)

    def _read(self, seconds: float) -> bool:
        if self._hung_up:
            return False
        try:
            data = self._child.read_nonblocking(PIECE, seconds)
        except pexpect.TIMEOUT:
            return False
        except pexpect.EOF:
            time.sleep(min(seconds, 0.005))  # nothing more comes; whoever waits for the end goes on asking for it
            return False
        self.feed(data)
        return True


class Shell:
    """A shell with job control in a terminal, where `job` starts a program."""

    def __init__(self, open_terminal: Callable[..., Terminal], folder: Path, program: Sequence[str]) -> None:
        file = folder / "rc"
        file.write_text(f"PS1='$ ready '; alias job={shlex.quote(shlex.join(program))}\n")
        self.terminal = open_terminal(None, folder / "token", program=("sh", "-i"), ENV=str(file))
        self.terminal.wait_for("$ ready")
        self.first_mode = self.mode()

    def stop_job(self) -> int:
        """Ctrl+Z, and the number of the process."""
        self.terminal.type("\x1a")
        self.terminal.wait_for("Stopped")
        self.terminal.wait_for_prompt("$ ready")
        return int(self.ask("jobs -p"))

    def mode(self) -> str:
        """How the terminal treats what is typed, as a number: in full it takes more than a row."""
        return self.ask("stty -g | cksum")

    def ask(self, command: str) -> str:
        """The last line that a command prints."""
        self.terminal.type(f"{command}; echo end-of-'answer'\r")
        self.terminal.wait_for("end-of-answer")
        rows = self.terminal.rows
        place = max(number for number, row in enumerate(rows) if row == "end-of-answer")
        self.terminal.type("clear\r")
        self.terminal.wait_until(lambda: self.terminal.rows == ["$ ready"])
        return rows[place - 1]


class Pipe:
    """`python client.py` with pipes on all sides. Without a port, something else says where the server is."""

    def __init__(
        self, port: int | None, token_file: Path, *arguments: str, stdin: int = subprocess.PIPE, **variables: str
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "client.py", *([] if port is None else ["--port", str(port)]), *arguments],
            cwd=ROOT,
            env=environment(token_file, **variables),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self, text: str | None = None) -> tuple[int, str, str]:
        """Write that, close, and wait: status, standard output, standard error."""
        out, err = self.process.communicate(text, timeout=2 * SECONDS)
        return self.process.returncode, out, err

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.communicate()
