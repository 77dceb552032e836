"""The files of a log: the folder, its lock, connections to its database, and what their errors mean to a person.

A folder belongs to one server, which holds `chat.lock` for as long as it runs. Of all connections to `chat.db` exactly
one may write or checkpoint: SQLite before 3.51.3 can lose a commit when two do. All others are opened read-only here.
This module must not know what is in the tables.
"""

from __future__ import annotations

import os
import queue
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from server_parts.folders import sync_folder
from server_parts.storage.records import StorageError

DATABASE: Final = "chat.db"
LOCK: Final = "chat.lock"
FILES: Final = "files"  # the folder of files that people send
OLDEST_SQLITE: Final = (3, 24, 0)  # upsert; read-only connections in WAL mode

READERS: Final = 4
OPENING_PATIENCE: Final = 1.0  # seconds to wait for somebody else's lock while starting
WRITING_PATIENCE: Final = 0.03  # the same once clients are waiting
READING_PATIENCE: Final = 5.0


class LogError(StorageError):
    """A log that cannot be opened. One sentence for the person who starts the server."""


_REASONS: Final = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_BUSY": "another program has locked it",
    "SQLITE_LOCKED": "another program has locked it",
    "SQLITE_READONLY": "the file or its folder is read-only",
    "SQLITE_CANTOPEN": "the file, or one beside it, cannot be opened",
    "SQLITE_NOTADB": "it is damaged or not a database",
    "SQLITE_CORRUPT": "it is damaged or not a database",
    "SQLITE_IOERR": "the disk reports an error, or a size limit is reached",
}


def reason(error: sqlite3.Error) -> str:
    """Why, in words; errors that nobody foresaw in SQLite's own."""
    name = getattr(error, "sqlite_errorname", None) or ""
    family = "_".join(name.split("_")[:2])
    known = _REASONS.get(family)
    return f"{known} ({name})" if known else f"{str(error) or 'SQLite gives no reason'} ({name or 'sqlite3'})"


@contextmanager
def told(sentence: str, kind: type[StorageError] = StorageError) -> Iterator[None]:
    """SQLite's errors as the log's own: `sentence`, a colon and the reason."""
    try:
        yield
    except sqlite3.Error as error:
        raise kind(f"{sentence}: {reason(error)}") from error


# --- The folder and its lock ------------------------------------------------------------------------------------


def prepare_folder(folder: Path) -> None:
    """Make the folder, for nobody else's eyes; one that is there already stays as it is."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise LogError(f"the folder {folder} cannot be made: {error.strerror}") from error


def create_private(path: Path) -> None:
    """An empty file that only its owner may read, unless there is one. SQLite gives its other files the same mode.

    Never opens a file that exists: closing it would drop the locks that SQLite holds on it in this process.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        sync_folder(path.parent)
    except FileExistsError:
        if not os.access(path, os.W_OK):  # SQLite would open it all the same, and fail at the first message
            raise LogError(f"{path} cannot be opened: the file or its folder is read-only") from None
    except OSError as error:
        raise LogError(f"{path} cannot be made: {error.strerror}") from error


class FolderLock:
    """One server a folder. The system itself lets go of it when the process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        path = folder / LOCK
        try:
            self._file: int | None = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise LogError(f"{path} cannot be opened: {error.strerror}") from error
        try:
            _lock(self._file)
        except OSError:
            holder = os.read(self._file, 20).decode("ascii", "replace").strip() or "unknown"
            self.release()
            raise LogError(f"another server (process {holder}) is using {folder}; choose another folder") from None
        with suppress(OSError):  # a full disk must not keep anybody from starting: the lock holds without a signature
            os.ftruncate(self._file, 0)
            os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        # The file stays: were it removed, one server could hold the lock of the old file and another that of a new one.
        if self._file is not None:
            os.close(self._file)
            self._file = None


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        os.lseek(file, 1_000_000, os.SEEK_SET)  # a locked range cannot be read on Windows, but the number should be
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(file, 0, os.SEEK_SET)
else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


# --- Connections ------------------------------------------------------------------------------------------------


def connect(path: Path, mode: str, patience: float) -> sqlite3.Connection:
    """A connection that any thread may use (one at a time) and that opens no transaction by itself."""
    address = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(
        address, timeout=patience, isolation_level=None, check_same_thread=False, uri=True, cached_statements=256
    )


def make_durable(connection: sqlite3.Connection, path: Path) -> None:
    """Prepare the one connection that writes: WAL, and on disk before COMMIT returns."""
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise LogError(f"{path} cannot be written in WAL mode; is it read-only or on a network drive?")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")  # macOS: fsync alone stops at the drive's own cache
    connection.execute("PRAGMA checkpoint_fullfsync = ON")
    connection.execute("PRAGMA wal_autocheckpoint = 1000")  # 4 MB: what the hub can write back without a stall
    connection.execute("PRAGMA journal_size_limit = 67108864")
    connection.execute("PRAGMA cache_size = -16000")


def connect_reader(path: Path) -> sqlite3.Connection:
    connection = connect(path, "ro", READING_PATIENCE)
    try:
        connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection


class ReaderPool:
    """A few read-only connections, opened when first needed, each lent to one thread at a time."""

    def __init__(self, path: Path, size: int = READERS) -> None:
        self._path, self._size = path, size
        self._closing = threading.Lock()  # guards `_closed`
        self._closed = False
        self._free: queue.LifoQueue[sqlite3.Connection | None] = queue.LifoQueue()
        for _ in range(size):
            self._free.put(None)

    @contextmanager
    def lend(self) -> Iterator[sqlite3.Connection]:
        """Borrow a connection. Fetch all and leave: a half-read statement keeps the WAL from being reused."""
        connection = self._take(READING_PATIENCE)
        try:
            with told(f"{self._path} cannot be read"):
                connection = connection or connect_reader(self._path)
                yield connection
        finally:
            self._free.put(connection)

    def _take(self, patience: float) -> sqlite3.Connection | None:
        if self._closed:
            raise StorageError("the log is closed")
        try:
            return self._free.get(timeout=patience)
        except queue.Empty:
            raise StorageError("the log is too busy to be read just now") from None

    def close(self) -> None:
        """Close every connection, waiting a bounded time for those that are lent."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        deadline = time.monotonic() + READING_PATIENCE
        for _ in range(self._size):
            with suppress(queue.Empty):
                if connection := self._free.get(timeout=max(deadline - time.monotonic(), 0)):
                    connection.close()
