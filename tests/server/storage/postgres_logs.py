"""Logs in the PostgreSQL of the tests: a database for each folder that a test has."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.postgres import cluster

with suppress(ImportError):  # psycopg may be missing: then the tests are skipped
    from server_parts.storage.postgres.connections import Address
    from server_parts.storage.postgres.log import PostgresLog


def database_of(folder: Path) -> str:
    return cluster().database(folder)


def postgres_log(folder: Path) -> PostgresLog:
    return log_in(database_of(folder))


def log_in(database: str, address: str = "") -> PostgresLog:
    return PostgresLog(Address(address or cluster().address(database), database))


def address_of(folder: Path) -> Address:
    database = database_of(folder)
    return Address(cluster().address(database), database)


def execute(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """Have something done in that database, by nobody's server."""
    return cluster().execute(sql, database_of(folder))
