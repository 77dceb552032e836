"""Writing files that several clients of one person use at once: one client at a time, and never half a file.

It must not know what is in them.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PATIENCE = 0.5  # seconds; nobody writes for so long, unless it was stopped in the middle
_PAUSE = 0.01


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Wait until no other client writes in that folder, and keep others waiting inside `with`.

    The folder is made if it is missing. Where folders cannot be locked, and after a moment of waiting, it goes on all
    the same: a client that is stopped must not stop the others. Raises OSError if there can be no such folder.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = _lock(folder)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def replace(path: Path, text: str) -> None:
    """Put a new file in place of the old one, in one step. Only its owner can read it. Raises OSError."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(fresh, path)
    except OSError:
        _remove(fresh)
        raise


def append(path: Path, text: str) -> None:
    """Add to a file, in one piece. Only its owner can read it. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


if sys.platform == "win32":

    def _lock(folder: Path) -> int | None:
        """A folder cannot be locked there."""
        return None

else:
    import fcntl

    def _lock(folder: Path) -> int | None:
        """Lock the folder itself, so that no other file has to lie there. Returns a descriptor that holds the lock."""
        try:
            descriptor = os.open(folder, os.O_RDONLY)
        except OSError:  # it may be writable only
            return None
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(_PAUSE)
            except OSError:  # some file systems have no locks
                break
        return descriptor


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        pass
