"""The name under which a received file is saved: whatever somebody else called it, it stays in its folder. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from chat_common import is_blank

MOST_BYTES: Final = 120
_NAMELESS: Final = "file"
_LONGEST_SUFFIX: Final = 20  # bytes; what is longer behind a dot is no kind of file
_FORBIDDEN: Final = str.maketrans(dict.fromkeys('<>:"|?*', "_"))  # on Windows, where `:` leads into a hidden stream
_DEVICE: Final = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|CLOCK\$|(COM|LPT)[0-9¹²³])", re.IGNORECASE)


def safe_name(name: str) -> str:
    """A name of one part, without anything that a file system, a shell or a terminal could take for something else."""
    last = re.split(r"[/\\]", name)[-1]
    plain = "".join(map(_printable, last)).translate(_FORBIDDEN)
    return _no_device(_shortened(_stripped(plain))) or _NAMELESS


def numbered(name: str, number: int) -> str:
    """`plan (2).png`, for a folder in which there is a `plan.png`."""
    stem, suffix = _parts(name)
    mark = f" ({number})"
    return _cut(stem, MOST_BYTES - len((mark + suffix).encode())).rstrip(" .") + mark + suffix


def _printable(character: str) -> str:
    if unicodedata.category(character) == "Zs":
        return " "
    return character if character.isprintable() else ""


def _stripped(name: str) -> str:
    """Without dots and blanks at its ends, and without a sign before it that makes it an option or a home."""
    name = name.strip(" .")
    if name[:1] in ("-", "~"):
        name = "_" + name[1:]
    return "" if is_blank(name) else name


def _shortened(name: str) -> str:
    if len(name.encode()) <= MOST_BYTES:
        return name
    stem, suffix = _parts(name)
    return _cut(stem, MOST_BYTES - len(suffix.encode())).rstrip(" .") + suffix


def _parts(name: str) -> tuple[str, str]:
    """The name, and what tells the kind of file, with its dot."""
    stem, dot, kind = name.rpartition(".")
    is_kind = bool(stem and kind) and len(kind.encode()) < _LONGEST_SUFFIX
    return (stem, dot + kind) if is_kind else (name, "")


def _cut(text: str, most: int) -> str:
    return text.encode()[:most].decode(errors="ignore")


def _no_device(name: str) -> str:
    """What Windows takes for a device, whatever stands behind a dot, becomes a file."""
    first = name.partition(".")[0].rstrip(" ")
    return f"_{_cut_from_front(name)}" if _DEVICE.fullmatch(first) else name


def _cut_from_front(name: str) -> str:
    """With room for one more sign before it."""
    stem, suffix = _parts(name)
    return _cut(stem, MOST_BYTES - 1 - len(suffix.encode())) + suffix
