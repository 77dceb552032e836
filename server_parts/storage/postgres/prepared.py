"""Statements that a connection knows by name: what is asked again and again, with little work on this side.

psycopg looks at each statement and at each value anew: half of this side's processor time for a call. Here values
travel as they are given, and so do answers. This module must not know what is asked.
"""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import Connection
from psycopg.errors import InvalidSqlStatementName, error_from_result
from psycopg.generators import execute
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from server_parts.storage.postgres.connections import Row

Value = str | bytes  # in PostgreSQL's own notation, or in its binary form: of a text, that is UTF-8


class Prepared:
    """The statements of one connection at a time. Used by one thread at a time."""

    def __init__(self) -> None:
        self._connection: Connection[Row] | None = None
        self._names: dict[str, bytes] = {}
        self._given = 0

    def ask(self, connection: Connection[Row], sql: str, values: Sequence[Value]) -> list[bytes | None]:
        """The first row of the answer, as text."""
        if connection is not self._connection or sql not in self._names:
            self._prepare(connection, sql)
        plain = [value if isinstance(value, bytes) else value.encode() for value in values]
        formats = [isinstance(value, bytes) for value in values]
        connection.pgconn.send_query_prepared(self._names[sql], plain, formats)
        try:
            result = _answer(connection)
        except InvalidSqlStatementName:
            self.forget()
            raise
        return [result.get_value(0, column) for column in range(result.nfields)]

    def _prepare(self, connection: Connection[Row], sql: str) -> None:
        """By a name that the connection has never known: psycopg takes others away after a ROLLBACK."""
        if connection is not self._connection:
            self.forget()
        self._given += 1
        name = f"chat_{self._given}".encode()
        connection.pgconn.send_prepare(name, sql.encode())
        _answer(connection)
        self._connection, self._names[sql] = connection, name

    def forget(self) -> None:
        """The connection knows none of them any more."""
        self._connection = None
        self._names.clear()


def _answer(connection: Connection[Row]) -> PGresult:
    """An answer comes before its commit does: an error that follows means that perhaps nothing was committed."""
    results: list[PGresult] = connection.wait(execute(connection.pgconn))
    for result in results:
        if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            raise error_from_result(result)
    return results[0]
