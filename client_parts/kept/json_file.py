"""Small JSON files beside the token: read as far as they make sense, changed in one step, never a reason to stop.

It must not know what is in them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from client_parts.kept.shared_file import one_at_a_time, replace

_LARGEST = 1_000_000  # characters; no file of ours comes near


def load(path: Path) -> dict[str, Any]:
    """Return what is kept. A file that is missing, damaged or not readable counts as an empty one."""
    try:
        # Opening what is no file, a pipe for instance, may wait for ever.
        kept = json.loads(_beginning(path)) if path.is_file() else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _beginning(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        return file.read(_LARGEST)


def update(path: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> bool:
    """Replace what is kept by what `change` makes of it, while no other client writes. Returns whether that is kept."""
    try:
        with one_at_a_time(path.parent):
            replace(path, json.dumps(change(load(path)), indent=1) + "\n")
    except OSError:
        return False
    return True
