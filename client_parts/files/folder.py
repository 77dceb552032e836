"""Where received files go: the folder that the system calls that of downloads. It changes nothing on the disk."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_LARGEST: Final = 100_000  # characters of the system's own list
_LINE: Final = re.compile(r'^\s*XDG_DOWNLOAD_DIR="([^"]*)"', re.MULTILINE)


def downloads(chosen: str, environment: Mapping[str, str] = os.environ) -> Path:
    """The chosen folder, else the system's, else `Downloads` at home, else the present one."""
    if chosen:
        return Path(os.path.expanduser(chosen))
    home = Path(os.path.expanduser("~"))
    named = environment.get("XDG_DOWNLOAD_DIR") or _listed(home, environment)
    for folder in (Path(named.replace("$HOME", str(home), 1)) if named else None, home / "Downloads"):
        if folder is not None and folder.is_absolute() and folder.is_dir():
            return folder
    return Path.cwd()


def _listed(home: Path, environment: Mapping[str, str]) -> str:
    """What `xdg-user-dirs` says, if that is there."""
    folder = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    try:
        with (folder / "user-dirs.dirs").open(encoding="utf-8", errors="replace") as file:
            found = _LINE.search(file.read(_LARGEST))
    except (OSError, ValueError):
        return ""
    return found[1] if found else ""
