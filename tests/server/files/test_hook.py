"""The operator's program that looks at files: whatever it does, it costs little, and leaves nothing running."""

from __future__ import annotations

import os
import shutil
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server_parts.files import hook
from server_parts.files.hook import FAILED, Hook
from server_parts.storage.memory_log import MemoryLog
from tests.peers import wait_until

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(shutil.which("sh") is None or not hasattr(os, "mkfifo"), reason="there is no sh, or no FIFO"),
]

Ask = Callable[[str, Callable[[], bool]], str | None]


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    log = MemoryLog()
    place = log.files.reserve("lobby", "a.bin", 3, None, "session:ann")
    log.files.write(place.id, 0, b"abc")
    file = log.files.finish(place.id)
    program = tmp_path / "program"

    def objection(script: str, is_wanted: Callable[[], bool] = lambda: True) -> str | None:
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o700)
        return Hook(str(program)).objection(file, place, log.files, is_wanted)

    yield objection
    log.close()


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Callable[[], bool]]:
    """Whether a program that runs has opened `held` for writing."""
    os.mkfifo(tmp_path / "held")
    reader = os.open(tmp_path / "held", os.O_RDONLY | os.O_NONBLOCK)

    def is_held() -> bool:
        try:
            return bool(os.read(reader, 1))
        except BlockingIOError:
            return True

    yield is_held
    os.close(reader)


def test_what_it_says_takes_little_memory(ask: Ask) -> None:
    """All is read, so that it can end; the first line is told."""
    tracemalloc.start()
    said = ask("yes | head -c 20000000; exit 1", lambda: True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert said == "y"
    assert peak < 5_000_000


def test_what_it_has_started_ends_with_it(ask: Ask, held: Callable[[], bool], tmp_path: Path) -> None:
    """A program is often a script around another one, which may be what hangs."""
    seen: list[bool] = []

    def is_wanted() -> bool:
        seen.append(held())
        return not any(seen)

    assert ask(f"sleep 1000 >{tmp_path}/held & wait", is_wanted) == FAILED
    assert any(seen), "it ran"
    assert wait_until(lambda: not held())


def test_nobody_waits_for_what_it_leaves_behind(
    ask: Ask, held: Callable[[], bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own answer counts, though its output is still open."""
    monkeypatch.setattr(hook, "WORDS", 0.2)
    assert ask(f"exec 9>{tmp_path}/held; sleep 1000 & echo no; exit 1", lambda: True) in ("no", hook.REFUSED)
    assert wait_until(lambda: not held())
