"""A log that an older version of this server made, opened by this one."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from server_parts.storage.message_log import everything_in
from server_parts.storage.records import About, Receipt, hashed
from server_parts.storage.search_query import DAY
from server_parts.storage.session_store import SessionRecord
from server_parts.storage.skeletons import skeleton
from server_parts.storage.sqlite import schema
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.sqlite.reader import open_read_only

from .drafts import append, draft, texts
from .sent_files import say_file, store

ROOT = Path(__file__).parents[3]
SESSIONS = {name: f"session-of-{name}-0001" for name in ("alice", "bob", "guy", "quiet")}
TOKEN_HASH = hashed("0123456789abcdef0123456789abcdef")

# Who spoke in which session, in which room, and what.
SAID = (
    ("alice", "alice", "lobby", "one"),
    ("guy", "Guy", "lobby", "two"),
    ("bob", "passing", "@alice+bob", "three"),
    ("bob", "Bob", "@alice+bob", "four"),
    ("alice", "alice", "lobby", "five"),
)


def make_old(folder: Path, sessions: int = 0) -> None:
    """A log in the format of version 1, with the statements of that version alone."""
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(folder / "chat.db", isolation_level=None)) as connection:
        connection.create_function("new_epoch", 0, lambda: "epoch-of-old")
        connection.execute("BEGIN")
        for statement in schema.MIGRATIONS[0]:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION}")
        connection.execute("PRAGMA user_version = 1")
        connection.execute("INSERT INTO rooms VALUES (1, 'lobby', 0, 1, 3), (2, '@alice+bob', 1, 1, 2)")
        connection.execute("INSERT INTO participants VALUES ('alice', 2, 0), ('bob', 2, 0)")
        connection.execute("INSERT INTO names VALUES ('bob', ?)", (TOKEN_HASH,))
        for number, token in enumerate(SESSIONS.values(), 1):
            connection.execute("INSERT INTO sessions VALUES (?, ?, ?)", (number, token, 2))
        connection.execute("INSERT INTO sessions VALUES (9, '', 0)")  # the operator's
        _say(connection)
        more = ((100 + i, f"session-of-nobody-{i:06}", i) for i in range(sessions))
        connection.executemany("INSERT INTO sessions VALUES (?, ?, ?)", more)
        connection.execute("COMMIT")


def make_last_claims(folder: Path) -> None:
    """A log in the format of version 3, the last one without accounts: bob's name is claimed."""
    make_old(folder)
    with closing(sqlite3.connect(folder / "chat.db", isolation_level=None)) as connection:
        connection.create_function("hashed", 1, hashed)
        connection.create_function("today", 0, lambda: 20_000)
        for number in (2, 3):
            for statement in schema.MIGRATIONS[number - 1]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("UPDATE participants SET floor = 1 WHERE name = 'bob'")


def make_last_without_files(folder: Path) -> None:
    """A log in the format of version 6."""
    make_last_claims(folder)
    with closing(sqlite3.connect(folder / "chat.db", isolation_level=None)) as connection:
        connection.create_function("skeleton", 1, skeleton)
        connection.create_function("today", 0, lambda: 20_000)
        for number in (4, 5, 6):
            for statement in schema.MIGRATIONS[number - 1]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")


