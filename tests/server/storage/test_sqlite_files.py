"""The log's files: how they are opened, who may open them, and what is said when they cannot be."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from server_parts.storage.message_log import everything_in
from server_parts.storage.records import DELETE, Receipt, StorageError
from server_parts.storage.sqlite import schema
from server_parts.storage.sqlite.files import LogError
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.sqlite.reader import open_read_only

from .drafts import SESSION, append, draft, entry, refusal, say, texts
from .owners import owner_of

ROOT = Path(__file__).parents[3]


def why_not(folder: Path) -> str:
    """The sentence with which a folder is refused."""
    with pytest.raises(LogError) as refused:
        SqliteLog(folder)
    sentence = str(refused.value)
    assert "\n" not in sentence
    return sentence


def make(folder: Path, messages: int = 50) -> None:
    log = SqliteLog(folder)
    append(log, *(draft(f"text {i}", seq=i) for i in range(1, messages + 1)))
    log.close()


# --- How it is opened -------------------------------------------------------------------------------------------


def test_what_makes_a_commit_durable(sqlite: SqliteLog) -> None:
    """The connection that writes uses WAL, syncs at every commit, and gives up on locks before clients notice."""
    pragmas = {
        name: sqlite._writer.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "fullfsync", "wal_autocheckpoint", "busy_timeout")
    }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "fullfsync": 1,
        "wal_autocheckpoint": 1000,
        "busy_timeout": 30,
    }


def test_a_commit_is_synced_before_it_returns(tmp_path: Path) -> None:
    """A trace of the system calls shows fdatasync on the WAL between the write and the answer, each time."""
    trace = tmp_path / "trace"
    code = (
        "import sys; from pathlib import Path; from server_parts.storage.sqlite.log import SqliteLog\n"
        "from tests.server.storage.drafts import say\n"
        "log = SqliteLog(Path(sys.argv[1]))\n"
        "for i in range(3): say(log, 'x'); print(f'RECEIPT {i}', flush=True)\n"
        "log.close()"
    )
    strace = ["strace", "-f", "-y", "-o", str(trace), "-e", "trace=write,pwrite64,fsync,fdatasync"]
    try:
        run = subprocess.run(
            [*strace, sys.executable, "-c", code, str(tmp_path / "d")], cwd=ROOT, timeout=25, check=False
        )
    except FileNotFoundError:
        pytest.skip("strace is not installed")
    if run.returncode:
        pytest.skip("strace may not trace here")
    told = trace.read_text().split("RECEIPT")
    assert len(told) == 4
    for before in told[:3]:
        calls = [line for line in before.splitlines() if "chat.db-wal>" in line]
        assert "sync(" in calls[-1]
        assert any("pwrite64(" in call for call in calls)


def test_readers_cannot_write(sqlite: SqliteLog) -> None:
    """A pooled connection refuses to write, twice over: by its mode and by query_only."""
    say(sqlite, "hello")
    with sqlite._reader.pool.lend() as reader:
        for sure in ("ON", "OFF"):
            reader.execute(f"PRAGMA query_only = {sure}")
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                reader.execute("DELETE FROM messages")
        assert reader.execute("SELECT count(*) FROM messages").fetchone() == (1,)


def test_files_are_private(tmp_path: Path) -> None:
    """The folder is 0700, and every file in it 0600, also those that SQLite makes."""
    log = SqliteLog(tmp_path / "a" / "b")
    say(log, "hello")
    log.search("hello", {}, 1)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a" / "b").iterdir()}
    log.close()
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700
    assert modes == dict.fromkeys(["chat.db", "chat.db-wal", "chat.db-shm", "chat.lock", *search_files()], 0o600)


def search_files() -> list[str]:
    return ["search.db", "search.db-wal", "search.db-shm"]


def test_closing_leaves_a_single_file(tmp_path: Path) -> None:
    """After a clean close the WAL is folded into the database, and no descriptor is left open."""
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    make(tmp_path)
    assert not list(tmp_path.glob("chat.db-*"))
    after = len(os.listdir("/proc/self/fd")) if before else 0
    assert after == before


def test_a_text_that_is_taken_away_leaves_the_file(tmp_path: Path) -> None:
    """Also its bytes, in whatever page they were."""
    log = SqliteLog(tmp_path, full_text=False)
    log.append([draft(f"text number {number} of many") for number in range(300)], {})
    append(log, *(entry(DELETE, id, "gone") for id in range(1, 300)))
    log.close()
    content = log.path.read_bytes()
    assert content.count(b"text number ") == content.count(b"text number 299 of many") == 1


def test_a_closed_log_says_so(sqlite: SqliteLog) -> None:
    """Every call that needs the disk fails with one sentence after close."""
    say(sqlite, "hello")
    sqlite.close()
    calls: list[Callable[[], object]] = [
        lambda: say(sqlite, "more"),
        lambda: sqlite.after("lobby", 0, 1),
        lambda: sqlite.search("hello", {}, 1),
        lambda: list(everything_in("lobby", sqlite)),
        lambda: sqlite.claim("bob", "hash"),
        lambda: sqlite.trim(keep_messages=0),
    ]
    for call in calls:
        with pytest.raises(StorageError, match="the log is closed"):
            call()


# --- Who may open it --------------------------------------------------------------------------------------------


def test_one_server_a_folder(tmp_path: Path) -> None:
    """A second log on a folder is refused with the first one's process number, and taken once that is gone."""
    first = SqliteLog(tmp_path)
    assert f"another server (process {os.getpid()}) is using {tmp_path}" in why_not(tmp_path)
    say(first, "still fine")
    first.close()
    second = SqliteLog(tmp_path)
    assert second.last("lobby") == 1
    second.close()


