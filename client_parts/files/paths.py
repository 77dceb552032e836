"""What a person writes to send a file: its path, where it goes, and a text; and what Tab makes of a path.

It looks at the disk, and changes nothing there. It must not know frames or screens.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from itertools import islice
from typing import Final, NamedTuple

_QUOTES: Final = ('"', "'")
_BLANK: Final = re.compile(r"[ \n]+")
_MOST_BLANKS: Final = 40  # in a path that is written without quotes
_MOST_LISTED: Final = 5_000  # entries of a folder that Tab looks at
_ESCAPES: Final = os.sep != "\\"  # on Windows it separates folders


class Written(NamedTuple):
    path: str
    room: str = ""  # `@bob` or `#builds`; nothing for where one talks
    caption: str = ""


def read_send(words: str, is_there: Callable[[str], bool]) -> Written:
    """The parts of what stands behind `/send`. `is_there` tells which beginning of it is the path."""
    path, rest = _path_and_rest(words, is_there)
    word, caption = _split(rest)
    return Written(path, word, caption) if word[:1] in ("@", "#") and len(word) > 1 else Written(path, "", rest)


def _split(words: str) -> tuple[str, str]:
    word, *rest = _BLANK.split(words, maxsplit=1)
    return word, "".join(rest)


def _path_and_rest(words: str, is_there: Callable[[str], bool]) -> tuple[str, str]:
    if words[:1] in _QUOTES:
        path, _, rest = words[1:].partition(words[0])
        return path, rest.strip()
    ends = [found.start() for found in islice(_BLANK.finditer(words), _MOST_BLANKS)] + [len(words)]
    for end in reversed(ends):  # the longest that is there: names have blanks, too
        for path in (words[:end], unescaped(words[:end])):
            if is_there(path):
                return path, words[end:].strip()
    escaped = re.match(r"(?:\\.|[^ \n])*", words) if _ESCAPES else re.match(r"[^ \n]*", words)
    end = escaped.end() if escaped else 0
    return unescaped(words[:end]), words[end:].strip()


def unescaped(text: str) -> str:
    """Without the backslashes that a shell wants before blanks."""
    return re.sub(r"\\(.)", r"\1", text) if _ESCAPES else text


def complete_path(written: str) -> list[str]:
    """What a path that is being written may become: a folder, to be gone on from, or a file with a blank behind it."""
    quote = written[:1] if written[:1] in _QUOTES else ""
    begun = written[1:] if quote else unescaped(written)
    if quote and quote in begun:
        return []
    if begun == "~":
        return [f"{quote}~{os.sep}"]
    folder, name = os.path.split(begun)
    found = _beginning(os.path.expanduser(folder) or ".", name)
    before = begun[: len(begun) - len(name)]
    return [f"{quote}{before}{entry}" + ("" if entry.endswith(os.sep) else f"{quote} ") for entry in found]


def _beginning(folder: str, name: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            known = [entry.name + (os.sep if entry.is_dir() else "") for entry in islice(entries, _MOST_LISTED)]
    except (OSError, ValueError):
        return []
    known = sorted(entry for entry in known if entry.isprintable() and (name[:1] == "." or entry[0] != "."))
    exact = [entry for entry in known if entry.startswith(name)]
    return exact or [entry for entry in known if entry.lower().startswith(name.lower())]
