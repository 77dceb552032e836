"""Three people talk while the log cannot be written: a full disk, a quota, a lock, a disk that answers EIO.

    python -m tests.faults.storage_faults [--quick] [--seed N]

Nobody may be told that a message arrived, nothing may be lost, and service must resume by itself; a server that cannot
start at all must say why in one sentence.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from server_parts.storage.records import Draft
from server_parts.storage.sqlite.log import SqliteLog
from tests.faults.actors import Client, Report, ServerProcess, judge, settle
from tests.faults.finding import Finding, NotAllowed, main
from tests.faults.kick_storm import Speaker
from tests.faults.mind import Mind
from tests.peers import WAIT, wait_until

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

Fault = Callable[[ServerProcess], contextlib.AbstractContextManager[None]]

LONG_ENOUGH = 0.4  # seconds of a fault after everybody has heard of it


def talk_through(
    server: ServerProcess, fault: Fault, seed: int, meanwhile: Callable[[], None] = lambda: None
) -> Report:
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
    heard_of_it = wait_until(lambda: all(speaker.mind.outages for speaker in speakers))
    if not heard_of_it:
        report.wrong.append("silent: not everybody was told that the storage is unavailable")
    meanwhile()
    told = server.export("lobby")[-1]["id"]
    wait_until(lambda: witness.mind.tracks["lobby"].last >= told)  # all that was stored before the fault
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
    if resource is None or not hasattr(resource, "prlimit"):
        raise NotAllowed("this system cannot limit another process")
    size = max(path.stat().st_size for path in server.folder.iterdir())
    _, most = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (most, most))


@contextlib.contextmanager
def mounted(folder: Path) -> Iterator[Path]:
    """A file system of three megabytes."""
    disk = folder / "disk"
    disk.mkdir()
    try:
        mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
        subprocess.run(mount, capture_output=True, timeout=10, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotAllowed(f"a small tmpfs cannot be mounted here: {error}") from None
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], timeout=10, check=True)


FAULTY_SYNC = Path(__file__).parents[1] / "server" / "storage" / "faulty_sync.c"


def build_faulty_sync(folder: Path) -> Path:
    """A library that makes syncs fail on demand, for LD_PRELOAD."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not sys.platform.startswith("linux") or compiler is None:
        raise NotAllowed("needs a C compiler on Linux")
    library = folder / "faulty_sync.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(FAULTY_SYNC)], timeout=20, check=True)
    return library


def with_faulty_syncs(folder: Path) -> tuple[ServerProcess, Fault]:
    """A server whose disk answers every sync with EIO while the fault lasts."""
    server = ServerProcess(folder / "data")
    switch = folder / "fault"
    server.prefix = ["env", f"LD_PRELOAD={build_faulty_sync(folder)}", f"FAULTY_SYNC={switch}"]

    @contextlib.contextmanager
    def failing(server: ServerProcess) -> Iterator[None]:
        switch.touch()
        try:
            yield
        finally:
            switch.unlink()

    return server, failing


# --- While it runs ----------------------------------------------------------------------------------------------


def on_a_locked_database(folder: Path, seed: int) -> Report:
    return talk_through(ServerProcess(folder / "data"), locked, seed)


def on_a_full_disk(folder: Path, seed: int) -> Report:
    with mounted(folder) as disk:
        return talk_through(ServerProcess(disk), full, seed)


def at_a_size_limit(folder: Path, seed: int) -> Report:
    return talk_through(ServerProcess(folder / "data"), limited, seed)


def with_a_failing_disk(folder: Path, seed: int) -> Report:
    server, failing = with_faulty_syncs(folder)
    return talk_through(server, failing, seed)


def killed_on_a_full_disk(folder: Path, seed: int) -> Report:
    """It starts again there, serves readers, and resumes when there is space."""
    with mounted(folder) as disk:
        server = ServerProcess(disk)

        def kill_and_restart() -> None:
            server.kill()
            server.start()

        return talk_through(server, full, seed, kill_and_restart)


# --- Starting where it cannot work ------------------------------------------------------------------------------


def refusal(server: ServerProcess) -> str:
    """What a server says that must not start: one sentence, and exit code 1."""
    server.start(wait=False)
    assert wait_until(lambda: server.exit_code is not None), "the server runs"
    assert server.exit_code == 1
    (sentence,) = server.said.splitlines()
    assert sentence.endswith(".")
    return sentence


def start_on_a_read_only_folder(folder: Path, seed: int, *, used_before: bool = False) -> Report:
    with mounted(folder) as disk:
        if used_before:
            log = SqliteLog(disk)
            session = "a-session-0000001"
            log.append([Draft("lobby", 1.5, "alice", "blue", ["hello"], session, 1)], {session: 1})
            log.close()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], timeout=10, check=True)
        assert str(disk) in refusal(ServerProcess(disk))
    return Report(seed)


def start_on_a_locked_database(folder: Path, seed: int) -> Report:
    server = ServerProcess(folder / "data")
    with server:
        server.stop()
    with locked(server):
        assert "locked" in refusal(server)
    return Report(seed)


# --- All of it --------------------------------------------------------------------------------------------------

Case = Callable[[Path, int], Report]
RUNNING: tuple[Case, ...] = (
    on_a_locked_database,
    on_a_full_disk,
    at_a_size_limit,
    with_a_failing_disk,
    killed_on_a_full_disk,
)
STARTING: tuple[Case, ...] = (
    start_on_a_read_only_folder,
    partial(start_on_a_read_only_folder, used_before=True),
    start_on_a_locked_database,
)


def run(quick: bool, seed: int) -> Finding:
    rng = random.Random(seed)
    passed, resumed, wrong, left_out = 0, [0.0], [], []
    for case in (*RUNNING * (1 if quick else 5), *STARTING):
        with tempfile.TemporaryDirectory() as folder:
            try:
                report = case(Path(folder), rng.randrange(10**6))
            except NotAllowed as reason:
                left_out.append(str(reason))
                continue
            except AssertionError as error:
                wrong.append(str(error).partition("\n")[0])
                continue
        wrong += report.wrong
        passed += not report.wrong
        resumed.append(report.figures.get("seconds to resume", 0.0))
    figure = "; ".join(
        [
            f"{passed} faults survived or refused in a sentence",
            f"service back within {max(resumed):.2f} s",
            *(f"left out: {reason}" for reason in sorted(set(left_out))),
            *wrong[:3],
        ]
    )
    target = "no receipt, clients told, recovers by itself or stops with a clear sentence"
    return Finding(17, "storage faults", target, figure, False if wrong else None if left_out else True)


if __name__ == "__main__":
    sys.exit(main(run))
