"""Opens the log that the settings ask for: the one place that chooses a storage backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from server_parts.settings import MEMORY, Settings
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import Message, StorageError
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.sqlite.reader import open_read_only
from server_parts.storage.store import Store

if TYPE_CHECKING:
    from server_parts.storage.postgres.connections import Address
    from server_parts.storage.postgres.target import Target

T = TypeVar("T")


class Readable(Protocol):
    """What can be read out of a log, also beside a server."""

    def rooms(self) -> dict[str, int]: ...
    def after(self, room: str, after: int, limit: int) -> list[Message]: ...
    def close(self) -> None: ...


def open_log(settings: Settings) -> Store:
    """StorageError says in one sentence why that cannot be."""
    if settings.store is not None:
        return _in_database(settings.store, settings.place, _database_log)
    return MemoryLog() if settings.data == MEMORY else SqliteLog(settings.folder)


def open_for_reading(settings: Settings) -> Readable:
    """The same log for whoever only reads; whether a server runs on it does not matter."""
    if settings.store is not None:
        return _in_database(settings.store, settings.place, _database_reader)
    return open_read_only(settings.folder)


def open_for_import(settings: Settings) -> Target:
    """The database of the settings, to copy everything of a folder into it."""
    assert settings.store is not None
    return _in_database(settings.store, settings.place, _database_target)


def _in_database(address: str, shown: str, open: Callable[[Address], T]) -> T:
    try:
        from server_parts.storage.postgres.connections import Address  # it wants a package that others need not have
    except ImportError:
        raise StorageError(
            'the Python package psycopg is missing: install it with pip install "psycopg[binary]>=3.2,<3.4"'
        ) from None
    return open(Address(address, shown))


def _database_log(address: Address) -> Store:
    from server_parts.storage.postgres.log import PostgresLog

    return PostgresLog(address)


def _database_reader(address: Address) -> Readable:
    from server_parts.storage.postgres.reader import open_reader

    return open_reader(address)


def _database_target(address: Address) -> Target:
    from server_parts.storage.postgres.target import Target

    return Target(address)
