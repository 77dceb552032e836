"""The tables of a log in SQLite, and how one version of them becomes the next."""

from __future__ import annotations

import secrets
import sqlite3
import time
from pathlib import Path
from typing import Final

from server_parts.storage.records import hashed
from server_parts.storage.search_query import DAY
from server_parts.storage.skeletons import skeleton
from server_parts.storage.sqlite.files import LogError

APPLICATION: Final = 0x63686174  # "chat": tells our databases from anybody else's

# Messages are noted for receipts in blocks of so many consecutive `n`, a power of two.
BLOCK: Final = 1024

BEFORE_ENTRIES: Final = 4  # the last version in which nothing is kept of entries that speak of others
BEFORE_FILES: Final = 6  # the last one without files

# Each version is a list of statements that makes it out of the one before. A released one is never edited.
MIGRATIONS: list[tuple[str, ...]] = [
    (
        "CREATE TABLE about (epoch TEXT NOT NULL)",
        "INSERT INTO about VALUES (new_epoch())",
        # `first` is the oldest number kept, `last` the newest ever given.
        """CREATE TABLE rooms (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            private INTEGER NOT NULL,
            first INTEGER NOT NULL DEFAULT 1,
            last INTEGER NOT NULL)""",
        # `n` counts the messages of all rooms; being the key, it keeps appending cheap and "newest first" in order.
        """CREATE TABLE messages (
            n INTEGER PRIMARY KEY,
            room INTEGER NOT NULL,
            id INTEGER NOT NULL,
            ts REAL NOT NULL,
            sender TEXT NOT NULL,
            color TEXT NOT NULL,
            text TEXT NOT NULL,
            session INTEGER NOT NULL,
            seq INTEGER NOT NULL)""",
        "CREATE UNIQUE INDEX messages_by_room ON messages (room, id)",
        """CREATE TABLE sessions (
            id INTEGER PRIMARY KEY,
            token TEXT NOT NULL UNIQUE,
            accepted INTEGER NOT NULL)""",
        # Finds a receipt at a thousandth of the price of an index on messages (session, seq), which would cost a third
        # of the rate of appending: from `seq` on, the session's texts are in the block of messages that `n` is in.
        """CREATE TABLE spans (
            session INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            n INTEGER NOT NULL,
            PRIMARY KEY (session, seq)) WITHOUT ROWID""",
        "CREATE INDEX spans_by_message ON spans (n)",
        # From message `start` on, the clock showed this day (since 1970, UTC). Stepping back starts a row too.
        "CREATE TABLE days (start INTEGER PRIMARY KEY, day INTEGER NOT NULL)",
        "CREATE TABLE names (name TEXT PRIMARY KEY, token_hash TEXT NOT NULL) WITHOUT ROWID",
        """CREATE TABLE participants (
            name TEXT NOT NULL,
            room INTEGER NOT NULL,
            floor INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (name, room)) WITHOUT ROWID""",
    ),
    (
        # Session strings are secrets: from here on they are kept hashed, with what proves that a session is one's own.
        # Of an old one that is the token or, without one, the name of whoever spoke in it last.
        """CREATE TABLE hashed_sessions (
            id INTEGER PRIMARY KEY,
            token TEXT NOT NULL,
            accepted INTEGER NOT NULL,
            owner TEXT NOT NULL DEFAULT '')""",
        """INSERT INTO hashed_sessions
            SELECT s.id, iif(s.token = '', '', hashed(s.token)), s.accepted,
                coalesce((SELECT coalesce(n.token_hash, lower(m.sender))
                    FROM messages AS m LEFT JOIN names AS n ON n.name = lower(m.sender)
                    WHERE m.n = (SELECT max(p.n) FROM spans AS p WHERE p.session = s.id) AND m.session = s.id), '')
            FROM sessions AS s""",
        "DROP TABLE sessions",
        "ALTER TABLE hashed_sessions RENAME TO sessions",
        "CREATE UNIQUE INDEX sessions_by_token ON sessions (token)",
        # Whether that person has said something in the private room. Of old rooms nobody knows: they count as answered.
        "ALTER TABLE participants ADD COLUMN spoke INTEGER NOT NULL DEFAULT 0",
        "UPDATE participants SET spoke = 1",
    ),
    (
        # On which day (since 1970, UTC) a session was last known to be used: what nobody uses any more is let go of.
        "ALTER TABLE sessions ADD COLUMN used INTEGER NOT NULL DEFAULT 0",
        "UPDATE sessions SET used = today()",
        "CREATE INDEX sessions_by_use ON sessions (used)",
    ),
    (
        # A claimed name becomes an account with one device. Neither is given a number that another one had.
        """CREATE TABLE accounts (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            spelled TEXT NOT NULL,
            skeleton TEXT NOT NULL,
            role TEXT NOT NULL DEFAULT 'member',
            password TEXT,
            since REAL,
            used INTEGER NOT NULL)""",
        "CREATE INDEX accounts_by_skeleton ON accounts (skeleton)",
        "CREATE INDEX accounts_by_use ON accounts (used)",
        """CREATE TABLE devices (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account INTEGER NOT NULL,
            token_hash TEXT NOT NULL,
            label TEXT NOT NULL DEFAULT '',
            added REAL,
            used INTEGER NOT NULL)""",
        "CREATE UNIQUE INDEX devices_by_account ON devices (account, token_hash)",
        """INSERT INTO accounts (name, spelled, skeleton, used)
            SELECT name, name, skeleton(name), today() FROM names""",
        """INSERT INTO devices (account, token_hash, used)
            SELECT a.id, n.token_hash, today() FROM names AS n JOIN accounts AS a ON a.name = n.name""",
        "DROP TABLE names",
        # Of codes that open an account or make one, only the hash is kept.
        """CREATE TABLE codes (
            hash TEXT PRIMARY KEY,
            purpose TEXT NOT NULL,
            account INTEGER NOT NULL,
            uses INTEGER NOT NULL,
            expires REAL NOT NULL) WITHOUT ROWID""",
        "CREATE INDEX codes_by_account ON codes (account)",
        "CREATE INDEX codes_by_end ON codes (expires)",
    ),
    (
        # What an entry does to another message of its room, like `edit 12`, and what became of a message (records.py).
        # Most messages have neither, which takes next to no space.
        "ALTER TABLE messages ADD COLUMN about TEXT",
        "ALTER TABLE messages ADD COLUMN fate TEXT",
    ),
    (
        "ALTER TABLE accounts ADD COLUMN real_name TEXT",  # shown beside the name
        # How far people have read: the last id of each room.
        """CREATE TABLE read_positions (
            account INTEGER NOT NULL,
            room INTEGER NOT NULL,
            id INTEGER NOT NULL,
            PRIMARY KEY (account, room)) WITHOUT ROWID""",
    ),
    (
        # The file that a message carries, as `written_file` in file_records.py writes it.
        "ALTER TABLE messages ADD COLUMN file TEXT",
        # The same files by their ids. When its message is gone (since `removed`), this is left of one for a day: how
        # much its owner has sent. The bytes are in the folder `files`.
        """CREATE TABLE files (
            id TEXT PRIMARY KEY,
            room TEXT NOT NULL,
            message INTEGER NOT NULL,
            n INTEGER NOT NULL,
            ts REAL NOT NULL,
            sender TEXT NOT NULL,
            name TEXT NOT NULL,
            size INTEGER NOT NULL,
            sha256 TEXT NOT NULL,
            mime TEXT NOT NULL,
            width INTEGER,
            height INTEGER,
            bare INTEGER NOT NULL,
            owner TEXT NOT NULL,
            created REAL NOT NULL,
            removed REAL) WITHOUT ROWID""",
        "CREATE INDEX files_by_room ON files (room, message)",
        "CREATE INDEX files_by_n ON files (n)",
        "CREATE INDEX files_by_owner ON files (owner, created)",
        "CREATE INDEX files_by_removal ON files (removed) WHERE removed IS NOT NULL",
    ),
]


def check_schema(connection: sqlite3.Connection, path: Path) -> int:
    """The version of the tables; LogError if this program cannot know them."""
    application, version = _pragma(connection, "application_id"), _pragma(connection, "user_version")
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if application != APPLICATION and not (empty and application == 0):
        raise LogError(f"{path} is a database of another program; choose another folder")
    if version > len(MIGRATIONS):
        raise LogError(f"{path} was made by a newer version of this server (format {version} > {len(MIGRATIONS)})")
    return version


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the tables to the present version, all in one transaction; shows too that nobody else has a lock."""
    version = check_schema(connection, path)
    connection.create_function("new_epoch", 0, lambda: secrets.token_hex(8))
    connection.create_function("hashed", 1, hashed, deterministic=True)
    connection.create_function("skeleton", 1, skeleton, deterministic=True)
    connection.create_function("today", 0, lambda: int(time.time() // DAY))
    connection.execute("PRAGMA secure_delete = ON")  # what is taken away leaves the file, also long texts
    connection.execute("BEGIN IMMEDIATE")
    try:
        for number, statements in enumerate(MIGRATIONS[version:], version + 1):
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
        if not version:
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute("COMMIT")
        if version not in (0, len(MIGRATIONS)):
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
