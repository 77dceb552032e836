"""What the server's command line writes out of a log and is done."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from server_parts import export
from server_parts.settings import Settings
from server_parts.storage import file_disk
from server_parts.storage.file_disk import place_of
from server_parts.storage.file_records import GRACE
from server_parts.storage.records import DELETE, Draft, StorageError
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.sqlite.reader import LogReader
from tests.peers import WAIT
from tests.programs import ROOT, SERVER, environment, read_line, run_server, started

from .drafts import append, entry
from .sent_files import LARGE, contents, later, left_in, say_file, store

TEXTS = [f"text {number}" for number in range(1_000)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A log with two rooms."""
    store = SqliteLog(tmp_path / "data")
    for room in ("lobby", "@alice+bob"):
        store.append([Draft(room, 1.0, "alice", "blue", TEXTS, "", 0)], {})
    store.close()
    return tmp_path / "data"


@pytest.mark.parametrize("room", ["lobby", "LOBBY", "#Lobby", "@alice+bob", "@Alice+Bob"])
def test_an_export_finds_a_room_as_a_person_names_it(
    folder: Path, room: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """In any case, and with the sign that stands before it on a screen."""
    assert export.export(Settings(data=str(folder)), room) == 0
    printed = capsysbinary.readouterr()
    assert printed.err == b""
    assert [json.loads(line)["text"] for line in printed.out.splitlines()] == TEXTS


def test_an_export_steers_no_terminal(tmp_path: Path) -> None:
    """Controls, direction marks and the like are escaped; the JSON says the same as before."""
    texts = [
        "\x85\x9b31m red",
        "\u202eright to left\u2066",
        "\x7f\u2028\u200b",
        "caf\u00e9 \u65e5\u672c \U0001f600",
        'a "quote" \\',
    ]
    store = SqliteLog(tmp_path / "data")
    store.append([Draft("lobby", 1.0, "alice", "blue", texts, "", 0)], {})
    store.close()
    run = run_server("--data", str(tmp_path / "data"), "--export", "lobby")
    assert [json.loads(line)["text"] for line in run.stdout.splitlines()] == texts
    assert all(line.isprintable() for line in run.stdout.split("\n"))
    assert "caf\u00e9 \u65e5\u672c \U0001f600" in run.stdout, "what is harmless stays readable"


def test_an_export_of_no_room_names_those_that_there_are(folder: Path) -> None:
    """In one line, with status 1."""
    run = run_server("--data", str(folder), "--export", "Den")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == f"There is no room Den in {folder}. There are: @alice+bob, lobby\n"


def test_whoever_reads_an_export_may_stop(folder: Path) -> None:
    """As `| head` does: that is no error."""
    with started({}, "--data", str(folder), "--export", "lobby") as process:
        assert json.loads(read_line(process))["text"] == TEXTS[0]
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(2 * WAIT) == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no full device")
@pytest.mark.parametrize("flag", ["--export", "--backup"])
def test_a_full_disk_behind_standard_output_is_told(folder: Path, flag: str) -> None:
    """In one sentence that does not speak of ports, and with status 1; also if Python writes it late."""
    what = "lobby" if flag == "--export" else str(folder.parent / "copy.db")
    with open("/dev/full", "w") as full:
        run = subprocess.run(
            [*SERVER, "--data", str(folder), flag, what],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=2 * WAIT,
            env=environment({"PYTHONUNBUFFERED": "", "NO_COLOR": "1"}),
            cwd=ROOT,
            check=False,
        )
    assert (run.returncode, run.stderr) == (1, "Standard output cannot be written: No space left on device.\n")


def test_a_copy_does_not_hold_the_key(folder: Path) -> None:
    """It is told in one line where scripts do not stumble over it; a folder without a key has nothing to tell."""
    first = run_server("--data", str(folder), "--backup", str(folder.parent / "first.db"))
    assert (first.returncode, first.stderr) == (0, "")
    (folder / "server.key").write_text("secret")
    second = run_server("--data", str(folder), "--backup", str(folder.parent / "second.db"))
    assert (second.returncode, second.stdout.count("\n")) == (0, 1)
    assert second.stderr == f"Without its key: keep a copy of {folder / 'server.key'} in a safe place.\n"
    assert b"secret" not in (folder.parent / "second.db").read_bytes()


def test_an_export_has_the_records_of_files(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Without the bytes."""
    with closing(SqliteLog(tmp_path / "data")) as log:
        file = say_file(log, store(log, b"some bytes", name="a.txt")).file
    assert file is not None
    assert export.export(Settings(data=str(tmp_path / "data")), "lobby") == 0
    assert json.loads(capsysbinary.readouterr().out)["file"] == file.frame()


def test_a_backup_has_the_files(tmp_path: Path) -> None:
    """In a folder beside it; put into an empty one, both are a log again."""
    data, copy = tmp_path / "data", tmp_path / "copy.db"
    with closing(SqliteLog(data)) as log:
        kept, gone, unsaid = store(log, LARGE), store(log, b"gone"), store(log, b"unsaid")
        say_file(log, kept)
        say_file(log, gone)
        append(log, entry(DELETE, 2, "gone"))
        run = run_server("--data", str(data), "--backup", str(copy))  # while a server runs
        assert (run.returncode, run.stderr) == (0, "")
        assert run.stdout == f"Copied everything in {data} to {copy} and 1 file to {copy}.files.\n"
        say_file(log, unsaid)
    assert left_in(tmp_path / "copy.db.files") == {kept}
    (tmp_path / "again").mkdir()
    copy.rename(tmp_path / "again" / "chat.db")
    (tmp_path / "copy.db.files").rename(tmp_path / "again" / "files")
    with closing(SqliteLog(tmp_path / "again")) as log:
        (file,) = (message.file for message in log.after("lobby", 0, 9) if message.file)
        assert file.id == kept
        assert contents(log.files, kept) == LARGE
        assert log.files.said(gone) is None
        with later(GRACE + 60):
            assert log.files.sweep() == 0


def test_a_backup_speaks_of_no_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is lost or damaged in the folder is told, and the rest is copied."""
    data, copy = tmp_path / "data", tmp_path / "copy.db"
    with closing(SqliteLog(data)) as log:
        lost, damaged, fine = store(log, b"lost"), store(log, b"damaged"), store(log, b"fine")
        for id in (lost, damaged, fine):
            say_file(log, id)
    place_of(data / "files", lost).unlink()
    place_of(data / "files", damaged).write_bytes(b"DAMAGED")
    assert export.backup(Settings(data=str(data)), str(copy)) == 0
    printed = capsys.readouterr()
    assert "and 2 files to" in printed.out
    assert "1 file is damaged in that folder, and in the copy" in printed.err
    assert "1 file is missing there" in printed.err
    assert left_in(tmp_path / "copy.db.files") == {damaged, fine}
    reader = LogReader(copy)
    found = [message.file.id if message.file else None for message in reader.after("lobby", 0, 9)]
    reader.close()
    assert found == [None, damaged, fine]


def test_a_backup_overwrites_no_files(tmp_path: Path) -> None:
    """It says so, and leaves nothing behind."""
    with closing(SqliteLog(tmp_path / "data")) as log:
        say_file(log, store(log))
    (tmp_path / "copy.db.files").mkdir()
    with pytest.raises(StorageError, match=r"/copy.db.files exists already; choose another name$"):
        export.backup(Settings(data=str(tmp_path / "data")), str(tmp_path / "copy.db"))
    assert {path.name for path in tmp_path.iterdir()} == {"data", "copy.db.files"}


def test_a_backup_without_space_leaves_nothing(tmp_path: Path, small_disk: Path) -> None:
    with closing(SqliteLog(tmp_path / "data")) as log:
        say_file(log, store(log, LARGE * 2))
        with pytest.raises(StorageError, match="the disk is full"):
            log.backup(small_disk / "copy.db")
    assert list(small_disk.iterdir()) == []


def test_a_file_that_is_deleted_during_a_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not in the copy, and not counted as lost; nor is its name."""
    with closing(SqliteLog(tmp_path / "data")) as log:
        say_file(log, store(log, name="a secret name"))

        def copy_late(source: Path, target: Path) -> str:
            append(log, entry(DELETE, 1, "/me deleted message #1"))
            with later(GRACE + 60):
                assert log.files.sweep() == 1
            return copy(source, target)

        copy = file_disk.copy
        monkeypatch.setattr(file_disk, "copy", copy_late)
        copied = log._reader.backup(tmp_path / "copy.db")
    assert (copied.files, copied.lost) == (0, 0)
    assert not (tmp_path / "copy.db.files").exists()
    assert b"a secret name" not in (tmp_path / "copy.db").read_bytes()
