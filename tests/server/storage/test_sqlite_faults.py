"""The log when the disk or the process fails: what was reported is there, what was refused is not in the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from server_parts.storage.message_log import everything_in
from server_parts.storage.records import Receipt
from server_parts.storage.sqlite.log import SqliteLog
from tests.faults.storage_faults import build_faulty_sync

from .drafts import SESSION, append, draft, refusal, say, texts

ROOT = Path(__file__).parents[3]

PRELUDE = """
import json, os, signal, sys, threading
from pathlib import Path
from server_parts.storage.records import Draft, StorageError
from server_parts.storage.sqlite.log import SqliteLog
log = SqliteLog(Path(sys.argv[1]))
SESSION = "session-000000000001"

def say(seq, size=1, text="x" * 2000):
    (run,) = log.append([Draft("lobby", 1.5, "alice", "blue", [text] * size, SESSION, seq)], {SESSION: seq + size - 1})
    return [m.id for m in run.messages()]

def say_until_refused(seq):
    for seq in range(seq, seq + 100_000):
        try:
            assert say(seq) == [seq]
        except StorageError as error:
            return seq, str(error)
    raise SystemExit("the disk never filled up")
"""


def run(code: str, folder: Path, **environment: str) -> Any:
    """What a process of its own prints last, as JSON."""
    command = [sys.executable, "-c", PRELUDE + code, str(folder)]
    environment = {**os.environ, **environment}
    child = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=28, check=False)
    assert child.returncode == 0, child.stderr
    return json.loads(child.stdout)


# --- A full disk ------------------------------------------------------------------------------------------------

FILL_WITH_LIMIT = """
import resource
from server_parts.storage.message_log import everything_in
size = 3_000_000
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
seq, why = say_until_refused(1)
again = say_until_refused(seq)
last, kept = log.last("lobby"), len(list(everything_in("lobby", log)))
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
resumed = say(seq)
log.close()
print(json.dumps({"seq": seq, "why": why, "again": again[0], "last": last, "kept": kept, "resumed": resumed}))
"""


def test_a_size_limit(tmp_path: Path) -> None:
    """At a file size limit nothing more is taken; when it is lifted, the same text gets the same number."""
    pytest.importorskip("resource")
    told = run(FILL_WITH_LIMIT, tmp_path / "data")
    stored = told["seq"] - 1
    assert stored > 100
    assert "the disk reports an error, or a size limit is reached (SQLITE_IOERR_WRITE)" in told["why"]
    assert (told["again"], told["last"], told["kept"], told["resumed"]) == (stored + 1, stored, stored, [stored + 1])
    check(tmp_path / "data", stored + 1)


def check(folder: Path, stored: int) -> None:
    """The log holds the session's first so many texts, each once and in order, and counts on from there."""
    log = SqliteLog(folder)
    assert [(m.id, m.seq) for m in everything_in("lobby", log)] == [(i, i) for i in range(1, stored + 1)]
    assert log.accepted(SESSION) == log.last("lobby") == stored
    assert say(log, "next")[0].id == stored + 1
    assert log._writer.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    log.close()


FILL_AND_FREE = """
ballast = Path(sys.argv[1]) / "ballast"
ballast.write_bytes(b"x" * 600_000)
seq, why = say_until_refused(1)
again = say_until_refused(seq)
found = len(log.after("lobby", log.last("lobby") - 500, 500))
ballast.unlink()
resumed = say(seq)
print(json.dumps({"seq": seq, "why": why, "again": again[0], "found": found, "resumed": resumed}))
"""


