"""Lines that were typed, kept between runs for the arrow keys and Ctrl+R; never a secret, never too many.

It must not know the keyboard: it reads and writes one file, a JSON string a line, readable by its owner only.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

from chat_common import storable
from client_parts.kept.identity import token_path
from client_parts.kept.shared_file import append, one_at_a_time, replace

_KEPT = 500
_SECRET = re.compile(r"\s*/+(password|passwd|pass|token|secret|login|register|identify|auth|key)", re.IGNORECASE)


def history_path() -> Path:
    return token_path().with_name("input-history")


class InputHistory:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._last = ""

    def load(self) -> list[str]:
        """Return what was typed before, oldest first. A file that cannot be used counts as an empty one."""
        lines = self._read()
        if len(lines) > 2 * _KEPT:
            self._shorten()
        kept = _good(lines)
        self._last = kept[-1] if kept else ""
        return kept

    def add(self, line: str) -> bool:
        """Keep a line, unless it is empty, secret or the same as the one before. Returns whether it is one to keep."""
        if not line.strip() or _SECRET.match(line) or line == self._last:
            return False
        self._last = line
        with suppress(OSError), one_at_a_time(self._path.parent):  # a history is a comfort, not a reason to complain
            append(self._path, _written([line]))
        return True

    def _read(self) -> list[str]:
        try:
            return [_parsed(line) for line in self._path.read_text("utf-8", "replace").split("\n")]
        except OSError:
            return []

    def _shorten(self) -> None:
        with suppress(OSError), one_at_a_time(self._path.parent):
            replace(self._path, _written(_good(self._read())))


def _good(lines: list[str]) -> list[str]:
    return [line for line in lines if line][-_KEPT:]


def _written(lines: list[str]) -> str:
    return "".join(json.dumps(line) + "\n" for line in lines)


def _parsed(line: str) -> str:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):  # nesting past the interpreter's stack is no ValueError
        return ""
    return storable(value) if isinstance(value, str) else ""
