"""Files in a folder, also when the disk or the process fails: what was told is there, and nothing is left over."""

from __future__ import annotations

import errno
import gc
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from server_parts.storage.file_folder import FileFolder
from server_parts.storage.file_records import GRACE, IDLE, PIECE, Attachment, SaidFile
from server_parts.storage.file_store import NoSuchFile, WrongHash, WrongOffset
from server_parts.storage.memory_files import MemoryFileRows
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import StorageError
from server_parts.storage.sqlite.log import SqliteLog

from .drafts import say
from .sent_files import ALICE, LARGE, contents, later, left_in, say_file, send, sent, sha, store

ROOT = Path(__file__).parents[3]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def rows() -> MemoryFileRows:
    """What the log knows: it is committed at once."""
    return MemoryFileRows()


@pytest.fixture
def files(root: Path, rows: MemoryFileRows) -> FileFolder:
    return FileFolder(root, rows)


def said(files: FileFolder, rows: MemoryFileRows, id: str) -> None:
    """Have a message carry it."""
    upload = files.take(Attachment(id, (ALICE,)), "lobby")
    assert upload is not None
    assert upload.file is not None
    rows.add(SaidFile(upload.file, "lobby", 1, 0.0, "alice"), ALICE, upload.reservation.created)
    files.settle([upload], said=True)


# --- the folder ---


def test_the_folder_is_private(tmp_path: Path) -> None:
    """Made with the first file; whatever is called how, paths are made of ids."""
    with closing(SqliteLog(tmp_path / "data")) as log:
        assert not (tmp_path / "data" / "files").exists()
        log.files.sweep()
        half = log.files.reserve("lobby", "../../../x", 5, None, ALICE).id
        id = store(log, name="../../../../y")
        say_file(log, id)
        found = list((tmp_path / "data" / "files").rglob("*"))
        assert {path.name for path in found if path.is_file()} == {half, f"{half}.json", id, f"{id}.json"}
        assert {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_file()} == {0o600}
        folders = [tmp_path / "data" / "files", *(path for path in found if path.is_dir())]
        assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}
        assert {path.name for path in folders} == {"files", "tmp", id[:2].lower()}
        assert {path.name for path in tmp_path.iterdir()} == {"data"}


