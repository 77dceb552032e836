"""What is told was on the disk before: the sync comes first, then the send.

    python -m tests.faults.fsync_first [--quick] [--seed N]

The kernel is asked, through strace, and the program itself is watched from inside.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from server_parts.hub.batch import LARGE
from server_parts.storage.records import Run
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.store import Entry
from server_parts.wire.outbox import Outbox
from tests.faults.actors import ServerProcess
from tests.faults.finding import Finding, NotAllowed, main
from tests.faults.links import LocalServer
from tests.peers import WAIT, Native

TEXTS = 30  # each said by itself
BURST = LARGE  # texts said at once: enough for the server to write them in another way

# --- As the kernel sees it --------------------------------------------------------------------------------------


class Trace(NamedTuple):
    writes: int  # to the write-ahead log
    syncs: int
    sends: int  # of messages
    unsynced: int  # sends while something was written and not synced


_CALL = re.compile(r"(\d+) +(?:<\.\.\. )?(\w+)(.*)")


def read_trace(lines: Sequence[str]) -> Trace:
    """Follow each thread through its writes, syncs and sends. A call may be split over two lines.

    Of use only where nobody speaks before the last was heard: else one thing may be written while another is sent.
    """
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
            unsynced += bool(dirty)
    return Trace(writes, syncs, sends, unsynced)


@contextmanager
def traced(server: ServerProcess, target: Path) -> Iterator[None]:
    """While strace looks on. NotAllowed, with its reason, where it may not."""
    if shutil.which("strace") is None:
        raise NotAllowed("strace is not installed")
    calls = "trace=pwrite64,fdatasync,fsync,sendto"
    command = ["strace", "-f", "-y", "-s", "64", "-e", calls, "-o", str(target), "-p", str(server.pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        first = tracer.stderr.readline()
        if "attached" not in first:
            tracer.wait(WAIT)
            raise NotAllowed(f"strace may not look on here: {first.strip()}")
        try:
            yield
        finally:
            tracer.terminate()
            with suppress(subprocess.TimeoutExpired):
                tracer.wait(WAIT)


def say_at_once(native: Native) -> None:
    """A burst, in as few bytes as fit into one piece; return when all of it was heard."""
    says = [{"type": "say", "room": "lobby", "text": "more", "seq": native.seq + 1 + n} for n in range(BURST)]
    native.send_bytes(b"".join(json.dumps(say).encode() + b"\n" for say in says))
    native.seq += BURST
    native.until("message", seq=native.seq)


def trace_some_talk(folder: Path, lie: str | None = None) -> Trace:
    with ServerProcess(folder / "data", lie=lie) as server, Native(server.port, "alice") as alice:
        alice.tell("the tables are made")
        with traced(server, folder / "trace"):
            for number in range(TEXTS):
                alice.tell(f"text {number}")
            say_at_once(alice)
    return read_trace((folder / "trace").read_text().splitlines())


# --- As the program sees it -------------------------------------------------------------------------------------


class Order:
    """While it is open: which messages were committed, and which were offered to a client before that."""

    def __init__(self) -> None:
        self.offered = 0
        self.early: list[int] = []
        self._stored: set[int] = set()
        self._lock = threading.Lock()  # guards all of the above
        self._patches = ExitStack()

    def __enter__(self) -> Order:
        write, offer = SqliteLog.write, Outbox.offer

        def noted_write(log: SqliteLog, entry: Entry) -> list[Run]:
            runs = write(log, entry)
            with self._lock:
                self._stored.update(message.id for run in runs for message in run.messages())
            return runs

        def noted_offer(outbox: Outbox, block: bytes) -> bool:
            ids = [int(id) for id in re.findall(rb'"type":"message","room":"lobby","id":(\d+)', block)]
            with self._lock:
                self.offered += len(ids)
                self.early += [id for id in ids if id not in self._stored]
            return offer(outbox, block)

        self._patches.enter_context(mock.patch.object(SqliteLog, "write", noted_write))
        self._patches.enter_context(mock.patch.object(Outbox, "offer", noted_offer))
        return self

    def __exit__(self, *_: object) -> None:
        self._patches.close()


def watch_some_talk(log: SqliteLog) -> Order:
    with (
        Order() as order,
        LocalServer(log) as server,
        Native(server.port, "alice") as alice,
        Native(server.port, "bob") as bob,
    ):
        for number in range(TEXTS):
            alice.say(f"text {number}")
        alice.until("message", seq=TEXTS)
        say_at_once(alice)
        bob.until("message", seq=TEXTS + BURST)
    return order


def writer_settings(folder: Path) -> tuple[int, str]:
    """`synchronous` (2 is FULL) and the journal's mode of the connection that writes."""
    log = SqliteLog(folder)
    full, mode = (log._writer.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode"))
    log.close()
    return full, mode


def run(quick: bool, seed: int) -> Finding:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        order = watch_some_talk(SqliteLog(folder / "watched"))
        settings = writer_settings(folder / "settings")
        early = f"synchronous={settings[0]}; {len(order.early)} of {order.offered} offers before their commit"
        good = order.offered >= 2 * (TEXTS + BURST) and not order.early and settings == (2, "wal")
        met: bool | None = good
        try:
            trace = trace_some_talk(folder)
        except NotAllowed as reason:
            traced_too = f"not traced: {reason}"
            met = None if good else False
        else:
            traced_too = f"strace: {trace.unsynced} of {trace.sends} sends before their sync"
            met = good and trace.sends == TEXTS + 1 and trace.syncs > TEXTS and not trace.unsynced
    return Finding(2, "fsync before receipt", "always", f"{early}; {traced_too}", met)


if __name__ == "__main__":
    sys.exit(main(run))
