"""Letting go of old messages: no number is given twice, and whoever asks for what is gone is told of the gap."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from chat_common import LOBBY
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.message_log import TRIM_SLICE
from server_parts.storage.records import Message
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.store import Store
from tests.faults.actors import ServerProcess, chosen_seed
from tests.faults.links import LocalServer
from tests.faults.trim import (
    ENOUGH,
    Rest,
    fill,
    mistakes,
    resume_from_every_number,
    resume_from_nonsense,
    trim_among_people,
    trim_fully,
)
from tests.peers import Native, wait_until


@pytest.mark.parametrize("kind", ["sqlite", "memory"])
def test_every_number(tmp_path: Path, kind: str) -> None:
    """Of 90 messages 30 are kept: a resume after any of the 90 tells a gap exactly when there is one."""
    store: Store = SqliteLog(tmp_path) if kind == "sqlite" else MemoryLog()
    assert resume_from_every_number(store) == []


class Exaggerating(MemoryLog):
    """Says that more is gone than is."""

    def first(self, room: str) -> int:
        return super().first(room) + 5


def test_a_wrong_first_number_is_found_out() -> None:
    """A log that is wrong about its first message is reported."""
    found = resume_from_every_number(Exaggerating())
    print(f"{len(found)} mistakes: {found[:3]}")
    assert len(found) >= 5


class TrimmedMeanwhile(MemoryLog):
    """The hub lets go of everything between a client's `joined` and the reading of page `page`."""

    def __init__(self, page: int) -> None:
        super().__init__()
        self._left = page

    def after(self, room: str, after: int, limit: int, size: float = math.inf) -> list[Message]:
        self._left -= room == LOBBY  # the hub reads the acts of moderation, too
        if not self._left:
            self.trim(None, 0)
            trim_fully(self, 0)
        return super().after(room, after, limit, size)


@pytest.mark.parametrize("page", [1, 2])
def test_all_is_trimmed_while_somebody_catches_up(page: int) -> None:
    """If nothing is left of what was to come next, there is a gap as well, and it is told."""
    store = TrimmedMeanwhile(page)
    fill(store, [0.0] * 600)
    with LocalServer(store) as server, Native(server.port, "alice", rooms={}) as alice:
        rest = Rest(alice, 0)
    assert rest.last == 600
    assert len(rest.ids) == (page - 1) * 500
    assert rest.gap, f"messages {len(rest.ids) + 1} to 600 are missing, and nobody said so"


def test_numbers_that_mean_nothing() -> None:
    """Another log's epoch and numbers that were never given mean a gap; what is no number is refused."""
    resumes, wrong = resume_from_nonsense()
    assert resumes > 20
    assert wrong == []


def test_trimming_among_people(tmp_path: Path) -> None:
    """While old messages go and new ones come, listeners miss nothing and every resume tells its gap, or has none."""
    report = trim_among_people(chosen_seed(), SqliteLog(tmp_path), 2.0)
    print(report)
    assert not report.wrong, str(report)
    assert report.figures["with a gap"] >= ENOUGH, str(report)
    assert report.figures["resumed"] - report.figures["with a gap"] >= ENOUGH, str(report)


# --- The command line -------------------------------------------------------------------------------------------


def test_keep_days(tmp_path: Path) -> None:
    """`--keep 2` lets go of what is older, also of all there is, and numbers go on where they were, over restarts."""
    log = SqliteLog(tmp_path / "data")
    fill(log, [9.0] * (TRIM_SLICE + 30) + [1.0] * 20)
    log.close()
    last = TRIM_SLICE + 50
    server = ServerProcess(tmp_path / "data", options=["--keep", "2"])
    with server, Native(server.port, "alice") as alice:
        assert wait_until(lambda: Rest(alice, 0).ids == list(range(last - 19, last + 1)))
        assert [Rest(alice, after).gap for after in (0, 1, last - 21)] == [True] * 3
        assert [Rest(alice, after).gap for after in (last - 20, last - 1, last)] == [False] * 3
        assert Rest(alice, last + 1).gap, "a number from the future"
        assert alice.tell("new")["id"] == last + 1
    server.options[-1] = "0.000001"
    with server, Native(server.port, "alice") as alice:
        assert wait_until(lambda: Rest(alice, 0).ids == [])
        assert [Rest(alice, after).gap for after in (0, last, last + 1)] == [True, True, False]
    with server, Native(server.port, "alice") as alice:
        assert alice.tell("newer")["id"] == last + 2


def test_keep_messages(tmp_path: Path) -> None:
    """`--keep-messages 10` does the same by number."""
    log = SqliteLog(tmp_path / "data")
    fill(log, [0.0] * 60)
    log.close()
    server = ServerProcess(tmp_path / "data", options=["--keep-messages", "10"])
    with server, Native(server.port, "alice") as alice:
        assert wait_until(lambda: Rest(alice, 0).ids[:1] == [51])
        assert mistakes(alice, 51, 60) == []
        assert alice.tell("new")["id"] == 61
        assert server.export("lobby")[0]["id"] == 51
