"""The bytes of a file that is sent, and whether it stays what it was. It must not know where it goes."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from typing import Final

from chat_common import harmless_line
from client_parts.files.local import FileProblem, Local, reason_of, why_not

PIECE: Final = 256 * 1024  # bytes that are read, or written, at once
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0)


class Source:
    """The same file, open: who deletes or replaces it meanwhile does no harm. Whoever writes into it is found out."""

    def __init__(self, local: Local) -> None:
        """FileProblem if it is not what it was."""
        self.local = local
        self._shown = harmless_line(local.name)
        try:
            self._descriptor = os.open(local.path, _FLAGS)
        except OSError as problem:
            raise FileProblem(why_not(harmless_line(local.path), problem)) from None
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
