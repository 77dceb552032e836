"""The one connection that writes: how it registers this server, how it is lost, and how it comes back.

A server is a row in `servers` and a lock that the database holds for as long as this connection lives. Others that find
the lock free may remove the row (exchange.py); what the server still tries to write then is refused. A connection that
was lost is replaced by the keeper's thread, which registers a new server. This module must not know what is written.
"""

from __future__ import annotations

import platform
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import psycopg
from psycopg import Connection

from server_parts.storage.postgres.connections import Reach, Row, connect, is_lost
from server_parts.storage.postgres.errors import reason
from server_parts.storage.postgres.functions import FENCED, MOVED
from server_parts.storage.postgres.prepared import Prepared, Value
from server_parts.storage.postgres.schema import LOCK, migrate
from server_parts.storage.records import Fenced, Moved, OutcomeUnknown, StorageError

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.5  # seconds between two attempts to reach the database again

_REGISTER: Final = "INSERT INTO servers (address, since) VALUES (%s, %s) RETURNING id"
_HOLD: Final = "SELECT pg_advisory_lock(%s, %s)"
_UNREGISTER: Final = "DELETE FROM servers WHERE id = %s"


class Writer:
    """Used by one thread at a time, besides the keeper."""

    def __init__(self, reach: Reach, look_back: Callable[[Connection[Row], str], None]) -> None:
        """`look_back` sees each new connection and the epoch first, and raises StorageError if this is not the database
        that it was."""
        self._reach = reach
        self._look_back = look_back
        self._lock = threading.Lock()  # guards the connection
        self._connection: Connection[Row] | None = None
        self._prepared = Prepared()
        self.server = 0
        self.numbers: list[int] = []  # all that this server has had
        self.known_as = 0  # by which number the others know this server, if there are others
        self.epoch = ""
        self._closing = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="database-keeper", daemon=True)

    def open(self) -> None:
        """StorageError says why the database cannot be used."""
        self._connection = self._connect()
        self._keeper.start()

    def close(self) -> None:
        self._closing.set()
        self._reach.lost.set()
        if self._keeper.ident is not None:
            self._keeper.join()
        with self._lock:
            if self._connection is not None:
                with suppress(psycopg.Error), self._reach.watch.over(self._connection):
                    self._connection.execute(_UNREGISTER, (self.server,))
                self._connection.close()
                self._connection = None

    def register_again(self) -> None:
        """The others have given this server up: become another one."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
        self._reach.lose("this server registers again")

    # --- writing ---

    def check(self) -> None:
        """StorageError, if nothing can be written just now."""
        self._reach.check()

    def execute(self, sql: str, values: Sequence[Any]) -> list[Row]:
        """One statement that is a transaction of its own; its first value is the number of this server.

        OutcomeUnknown: it may have been carried out.
        """
        with self._lent(unknown=True) as connection:
            return connection.execute(sql.encode(), (self.server, *values), binary=True).fetchall()

    def call(self, sql: str, values: Sequence[Value], within: Connection[Row] | None = None) -> list[bytes | None]:
        """The same with values as they travel (prepared.py), for what is often written; the first row is returned.

        `within` is the connection of a transaction that is under way.
        """
        if within is not None:
            return self._prepared.ask(within, sql, (str(self.server), *values))
        with self._lent(unknown=True) as connection:
            return self._prepared.ask(connection, sql, (str(self.server), *values))

    @contextmanager
    def transaction(self) -> Iterator[Connection[Row]]:
        """All of it in the database, or none of it and StorageError; OutcomeUnknown where nobody can tell."""
        with self._lent() as connection:
            connection.execute("BEGIN")
            try:
                connection.execute("SELECT fence(%s)", (self.server,))
                yield connection
            except BaseException:
                self._prepared.forget()  # psycopg has the database forget all of them then
                with suppress(psycopg.Error):
                    connection.execute("ROLLBACK")
                raise
            with self._classified(connection, unknown=True):
                connection.execute("COMMIT")

    @contextmanager
    def _lent(self, *, unknown: bool = False) -> Iterator[Connection[Row]]:
        self._reach.check()
        with self._lock:
            connection = self._connection
            if connection is None:
                raise StorageError(f"the database {self._reach.address.shown} is being connected to again")
            if self.known_as not in (0, self.server):  # the others may have given it up, and its people's names away
                raise StorageError("this server has to make itself known to the others again")
            with self._classified(connection, unknown=unknown), self._reach.watch.over(connection):
                yield connection

    @contextmanager
    def _classified(self, connection: Connection[Row], *, unknown: bool) -> Iterator[None]:
        """PostgreSQL's errors as the log's own. `unknown`: a connection that is lost may have taken all of it."""
        try:
            yield
        except psycopg.Error as error:
            sentence = f"the database {self._reach.address.shown} cannot be written: {reason(error)}"
            if is_lost(connection, error):
                self._reach.lose(sentence)
                raise (OutcomeUnknown if unknown else StorageError)(sentence) from None
            if error.sqlstate == FENCED:
                self._reach.lose(sentence)
                connection.close()
                raise Fenced("another server has declared this one dead; it registers again") from None
            if error.sqlstate == MOVED:
                ids = (error.diag.message_detail or "").split()
                raise Moved("a session was continued at another server", ids) from None
            raise StorageError(sentence) from None

    # --- the keeper ---

    def _keep(self) -> None:
        while not self._closing.is_set():
            self._reach.lost.wait()
            self._reach.lost.clear()
            self._come_back()

    def _come_back(self) -> None:
        """Return when the database is there again, or nobody wants it any more."""
        pause = FIRST_PAUSE
        while not self._closing.is_set():
            try:
                self._replace()
                self._reach.regain()
                return
            except StorageError as error:
                self._reach.stay_away(error)
            self._closing.wait(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, LONGEST_PAUSE)

    def _replace(self) -> None:
        with self._lock:
            if self._connection is not None and self._answers(self._connection):
                return
            self._connection = None
        connection = self._connect()
        with self._lock:
            self._connection = connection

    def _answers(self, connection: Connection[Row]) -> bool:
        if not connection.closed:
            with suppress(psycopg.Error), self._reach.watch.over(connection):
                connection.execute("SELECT 1")
                return True
        connection.close()
        return False

    def _connect(self) -> Connection[Row]:
        connection = connect(self._reach.address, "chat writer")
        try:
            self._prepare(connection)
        except psycopg.Error as error:
            connection.close()
            raise StorageError(f"the database {self._reach.address.shown} cannot be used: {reason(error)}") from None
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: Connection[Row]) -> None:
        epoch = migrate(connection, self._reach.address.shown)
        self._look_back(connection, epoch)
        self.epoch = epoch
        self.server = self._register(connection)

    def _register(self, connection: Connection[Row]) -> int:
        """Be a server with a lock before anybody can see it without one."""
        with connection.transaction():
            (server,) = connection.execute(_REGISTER, (platform.node(), time.time())).fetchone() or (0,)
            connection.execute(_HOLD, (LOCK, -server))
            # By a number that others do not know it by it has nobody, and nobody is to wait for it.
            connection.execute(_UNREGISTER, (self.server if self.server != self.known_as else 0,))
        self.numbers.append(server)
        return int(server)
