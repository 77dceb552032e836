"""Connections to one database: how they are made, watched, lent and given up.

A database that is away is noticed within `PATIENCE`, and from then on nobody waits for it: whoever asks is told so at
once, until it has come back. This module must not know what is in the tables.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from chat_common import lasting
from server_parts.storage.postgres.errors import is_silence, reason
from server_parts.storage.postgres.schema import SCHEMA
from server_parts.storage.records import StorageError

log = logging.getLogger("chat")

PATIENCE: Final = 4.0  # seconds until a database that does not answer counts as lost
CONNECTING: Final = 3  # the same while a connection is being made; libpq wants at least two whole seconds
GONE: Final = 9  # seconds until a server that does not answer counts as lost to the database
TICK: Final = 0.5  # seconds between two looks of the watch
AGAIN: Final = 1.0  # seconds after which a statement that failed is not tried again
READERS: Final = 4
LENDING: Final = 5.0  # seconds to wait until another thread has given a connection back

# Each statement is planned once, for whatever values. Every one of them is best carried out in one way: row by row, by
# an index, in its order. What the database would guess without the values, or from a table that was still small, may be
# a thousand times as slow; and appending relies on the order in which rows are locked (functions.py).
_SETTINGS: Final = (
    f"-c search_path={SCHEMA} -c plan_cache_mode=force_generic_plan -c jit=off"
    " -c enable_seqscan=off -c enable_bitmapscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
    f" -c statement_timeout={int(PATIENCE * 1000) - 500} -c idle_in_transaction_session_timeout=10s"
    # The same for the database's side: it finds that a server's machine is gone, and lets go of the locks.
    f" -c tcp_keepalives_idle=3 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 -c tcp_user_timeout={GONE}s"
    " -c client_min_messages=error -c synchronous_commit=on"
)
_DEFAULTS: Final = {
    "connect_timeout": str(CONNECTING),
    "tcp_user_timeout": str(int(PATIENCE * 1000)),
    "keepalives_idle": "2",
    "keepalives_interval": "1",
    "keepalives_count": "2",
}

Row = tuple[Any, ...]


class Address(NamedTuple):
    """A database: what libpq needs to find it, a password perhaps, and how it is shown to people."""

    url: str
    shown: str

    def __repr__(self) -> str:
        return f"Address({self.shown!r})"


class NoAnswer(StorageError):
    """The database does not even refuse a connection."""


def connect(address: Address, name: str) -> Connection[Row]:
    """A connection without transactions of its own, called `name` in the database. StorageError says why not."""
    try:
        wanted: dict[str, Any] = {**_DEFAULTS, "application_name": name, **conninfo_to_dict(address.url)}
        wanted["client_encoding"] = "UTF8"
        wanted["options"] = f"{wanted.get('options') or ''} {_SETTINGS}".strip()
        return Connection.connect(make_conninfo(**wanted), autocommit=True, prepare_threshold=0)
    except psycopg.Error as error:
        kind = NoAnswer if is_silence(error) else StorageError
        raise kind(f"the database {address.shown} cannot be reached: {reason(error)}") from None


def is_lost(connection: Connection[Row], error: psycopg.Error) -> bool:
    """Whether an error means that nothing can be done over the connection any more; it is closed then."""
    without_answer = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and error.sqlstate is None
    if without_answer:
        connection.close()
    return connection.closed


class Watch:
    """Cuts a connection on which an answer is overdue: the thread that waits for it goes on, and is told so.

    Neither the system nor the database tells of a machine that has stopped while its network goes on.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards what follows: nothing is cut that is not waited for any more
        self._waiting: dict[int, float] = {}  # descriptors, and when each is overdue
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="database-watch", daemon=True)

    @contextmanager
    def over(self, connection: Connection[Row]) -> Iterator[None]:
        """While an answer is waited for."""
        descriptor = connection.fileno()
        with self._lock:
            self._waiting[descriptor] = time.monotonic() + PATIENCE
        try:
            yield
        finally:
            with self._lock:
                self._waiting.pop(descriptor, None)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(TICK):
            self._look()

    def _look(self) -> None:
        now = time.monotonic()
        with self._lock:
            for descriptor in [one for one, deadline in self._waiting.items() if deadline < now]:
                del self._waiting[descriptor]
                _cut(descriptor)


