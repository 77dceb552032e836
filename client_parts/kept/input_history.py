"""Lines that were typed, kept between runs for the arrow keys and Ctrl+R; never a secret, never too many.

It must not know the keyboard: it reads and writes one file, a JSON string a line, readable by its owner only.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from chat_common import storable
from client_parts.kept.identity import token_path

_KEPT = 500
_SECRET = re.compile(r"\s*/+(password|passwd|pass|token|secret|login|register|identify|auth|key)", re.IGNORECASE)


def history_path() -> Path:
    return token_path().with_name("input-history")


class InputHistory:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._last = ""

    def load(self) -> list[str]:
        """What was typed before, oldest first. A file that cannot be used is as good as none."""
        try:
            lines = [_parsed(line) for line in self._path.read_text("utf-8", "replace").split("\n")]
        except OSError:
            return []
        kept = [line for line in lines if line][-_KEPT:]
        if len(lines) > 2 * _KEPT:
            self._write(kept, os.O_TRUNC)
        self._last = kept[-1] if kept else ""
        return kept

    def add(self, line: str) -> bool:
        """Keep a line, unless it is empty, secret or said just before."""
        if not line.strip() or _SECRET.match(line) or line == self._last:
            return False
        self._last = line
        self._write([line], os.O_APPEND)
        return True

    def _write(self, lines: list[str], how: int) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | how, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write("".join(json.dumps(line) + "\n" for line in lines))
        except OSError:
            pass  # a history is a comfort, not a reason to complain


def _parsed(line: str) -> str:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):  # nesting past the interpreter's stack is no ValueError
        return ""
    return storable(value) if isinstance(value, str) else ""
