"""The tables of a log in PostgreSQL, and how one version of them becomes the next.

They are in a schema of their own, `chat`, and belong to whoever made them. This module must not know what is written
or read later.
"""

from __future__ import annotations

import secrets
from typing import Any, Final, LiteralString

from psycopg import Connection

from server_parts.storage.postgres.functions import APPEND, FENCE, TAKE
from server_parts.storage.records import StorageError
from server_parts.storage.store import SECRET

SCHEMA: Final = "chat"
UNFINISHED: Final = "chat_import"  # the same, while everything of another log is being copied into it
LOCK: Final = 0x63686174  # "chat": the first of two keys of all our advisory locks
READING: Final = LOCK + 1  # the first key of what a server holds, by its number, where it looks for posts
# The second one; servers have their own number, negative.
MIGRATING, SERVER, INDEXING, EXCHANGING, IMPORTING = 1, 2, 3, 4, 5

NEW_EPOCH: Final = "UPDATE about SET epoch = %s WHERE epoch = %s"
_HOME: Final = """
    SELECT system_identifier || '/' || d.oid FROM pg_control_system(), pg_database AS d
    WHERE d.datname = current_database()"""
_KEEP_SECRET: Final = "UPDATE about SET secret = %s WHERE secret IS NULL"
_MOVE_IN: Final = "UPDATE about SET epoch = %s, home = %s WHERE home <> %s"

BEFORE_ENTRIES: Final = 1  # the last version in which nothing is kept of entries that speak of others
BEFORE_FILES: Final = 3  # the last one without files