def _cut(descriptor: int) -> None:
    """Put a pipe at its end in the place of the connection: to close it here would let another one get its number."""
    ended, other = os.pipe()
    os.close(other)
    try:
        os.dup2(ended, descriptor)
    finally:
        os.close(ended)


class Reach:
    """Whether the database answers, as far as is known."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.watch = Watch()
        self.lost = threading.Event()  # somebody should look
        self._reason = ""
        self._told: set[str] = set()  # why it could not be reached since it was lost …
        self._lost_at = 0.0  # … and when that was
        self.is_silent = False  # as far as the last attempt to connect can tell
        self.closed = False

    def check(self) -> None:
        """StorageError while it is away."""
        if self.closed:
            raise StorageError("the log is closed")
        if self._reason:
            raise StorageError(self._reason)

    def lose(self, reason: str) -> None:
        self._note(reason)
        self.lost.set()

    def _note(self, reason: str) -> None:
        if not self._reason:
            self._reason, self._lost_at = reason, time.monotonic()

    def stay_away(self, error: StorageError) -> None:
        """It could not be reached again. The operator is told of each reason once."""
        reason = str(error)
        self.is_silent = isinstance(error, NoAnswer)
        self._note(reason)
        if reason not in self._told:
            log.warning("%s", reason)
        self._told.add(reason)
        self._reason = reason

    def regain(self) -> None:
        if self._told:
            took = lasting(time.monotonic() - self._lost_at)
            log.warning("the database %s can be reached again, after %s", self.address.shown, took)
        self._reason = ""
        self._told.clear()
        self.is_silent = False

    @property
    def is_away(self) -> bool:
        return bool(self._reason)


class Pool:
    """A few connections for reading, made when first needed, each lent to one thread at a time."""

    def __init__(self, reach: Reach, name: str, size: int = READERS) -> None:
        self._reach, self._name, self._size = reach, name, size
        self._free: queue.LifoQueue[Connection[Row] | None] = queue.LifoQueue()
        for _ in range(size):
            self._free.put(None)

    def fetch(self, sql: str, values: Any = ()) -> list[Row]:
        """All rows of one statement. One that fails because its connection was lost meanwhile is tried once more."""
        with self._lend() as slot:
            begun = time.monotonic()
            while True:
                connection, is_new = slot.connection()
                try:
                    with self._reach.watch.over(connection):
                        return connection.execute(sql.encode(), values, binary=True).fetchall()
                except psycopg.Error as error:
                    lost = is_lost(connection, error)
                    if lost:
                        self._reach.lost.set()
                    if is_new or not lost or time.monotonic() > begun + AGAIN:
                        raise StorageError(f"{self._shown} cannot be read: {reason(error)}") from None

    @property
    def _shown(self) -> str:
        return f"the database {self._reach.address.shown}"

    @contextmanager
    def _lend(self) -> Iterator[_Slot]:
        self._reach.check()
        try:
            slot = _Slot(self._reach, self._name, self._free.get(timeout=LENDING))
        except queue.Empty:
            raise StorageError("the log is too busy to be read just now") from None
        try:
            yield slot
        finally:
            self._free.put(slot.kept())

    def close(self) -> None:
        """Close every connection, waiting a bounded time for those that are lent."""
        deadline = time.monotonic() + LENDING
        for _ in range(self._size):
            with suppress(queue.Empty):
                if connection := self._free.get(timeout=max(deadline - time.monotonic(), 0)):
                    connection.close()


class _Slot:
    """One place of a pool, with a connection or without."""

    def __init__(self, reach: Reach, name: str, connection: Connection[Row] | None) -> None:
        self._reach, self._name, self._connection = reach, name, connection

    def connection(self) -> tuple[Connection[Row], bool]:
        """The one that is there, or a new one if that was lost; and whether it is new."""
        is_new = self._connection is None or self._connection.closed
        if is_new:
            self._connection = None
            self._reach.check()
            try:
                self._connection = connect(self._reach.address, self._name)
            except StorageError as error:
                self._reach.lose(str(error))
                raise
        assert self._connection is not None
        return self._connection, is_new

    def kept(self) -> Connection[Row] | None:
        """What may be lent again."""
        if self._connection is not None and self._reach.closed:
            self._connection.close()
        return None if self._connection is None or self._connection.closed else self._connection
