"""Logs in the PostgreSQL of the tests: a database for each folder that a test has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.postgres import cluster

if TYPE_CHECKING:  # psycopg may be missing
    from server_parts.storage.postgres.log import PostgresLog


def postgres_log(folder: Path, *, alone: bool = True) -> PostgresLog:
    from server_parts.storage.postgres.connections import Address
    from server_parts.storage.postgres.log import PostgresLog

    database = cluster().database(folder)
    return PostgresLog(Address(cluster().address(database), database), alone=alone)
