"""When the log cannot be written nobody is told that a message arrived, nothing is lost, and it resumes by itself."""

from __future__ import annotations

import contextlib
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server_parts.message_log import Draft
from server_parts.sqlite_log import SqliteLog
from tests.faults.actors import Client, Report, ServerProcess, chosen_seed, judge, settle
from tests.faults.kick_storm import Speaker
from tests.faults.mind import Mind
from tests.peers import WAIT, wait_until

resource = pytest.importorskip("resource", reason="needs the limits of a Unix system")

Fault = Callable[[ServerProcess], contextlib.AbstractContextManager[None]]

LONG_ENOUGH = 0.4  # seconds of a fault after everybody has heard of it


def run(server: ServerProcess, fault: Fault, seed: int, meanwhile: Callable[[], None] = lambda: None) -> Report:
    """Three who speak and one who listens, through a fault and out of it again."""
    rng = random.Random(seed)
    report = Report(seed)
    load = threading.Event()
    load.set()
    silent = threading.Event()
    with server:
        speakers = [
            Client(server.port, Mind(f"s{number}"), Speaker(rng.randrange(10**9), 60, load)).start()
            for number in range(3)
        ]
        witness = Client(server.port, Mind("witness"), Speaker(0, 1.0, silent)).start()
        clients = [*speakers, witness]
        try:
            assert wait_until(lambda: witness.mind.tracks["lobby"].last > 60), "nothing is said"
            with fault(server):
                _sit_through(server, clients, report, meanwhile)
            begun = time.monotonic()
            heard = witness.mind.tracks["lobby"].last
            assert wait_until(lambda: witness.mind.tracks["lobby"].last > heard), "the service does not resume"
            report.figures["seconds to resume"] = time.monotonic() - begun
            time.sleep(0.2)
            load.clear()
        finally:
            load.clear()
            report.wrong += settle(clients)
        log = {"lobby": server.export("lobby")}
        if (code := server.stop()) != 0:
            report.wrong.append(f"exit: code {code} when asked to stop")
    judge(report, [client.mind for client in clients], log)
    report.figures["refused for storage"] = sum(client.mind.outages for client in clients)
    report.wrong += [f"complaint: {line}" for line in server.complaints if "the log cannot be written" not in line]
    return report


def _sit_through(server: ServerProcess, clients: list[Client], report: Report, meanwhile: Callable[[], None]) -> None:
    *speakers, witness = clients
    heard_of_it = wait_until(lambda: all(speaker.mind.outages for speaker in speakers), WAIT / 4)
    if not heard_of_it:
        report.wrong.append("silent: not everybody was told that the storage is unavailable")
    meanwhile()
    before = [witness.mind.tracks["lobby"].last]
    receipts = [len(speaker.mind.stored) for speaker in speakers]
    time.sleep(LONG_ENOUGH)
    before.append(witness.mind.tracks["lobby"].last)
    stored = server.export("lobby")[-1]["id"]
    if before != [stored, stored]:
        report.wrong.append(f"early: up to {before} was told, up to {stored} is stored")
    if receipts != [len(speaker.mind.stored) for speaker in speakers]:
        report.wrong.append("early: receipts during the fault")


# --- The faults -------------------------------------------------------------------------------------------------

HOLD_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], 5.0, isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
"""


@contextlib.contextmanager
def locked(server: ServerProcess) -> Iterator[None]:
    """Another process holds the database."""
    command = [sys.executable, "-c", HOLD_LOCK, str(server.folder / "chat.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"locked\n"
        try:
            yield
        finally:
            holder.communicate(timeout=WAIT)


@contextlib.contextmanager
def full(server: ServerProcess) -> Iterator[None]:
    """Not one free byte on the file system."""
    ballast = server.folder / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass
    assert shutil.disk_usage(server.folder).free == 0
    try:
        yield
    finally:
        ballast.unlink()


@contextlib.contextmanager
def limited(server: ServerProcess) -> Iterator[None]:
    """No file of the server may grow beyond what its largest has now: a quota, as far as it can tell."""
    if not hasattr(resource, "prlimit"):
        pytest.skip("this system cannot limit another process")
    size = max(path.stat().st_size for path in server.folder.iterdir())
    _, most = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (most, most))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of three megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
        subprocess.run(mount, capture_output=True, timeout=10, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a small tmpfs cannot be mounted here: {error}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], timeout=10, check=True)


def check(report: Report) -> None:
    print(report)
    assert not report.wrong, str(report)
    assert report.figures["refused for storage"] >= 3, str(report)
    assert report.figures["stored"] > 40, str(report)


def test_a_locked_database(tmp_path: Path) -> None:
    """While another program locks the database nobody gets a receipt; afterwards everything pending goes through."""
    check(run(ServerProcess(tmp_path / "data"), locked, chosen_seed()))


def test_a_full_disk(small_disk: Path) -> None:
    """The same on a really full file system, until there is space again."""
    check(run(ServerProcess(small_disk), full, chosen_seed()))


def test_a_size_limit(tmp_path: Path) -> None:
    """The same where files may not grow."""
    check(run(ServerProcess(tmp_path / "data"), limited, chosen_seed()))


def test_killed_on_a_full_disk(small_disk: Path) -> None:
    """A server killed while the disk is full starts again there, serves readers, and resumes when there is space."""
    server = ServerProcess(small_disk)

    def kill_and_restart() -> None:
        server.kill()
        server.start()

    check(run(server, full, chosen_seed(), kill_and_restart))


def test_a_receipt_without_storage_is_found_out(tmp_path: Path) -> None:
    """A server that goes on confirming while the database is locked is reported."""
    report = run(ServerProcess(tmp_path / "data", lie="hasty"), locked, chosen_seed())
    print(report)
    assert report.kinds()["early"] == 2, str(report)


# --- Starting where it cannot work ------------------------------------------------------------------------------


def refusal(server: ServerProcess) -> str:
    """What a server says that must not start: one sentence, and exit code 1."""
    server.start(wait=False)
    assert wait_until(lambda: server.exit_code is not None), "the server runs"
    assert server.exit_code == 1
    (sentence,) = server.said.splitlines()
    print(sentence)
    assert sentence.endswith(".")
    return sentence


@pytest.mark.parametrize("used_before", [False, True])
def test_a_read_only_folder(small_disk: Path, used_before: bool) -> None:
    """A server on a read-only file system says so and ends."""
    if used_before:
        log = SqliteLog(small_disk)
        log.append([Draft("lobby", 1.5, "alice", "blue", ["hello"], "a-session-0000001", 1)], {"a-session-0000001": 1})
        log.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], timeout=10, check=True)
    assert str(small_disk) in refusal(ServerProcess(small_disk))


def test_a_folder_in_use(tmp_path: Path) -> None:
    """A second server on one folder refuses, names the first, and does it no harm."""
    with ServerProcess(tmp_path / "data") as first:
        alice = Client(first.port, Mind("alice")).start()
        second = ServerProcess(tmp_path / "data")
        second.output = tmp_path / "second.out"
        sentence = refusal(second)
        assert f"process {first.pid}" in sentence
        assert str(tmp_path / "data") in sentence
        assert wait_until(lambda: alice.mind.online)
        assert settle([alice]) == []
        assert alice.connections == 1
        assert first.stop() == 0


def test_locked_at_the_start(tmp_path: Path) -> None:
    """A server whose database is locked says so and ends."""
    server = ServerProcess(tmp_path / "data")
    with server:
        server.stop()
    with locked(server):
        assert "locked" in refusal(server)
