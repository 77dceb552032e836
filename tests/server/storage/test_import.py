"""A folder copied into a database: all that anybody can ask of a log has the same answer there."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import zip_longest
from pathlib import Path

import pytest

from server_parts import importing
from server_parts.importing import Progress, import_folder
from server_parts.settings import Settings
from server_parts.storage import copied
from server_parts.storage.account_records import Create
from server_parts.storage.file_store import NoSuchFile
from server_parts.storage.records import DELETE, Draft, StorageError, hashed
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.sqlite.source import Source
from server_parts.storage.store import Entry, Store
from tests.peers import WAIT, Native
from tests.postgres import cluster, needs_postgres
from tests.programs import ROOT, SERVER, environment, run_server, server_program

from .drafts import append, entry
from .postgres_logs import address_of, execute, postgres_log
from .random_folder import SESSIONS, everything, fill
from .sent_files import LARGE, contents, say_file, store

MANY = 120_000  # messages: enough that an import is found in the middle of its work
TOKEN = "0123456789abcdef0123456789abcdef"

pytestmark = [needs_postgres, pytest.mark.once]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "folder"


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    """An empty database."""
    return Settings(store=address_of(tmp_path).url)


@pytest.fixture
def large(folder: Path) -> Path:
    with closing(SqliteLog(folder, full_text=False)) as log:
        for first in range(1, MANY, 20_000):
            texts = [f"text {number}" for number in range(first, first + 20_000)]
            log.append([Draft("lobby", 1.5, "alice", "blue", texts, SESSIONS[0], first)], {SESSIONS[0]: first + 19_999})
    return folder


def say(log: Store, text: str = "hello") -> None:
    log.append([Draft("lobby", 1.5, "alice", "blue", [text], "", 0)], {})


def why_not(settings: Settings, folder: Path) -> str:
    with pytest.raises(StorageError) as raised:
        import_folder(settings, str(folder))
    return str(raised.value)


# --- everything is there ---


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in (1, 2, 3))])
def test_every_answer_is_the_same(seed: int, folder: Path, tmp_path: Path, chosen: Settings) -> None:
    """Before and after what is written next, which gets the same numbers in both."""
    with closing(SqliteLog(folder)) as log:
        fill(log, seed)
    assert import_folder(chosen, str(folder)) == 0
    with closing(SqliteLog(folder)) as before, closing(postgres_log(tmp_path)) as after:
        _compare(before, after)
        fill_on(before)
        fill_on(after)
        _compare(before, after)


def fill_on(log: Store) -> None:
    """What comes next: a message of an old session and a new one, a room, an account with a device."""
    old, new = SESSIONS[3], hashed("another")
    accepted = log.session(old).accepted
    drafts = [
        Draft("lobby", 2.5, "alice", "blue", ["after all"], old, accepted + 1),
        Draft("a-new-room", 2.5, "erin", "blue", ["first"], new, 1),
    ]
    log.write(Entry(drafts, {old: accepted + 1, new: 1}, changes=[Create("erin", None)]))


def _compare(before: Store, after: Store) -> None:
    for one, other in zip_longest(everything(before), everything(after)):
        assert _without_clock(one) == _without_clock(other)


def _without_clock(answer: tuple[object, ...]) -> tuple[object, ...]:
    """An account that each of two logs has made has its own time."""
    return tuple("an account" if getattr(part, "name", "") == "erin" else part for part in answer)


def test_a_client_goes_on_where_it_was(folder: Path, tmp_path: Path, chosen: Settings) -> None:
    """With the same session at a server on the database: nothing is asked of it again, and nothing is twice."""
    key = ("--tls-cert", str(folder / "server.crt"), "--tls-key", str(folder / "server.key"))
    with server_program("--no-console", "--data", str(folder)) as program:
        with Native(program.port, "alice", token=TOKEN) as alice:
            first = alice.tell("one")
            session, epoch = alice.session, alice.welcome["epoch"]
        program.stop()
    run = run_server("--import", str(folder), env={"CHAT_STORE": str(chosen.store)})
    assert (run.returncode, "1 message," in run.stdout) == (0, True), run.stderr
    flags = key if (folder / "server.key").exists() else ("--plain", "everyone")
    with server_program("--no-console", *flags, env={"CHAT_STORE": str(chosen.store)}) as program:
        with Native(program.port) as alice:
            alice.enter("alice", session=session, token=TOKEN, positions={"lobby": first["id"]})
            assert (alice.welcome["epoch"], alice.welcome["accepted"]) == (epoch, 1)
            assert alice.tell("two")["id"] == first["id"] + 1
        program.stop()


# --- cut off, and gone on with ---


@contextmanager
def importing_program(folder: Path, chosen: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """An import in a process of its own, once it has copied something."""
    process = subprocess.Popen(
        [*SERVER, "--import", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment({"CHAT_STORE": str(chosen.store)}),
        cwd=ROOT,
    )
    try:
        assert process.stderr is not None
        assert b" messages, " in process.stderr.readline()
        yield process
    finally:
        process.kill()
        process.communicate(timeout=WAIT)


@pytest.mark.parametrize(("signum", "status"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_an_import_goes_on_after_it_was_cut_off(
    large: Path, tmp_path: Path, chosen: Settings, signum: int, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Until it is done no server starts on that database; then everything is there once."""
    with importing_program(large, chosen) as process:
        process.send_signal(signum)
        assert process.wait(2 * WAIT) == status
    ((copied_before,),) = execute(tmp_path, "SELECT count(*) FROM chat_import.messages")
    assert 0 < copied_before < MANY
    refused = run_server("--port", "0", env={"CHAT_STORE": str(chosen.store)})
    assert (refused.returncode, "An import into the database" in refused.stderr) == (1, True)
    assert import_folder(chosen, str(large)) == 0
    assert f"Going on after {copied_before:,} messages." in capsys.readouterr().err
    with closing(postgres_log(tmp_path)) as log:
        assert log.last("lobby") == MANY
        assert [m.text for m in log.after("lobby", MANY - 2, 9)] == [f"text {MANY - 1}", f"text {MANY}"]


