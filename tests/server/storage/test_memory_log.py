"""What the log that keeps nothing owes to the threads around it; all else it promises is in the contract."""

from __future__ import annotations

import sys
import threading
import time
from types import SimpleNamespace

import pytest

from server_parts.storage import memory_log
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import Draft
from tests.peers import WAIT


def test_a_search_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many messages it looks through, whoever waits for Python's lock gets it meanwhile."""
    log = MemoryLog()
    log.append([Draft("lobby", 1.0, "alice", "blue", ["red herring"] * 3 * memory_log.SLICE, "s" * 16, 1)], {})
    wanted, has_turn = threading.Event(), threading.Event()
    turns: list[bool] = []

    def give_way(seconds: float) -> None:
        assert seconds > 0
        wanted.set()
        turns.append(has_turn.wait(WAIT))

    def want_a_turn() -> None:
        if wanted.wait(WAIT):
            has_turn.set()

    monkeypatch.setattr(memory_log, "time", SimpleNamespace(monotonic=time.monotonic, sleep=give_way))
    other = threading.Thread(target=want_a_turn)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(WAIT)  # as good as never: nobody is made to give way
    try:
        other.start()
        assert log.search("whale", {}, 1) == []
        assert turns
        assert all(turns)
    finally:
        sys.setswitchinterval(interval)
        wanted.set()
        other.join()