# Each version is a list of statements that makes it out of the one before. A released one is never edited.
MIGRATIONS: Final[list[tuple[LiteralString, ...]]] = [
    (
        # `home` is the database that this was made in: what is restored into another one is another history.
        "CREATE TABLE about (version integer NOT NULL, epoch text NOT NULL, home text NOT NULL)",
        # Counts the messages of all rooms: what has a higher `n` was committed later.
        "CREATE TABLE counted (n bigint NOT NULL) WITH (fillfactor = 10)",
        "INSERT INTO counted VALUES (0)",
        """CREATE TABLE servers (
            id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            address text NOT NULL,
            since double precision NOT NULL)""",
        # `first` is the oldest number kept, `last` the newest ever given.
        # What servers tell each other about who is connected to them; see exchange.py.
        """CREATE TABLE posts (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            server integer NOT NULL,
            kind text NOT NULL,
            data text NOT NULL,
            at timestamptz NOT NULL DEFAULT now())""",
        """CREATE TABLE rooms (
            id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name text COLLATE "C" NOT NULL UNIQUE,
            private boolean NOT NULL,
            first bigint NOT NULL DEFAULT 1,
            last bigint NOT NULL DEFAULT 0) WITH (fillfactor = 30)""",
        """CREATE TABLE messages (
            n bigint NOT NULL,
            room integer NOT NULL,
            id bigint NOT NULL,
            ts double precision NOT NULL,
            session bigint NOT NULL,
            seq bigint NOT NULL,
            sender text COLLATE "C" NOT NULL,
            color text NOT NULL,
            text text NOT NULL,
            PRIMARY KEY (room, id))""",
        "CREATE UNIQUE INDEX messages_by_n ON messages (n)",
        # `holder` is raised by each server that takes the session; only the last one may append for it. `used` is the
        # day (since 1970, UTC) on which it last was.
        """CREATE TABLE sessions (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            token text COLLATE "C" NOT NULL UNIQUE,
            accepted bigint NOT NULL DEFAULT 0,
            holder bigint NOT NULL DEFAULT 0,
            used integer NOT NULL,
            owner text NOT NULL DEFAULT '') WITH (fillfactor = 50)""",
        "CREATE INDEX sessions_by_use ON sessions (used)",
        # Finds a receipt at a small part of the price of an index on messages (session, seq): from `seq` on, the
        # session's texts are in the block of messages that `n` is in.
        """CREATE TABLE spans (
            session bigint NOT NULL,
            seq bigint NOT NULL,
            n bigint NOT NULL,
            PRIMARY KEY (session, seq))""",
        "CREATE INDEX spans_by_message ON spans (n)",
        """CREATE TABLE participants (
            name text COLLATE "C" NOT NULL,
            room integer NOT NULL,
            floor bigint NOT NULL DEFAULT 0,
            spoke boolean NOT NULL DEFAULT false,
            PRIMARY KEY (name, room))""",
        """CREATE TABLE accounts (
            id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name text COLLATE "C" NOT NULL UNIQUE,
            spelled text NOT NULL,
            skeleton text COLLATE "C" NOT NULL,
            role text NOT NULL DEFAULT 'member',
            password text,
            since double precision,
            used integer NOT NULL)""",
        "CREATE INDEX accounts_by_skeleton ON accounts (skeleton)",
        "CREATE INDEX accounts_by_use ON accounts (used)",
        """CREATE TABLE devices (
            id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            account integer NOT NULL,
            token_hash text COLLATE "C" NOT NULL,
            label text NOT NULL DEFAULT '',
            added double precision,
            used integer NOT NULL)""",
        "CREATE UNIQUE INDEX devices_by_account ON devices (account, token_hash)",
        """CREATE TABLE codes (
            hash text COLLATE "C" PRIMARY KEY,
            purpose text COLLATE "C" NOT NULL,
            account integer NOT NULL,
            uses integer NOT NULL,
            expires double precision NOT NULL)""",
        "CREATE INDEX codes_by_account ON codes (account)",
        "CREATE INDEX codes_by_end ON codes (expires)",
        # The index of searches: which words are where, for each block of messages that is complete. A block that was
        # indexed and has changed since is `stale`. `low` and `high` are the times between which it was said.
        """CREATE TABLE blocks (
            block bigint PRIMARY KEY,
            stale boolean NOT NULL DEFAULT false,
            low double precision NOT NULL,
            high double precision NOT NULL)""",
        """CREATE TABLE postings (
            block bigint NOT NULL,
            word text COLLATE "C" NOT NULL,
            places bytea NOT NULL,
            PRIMARY KEY (block, word))""",
        FENCE,
        TAKE,
        APPEND,
    ),
    (
        # What an entry does to another message of its room, like `edit 12`, and what became of a message (records.py).
        "ALTER TABLE messages ADD COLUMN about text, ADD COLUMN fate text",
    ),
    (
        "ALTER TABLE accounts ADD COLUMN real_name text",  # shown beside the name
        # How far people have read: the last id of each room.
        """CREATE TABLE read_positions (
            account integer NOT NULL,
            room integer NOT NULL,
            id bigint NOT NULL,
            PRIMARY KEY (account, room)) WITH (fillfactor = 50)""",
    ),
    (
        # What only the servers on this database know: with it they recognise each other's tickets for files.
        "ALTER TABLE about ADD COLUMN secret text",
        # The file that a message carries, as `written_file` in file_records.py writes it.
        "ALTER TABLE messages ADD COLUMN file text",
        # The same files by their ids. When its message is gone (since `removed`), this is left of one for a day: how
        # much its owner has sent.
        """CREATE TABLE files (
            id text COLLATE "C" PRIMARY KEY,
            room text COLLATE "C" NOT NULL,
            message bigint NOT NULL,
            n bigint NOT NULL,
            ts double precision NOT NULL,
            sender text COLLATE "C" NOT NULL,
            name text NOT NULL,
            size bigint NOT NULL,
            sha256 text COLLATE "C" NOT NULL,
            mime text NOT NULL,
            width bigint,
            height bigint,
            bare boolean NOT NULL,
            owner text COLLATE "C" NOT NULL,
            created double precision NOT NULL,
            removed double precision)""",
        "CREATE INDEX files_by_room ON files (room, message)",
        "CREATE INDEX files_by_n ON files (n)",
        "CREATE INDEX files_by_owner ON files (owner, created)",
        "CREATE INDEX files_by_removal ON files (removed) WHERE removed IS NOT NULL",
        # What is not said yet. `received` bytes are there; `file` is what `messages` will have, once it is finished.
        """CREATE TABLE uploads (
            id text COLLATE "C" PRIMARY KEY,
            room text COLLATE "C" NOT NULL,
            name text NOT NULL,
            size bigint NOT NULL,
            sha256 text COLLATE "C",
            owner text COLLATE "C" NOT NULL,
            created double precision NOT NULL,
            touched double precision NOT NULL,
            received bigint NOT NULL DEFAULT 0,
            file text) WITH (fillfactor = 50)""",
        # The bytes of both, PIECE of them in each row but the last. They are not to be compressed: most files are.
        """CREATE TABLE pieces (
            file text COLLATE "C" NOT NULL,
            number integer NOT NULL,
            bytes bytea NOT NULL,
            PRIMARY KEY (file, number))""",
        "ALTER TABLE pieces ALTER COLUMN bytes SET STORAGE EXTERNAL",
    ),
    # Until then it knew no runs of one text; called as before it does what it did, for servers that are still running.
    (APPEND,),
]


