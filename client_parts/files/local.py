"""A file of this machine that is to be sent: what it must be, its bytes, and whether it stays what it was.

It must not know where it goes.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from typing import Final, NamedTuple

from chat_common import harmless_line, storable
from client_parts.files.progress import size_text

PIECE: Final = 256 * 1024  # bytes that are read, or written, at once
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0)


class FileProblem(Exception):
    """Why a file cannot be sent or saved, as one sentence."""


class Local(NamedTuple):
    """A file that can be sent, as far as that is known without reading it."""

    path: str
    name: str
    size: int


def look_at(path: str, limit: int | None = None) -> Local:
    """FileProblem for what is no file, nothing, or more than the server takes."""
    whole = os.path.abspath(os.path.expanduser(path))
    shown = harmless_line(path)
    try:
        found = os.stat(whole)
    except (OSError, ValueError) as problem:
        raise FileProblem(_why_not(shown, problem)) from None
    if stat.S_ISDIR(found.st_mode):
        raise FileProblem(f"{shown} is a folder; only files can be sent.")
    if not stat.S_ISREG(found.st_mode):
        raise FileProblem(f"{shown} is not a regular file.")
    if not os.access(whole, os.R_OK):
        raise FileProblem(f"{shown} cannot be read: permission denied.")
    if not found.st_size:
        raise FileProblem(f"{shown} is empty; there is nothing to send.")
    if limit is not None and found.st_size > limit:
        raise FileProblem(too_large(shown, found.st_size, limit))
    return Local(whole, storable(os.path.basename(whole)), found.st_size)


def too_large(name: str, size: int, limit: int) -> str:
    """Both numbers, also where they would look the same if they were rounded."""
    short, most = size_text(size), size_text(limit)
    if short == most:
        short, most = f"{size} bytes", f"{limit} bytes"
    return f"{name} is too large: {short} > {most}, the most that this server takes."


def _why_not(shown: str, problem: OSError | ValueError) -> str:
    if isinstance(problem, (FileNotFoundError, NotADirectoryError, ValueError)):
        return f"There is no file {shown}."
    return f"{shown} cannot be read: {reason_of(problem)}."


def reason_of(problem: OSError) -> str:
    return (problem.strerror or str(problem)).lower()


class Source:
    """The same file, open: who deletes or replaces it meanwhile does no harm. Whoever writes into it is found out."""

    def __init__(self, local: Local) -> None:
        """FileProblem if it is not what it was."""
        self.local = local
        self._shown = harmless_line(local.name)
        try:
            self._descriptor = os.open(local.path, _FLAGS)
        except OSError as problem:
            raise FileProblem(_why_not(harmless_line(local.path), problem)) from None
        self._first = os.fstat(self._descriptor)
        if not stat.S_ISREG(self._first.st_mode) or self._first.st_size != local.size:
            self.close()
            raise self._changed()

    def digest(self, is_unwanted: Callable[[], bool]) -> str:
        """The SHA-256 of all of it, in hexadecimal; nothing if nobody wants it any more."""
        digest, offset = hashlib.sha256(), 0
        while offset < self.local.size and not is_unwanted():
            piece = self.read(offset)
            digest.update(piece)
            offset += len(piece)
        return digest.hexdigest() if offset == self.local.size else ""

    def read(self, offset: int) -> bytes:
        """The next piece from there. FileProblem if the file is another one now."""
        os.lseek(self._descriptor, offset, os.SEEK_SET)
        try:
            piece = os.read(self._descriptor, min(PIECE, self.local.size - offset))
        except OSError as problem:
            raise FileProblem(f"{self._shown} cannot be read: {reason_of(problem)}.") from None
        now = os.fstat(self._descriptor)
        if not piece or (now.st_size, now.st_mtime_ns) != (self._first.st_size, self._first.st_mtime_ns):
            raise self._changed()
        return piece

    def _changed(self) -> FileProblem:
        return FileProblem(f"{self._shown} has changed while it was being sent; send it again.")

    def close(self) -> None:
        os.close(self._descriptor)
