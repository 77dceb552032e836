"""A database that everything of another log is copied into.

The tables stand in a schema of their own, `chat_import`, until all is there; then it gets the name under which servers
look for it. So none ever sees half a log, and an import that was cut off goes on behind the last rows that were
committed. This module must not know where the rows come from.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from server_parts.storage.copied import BYTES, MESSAGES, OTHERS, Chunk, Counters, Origin, StoredFile, Summary, Table
from server_parts.storage.postgres.connections import Address, Row, connect
from server_parts.storage.postgres.errors import reason
from server_parts.storage.postgres.schema import (
    IMPORTING,
    LOCK,
    MIGRATING,
    SCHEMA,
    UNFINISHED,
    check_database,
    home_of,
    make_tables,
)
from server_parts.storage.records import StorageError

PATIENCE: Final = 5.0  # seconds for the lock of an import that was killed a moment ago
BREATH: Final = 0.1

_SETTINGS: Final = (
    "SET statement_timeout = 0",
    "SET idle_in_transaction_session_timeout = 0",
    "SET enable_seqscan = on",
    "SET maintenance_work_mem = '256MB'",
    f"SET search_path = {UNFINISHED}",
)
_TRY: Final = "SELECT pg_try_advisory_lock(%s, %s)"
_IS_USED: Final = f"SELECT EXISTS (SELECT FROM {SCHEMA}.servers WHERE NOT pg_try_advisory_xact_lock(%s, -id))"
_STORED: Final = ("rooms", "sessions", "accounts", "codes", "uploads")  # where nothing is in them, nothing was stored
_IS_FULL: Final = " OR ".join(f"EXISTS (SELECT FROM {SCHEMA}.{name})" for name in _STORED)
_ARE_OURS: Final = f"SELECT to_regclass('{SCHEMA}.about') IS NOT NULL AND to_regclass('{SCHEMA}.counted') IS NOT NULL"
_HAS_TABLES: Final = f"SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('{SCHEMA}'))"
# From where, and what was copied. `last` is the `n` of the last message; other tables are there whole or not at all.
_NOTES: Final = (
    "CREATE TABLE importing (epoch text NOT NULL, state text NOT NULL)",
    "CREATE TABLE imported (name text PRIMARY KEY, last bigint NOT NULL)",
)
# To add rows to an index one by one takes longer than to make it at the end.
_WITHOUT_INDEXES: Final = ("ALTER TABLE messages DROP CONSTRAINT messages_pkey", "DROP INDEX messages_by_n")
_INDEXES: Final = (
    "ALTER TABLE messages ADD CONSTRAINT messages_pkey PRIMARY KEY (room, id)",
    "CREATE UNIQUE INDEX messages_by_n ON messages (n)",
)
_NOTE: Final = """
    INSERT INTO imported VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET last = excluded.last"""
_ROOMS: Final = "SELECT room, count(*), min(id), max(id), sum(length(text))::bigint FROM messages GROUP BY room"
_FILES: Final = "SELECT file FROM pieces WHERE number = 0"
_ADD_PIECE: Final = "INSERT INTO pieces (file, number, bytes) VALUES (%s, %s, %b)"
_BYTES: Final = "SELECT coalesce(sum(length(bytes)), 0)::bigint FROM pieces"
_NEXT: Final = "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s, %s)"


class Target:
    """Used by one thread. Errors are StorageError; whatever was committed before stays."""

    def __init__(self, address: Address) -> None:
        self._shown = address.shown
        self._connection: Connection[Row] = connect(address, "chat import")
        try:
            with self._told():
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        check_database(self._connection, self._shown)
        for setting in _SETTINGS:
            self._connection.execute(setting.encode())
        until = time.monotonic() + PATIENCE
        while self._connection.execute(_TRY, (LOCK, IMPORTING)).fetchone() != (True,):
            if time.monotonic() > until:
                raise StorageError(f"another import into the database {self._shown} is running")
            time.sleep(BREATH)

    def begin(self, origin: Origin) -> dict[str, int]:
        """What is there already: tables by their names, and the last message. StorageError if it is of another log."""
        with self._told(), self._connection.transaction():
            self._connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCK, MIGRATING))
            if self._has(UNFINISHED):
                return self._go_on(origin)
            self._make_way()
            self._make(origin)
        return {}

    def _has(self, schema: str) -> bool:
        return self._connection.execute("SELECT to_regnamespace(%s)", (schema,)).fetchone() != (None,)

    def _go_on(self, origin: Origin) -> dict[str, int]:
        """Where it was cut off; at the start, if the folder has changed since."""
        (epoch, state) = self._connection.execute("SELECT epoch, state FROM importing").fetchone() or ("", "")
        if epoch != origin.epoch:
            raise StorageError(
                f"the database {self._shown} has an unfinished import of another folder; "
                f"finish that one, or give it up with: DROP SCHEMA {UNFINISHED} CASCADE"
            )
        if state != origin.state:
            self._connection.execute(f"DROP SCHEMA {UNFINISHED} CASCADE")
            self._make(origin)
        return dict(self._connection.execute("SELECT name, last FROM imported").fetchall())

    def _make_way(self) -> None:
        """Remove the tables of a server that was started here and has stored nothing yet."""
        if not self._has(SCHEMA):
            return
        if self._is(_ARE_OURS):
            self._check_unused()
        elif self._is(_HAS_TABLES):  # another program's
            raise self._is_not_empty()
        self._connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")

    def _check_unused(self) -> None:
        # Servers that are starting wait, and then do not find their tables.
        self._connection.execute(f"LOCK TABLE {SCHEMA}.servers IN ACCESS EXCLUSIVE MODE")
        if self._is(_IS_USED, LOCK):
            raise StorageError(f"a server is using the database {self._shown}; stop it first")
        if self._is(f"SELECT {_IS_FULL}"):
            raise self._is_not_empty()

    def _is(self, question: str, *values: int) -> bool:
        return self._connection.execute(question.encode(), values).fetchone() == (True,)

    def _is_not_empty(self) -> StorageError:
        return StorageError(f"the database {self._shown} is not empty; import into a new one")

    def _make(self, origin: Origin) -> None:
        self._connection.execute(f"CREATE SCHEMA {UNFINISHED}")
        make_tables(self._connection, 0, home_of(self._connection))
        for statement in (*_NOTES, *_WITHOUT_INDEXES):
            self._connection.execute(statement.encode())
        self._connection.execute("INSERT INTO importing VALUES (%s, %s)", origin)

    def add_messages(self, chunk: Chunk) -> None:
        """All of them, or none; and it is known how far that was."""
        with self._told(), self._connection.transaction():
            self._copy(MESSAGES, [chunk])
            self._connection.execute(_NOTE, (MESSAGES.name, chunk.last))

    def add(self, table: Table, chunks: Iterable[Chunk]) -> None:
        """A whole table, or nothing of it."""
        with self._told(), self._connection.transaction():
            self._copy(table, chunks)
            self._connection.execute(_NOTE, (table.name, 0))

    def files(self) -> set[str]:
        """Those whose bytes are there."""
        with self._told():
            return {id for (id,) in self._connection.execute(_FILES).fetchall()}

    def add_file(self, file: StoredFile, pieces: Iterable[bytes]) -> None:
        """All bytes of a file, or none of them."""
        with self._told(), self._connection.transaction():
            for number, piece in enumerate(pieces):
                self._connection.execute(_ADD_PIECE, (file.id, number, piece))

    def _copy(self, table: Table, chunks: Iterable[Chunk]) -> None:
        columns = SQL(", ").join(map(Identifier, table.columns))
        sql = SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(Identifier(table.name), columns)
        with self._connection.cursor().copy(sql) as copy:
            for chunk in chunks:
                copy.write(chunk.csv)

    def summary(self) -> Summary:
        """Reads everything."""
        with self._told():
            counted = {table.name: self._count(table) for table in (*OTHERS, MESSAGES)}
            rooms = self._connection.execute(_ROOMS).fetchall()
            ((counted[BYTES],),) = self._connection.execute(_BYTES).fetchall()
        return Summary(counted, {room: tuple(row) for room, *row in rooms})

    def _count(self, table: Table) -> int:
        rows = self._connection.execute(SQL("SELECT count(*) FROM {}").format(Identifier(table.name))).fetchall()
        return int(rows[0][0])

    def finish(self, origin: Origin, counters: Counters) -> None:
        """From here on servers find it. All of this, or nothing."""
        with self._told():
            with self._connection.transaction():
                for statement in _INDEXES:
                    self._connection.execute(statement.encode())
                self._continue_counting(counters)
                self._connection.execute("UPDATE about SET epoch = %s", (origin.epoch,))
                self._connection.execute("DROP TABLE importing, imported")
                self._connection.execute(f"ALTER SCHEMA {UNFINISHED} RENAME TO {SCHEMA}")
            self._connection.execute(f"SET search_path = {SCHEMA}")
            for table in (*OTHERS, MESSAGES):
                self._connection.execute(SQL("ANALYZE {}").format(Identifier(table.name)))

    def _continue_counting(self, counters: Counters) -> None:
        self._connection.execute("UPDATE counted SET n = %s", (counters.n,))
        for name in ("rooms", "sessions", "accounts", "devices"):
            newest = getattr(counters, name)
            self._connection.execute(_NEXT, (name, max(newest, 1), newest > 0))

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise StorageError(f"the database {self._shown} cannot be filled: {reason(error)}") from None
