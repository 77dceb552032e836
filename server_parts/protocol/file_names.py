"""Names of files, which come from strangers: what is kept of them, and how a file is written in texts and addresses.

Pure. No name is ever part of a path on this machine. What is kept is harmless for whoever saves the file under it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import quote

from chat_common import is_blank
from server_parts.storage.file_records import FileRecord

MAX_NAME: Final = 255  # characters, as it is sent …
MOST_BYTES: Final = 120  # … and of what is kept of it
NAMELESS: Final = "file"
FILES: Final = "/files/"

_UNITS: Final = ("bytes", "KB", "MB", "GB", "TB")
_NOT_KEPT: Final = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))
_FORBIDDEN: Final = re.compile(r'[<>:"|?*]')  # on Windows
_DEVICES: Final = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)", re.IGNORECASE)
_MOST_OF_A_SUFFIX: Final = 20  # bytes
_NO_TOKEN: Final = re.compile(r"[^A-Za-z0-9 _.,+()=@~-]")  # what an old browser may misread between quotes


def kept_name(name: str) -> str:
    """What is kept of a name: its last part, without what deceives, is hidden, or means something to a system."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rstrip("/").rpartition("/")[2]
    shown = "".join(sign for sign in last if unicodedata.category(sign) not in _NOT_KEPT)
    plain = _FORBIDDEN.sub("_", " ".join(shown.split())).strip(" .")
    if _DEVICES.match(plain):
        plain = f"_{plain}"
    cut = _cut(plain)
    return NAMELESS if is_blank(cut) else cut


def _cut(name: str) -> str:
    """At most MOST_BYTES of it, with its suffix."""
    if len(name.encode()) <= MOST_BYTES:
        return name
    stem, dot, suffix = name.rpartition(".")
    end = dot + suffix if stem and len(suffix.encode()) <= _MOST_OF_A_SUFFIX else ""
    room = MOST_BYTES - len(end.encode())
    return name.encode()[:room].decode("utf-8", "ignore").rstrip(" .") + end


def size_text(size: int) -> str:
    """A number of bytes, as people read it: `1.2 MB`."""
    value, unit = float(size), _UNITS[0]
    for unit in _UNITS:
        if round(value, 1) < 1024 or unit == _UNITS[-1]:
            break
        value /= 1024
    if unit == _UNITS[0]:
        return f"{size} {unit if size != 1 else 'byte'}"
    return f"{value:.1f}".removesuffix(".0") + f" {unit}"


def bare_text(file: FileRecord) -> str:
    """The text of a message that brings a file without a caption."""
    return f"{file.name} ({size_text(file.size)})"


def path_of(id: str, name: str) -> str:
    """Where a file is fetched on its server."""
    return f"{FILES}{id}/{quote(name, safe='')}"


def disposition(name: str, *, is_shown: bool) -> str:
    """A Content-Disposition as RFC 6266 wants it: nothing in a name can end it, or begin another field."""
    plain = _NO_TOKEN.sub("_", name)
    encoded = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'{"inline" if is_shown else "attachment"}; filename="{plain}"{encoded}'
