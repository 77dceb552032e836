"""A file that arrives: a part with its own name first, and under the right one only when it is whole and verified.

Everything is done inside one open folder, and no link is followed there: nothing is ever written elsewhere, and
nothing that is there is overwritten. It must not know where the bytes come from.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from chat_common import harmless_line
from client_parts.files.local import FileProblem, reason_of
from client_parts.files.names import numbered
from client_parts.files.progress import size_text
from client_parts.files.source import PIECE
from client_parts.files.target import Expected, Target

_MOST: Final = 1_000  # files of one name
_SAFE: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_NEW: Final = os.O_CREAT | os.O_EXCL | _SAFE
_OLD: Final = getattr(os, "O_NONBLOCK", 0) | _SAFE  # whatever it is, nobody waits for it
_OWNER_ONLY: Final = 0o600
_MARK: Final = 8  # characters of a file's digest, which tell whose part it is


class WrongBytes(Exception):
    """What arrived is not the file."""


class Store(Protocol):
    """Where the bytes of one file go."""

    @property
    def offset(self) -> int:
        """How many are there."""

    def write(self, data: bytes) -> None: ...
    def start_over(self) -> None: ...

    def finish(self) -> str:
        """Keep it. Returns where it is. WrongBytes if it is not the file; then there is nothing left of it."""

    def close(self) -> None:
        """Keep what is there, to go on from."""

    def discard(self) -> None: ...


class Part:
    """The file while it arrives. Opening it finds what an earlier run has left of it."""

    def __init__(self, target: Target, expected: Expected) -> None:
        self._target, self._expected = target, expected
        try:
            self._folder = _Folder(target.folder)
        except OSError as problem:
            raise FileProblem(_no_place(target.folder, problem)) from None
        try:
            self._name, self._descriptor = self._opened()
            self._digest = hashlib.sha256()
            self.offset = 0
            self._take_in_what_is_there()
            self._check_room()
        except OSError as problem:
            self._folder.close()
            raise FileProblem(_no_place(target.folder, problem)) from None

    def _opened(self) -> tuple[str, int]:
        """Whatever cannot be this file's part, or is somebody's who is fetching it now, is passed over."""
        for name in _names(self._target.name):
            part = f"{name}.{self._expected.sha256[:_MARK]}.part"
            with suppress(FileExistsError, BlockingIOError):
                return part, _locked(self._folder.open(part, os.O_RDWR | _NEW))
            with suppress(OSError):
                descriptor = _locked(_own_file(self._folder.open(part, os.O_RDWR | _OLD)))
                if self._folder.has(part, descriptor):
                    return part, descriptor
                os.close(descriptor)  # whoever had it has finished it just now: it is their file
        raise FileProblem(f"There are too many files called {harmless_line(self._target.name)} already.")

    def _take_in_what_is_there(self) -> None:
        while piece := os.read(self._descriptor, PIECE):
            self._digest.update(piece)
            self.offset += len(piece)
        if self.offset > self._expected.size:
            self.start_over()

    def _check_room(self) -> None:
        free, wanted = shutil.disk_usage(self._target.folder).free, self._expected.size - self.offset
        if wanted > free:
            self.close()
            numbers = f"{size_text(wanted)} > {size_text(free)} free"
            raise FileProblem(f"{harmless_line(self._target.name)} does not fit the disk: {numbers}.")

    def write(self, data: bytes) -> None:
        """FileProblem if the disk does not take it; what is there stays."""
        rest = memoryview(data)
        try:
            while rest:
                written = os.write(self._descriptor, rest)
                self._digest.update(rest[:written])
                self.offset += written
                rest = rest[written:]
        except OSError as problem:
            raise FileProblem(f"{harmless_line(self._name)} cannot be written: {reason_of(problem)}.") from None

    def start_over(self) -> None:
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        self._digest, self.offset = hashlib.sha256(), 0

    def finish(self) -> str:
        expected = self._expected
        if self.offset != expected.size or self._digest.hexdigest() != expected.sha256.lower():
            self.start_over()
            raise WrongBytes
        try:
            os.fsync(self._descriptor)
            path = self._target.folder / self._renamed()
        except OSError as problem:
            raise FileProblem(_no_place(self._target.folder, problem)) from None
        self.close()
        return str(path)

    def _renamed(self) -> str:
        """The first free name is taken by an empty file, and that is replaced: so nothing else ever is."""
        for name in _names(self._target.name):
            with suppress(FileExistsError):
                os.close(self._folder.open(name, os.O_WRONLY | _NEW))
                try:
                    self._close_where_open_files_stay()
                    self._folder.replace(self._name, name)
                except OSError:
                    self._folder.remove(name)
                    raise
                return name
        raise FileProblem(f"There are too many files called {harmless_line(self._target.name)} already.")

    def _close_where_open_files_stay(self) -> None:
        """On Windows nobody renames an open file."""
        if sys.platform == "win32" and self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            self._folder.close()

    def discard(self) -> None:
        if self._descriptor >= 0:
            self._close_where_open_files_stay()
            with suppress(OSError):
                self._folder.remove(self._name)
            self.close()


class InMemory:
    """The same for a file that is only looked at."""

    def __init__(self, expected: Expected) -> None:
        self.data = bytearray()
        self._expected = expected

    @property
    def offset(self) -> int:
        return len(self.data)

    def write(self, data: bytes) -> None:
        self.data += data

    def start_over(self) -> None:
        self.data.clear()

    def finish(self) -> str:
        if hashlib.sha256(self.data).hexdigest() != self._expected.sha256.lower():
            self.start_over()
            raise WrongBytes
        return ""

    def close(self) -> None:
        """Nobody goes on from here."""

    def discard(self) -> None:
        self.start_over()


class _Folder:
    """One open folder. What becomes of its path meanwhile does not matter, where the system can do that."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        if os.open in os.supports_dir_fd and os.rename in os.supports_dir_fd:
            self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))

    def open(self, name: str, flags: int) -> int:
        return os.open(self._named(name), flags, _OWNER_ONLY, dir_fd=self._descriptor)

    def has(self, name: str, descriptor: int) -> bool:
        """Whether that open file still has this name."""
        try:
            found = os.stat(self._named(name), dir_fd=self._descriptor, follow_symlinks=False)
        except OSError:
            return False
        return os.path.samestat(found, os.fstat(descriptor))

    def replace(self, name: str, by: str) -> None:
        os.replace(self._named(name), self._named(by), src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def remove(self, name: str) -> None:
        os.unlink(self._named(name), dir_fd=self._descriptor)

    def _named(self, name: str) -> str:
        return name if self._descriptor is not None else str(self._path / name)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _names(name: str) -> Iterator[str]:
    yield name
    yield from (numbered(name, number) for number in range(2, _MOST))


def _own_file(descriptor: int) -> int:
    """A part that this person's client has left. OSError for anything else."""
    found = os.fstat(descriptor)
    is_own = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    if stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and is_own:
        return descriptor
    os.close(descriptor)
    raise OSError("not a part of ours")


def _no_place(folder: Path, problem: OSError) -> str:
    return f"Nothing can be saved in {harmless_line(str(folder))}: {reason_of(problem)}."


if sys.platform == "win32":

    def _locked(descriptor: int) -> int:
        return descriptor

else:
    import fcntl

    def _locked(descriptor: int) -> int:
        """Nobody else goes on with it meanwhile. BlockingIOError if somebody does."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise
        except OSError:  # some file systems have no locks
            pass
        return descriptor