def test_what_is_not_ours_stays(root: Path, files: FileFolder) -> None:
    """Whatever somebody has put there."""
    sent(files, b"x")
    for path in (root / "tmp" / "notes.txt", root / "ab" / "x", root / "mine" / ("a" * 22) / "file"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    with later(2 * IDLE):
        files.sweep()
    assert len([path for path in root.rglob("*") if path.is_file()]) == 3


def test_bytes_that_belong_to_nothing_are_swept(root: Path, files: FileFolder, rows: MemoryFileRows) -> None:
    """Once they are an hour old; what is said, or may be, stays."""
    kept, unsaid = sent(files, b"kept"), sent(files, b"unsaid")
    said(files, rows, kept)
    for name in ("a" * 22, f"{'b' * 22}.json", f"{'c' * 22}.json.new"):
        (root / "tmp" / name).write_text("left over")
    (root / "dd").mkdir(exist_ok=True)
    (root / "dd" / ("d" * 22)).write_text("left over")
    assert files.sweep() == 0
    files = FileFolder(root, rows)  # a note without bytes says nothing: it goes at once
    assert not (root / "tmp" / f"{'b' * 22}.json").exists()
    with later(GRACE + 60):
        assert files.sweep() == 3
    assert left_in(root) == {kept, unsaid}
    assert contents(files, kept) == b"kept"


def test_a_note_that_is_none_is_passed_over(root: Path, files: FileFolder, rows: MemoryFileRows) -> None:
    """With what it was beside, after an hour."""
    id = sent(files, b"fine")
    for number, text in enumerate(("", "{", "[]", "{}", '{"id": 1}', "\xff", "null")):
        bad = f"{number}" * 22
        (root / "tmp" / f"{bad}.json").write_bytes(text.encode("latin-1"))
        (root / "tmp" / bad).write_text("x")
    files = FileFolder(root, rows)
    assert files.upload(id).offset == 4
    with pytest.raises(NoSuchFile):
        files.upload("2" * 22)
    with later(GRACE + 60):
        files.sweep()
    assert left_in(root) == {id}


def test_a_temporary_folder_goes_with_its_log() -> None:
    """When it is closed, or forgotten."""
    log = MemoryLog()
    root = log.files._root
    store(log)
    assert stat.S_IMODE(root.stat().st_mode) == 0o700
    log.close()
    assert not root.exists()
    other = MemoryLog()
    root = other.files._root
    store(other)
    del other
    gc.collect()
    assert not root.exists()


def test_a_file_that_is_being_said_is_not_deleted(files: FileFolder, rows: MemoryFileRows) -> None:
    """Neither by its owner nor because it is old; if it was not said after all, it is as before."""
    id = sent(files, b"x")
    upload = files.take(Attachment(id, (ALICE,)), "lobby")
    assert upload is not None
    assert files.take(Attachment(id, (ALICE,)), "lobby") is None
    assert files.ready(id, (ALICE,), "lobby") is None
    with pytest.raises(NoSuchFile):
        files.cancel(id)
    with later(2 * IDLE):
        assert files.sweep() == 0
    files.settle([upload], said=False)
    assert files.ready(id, (ALICE,), "lobby") is not None
    said(files, rows, id)
    assert contents(files, id) == b"x"


def test_a_text_that_cannot_be_stored_leaves_its_file(tmp_path: Path) -> None:
    """It can be said when the log can be written again."""
    with closing(SqliteLog(tmp_path)) as log:
        id = store(log)
        refuse = "AFTER UPDATE OF file ON messages BEGIN SELECT RAISE(ABORT, 'no'); END"  # the last step of it
        log._writer.execute(f"CREATE TEMP TRIGGER refuses {refuse}")
        with pytest.raises(StorageError):
            say_file(log, id)
        assert log.files.said(id) is None
        assert log.files.ready(id, (ALICE,), "lobby") is not None
        log._writer.execute("DROP TRIGGER refuses")
        assert say_file(log, id).file is not None


def test_plain_messages_ask_nothing_of_files(tmp_path: Path) -> None:
    """What they cost is not more than before."""
    statements: list[str] = []
    with closing(SqliteLog(tmp_path)) as log:
        say(log, "first")
        log._writer.set_trace_callback(statements.append)
        say(log, "hello")
        assert any("INSERT INTO messages" in one for one in statements)
        assert not any("files" in one for one in statements)


# --- a disk that fails ---


def test_a_full_disk(small_disk: Path, rows: MemoryFileRows) -> None:
    """The piece that does not fit is not acknowledged; when there is space again, it goes on from there."""
    files = FileFolder(small_disk / "files", rows)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_400_000))
    id = files.reserve("lobby", "x", len(LARGE), sha(LARGE), ALICE).id
    with pytest.raises(StorageError, match=r"^the file cannot be stored: the disk is full$"):
        send(files, id, LARGE)
    end = files.upload(id).offset
    assert 0 < end < len(LARGE)
    assert (small_disk / "files" / "tmp" / id).read_bytes() == LARGE[:end]
    assert FileFolder(small_disk / "files", rows).upload(id).offset == end
    free = files.totals(ALICE).free
    assert free is not None
    assert free < PIECE
    ballast.unlink()
    send(files, id, LARGE, end)
    assert files.finish(id).sha256 == sha(LARGE)


def test_a_full_disk_takes_no_announcements(small_disk: Path, rows: MemoryFileRows) -> None:
    """And nothing is left of them."""
    files = FileFolder(small_disk / "files", rows)
    sent(files, b"x")
    before = left_in(small_disk / "files")
    with pytest.raises(OSError, match="No space"):
        (small_disk / "ballast").write_bytes(bytes(4_000_000))
    with pytest.raises(StorageError, match="the disk is full"):
        files.reserve("lobby", "x", 5, None, ALICE)
    assert left_in(small_disk / "files") == before


