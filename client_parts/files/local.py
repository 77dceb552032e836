"""A file of this machine that is to be sent: what it must be, as far as that is known without reading it.

It must not know where it goes.
"""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from chat_common import harmless_line, storable
from client_parts.files.progress import size_text


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
        raise FileProblem(why_not(shown, problem)) from None
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


def why_not(shown: str, problem: OSError | ValueError) -> str:
    if isinstance(problem, (FileNotFoundError, NotADirectoryError, ValueError)):
        return f"There is no file {shown}."
    return f"{shown} cannot be read: {reason_of(problem)}."


def reason_of(problem: OSError) -> str:
    return (problem.strerror or str(problem)).lower()
