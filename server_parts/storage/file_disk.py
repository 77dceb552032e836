"""Bytes in files of our own: written, synced, read and given their final name. It must not know what they are.

What is returned as done is on disk. Errors of the system are StorageError, with the reason in words.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from server_parts.folders import sync_folder
from server_parts.storage.file_records import PIECE
from server_parts.storage.records import StorageError

NEW: Final = ".new"  # what the name of a file ends with that is about to take the place of another one

_BINARY: Final = getattr(os, "O_BINARY", 0)  # Windows would change the ends of lines
_REASONS: Final = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "a size limit is reached",
    errno.EROFS: "the disk is read-only",
    errno.EIO: "the disk reports an error",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
}


@contextmanager
def told(sentence: str) -> Iterator[None]:
    """Errors of the system as StorageError: `sentence`, a colon and the reason."""
    try:
        yield
    except OSError as error:
        known = _REASONS.get(error.errno or 0, error.strerror or "the system gives no reason")
        raise StorageError(f"{sentence}: {known}") from error


def place_of(root: Path, id: str) -> Path:
    """Where a folder of files has the bytes of a finished one."""
    return root / id[:2].lower() / id


def make_folder(folder: Path) -> None:
    """For nobody else's eyes, and with all above it; one that is there stays as it is."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)


def create(path: Path, content: bytes = b"") -> None:
    """A file that only its owner may read, and that is not there yet. Its name is not synced."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY, 0o600)
    try:
        _write_all(descriptor, content)
        _sync(descriptor)
    finally:
        os.close(descriptor)


def put(path: Path, content: bytes) -> None:
    """A whole new file in the place of an old one, or nothing of it. Its name is not synced."""
    new = path.with_name(path.name + NEW)
    delete(new)
    create(new, content)
    new.replace(path)


def append(path: Path, end: int, piece: bytes) -> None:
    """Write behind `end`, whatever is there. What cannot be written whole is taken away again, if the disk lets us."""
    descriptor = os.open(path, os.O_WRONLY | _BINARY)
    try:
        os.lseek(descriptor, end, os.SEEK_SET)
        _write_all(descriptor, piece)
        _sync(descriptor)
    except OSError:
        with suppress(OSError):
            os.ftruncate(descriptor, end)
        raise
    finally:
        os.close(descriptor)


def cut(path: Path, end: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | _BINARY)
    try:
        os.ftruncate(descriptor, end)
        _sync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync(descriptor: int) -> None:
    if hasattr(os, "fdatasync"):
        os.fdatasync(descriptor)
    else:
        os.fsync(descriptor)


def read(path: Path, start: int, length: int) -> bytes:
    with path.open("rb", buffering=0) as file:
        file.seek(start)
        return file.read(length) or b""


def hashed(path: Path) -> tuple[str, int, bytes]:
    """The SHA-256 in hexadecimal digits, how many bytes that were, and the first piece of them."""
    digest, size, head = sha256(), 0, b""
    with path.open("rb", buffering=0) as file:
        while piece := file.read(PIECE):
            head = head or piece
            size += len(piece)
            digest.update(piece)
    return digest.hexdigest(), size, head


def copy(source: Path, target: Path) -> str:
    """Copy a file to a new one, and return the SHA-256 of what was copied. FileNotFoundError if it is not there."""
    digest = sha256()
    with source.open("rb", buffering=0) as file:
        make_folder(target.parent)
        descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY, 0o600)
        try:
            while piece := file.read(PIECE):
                digest.update(piece)
                _write_all(descriptor, piece)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    sync_folder(target.parent)
    return digest.hexdigest()


def free(folder: Path) -> int | None:
    """Bytes that are free on the disk of a folder, which may not be there yet."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def delete(path: Path) -> bool:
    """Whether there was anything to delete."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def age(path: Path, now: float) -> float:
    """Seconds since something was last written there; 0 if it is gone."""
    try:
        return now - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
