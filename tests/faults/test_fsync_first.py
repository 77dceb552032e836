"""What is told was on the disk before: the sync comes first, then the send."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from server_parts.message_log import Draft, Run
from server_parts.outbox import Outbox
from server_parts.sqlite_log import SqliteLog
from tests.faults.actors import ServerProcess
from tests.faults.links import LocalServer
from tests.faults.lying_server import HastyLog
from tests.peers import WAIT, Native

TEXTS = 30

# --- As the kernel sees it --------------------------------------------------------------------------------------


class Trace(NamedTuple):
    writes: int  # to the write-ahead log
    syncs: int
    sends: int  # of messages
    unsynced: int  # sends by a thread that had written and not synced


_CALL = re.compile(r"(\d+) +(?:<\.\.\. )?(\w+)(.*)")


def read_trace(lines: Sequence[str]) -> Trace:
    """Follow each thread through its writes, syncs and sends. A call may be split over two lines."""
    writes = syncs = sends = unsynced = 0
    dirty: set[str] = set()
    syncing: set[str] = set()  # threads in a sync of the write-ahead log that has not returned
    for line in lines:
        call = _CALL.match(line)
        if call is None:
            continue
        thread, name, rest = call.groups()
        if name == "pwrite64" and "chat.db-wal" in rest:
            writes += 1
            dirty.add(thread)
        elif name in ("fdatasync", "fsync"):
            if "chat.db-wal" in rest:
                syncing.add(thread)
            if rest.rstrip().endswith("= 0") and thread in syncing:
                syncs += 1
                syncing.discard(thread)
                dirty.discard(thread)
        elif name == "sendto" and r"{\"type\":\"message\"" in rest:
            sends += 1
            unsynced += thread in dirty
    return Trace(writes, syncs, sends, unsynced)


@contextmanager
def traced(server: ServerProcess, target: Path) -> Iterator[None]:
    """While strace looks on. Skips, with its reason, where it may not."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    calls = "trace=pwrite64,fdatasync,fsync,sendto"
    command = ["strace", "-f", "-y", "-s", "64", "-e", calls, "-o", str(target), "-p", str(server.pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        first = tracer.stderr.readline()
        if "attached" not in first:
            tracer.wait(WAIT)
            pytest.skip(f"strace may not look on here: {first.strip()}")
        try:
            yield
        finally:
            tracer.terminate()
            with suppress(subprocess.TimeoutExpired):
                tracer.wait(WAIT)


def trace_some_talk(folder: Path, lie: str | None = None) -> Trace:
    with ServerProcess(folder / "data", lie=lie) as server, Native(server.port, "alice") as alice:
        alice.tell("the tables are made")
        with traced(server, folder / "trace"):
            for number in range(TEXTS):
                alice.tell(f"text {number}")
    trace = read_trace((folder / "trace").read_text().splitlines())
    print(trace)
    return trace


def test_the_sync_comes_before_the_send(tmp_path: Path) -> None:
    """For each of thirty texts the thread that sends its receipt has written and synced the log before."""
    trace = trace_some_talk(tmp_path)
    assert trace.sends == TEXTS
    assert trace.syncs >= TEXTS
    assert trace.writes >= TEXTS
    assert trace.unsynced == 0


def test_a_send_without_a_sync_is_found_out(tmp_path: Path) -> None:
    """A log that leaves syncing to the system is reported at every text."""
    trace = trace_some_talk(tmp_path, lie="lax")
    assert (trace.sends, trace.unsynced) == (TEXTS, TEXTS)


# --- As the program sees it -------------------------------------------------------------------------------------


class Order:
    """Notes which messages were committed, and which were offered to a client before that."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.offered = 0
        self.early: list[int] = []
        self._stored: set[int] = set()
        self._lock = threading.Lock()  # guards all of the above
        append, offer = SqliteLog.append, Outbox.offer

        def noted_append(log: SqliteLog, drafts: Sequence[Draft], accepted: Mapping[str, int]) -> list[Run]:
            runs = append(log, drafts, accepted)
            with self._lock:
                self._stored.update(message.id for run in runs for message in run.messages())
            return runs

        def noted_offer(outbox: Outbox, block: bytes) -> bool:
            ids = [int(id) for id in re.findall(rb'"type":"message","room":"lobby","id":(\d+)', block)]
            with self._lock:
                self.offered += len(ids)
                self.early += [id for id in ids if id not in self._stored]
            return offer(outbox, block)

        monkeypatch.setattr(SqliteLog, "append", noted_append)
        monkeypatch.setattr(Outbox, "offer", noted_offer)


@pytest.mark.parametrize("log", [SqliteLog, HastyLog])
def test_nothing_is_offered_before_it_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: type[SqliteLog]
) -> None:
    """No client is offered a message whose commit has not returned; a log that lies about that is found out."""
    order = Order(monkeypatch)
    with LocalServer(log(tmp_path)) as server, Native(server.port, "alice") as alice, Native(server.port, "bob") as bob:
        for number in range(TEXTS):
            alice.say(f"text {number}")
        alice.until("message", seq=TEXTS)
        bob.until("message", seq=TEXTS)
    assert order.offered >= 2 * TEXTS
    assert bool(order.early) == (log is HastyLog)


def test_the_writer_syncs_fully(tmp_path: Path) -> None:
    """The connection that writes has synchronous=FULL, in WAL mode."""
    log = SqliteLog(tmp_path)
    settings = [log._writer.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")]
    log.close()
    assert settings == [2, "wal"]
