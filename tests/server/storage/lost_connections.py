"""A database that loses connections, and what is done about it in tests."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from server_parts.storage.records import StorageError
from server_parts.storage.store import Store
from tests.peers import WAIT
from tests.postgres import cluster

from .drafts import SESSION, draft

if TYPE_CHECKING:
    from server_parts.storage.postgres.log import PostgresLog


def works(log: Store) -> bool:
    """Whether the database can be read and written again."""
    try:
        log.append([], {"session-of-nobody": 1})
        log.session("session-of-nobody")
    except StorageError:
        try:
            log.take("session-of-nobody")
        except StorageError:
            pass
        return False
    return True


def say_once(log: Store, text: str, seq: int, *, session: str = SESSION) -> None:
    """Say it as the hub does: what was refused is said again, once it is known how far the log has the session."""
    deadline = time.monotonic() + WAIT
    unsure = False
    while time.monotonic() < deadline:
        try:
            if unsure and log.take(session).accepted >= seq:
                return
            log.append([draft(text, seq=seq, session=session)], {session: seq})
            return
        except StorageError:
            unsure = True
            time.sleep(0.01)
    raise AssertionError(f"{text} could not be said")


class Counting:
    """Runs the server's own statements, and does something before one of them."""

    def __init__(self, log: PostgresLog, monkeypatch: pytest.MonkeyPatch) -> None:
        from psycopg import Connection

        from server_parts.storage.postgres.prepared import Prepared

        self._log = log
        self.statements = 0
        self.at = 0
        self.then: Callable[[], object] = lambda: None
        execute, ask = Connection.execute, Prepared.ask

        def counted(connection: Any, *args: Any, **more: Any) -> Any:
            self._count(connection)
            return execute(connection, *args, **more)

        def counted_too(prepared: Any, connection: Any, *args: Any) -> Any:
            self._count(connection)
            return ask(prepared, connection, *args)

        monkeypatch.setattr(Connection, "execute", counted)
        monkeypatch.setattr(Prepared, "ask", counted_too)

    def _count(self, connection: Any) -> None:
        if connection is self._log._writer._connection:
            self.statements += 1
            if self.statements == self.at:
                self.then()

    def before(self, number: int, then: Callable[[], object]) -> None:
        self.statements, self.at, self.then = 0, number, then


def kill_writer(database: str) -> None:
    """End the database's side of the connection that writes; return when it is gone."""
    found = f"FROM pg_stat_activity WHERE datname = '{database}' AND application_name = 'chat writer'"
    cluster().execute(f"SELECT pg_terminate_backend(pid, 5000) {found}")