def check_database(connection: Connection[Any], shown: str) -> None:
    """StorageError if the texts of this chat do not fit into it."""
    (encoding,) = connection.execute("SHOW server_encoding").fetchone() or ("",)
    if encoding != "UTF8":
        raise StorageError(f"the database {shown} is in {encoding}; create one with the encoding UTF8")


def check_schema(connection: Connection[Any], shown: str) -> int:
    """The version of the tables, 0 if there are none; StorageError if this program cannot know them."""
    if connection.execute("SELECT to_regclass('about')").fetchone() == (None,):
        return 0
    (version,) = connection.execute("SELECT version FROM about").fetchone() or (0,)
    if version > len(MIGRATIONS):
        raise StorageError(
            f"the database {shown} was used by a newer version of this server (format {version} > {len(MIGRATIONS)})"
        )
    return int(version)


def migrate(connection: Connection[Any], shown: str) -> str:
    """Bring the tables to the present version, one server at a time, all of it or nothing. Returns the epoch."""
    check_database(connection, shown)
    with connection.transaction():
        connection.execute("SET LOCAL statement_timeout = 0")  # of a large log this may take its time
        connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCK, MIGRATING))
        check_finished(connection, shown)
        if not check_schema(connection, shown):
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        home = home_of(connection)
        make_tables(connection, check_schema(connection, shown), home)
        connection.execute(_MOVE_IN, (secrets.token_hex(8), home, home))
        connection.execute(_KEEP_SECRET, (secrets.token_hex(SECRET),))
        (epoch,) = connection.execute("SELECT epoch FROM about").fetchone() or ("",)
    return str(epoch)


def check_finished(connection: Connection[Any], shown: str) -> None:
    """StorageError if a folder is being copied into it, or was until that was cut off."""
    if connection.execute(f"SELECT to_regnamespace('{UNFINISHED}')").fetchone() != (None,):
        raise StorageError(
            f"an import into the database {shown} is not finished; start it again with --import, "
            f"or give it up with: DROP SCHEMA {UNFINISHED} CASCADE"
        )


def home_of(connection: Connection[Any]) -> str:
    """What tells this database from all others, and from copies of it."""
    (home,) = connection.execute(_HOME).fetchone() or ("",)
    return str(home)


def make_tables(connection: Connection[Any], version: int, home: str) -> None:
    """Bring the tables of the present schema from that version to the newest, inside a transaction."""
    for statements in MIGRATIONS[version:]:
        for statement in statements:
            connection.execute(statement)
    if not version:
        connection.execute("INSERT INTO about VALUES (0, %s, %s)", (secrets.token_hex(8), home))
    if version < len(MIGRATIONS):
        connection.execute("UPDATE about SET version = %s", (len(MIGRATIONS),))
