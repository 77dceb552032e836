"""What is to be saved, and where: as the server says, and as a person wants it. It changes nothing on the disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from chat_common import harmless_line
from client_parts.files.local import FileProblem
from client_parts.files.names import safe_name


class Expected(NamedTuple):
    """What the server says of the file."""

    name: str
    size: int
    sha256: str


class Target(NamedTuple):
    folder: Path
    name: str


def target_of(where: str, name: str, usual: Path) -> Target:
    """Where a person wants a file that somebody else called so. FileProblem if there is no such folder."""
    path = Path(os.path.abspath(os.path.expanduser(where))) if where else usual
    if path.is_dir() or not where:
        target = Target(path, safe_name(name))
    elif where.endswith(("/", os.sep)):
        target = Target(path, "")
    else:
        target = Target(path.parent, path.name)
    if not target.folder.is_dir():
        raise FileProblem(f"There is no folder {harmless_line(str(target.folder))}.")
    return target