def failing(error: int) -> Callable[..., Any]:
    def fail(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    return fail


def test_a_piece_that_is_not_on_disk_is_not_counted(root: Path, files: FileFolder) -> None:
    """Not even its bytes stay, also if they cannot be taken away: what comes next is written over them."""
    id = files.reserve("lobby", "x", 12, sha(b"0123456789ab"), ALICE).id
    files.write(id, 0, b"0123")
    with patch("os.fdatasync", failing(errno.EIO)), pytest.raises(StorageError, match="the disk reports an error"):
        files.write(id, 4, b"XXXX")
    assert (root / "tmp" / id).read_bytes() == b"0123"
    for name in ("fdatasync", "ftruncate"):  # now both fail
        patched = patch(f"os.{name}", failing(errno.EIO))
        patched.start()
    with pytest.raises(StorageError):
        files.write(id, 4, b"XXXXXX")
    patch.stopall()
    assert (root / "tmp" / id).read_bytes() == b"0123XXXXXX"
    assert files.upload(id).offset == 4
    with pytest.raises(WrongOffset):
        files.write(id, 10, b"ab")
    files.write(id, 4, b"4567")
    files.write(id, 8, b"89ab")
    files.finish(id)
    assert contents(files, id) == b"0123456789ab"


def test_bytes_that_are_gone_are_no_such_file(root: Path, files: FileFolder, rows: MemoryFileRows) -> None:
    """Whoever took them away."""
    id = sent(files, b"x")
    said(files, rows, id)
    shutil.rmtree(root)
    with pytest.raises(NoSuchFile):
        files.read(id, 0, 1)
    files.sweep()


# --- a process that dies: at every step by itself ---


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


CALLS = ("open", "write", "fsync", "fdatasync", "ftruncate", "replace", "unlink", "mkdir")


@contextmanager
def killed_at(number: int) -> Iterator[list[str]]:
    """Before that call of the system, counted from 0, the process dies. Yields the calls that were made."""
    made: list[str] = []

    def counted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if len(made) >= number:
                raise Killed
            made.append(name)
            return real(*args, **kwargs)

        return call

    patches = [patch(f"os.{name}", counted(name, getattr(os, name))) for name in CALLS]
    for one in patches:
        one.start()
    try:
        yield made
    finally:
        for one in patches:
            one.stop()


class Told:
    """What the clients of a process were told before it died."""

    def __init__(self) -> None:
        self.offsets: dict[str, int] = {}
        self.finished: set[str] = set()
        self.said: set[str] = set()


DATA = b"0123456789" * 30_000


def live(files: FileFolder, rows: MemoryFileRows, told: Told) -> None:
    """All that happens to files: some are said, one is cancelled, one has the wrong hash, one is not finished."""
    _give_up(files, sha(DATA))
    _give_up(files, sha(b"other"))
    for fate in ("said", "started over", "unfinished"):
        id = files.reserve("lobby", fate, len(DATA), sha(DATA), ALICE).id
        if fate == "started over":
            files.write(id, 0, b"x" * 1_000)
            files.start_over(id)
        told.offsets[id] = 0
        told.offsets[id] = files.write(id, 0, DATA[:PIECE])
        if fate != "unfinished":
            told.offsets[id] = files.write(id, PIECE, DATA[PIECE:])
            files.finish(id)
            told.finished.add(id)
        if fate == "said":
            said(files, rows, id)
            told.said.add(id)
    with later(GRACE + 60):
        files.sweep()


def _give_up(files: FileFolder, announced: str) -> None:
    """Nothing is to be left of it."""
    id = files.reserve("lobby", "given up", len(DATA), announced, ALICE).id
    send(files, id, DATA)
    with suppress(WrongHash):
        files.finish(id)
        files.cancel(id)


def check(root: Path, rows: MemoryFileRows, told: Told) -> None:
    """After a new start: everything that was told is true, it can be gone on with, and nothing else is left."""
    files = FileFolder(root, rows)
    for id, offset in told.offsets.items():
        if id in told.said:
            assert contents(files, id) == DATA
            continue
        upload = files.upload(id)
        assert upload.offset >= offset, "an acknowledged piece is lost"
        assert (upload.file is not None) >= (id in told.finished), "a finished file is not finished"
        if upload.file is None:
            there = (root / "tmp" / id).read_bytes()  # by hash: with CI set, pytest takes minutes to compare a megabyte
            assert sha(there) == sha(DATA[: upload.offset]), "what is there was never sent"
            send(files, id, DATA, upload.offset)
        assert files.finish(id).sha256 == sha(DATA)
        assert contents(files, id) == DATA
        said(files, rows, id)
    with later(GRACE + 60):
        files.sweep()
    with later(IDLE + 60):
        files.sweep()
    assert left_in(root) == told.offsets.keys(), "something is left over"


def steps(tmp_path: Path) -> int:
    with killed_at(10_000) as made:
        live(FileFolder(tmp_path / "all", rows := MemoryFileRows()), rows, Told())
    return len(made)


@pytest.mark.parametrize("stride", [13, pytest.param(1, marks=pytest.mark.thorough)])
def test_a_process_may_die_before_any_step(tmp_path: Path, stride: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the calls with which it changes the disk; of which most are left to the thorough tests."""
    for name in ("fsync", "fdatasync"):  # the system stays: what was written is there
        monkeypatch.setattr(os, name, lambda _: None)
    number = steps(tmp_path)
    assert number > 60
    for step in range(0, number, stride):
        root, rows, told = tmp_path / f"at {step}", MemoryFileRows(), Told()
        with killed_at(step), pytest.raises(Killed):
            live(FileFolder(root, rows), rows, told)
        check(root, rows, told)


def _lose(path: Path) -> None:
    os.truncate(path, 100)


def _change(path: Path) -> None:
    path.write_bytes(b"X" * PIECE)


def _add(path: Path) -> None:
    other = path.with_name("x" * 22)
    other.write_bytes(b"x")
    os.utime(other, (9e9, 9e9))


@pytest.mark.parametrize(
    ("change", "sentence"), [(_lose, "piece is lost"), (_change, "never sent"), (_add, "left over")]
)
def test_what_is_wrong_is_found_out(tmp_path: Path, change: Callable[[Path], None], sentence: str) -> None:
    """By the check above: lost bytes, other bytes, and a file that nobody needs."""
    rows, told = MemoryFileRows(), Told()
    live(FileFolder(tmp_path, rows), rows, told)
    (unfinished,) = (path for path in (tmp_path / "tmp").iterdir() if path.stat().st_size == PIECE)
    change(unfinished)
    with pytest.raises(AssertionError, match=sentence):
        check(tmp_path, rows, told)


# --- a process that is killed while it writes ---

SEND = """
import sys
from pathlib import Path
from server_parts.storage.sqlite.log import SqliteLog
from tests.server.storage.sent_files import ALICE, LARGE, sha
log = SqliteLog(Path(sys.argv[1]))
id = log.files.reserve("lobby", "x", len(LARGE) * 20, None, ALICE).id
print(id, flush=True)
step, end = int(sys.argv[2]), 0
while True:
    end = log.files.write(id, end, (LARGE + LARGE)[end % len(LARGE):][:step])
    print(end, flush=True)
"""


@pytest.mark.parametrize("step", [PIECE, pytest.param(65_536, marks=pytest.mark.thorough)])
def test_a_killed_process(tmp_path: Path, step: int) -> None:
    """What it acknowledged is there, and whatever else is there was sent; the file goes on where it ends."""
    command = [sys.executable, "-c", SEND, str(tmp_path), str(step)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        id = process.stdout.readline().strip()
        told = [process.stdout.readline() for _ in range(12)]
        process.kill()
        told += process.stdout.readlines()
    acknowledged = max(int(line) for line in told if line.endswith("\n"))
    with closing(SqliteLog(tmp_path)) as log:
        end = log.files.upload(id).offset
        assert acknowledged <= end <= acknowledged + 2 * step
        assert (tmp_path / "files" / "tmp" / id).read_bytes() == (LARGE * 21)[:end]
        send(log.files, id, LARGE * 20, end)
        assert log.files.finish(id).sha256 == sha(LARGE * 20)


def test_all_is_synced_before_it_is_told(tmp_path: Path) -> None:
    """In this order: a piece; a note, its name; the name of the whole file; then the message."""
    calls: list[str] = []

    def noting(name: str) -> Any:
        real = getattr(os, name)

        def call(*args: Any, **more: Any) -> Any:
            calls.append(name)
            return real(*args, **more)

        return patch(f"os.{name}", call)

    with closing(SqliteLog(tmp_path)) as log:
        sent(log.files, b"makes the folders")
        id = log.files.reserve("lobby", "x", 4, None, ALICE).id
        with noting("write"), noting("fsync"), noting("fdatasync"), noting("replace"), noting("mkdir"):
            log.files.write(id, 0, b"1234")
            assert calls == ["write", "fdatasync"]
            calls.clear()
            log.files.finish(id)
        made = ["mkdir", "fsync"] * (calls.count("mkdir"))
        assert calls == ["write", "fdatasync", "replace", *made, "fsync", "replace", "fsync", "fsync"]
        assert say_file(log, id).file is not None
