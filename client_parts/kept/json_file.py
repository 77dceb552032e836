"""Small JSON files beside the token: read as far as they make sense, replaced in one step, never a reason to stop.

It must not know what is in them.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

_LARGEST = 1_000_000  # characters; no file of ours comes near


def load(path: Path) -> dict[str, Any]:
    """What was kept. A file that is missing, spoilt or not ours to read is as good as an empty one."""
    try:
        # Opening what is no file, a pipe for instance, may wait for ever.
        kept = json.loads(_beginning(path)) if path.is_file() else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _beginning(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        return file.read(_LARGEST)


def store(path: Path, value: dict[str, Any]) -> bool:
    """Whether it is kept. Who is stopped half way, or runs beside another, leaves a whole file, old or new."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(json.dumps(value, indent=1) + "\n")
        os.replace(fresh, path)
    except OSError:
        _remove(fresh)
        return False
    return True


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        pass