def _say(connection: sqlite3.Connection) -> None:
    ids, seqs = {"lobby": 0, "@alice+bob": 0}, dict.fromkeys(SESSIONS, 0)
    for n, (owner, sender, room, text) in enumerate(SAID, 1):
        ids[room] += 1
        seqs[owner] += 1
        session = list(SESSIONS).index(owner) + 1
        row = (n, list(ids).index(room) + 1, ids[room], 1e9 + n, sender, "blue", text, session, seqs[owner])
        connection.execute("INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        if seqs[owner] == 1:
            connection.execute("INSERT INTO spans VALUES (?, ?, ?)", (session, 1, n))


def check(log: SqliteLog) -> None:
    assert log.epoch == "epoch-of-old"
    assert texts(list(everything_in("lobby", log))) == ["one", "two", "five"]
    owners = {"alice": "alice", "guy": "guy", "bob": "passing", "quiet": ""}
    for name, owner in owners.items():
        assert log.session(SESSIONS[name]) == SessionRecord()
        assert log.session(hashed(SESSIONS[name])) == SessionRecord(2, owner)
    assert log.receipt(hashed(SESSIONS["alice"]), 2) == Receipt("lobby", 3)
    assert log.receipt(hashed(SESSIONS["bob"]), 2) == Receipt("@alice+bob", 2)
    assert [c.spoke for c in log.conversations("alice")] == [True]


def test_old_sessions_are_hashed(tmp_path: Path) -> None:
    """Counts and receipts are found under the hash; nothing is lost, and no session string stays in the files."""
    make_old(tmp_path)
    log = SqliteLog(tmp_path)
    check(log)
    log.close()
    again = SqliteLog(tmp_path)
    check(again)
    again.close()
    written = b"".join(path.read_bytes() for path in tmp_path.glob("chat.db*"))
    assert not any(session.encode() in written for session in SESSIONS.values())


def test_a_session_under_a_claimed_name_belongs_to_its_token(tmp_path: Path) -> None:
    """Whoever knows the string alone cannot use it after the update either."""
    make_old(tmp_path)
    with closing(sqlite3.connect(tmp_path / "chat.db", isolation_level=None)) as connection:
        connection.execute("UPDATE messages SET sender = 'Bob' WHERE sender = 'passing'")
    log = SqliteLog(tmp_path)
    assert log.session(hashed(SESSIONS["bob"])).owner == TOKEN_HASH
    log.close()


MIGRATE_AND_DIE = """
import os, signal, sys
from pathlib import Path
from server_parts.storage import records
from server_parts.storage.sqlite import schema
from server_parts.storage.sqlite.log import SqliteLog
count = 0
def hashed(secret):
    global count
    count += 1
    if count == 500:
        os.kill(os.getpid(), signal.SIGKILL)
    return records.hashed(secret)
schema.hashed = hashed
SqliteLog(Path(sys.argv[1]))
"""


def test_a_migration_that_is_killed_starts_again(tmp_path: Path) -> None:
    """Half of it holds nothing; the next start does it whole."""
    make_old(tmp_path, sessions=1_000)
    run = subprocess.run(
        [sys.executable, "-c", MIGRATE_AND_DIE, str(tmp_path)], cwd=ROOT, timeout=20, check=False, capture_output=True
    )
    assert run.returncode == -signal.SIGKILL if os.name != "nt" else run.returncode
    log = SqliteLog(tmp_path)
    check(log)
    assert log.session(hashed("session-of-nobody-000999")).accepted == 999
    log.close()


def test_an_old_log_can_be_exported_without_changing_it(tmp_path: Path) -> None:
    """Reading alone migrates nothing."""
    make_old(tmp_path)
    reader = open_read_only(tmp_path)
    assert texts(list(everything_in("lobby", reader))) == ["one", "two", "five"]
    reader.close()
    with closing(sqlite3.connect(tmp_path / "chat.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


def test_a_claimed_name_becomes_an_account(tmp_path: Path) -> None:
    """With its token as the one device, no password, and the role of a member; its private floors stay as they were.

    It counts as used on the day of the update.
    """
    make_last_claims(tmp_path)
    log = SqliteLog(tmp_path)
    account = log.account("Bob")
    assert account is not None
    assert (account.name, account.role, account.password, account.since) == ("bob", "member", None, None)
    assert [(device.token_hash, device.label, device.added) for device in account.devices] == [(TOKEN_HASH, "", None)]
    assert log.lookalikes(skeleton("B0b")) == ["bob"]
    assert log.private_rooms("bob") == {"@alice+bob": 1}
    assert log.account("alice") is None
    assert log.unused_accounts(int(time.time() // DAY) - 365) == {}
    log.close()
    with closing(sqlite3.connect(tmp_path / "chat.db")) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'names'").fetchone() == (0,)


def test_an_old_message_can_be_spoken_of(tmp_path: Path) -> None:
    """What was said before there were such entries."""
    make_old(tmp_path)
    log = SqliteLog(tmp_path)
    assert [message[8:] for message in everything_in("lobby", log)] == [(None, None, None)] * 3
    append(log, draft("ONE")._replace(about=About("edit", 1)), draft("+1")._replace(about=About("react", 2)))
    assert texts(list(everything_in("lobby", log))) == ["ONE", "two", "five", "ONE", "+1"]
    assert [m.id for m in log.search("one", {}, 9)] == [1]
    log.close()


def test_files_come_into_an_old_log(tmp_path: Path) -> None:
    """What was said before has none, and can be read and backed up before the update."""
    make_last_without_files(tmp_path / "data")
    reader = open_read_only(tmp_path / "data")
    assert texts(list(everything_in("lobby", reader))) == ["one", "two", "five"]
    assert reader.backup(tmp_path / "copy.db").files == 0
    reader.close()
    with closing(sqlite3.connect(tmp_path / "copy.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (6,)
    with closing(SqliteLog(tmp_path / "data")) as log:
        assert [message.file for message in everything_in("lobby", log)] == [None] * 3
        file = say_file(log, store(log)).file
        assert file is not None
        assert log.after("lobby", 3, 1)[0].file == file