@pytest.mark.parametrize("ending", ["log.close()", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_a_full_disk(small_disk: Path, ending: str) -> None:
    """On a really full file system nothing is taken, reading goes on, and space makes it work again, killed or not."""
    code = FILL_AND_FREE + ("sys.stdout.flush()\n" if "kill" in ending else "") + ending
    command = [sys.executable, "-c", PRELUDE + code, str(small_disk)]
    child = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=28, check=False)
    told = json.loads(child.stdout or child.stderr)
    assert "the disk is full" in told["why"]
    stored = told["seq"] - 1
    assert told["again"] == stored + 1
    assert told["found"] == min(stored, 500)
    assert told["resumed"] == [stored + 1]
    check(small_disk, stored + 1)


# --- A sync that fails ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def faulty_sync(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that makes syncs fail on demand, for LD_PRELOAD."""
    return build_faulty_sync(tmp_path_factory.mktemp("faulty"))


SYNC_FAILS = """
fault = Path(os.environ["FAULTY_SYNC"])
say(1, 3, "good")
fault.touch()
refused = []
for size in (40, 1, 7):
    try:
        say(4, size, "refused" * 500)
    except StorageError as error:
        refused.append(str(error))
numbers = [log.last("lobby"), log.accepted(SESSION), len(log.after("lobby", 0, 99)), len(log.search("refused*", {}, 9))]
"""


def test_a_failed_sync_is_a_failed_append(tmp_path: Path, faulty_sync: Path) -> None:
    """What could not be synced is refused, seen by nobody, and gone without trace once the disk is back."""
    told = run(
        SYNC_FAILS + "fault.unlink(); resumed = say(4, 2, 'good'); log.close()\n"
        "print(json.dumps([refused, numbers, resumed]))",
        tmp_path / "data",
        LD_PRELOAD=str(faulty_sync),
        FAULTY_SYNC=str(tmp_path / "fault"),
    )
    refused, numbers, resumed = told
    assert len(refused) == 3
    assert all("the disk reports an error" in sentence for sentence in refused)
    assert numbers == [3, 3, 3, 0]
    assert resumed == [4, 5]
    check(tmp_path / "data", 5)


def test_a_crash_after_a_failed_sync(tmp_path: Path, faulty_sync: Path) -> None:
    """A refused batch that outlives a crash does so whole, and its resend is recognised."""
    told = run(
        SYNC_FAILS + "print(json.dumps([len(refused), numbers]), flush=True); os._exit(0)",
        tmp_path / "data",
        LD_PRELOAD=str(faulty_sync),
        FAULTY_SYNC=str(tmp_path / "fault"),
    )
    assert told == [3, [3, 3, 3, 0]]
    log = SqliteLog(tmp_path / "data")
    # 3: nothing came back. 10: the batch of seven that was tried last did. Never the 40 or the 1 before it, or a part.
    stored = log.last("lobby")
    assert stored in (3, 10)
    assert log.accepted(SESSION) == stored
    assert [log.receipt(SESSION, seq) for seq in range(4, stored + 1)] == [
        Receipt("lobby", id) for id in range(4, stored + 1)
    ]
    log.close()
    check(tmp_path / "data", stored)


# --- A process that dies ----------------------------------------------------------------------------------------


def test_a_crash_in_the_middle_of_a_transaction(tmp_path: Path) -> None:
    """What was written but not committed when the process died is nowhere afterwards."""
    told = run(
        """
say(1, 5)
with log._transaction() as connection:
    connection.execute("PRAGMA cache_size = 10")  # so that pages are written before any commit
    connection.executemany("INSERT INTO messages VALUES (?, 1, ?, 1.5, 'a', 'b', ?, 1, ?, NULL, NULL, NULL)",
                           [(i, i, "x" * 3000, i) for i in range(6, 900)])
    connection.execute("UPDATE rooms SET last = 899")
    connection.execute("UPDATE sessions SET accepted = 899")
    print(json.dumps(os.path.getsize(sys.argv[1] + "/chat.db-wal")), flush=True)
    os._exit(0)
""",
        tmp_path / "data",
    )
    assert told > 1_000_000
    check(tmp_path / "data", 5)


def test_receipts_survive_a_kill(tmp_path: Path) -> None:
    """Killed at a random instant while it appends, a process has lost nothing that it had reported."""
    code = PRELUDE + "seq = 1\nwhile True:\n    say(seq, 10, 'text'); seq += 10; print(seq - 1, flush=True)\n"
    for round in range(3):
        folder = tmp_path / str(round)
        with subprocess.Popen([sys.executable, "-c", code, str(folder)], cwd=ROOT, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            for _ in range(200 + 77 * round):
                child.stdout.readline()
            child.kill()
            reported = [int(line) for line in child.stdout.read().split(b"\n")[:-1]]
        log = SqliteLog(folder)
        assert log.last("lobby") >= max(reported, default=10 * (200 + 77 * round))
        assert log.last("lobby") == log.accepted(SESSION) == len(list(everything_in("lobby", log)))
        log.close()


# --- A caller that errs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "error"), [("\ud800", UnicodeEncodeError), ("a\0b", ValueError)])
def test_an_error_of_the_caller_changes_nothing(sqlite: SqliteLog, text: str, error: type[Exception]) -> None:
    """A draft that SQLite cannot take raises, and leaves neither numbers nor an open transaction behind."""
    say(sqlite, "before")
    with pytest.raises(error):
        append(sqlite, draft("good", "den", session="another-session", seq=1), draft(text))
    assert sqlite.rooms() == {"lobby": 1}
    assert sqlite.accepted("another-session") == 0
    assert not sqlite._writer.in_transaction
    (message,) = append(sqlite, draft("after", session="another-session", seq=1))
    assert message.id == 2
    assert sqlite.receipt("another-session", 1) == Receipt("lobby", 2)
    assert texts(sqlite.after("lobby", 0, 9)) == ["before", "after"]


def test_what_could_not_be_rolled_back_is_not_committed_later(sqlite: SqliteLog) -> None:
    """A transaction that an error left open is rolled back before the next begins."""
    say(sqlite, "before")
    sqlite._writer.execute("BEGIN")
    sqlite._writer.execute("UPDATE messages SET text = 'half done'")
    assert say(sqlite, "after")[0].id == 2
    assert texts(sqlite.after("lobby", 0, 9)) == ["before", "after"]


def test_a_number_that_is_taken_is_refused(sqlite: SqliteLog) -> None:
    """Were the numbers in memory ever wrong, the database would refuse them rather than store a number twice."""
    say(sqlite, "one", "two")
    sqlite._numbers.last["lobby"] = 1
    assert "UNIQUE constraint failed: messages.room, messages.id" in refusal(sqlite, draft("three"))
    sqlite._numbers.last["lobby"] = 2
    assert say(sqlite, "three")[0].id == 3