def test_a_killed_server_holds_no_lock(tmp_path: Path) -> None:
    """A folder whose server was killed can be opened at once."""
    code = (
        "import sys; from pathlib import Path; from server_parts.storage.sqlite.log import SqliteLog\n"
        "log = SqliteLog(Path(sys.argv[1])); print('ready', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        assert f"process {server.pid}" in why_not(tmp_path)
        server.kill()
        server.wait(10)
    log = SqliteLog(tmp_path)
    assert say(log, "hello")[0].id == 1
    log.close()


def test_another_program_holding_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that some other program has locked is refused, in bounded time."""
    monkeypatch.setattr("server_parts.storage.sqlite.log.OPENING_PATIENCE", 0.05)
    make(tmp_path)
    with closing(sqlite3.connect(tmp_path / "chat.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "another program has locked it" in why_not(tmp_path)
        other.execute("ROLLBACK")
    SqliteLog(tmp_path).close()


OPEN_AS_NOBODY = """
import os, sys, urllib.parse  # all that is needed, for nobody may not be able to import
from pathlib import Path
from server_parts.storage.message_log import everything_in
from server_parts.storage.records import StorageError
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.sqlite.reader import open_read_only
from tests.server.storage.owners import owner_of
os.setgroups([]); os.setgid(65534); os.setuid(65534)
folder = Path(sys.argv[1])
try:
    SqliteLog(folder).close()
except StorageError as error:
    print("server:", error)
try:
    reader = open_read_only(folder)
    print("export:", len(list(everything_in("lobby", reader))))
    reader.close()
except StorageError as error:
    print("export:", error)
"""


def open_as_nobody(folder: Path) -> list[str]:
    """What a process that is not root, and may write only what all may, says about a folder."""
    if os.name == "nt" or os.geteuid() != 0:
        pytest.skip("only root can become nobody")
    for parent in folder.parents[:-1]:
        if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    command = [sys.executable, "-c", OPEN_AS_NOBODY, str(folder)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=25, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


def test_a_read_only_folder(tmp_path: Path) -> None:
    """A folder that may not be written is refused by the server with one sentence."""
    folder = tmp_path / "data"
    make(folder)
    folder.chmod(0o555)
    for path in folder.iterdir():
        path.chmod(0o444)
    said = open_as_nobody(folder)
    assert said[0] == f"server: {folder}/chat.lock cannot be opened: Permission denied"
    assert said[1].startswith("export: ")


def test_a_read_only_database(tmp_path: Path) -> None:
    """A database that may not be written in a folder that may is refused with the reason."""
    folder = tmp_path / "data"
    make(folder)
    folder.chmod(0o777)
    (folder / "chat.lock").unlink()
    (folder / "chat.db").chmod(0o444)
    said = open_as_nobody(folder)
    assert said[0].startswith(f"server: {folder}/chat.db cannot be opened: the file or its folder is read-only")
    assert said[1] == "export: 50"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A file where the folder should be is named."""
    (tmp_path / "file").write_text("not a folder")
    assert why_not(tmp_path / "file") == f"the folder {tmp_path}/file cannot be made: File exists"
    assert why_not(tmp_path / "file" / "deeper").endswith("cannot be made: Not a directory")


# --- What is in it ----------------------------------------------------------------------------------------------


def test_a_newer_format(tmp_path: Path) -> None:
    """A database of a later version is left alone, with both versions named."""
    make(tmp_path)
    with closing(sqlite3.connect(tmp_path / "chat.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    assert "made by a newer version of this server (format 99 > 7)" in why_not(tmp_path)
    with pytest.raises(LogError, match="newer version"):
        open_read_only(tmp_path)


def test_a_database_of_another_program(tmp_path: Path) -> None:
    """Somebody else's database is not touched, not even its journal mode."""
    with closing(sqlite3.connect(tmp_path / "chat.db")) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    content = (tmp_path / "chat.db").read_bytes()
    assert "is a database of another program" in why_not(tmp_path)
    assert (tmp_path / "chat.db").read_bytes() == content


@pytest.mark.parametrize("size", [100, 4096, 20_000])
def test_a_truncated_database(tmp_path: Path, size: int) -> None:
    """A database cut short is refused as damaged at the start."""
    make(tmp_path, 500)
    os.truncate(tmp_path / "chat.db", size)
    assert "is damaged" in why_not(tmp_path)


def test_a_database_of_noise(tmp_path: Path) -> None:
    """Random bytes are no database, and stay as they are."""
    noise = bytes(range(7, 256)) * 40
    (tmp_path / "chat.db").write_bytes(noise)
    assert "it is damaged or not a database" in why_not(tmp_path)
    assert (tmp_path / "chat.db").read_bytes() == noise


def test_a_damaged_page(tmp_path: Path) -> None:
    """Noise in the middle is told by whoever reads there; the rest of the log goes on."""
    make(tmp_path, 3000)
    with (tmp_path / "chat.db").open("r+b") as file:
        file.seek(40 * 4096)
        file.write(b"\xa5" * 4096)
    log = SqliteLog(tmp_path)
    with pytest.raises(StorageError, match="is damaged"):
        list(everything_in("lobby", log))
    assert len(log.after("lobby", 2995, 5)) == 5
    log.close()


def test_messages_that_do_not_fit_their_room(tmp_path: Path) -> None:
    """A newest message whose number is not its room's last shows at the start that something is wrong."""
    make(tmp_path)
    with closing(sqlite3.connect(tmp_path / "chat.db", isolation_level=None)) as connection:
        connection.execute("UPDATE rooms SET last = 40")
    assert "is damaged" in why_not(tmp_path)


def test_a_log_cannot_use_an_old_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A SQLite that lacks what the log needs is named with both versions."""
    monkeypatch.setattr("server_parts.storage.sqlite.log.OLDEST_SQLITE", (99, 1, 0))
    assert "the log needs 99.1.0 or newer" in why_not(tmp_path)


def test_migrating_forward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log gets the later steps in order and keeps everything."""
    make(tmp_path)
    later = [("CREATE TABLE extra (x)", "INSERT INTO extra VALUES (1)"), ("UPDATE extra SET x = x + 1",)]
    monkeypatch.setattr(schema, "MIGRATIONS", [*schema.MIGRATIONS, *later])
    log = SqliteLog(tmp_path)
    assert log._writer.execute("SELECT x FROM extra").fetchall() == [(2,)]
    assert log._writer.execute("PRAGMA user_version").fetchone() == (9,)
    assert (log.last("lobby"), len(list(everything_in("lobby", log)))) == (50, 50)
    log.close()


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a step fails, all steps are taken back, and the version before can open the log."""
    make(tmp_path)
    with monkeypatch.context() as patched:
        broken = [("CREATE TABLE extra (x)",), ("NONSENSE",)]
        patched.setattr(schema, "MIGRATIONS", [*schema.MIGRATIONS, *broken])
        assert "cannot be opened" in why_not(tmp_path)
    log = SqliteLog(tmp_path)
    assert log._writer.execute("SELECT name FROM sqlite_master WHERE name = 'extra'").fetchall() == []
    assert say(log, "hello")[0].id == 51
    log.close()


def test_trimming_leaves_nothing_behind(sqlite: SqliteLog) -> None:
    """With a room's messages go the notes that find their receipts; those of messages that stay remain."""
    append(sqlite, draft("stays", "den", seq=1), *(draft("goes", seq=i) for i in range(2, 5000)))
    assert sqlite._writer.execute("SELECT count(*) FROM spans").fetchone() == (5,)
    while sqlite.trim(keep_messages=1):
        pass
    assert sqlite._writer.execute("SELECT seq FROM spans").fetchall() == [(1,), (4096,)]
    assert [sqlite.receipt(SESSION, seq) for seq in (1, 4998, 4999)] == [
        Receipt("den", 1),
        None,
        Receipt("lobby", 4998),
    ]


# --- Export and backup ------------------------------------------------------------------------------------------


def test_export_while_a_server_writes(sqlite: SqliteLog) -> None:
    """Somebody else's read-only log sees what is committed, and the server goes on under it."""
    append(sqlite, *(draft(f"text {i}", seq=i) for i in range(1, 1001)))
    reader = open_read_only(sqlite.path.parent)
    export = everything_in("lobby", reader)
    first = next(export)
    say(sqlite, "said meanwhile")
    numbers = [first.id, *(message.id for message in export)]
    assert numbers == list(range(1, 1002))
    assert reader.rooms() == {"lobby": 1001}
    reader.close()


def test_there_is_nothing_to_export(tmp_path: Path) -> None:
    """A folder without a log is named, and not made."""
    with pytest.raises(LogError, match="there is no chat log in"):
        open_read_only(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_backup_while_a_server_writes(sqlite: SqliteLog, tmp_path: Path) -> None:
    """A copy opens as a log with everything up to its moment, under another epoch."""
    append(sqlite, *(draft(f"needle {i}", seq=i) for i in range(1, 1001)))
    sqlite.claim("bob", "hash")
    reader = open_read_only(sqlite.path.parent)
    (tmp_path / "restored").mkdir()
    target = tmp_path / "restored" / "chat.db"
    reader.backup(target)
    reader.close()
    say(sqlite, "too late")
    assert [path.name for path in target.parent.iterdir()] == ["chat.db"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    copy = SqliteLog(target.parent)
    assert (copy.last("lobby"), owner_of(copy, "bob"), len(copy.search("needle", {}, 2000))) == (1000, "hash", 1000)
    assert list(everything_in("lobby", copy)) == list(everything_in("lobby", sqlite))[:-1]
    assert copy.epoch != sqlite.epoch
    copy.close()


def test_a_backup_overwrites_nothing(sqlite: SqliteLog, tmp_path: Path) -> None:
    """A file that exists stays as it is, and nothing is left beside it."""
    target = tmp_path / "precious"
    target.write_text("precious")
    with pytest.raises(LogError, match="exists already"):
        sqlite.backup(target)
    with pytest.raises(LogError, match="cannot be made"):
        sqlite.backup(tmp_path / "nowhere" / "copy.db")
    assert target.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "precious"]


def test_locked_while_running(sqlite: SqliteLog) -> None:
    """While another program holds the lock nothing is stored or numbered; afterwards all goes on."""
    say(sqlite, "before")
    with closing(sqlite3.connect(sqlite.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for _ in range(3):
            assert "another program has locked it" in refusal(sqlite, draft("lost", "den", seq=10**6))
            with pytest.raises(StorageError):
                sqlite.claim("bob", "hash")
        assert texts(sqlite.after("lobby", 0, 9)) == ["before"]
        other.execute("ROLLBACK")
    assert sqlite.rooms() == {"lobby": 1}
    assert (owner_of(sqlite, "bob"), sqlite.receipt("session-000000000001", 10**6)) == (None, None)
    assert [message.id for message in say(sqlite, "after", "that")] == [2, 3]
