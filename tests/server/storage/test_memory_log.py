"""What the log that keeps nothing owes to the threads around it; all else it promises is in the contract."""

from __future__ import annotations

import sys
import threading
import time

import pytest

from server_parts.storage import memory_log
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import Draft
from tests.peers import WAIT


def test_a_search_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many messages it looks through, whoever waits for Python's lock gets it meanwhile."""
    monkeypatch.setattr(memory_log, "BREATH", 0.1)
    log = MemoryLog()
    log.append([Draft("lobby", 1.0, "alice", "blue", ["red herring"] * 3 * memory_log.SLICE, "s" * 16, 1)], {})
    turns = 0
    over = threading.Event()

    def want_turns() -> None:
        nonlocal turns
        while not over.is_set():
            turns += 1
            time.sleep(0.0001)

    other = threading.Thread(target=want_turns)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(WAIT)  # as good as never: nobody is made to give way
    try:
        other.start()
        before = turns
        assert log.search("whale", {}, 1) == []
        assert turns > before
    finally:
        sys.setswitchinterval(interval)
        over.set()
        other.join()