def test_a_database_that_goes_away_is_told(large: Path, tmp_path: Path, chosen: Settings) -> None:
    """And the import goes on when it is there again."""
    with importing_program(large, chosen) as process:
        cluster().end_connections(cluster().database(tmp_path))
        assert process.wait(2 * WAIT) == 1
        assert process.stderr is not None
        assert b" cannot be filled: " in process.stderr.read()
    assert import_folder(chosen, str(large)) == 0


def test_two_imports_at_once(large: Path, chosen: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The second is refused, whatever folder it has."""
    monkeypatch.setattr("server_parts.storage.postgres.target.PATIENCE", 0.0)
    with closing(SqliteLog(tmp_path / "other")) as log:
        say(log)
    with importing_program(large, chosen):
        assert "another import into the database" in why_not(chosen, tmp_path / "other")
        assert "is using" in why_not(chosen, large)


def cut_off(folder: Path, chosen: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """An import that has copied all, and was ended before it was finished."""
    with monkeypatch.context() as patch:
        patch.setattr(importing, "_compare", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            import_folder(chosen, str(folder))


def test_files_are_gone_on_with(
    folder: Path, tmp_path: Path, chosen: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those that were copied whole are not copied again; what was deleted is not copied at all."""
    with closing(SqliteLog(folder)) as log:
        ids = [store(log, data) for data in (b"one", LARGE, b"gone", b"four")]
        for id in ids:
            say_file(log, id)
        append(log, entry(DELETE, 3, "gone"))
    copied_files: list[str] = []
    with monkeypatch.context() as patch:
        pieces = Source.pieces

        def cut_off_after_two(source: Source, file: copied.StoredFile) -> Iterator[bytes]:
            if len(copied_files) == 2:
                raise KeyboardInterrupt
            copied_files.append(file.id)
            return pieces(source, file)

        patch.setattr(Source, "pieces", cut_off_after_two)
        with pytest.raises(KeyboardInterrupt):
            import_folder(chosen, str(folder))
        copied_files.clear()
        assert import_folder(chosen, str(folder)) == 0
    assert copied_files == [ids[3]]
    assert "3 of 3 files" in capsys.readouterr().err
    with closing(postgres_log(tmp_path)) as after:
        assert [contents(after.files, id) for id in ids if id != ids[2]] == [b"one", LARGE, b"four"]
        with pytest.raises(NoSuchFile):
            after.files.read(ids[2], 0, 1)


def test_a_damaged_file_is_not_imported(folder: Path, tmp_path: Path, chosen: Settings) -> None:
    """It is named, and what was copied before stays."""
    with closing(SqliteLog(folder)) as log:
        id = store(log, b"a file")
        say_file(log, id)
    place = folder / "files" / id[:2].lower() / id
    for change, sentence in ((lambda: place.write_bytes(b"A file"), "is damaged"), (place.unlink, "No such file")):
        change()
        assert f"{place}" in (told := why_not(chosen, folder))
        assert sentence in told
    assert execute(tmp_path, "SELECT count(*) FROM chat_import.messages") == [(1,)]
    assert execute(tmp_path, "SELECT count(*) FROM chat_import.pieces") == [(0,)]
    with closing(SqliteLog(folder)) as log:
        append(log, entry(DELETE, 1, "gone"))
    assert import_folder(chosen, str(folder)) == 0


def test_a_folder_that_has_changed_since_is_copied_anew(
    folder: Path, tmp_path: Path, chosen: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was taken away meanwhile does not stay in the database."""
    with closing(SqliteLog(folder)) as log:
        fill(log, 1)
    cut_off(folder, chosen, monkeypatch)
    with closing(SqliteLog(folder)) as log:
        say(log)
        log.trim(keep_messages=3)
    assert import_folder(chosen, str(folder)) == 0
    with closing(SqliteLog(folder)) as before, closing(postgres_log(tmp_path)) as after:
        _compare(before, after)


def test_another_folder_is_not_mixed_in(
    folder: Path, tmp_path: Path, chosen: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused, with the command that gives the first one up."""
    for path in (folder, tmp_path / "other"):
        with closing(SqliteLog(path)) as log:
            say(log)
    cut_off(folder, chosen, monkeypatch)
    assert "an unfinished import of another folder" in why_not(chosen, tmp_path / "other")
    execute(tmp_path, "DROP SCHEMA chat_import CASCADE")
    assert import_folder(chosen, str(tmp_path / "other")) == 0


# --- what is refused ---


def test_a_folder_in_use_is_refused(folder: Path, chosen: Settings) -> None:
    """What a server writes meanwhile would be missing."""
    with closing(SqliteLog(folder)):
        assert "is using" in why_not(chosen, folder)
    assert import_folder(chosen, str(folder)) == 0


def test_a_folder_without_a_log_is_refused(folder: Path, tmp_path: Path, chosen: Settings) -> None:
    """And nothing is made, neither there nor in the database."""
    assert "there is no chat log in" in why_not(chosen, folder)
    assert not folder.exists()
    assert execute(tmp_path, "SELECT to_regnamespace('chat_import') IS NULL") == [(True,)]


def test_a_database_with_messages_is_refused(folder: Path, tmp_path: Path, chosen: Settings) -> None:
    """They stay as they are."""
    for log in (SqliteLog(folder), postgres_log(tmp_path)):
        say(log)
        log.close()
    assert "is not empty" in why_not(chosen, folder)
    with closing(postgres_log(tmp_path)) as log:
        assert log.last("lobby") == 1


def test_tables_of_another_program_stay(folder: Path, tmp_path: Path, chosen: Settings) -> None:
    """Theirs is a schema of the same name."""
    with closing(SqliteLog(folder)) as log:
        say(log)
    execute(tmp_path, "CREATE SCHEMA chat CREATE TABLE servers (id integer)")
    assert "is not empty" in why_not(chosen, folder)
    execute(tmp_path, "DROP TABLE chat.servers")
    assert import_folder(chosen, str(folder)) == 0, "a schema that the owner of the database has made beforehand"


def test_a_database_in_use_is_refused(folder: Path, tmp_path: Path, chosen: Settings) -> None:
    """Also if nothing was said there; when its server has stopped, its empty tables make way."""
    with closing(SqliteLog(folder)) as source:
        say(source)
    with closing(postgres_log(tmp_path)):
        assert "a server is using the database" in why_not(chosen, folder)
    assert import_folder(chosen, str(folder)) == 0
    assert "is not empty" in why_not(chosen, folder)


def test_a_copy_that_lacks_something_is_not_used(
    folder: Path, tmp_path: Path, chosen: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One message, or one letter of one: the comparison finds it, and no server starts."""
    with closing(SqliteLog(folder)) as log:
        fill(log, 2, 20)
    some = "WHERE n = (SELECT max(n) FROM chat_import.messages)"
    for damage in (
        f"DELETE FROM chat_import.messages {some}",
        f"UPDATE chat_import.messages SET text = text || 'x' {some}",
        "DELETE FROM chat_import.sessions",
    ):
        with monkeypatch.context() as patch:
            summary = Source.summary
            patch.setattr(Source, "summary", lambda self: (execute(tmp_path, damage), summary(self))[1])  # noqa: B023
            assert "the copy differs from the folder in" in why_not(chosen, folder)
        with pytest.raises(StorageError, match="is not finished"):
            postgres_log(tmp_path)
        execute(tmp_path, "DROP SCHEMA chat_import CASCADE")


def test_every_table_is_copied(folder: Path) -> None:
    """Or is made by itself: a table that a later version adds is thought of here too."""
    made_again = {"about", "days", "sqlite_sequence"}
    with closing(SqliteLog(folder)) as log:
        tables = log._writer.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        columns = {
            name: {row[1] for row in log._writer.execute(f"PRAGMA table_info({name})")}
            for (name,) in tables
            if name not in made_again
        }
    assert {table.name: set(table.columns) for table in (copied.MESSAGES, *copied.OTHERS)} == columns


def test_a_folder_that_was_moved_is_the_same(
    folder: Path, tmp_path: Path, chosen: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An import of it goes on."""
    with closing(SqliteLog(folder)) as log:
        say(log)
    cut_off(folder, chosen, monkeypatch)
    shutil.move(folder, tmp_path / "there")
    assert import_folder(chosen, str(tmp_path / "there")) == 0
    assert "Going on after 1 message." in capsys.readouterr().err


def test_a_folder_in_which_nothing_was_said(folder: Path, tmp_path: Path, chosen: Settings) -> None:
    """It has its epoch and people all the same."""
    with closing(SqliteLog(folder)) as log:
        log.claim("alice", hashed(TOKEN))
    assert import_folder(chosen, str(folder)) == 0
    with closing(SqliteLog(folder)) as before, closing(postgres_log(tmp_path)) as after:
        _compare(before, after)
        assert after.append([Draft("lobby", 1.5, "alice", "blue", ["hello"], "", 0)], {})[0].id == 1


# --- what is shown ---


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_one_row_on_a_terminal() -> None:
    """It is written over until the end; how long it takes follows from this run alone."""
    output = Terminal()
    progress = Progress(1_000_000, 600_000, output)
    progress.add(100_000)
    progress.add(300_000)
    progress.end()
    assert output.getvalue().count("\n") == 1
    assert output.getvalue().count("\r") >= 2
    begin = time.monotonic()
    progress._begin, progress.done = begin - 10, 700_000
    assert progress.line(begin) == "700,000 of 1,000,000 messages, 10,000/s, 30 s left"
    progress._begin = begin - 1_000
    assert progress.line(begin).endswith("100/s, 50.0 m left")


def test_progress_is_a_line_now_and_then_elsewhere() -> None:
    """At the beginning, at the end, and not for every piece between."""
    output = io.StringIO()
    progress = Progress(100, 0, output)
    for _ in range(10):
        progress.add(10)
    progress.end()
    assert output.getvalue().count("\n") == 2
    assert "\r" not in output.getvalue()
    assert output.getvalue().splitlines()[-1].startswith("100 of 100 messages")


def test_the_key_is_not_forgotten(folder: Path, chosen: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """Clients know the server by it."""
    with closing(SqliteLog(folder)) as log:
        say(log)
    import_folder(chosen, str(folder))
    told = capsys.readouterr()
    assert "1 message, 1 room," in told.out
    assert "copy server.key" in told.err
    assert os.fspath(folder) in told.out
