"""A copy of a folder that a server may be using: the database in one file, and beside it the files that people sent.

The database is copied first, and then the bytes of each file that is in the copy: so none is missing there, whatever is
said or deleted meanwhile. This module must not write to what it copies.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from server_parts.folders import sync_folder
from server_parts.storage import file_disk
from server_parts.storage.sqlite.files import FILES, LogError, ReaderPool, create_private, told

BESIDE: Final = ".files"  # what the name of the folder beside a copy ends with

_FILES: Final = "SELECT id, sha256, room, message FROM files WHERE removed IS NULL"
_FORGET_REMOVED: Final = "DELETE FROM files WHERE removed IS NOT NULL"
_FORGET: Final = "DELETE FROM files WHERE id = ?"
_TAKE_AWAY: Final = """
    UPDATE messages SET file = NULL WHERE id = ? AND room = (SELECT id FROM rooms WHERE name = ?)"""
_IS_THERE: Final = "SELECT 1 FROM files WHERE id = ? AND removed IS NULL"


class Copied(NamedTuple):
    """How many files were copied, into which folder, and how many of them are not what they were."""

    folder: Path
    files: int = 0
    damaged: int = 0
    lost: int = 0  # whose bytes are not there, though nobody has deleted the message


def beside(target: Path) -> Path:
    """Where the files of a copy are."""
    return target.with_name(target.name + BESIDE)


def back_up(path: Path, pool: ReaderPool, target: Path) -> Copied:
    """Copy everything to `target`; StorageError if there is such a file or folder, or no space.

    To go back to it, put it into an empty folder as `chat.db`, with the folder beside it as `files`. The copy is a log
    of its own, with its own epoch: what was said after it was taken is not in it, and its numbers will be given again.
    """
    for one in (target, beside(target)):
        if one.exists():
            raise LogError(f"{one} exists already; choose another name")
    if not target.parent.is_dir():
        raise LogError(f"{target} cannot be made: there is no folder {target.parent}")
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    create_private(partial)
    try:
        with told(f"{path} cannot be copied to {target}"):
            _copy_database(pool, partial)
            with file_disk.told(f"{path.parent / FILES} cannot be copied to {beside(target)}"):
                copied = _copy_files(path.parent / FILES, pool, partial)
        with _published_folder(beside(partial), beside(target)):
            _publish(partial, target)
    finally:
        with suppress(OSError):
            partial.unlink()
        shutil.rmtree(beside(partial), ignore_errors=True)
    return copied._replace(folder=beside(target))


def _copy_database(pool: ReaderPool, partial: Path) -> None:
    with pool.lend() as source, closing(sqlite3.connect(partial, isolation_level=None)) as copy:
        # In one step: a copy in several would start again after every commit of the server.
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
        copy.execute("PRAGMA synchronous = FULL")
        copy.execute("UPDATE about SET epoch = ?", (secrets.token_hex(8),))


def _copy_files(source: Path, pool: ReaderPool, partial: Path) -> Copied:
    """Those that the copy of the database speaks of; it forgets those that there are not."""
    copied = Copied(beside(partial))
    with closing(sqlite3.connect(partial, isolation_level=None)) as copy:
        if not _has_files(copy):
            return copied
        copy.execute("PRAGMA secure_delete = ON")
        copy.execute(_FORGET_REMOVED)
        for id, wanted, room, message in copy.execute(_FILES).fetchall():
            place = file_disk.place_of(copied.folder, id)
            try:
                digest = file_disk.copy(file_disk.place_of(source, id), place)
            except FileNotFoundError:
                copy.execute(_TAKE_AWAY, (message, room))
                copy.execute(_FORGET, (id,))
                copied = copied._replace(lost=copied.lost + _is_there(pool, id))
            else:
                copied = copied._replace(files=copied.files + 1, damaged=copied.damaged + (digest != wanted))
    return copied


def _has_files(copy: sqlite3.Connection) -> bool:
    """Not that of an older version."""
    return bool(copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'files'").fetchone())


def _is_there(pool: ReaderPool, id: str) -> bool:
    with pool.lend() as connection:
        return bool(connection.execute(_IS_THERE, (id,)).fetchone())


@contextmanager
def _published_folder(partial: Path, target: Path) -> Iterator[None]:
    """Give a finished folder its name, if there is one; take it away again if what follows fails."""
    if not partial.exists():
        yield
        return
    try:
        partial.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        raise LogError(f"{target} cannot be made: {error.strerror}") from error
    try:
        yield
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


def _publish(partial: Path, target: Path) -> None:
    """Give a finished file its name, unless somebody else has taken that meanwhile."""
    try:
        try:
            os.link(partial, target)
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            if target.exists():
                raise FileExistsError(target) from None
            partial.rename(target)
    except FileExistsError:
        raise LogError(f"{target} exists already; choose another name") from None
    except OSError as error:
        raise LogError(f"{target} cannot be made: {error.strerror}") from error
