"""Programs that nobody here wrote, as somebody runs them who types into them and reads what they show."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.peers import WAIT


class Program:
    """A program that somebody types into and reads from."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.shown = b""

    def type(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def until(self, wanted: str, times: int = 1) -> str:
        """Everything shown, as soon as it contains something; the test's own time-out is the deadline."""
        assert self.process.stdout is not None
        while self.shown.count(wanted.encode()) < times:
            data = os.read(self.process.stdout.fileno(), 4096)
            assert data, f"it ended without {wanted!r}: {self.shown!r}"
            self.shown += data
        return self.shown.decode()

    def end_of_input(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def ended(self) -> int:
        return self.process.wait(2 * WAIT)


@contextmanager
def running(*command: str) -> Iterator[Program]:
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Program(process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(2 * WAIT)
        process.stdout.close()
        if not process.stdin.closed:
            process.stdin.close()


def installed(program: str) -> str:
    """The program's path; without it the test is skipped."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path
