"""The server as a program of its own, started as a person would start it."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.peers import WAIT

ROOT = Path(__file__).parents[1]
SERVER = [sys.executable, "-W", "error", str(ROOT / "server.py")]


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """This process's, without what would change what a program shows or how it is set."""
    drop = ("NO_COLOR", "FORCE_COLOR", "COLUMNS")
    kept = {k: v for k, v in os.environ.items() if k not in drop and not k.startswith("CHAT_")}
    return {**kept, "PYTHONUNBUFFERED": "1", "TERM": "xterm", **extra}


class ServerProgram:
    """A running server process and what it has printed."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.printed = b""
        self.port = int(self.read_until(rb"Server started on \S+:(\d+)\n").group(1))

    def read_until(self, pattern: bytes, wait: float = WAIT) -> re.Match[bytes]:
        """Read its standard output until it shows something."""
        assert self.process.stdout is not None
        until = time.monotonic() + wait
        while (found := re.search(pattern, self.printed)) is None:
            ready, _, _ = select.select([self.process.stdout], [], [], max(until - time.monotonic(), 0))
            data = os.read(self.process.stdout.fileno(), 65_536) if ready else b""
            assert data, f"not shown: {pattern!r}; only {self.printed!r}"
            self.printed += data
        return found

    def stop(self, signum: int = signal.SIGTERM, wait: float = WAIT) -> int:
        """Send a signal; its exit status."""
        self.process.send_signal(signum)
        return self.process.wait(wait)

    def output(self) -> str:
        """All that it has printed, after its end."""
        rest, _ = self.process.communicate(timeout=WAIT)
        return (self.printed + rest).decode()


@contextmanager
def started(env: Mapping[str, str], *flags: str, code: str | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A server process, not waited for; with `code`, a Python program that runs the server in its own way."""
    program = SERVER if code is None else [sys.executable, "-W", "error", "-c", code, str(ROOT)]
    keeps = () if "CHAT_STORE" in env else ("--data", ":memory:")
    process = subprocess.Popen(
        [*program, "--port", "0", *keeps, *flags],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment(env),
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=WAIT)


def read_line(process: subprocess.Popen[bytes]) -> bytes:
    """Its next line of output; the test's own time-out is the deadline."""
    assert process.stdout is not None
    return process.stdout.readline()


def read_rest(process: subprocess.Popen[bytes]) -> bytes:
    """All that it prints until its end."""
    assert process.stdout is not None
    return process.stdout.read()


@contextmanager
def server_program(*flags: str, env: Mapping[str, str] | None = None) -> Iterator[ServerProgram]:
    """A server on a free port that keeps nothing, without a terminal, once it listens."""
    with started(env or {}, *flags) as process:
        yield ServerProgram(process)


def run_server(*flags: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A server that is expected to end by itself."""
    return subprocess.run(
        [*SERVER, *flags],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * WAIT,
        env=environment(env or {}),
        cwd=ROOT,
        check=False,
    )
