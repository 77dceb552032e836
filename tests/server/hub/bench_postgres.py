"""The log of a bench, in the PostgreSQL of the tests. Imported only where psycopg is."""

from __future__ import annotations

from server_parts.storage.postgres.log import PostgresLog
from tests.server.hub.bench import Gated


class BenchPostgres(Gated, PostgresLog):
    pass
