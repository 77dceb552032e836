"""Changes to the text of a TOML file that leave everything else in it as a person wrote it, comments too.

Pure: texts in, texts out. It must not know which settings there are. It does not parse the language as a whole: each
change is checked by reading the result, and one that is not exactly what was wanted is not made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

Value = str | int
_HEADER = re.compile(r"\s*\[\s*([^\[\]#]+?)\s*\]\s*(#.*)?")
_VALUE = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^"'#\s\[{][^#]*?)"""
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def parsed(text: str) -> dict[str, Any]:
    """What a TOML text says. ValueError says what is wrong, and in which line."""
    import tomllib  # only those who have such a file pay for it

    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def line_of(text: str, table: str, key: str) -> int | None:
    """The number of the line that sets that key, or of the table's heading; `table` is empty for the first part."""
    lines = text.split("\n")
    begin, end = _part(lines, table)
    for number in range(begin, end):
        if re.match(_key_pattern(key), lines[number]):
            return number + 1
    return begin if begin else None


def with_value(text: str, table: str, key: str, value: Value | None) -> str | None:
    """The text with that key set, or not set for None. None if that is too hard: then a person has to do it."""
    try:
        wanted = _changed(parsed(text), table, key, value)
        for candidate in _candidates(text, table, key, value):
            if _says(candidate, wanted):
                return candidate
    except ValueError:  # it cannot be read as it is
        pass
    return None


def _says(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return parsed(text) == wanted
    except ValueError:
        return False


def _changed(document: dict[str, Any], table: str, key: str, value: Value | None) -> dict[str, Any]:
    place = document
    for name in table.split(".") if table else ():
        place = place.setdefault(name, {})
        if not isinstance(place, dict):
            raise ValueError(f"{name} is no table")
    if value is None:
        place.pop(key, None)
    else:
        place[key] = value
    return document


def _candidates(text: str, table: str, key: str, value: Value | None) -> Iterator[str]:
    """Ways to write it, the most natural first."""
    lines = text.split("\n")
    begin, end = _part(lines, table)
    found = [number for number in range(begin, end) if re.match(_key_pattern(key), lines[number])]
    if value is None:
        yield "\n".join(line for number, line in enumerate(lines) if number not in found[:1])
        return
    entry = f"{_written_key(key)} = {_written(value)}"
    if found:
        number = found[0]
        old = re.fullmatch(rf"({_key_pattern(key)}\s*){_VALUE}(\s*(?:#.*)?)", lines[number])
        lines[number] = f"{old[1]}{_written(value)}{old[2]}" if old else entry
        yield "\n".join(lines)
        return
    if table and not begin:
        yield f"{_ended(text)}\n[{table}]\n{entry}\n"
        return
    for place in _places(lines, begin, end):
        after = (
            ["", *lines[place:]] if lines[place:] and lines[place].lstrip().startswith(("[", "#")) else lines[place:]
        )
        yield "\n".join([*lines[:place], entry, *(after or [""])])


def _part(lines: list[str], table: str) -> tuple[int, int]:
    """The lines of a table, without its heading; (0, 0) if it is not there. `table` is empty for the first part."""
    begin = 0 if not table else None
    for number, line in enumerate(lines):
        if line.lstrip().startswith("["):
            if begin is not None:
                return begin, number
            if (found := _HEADER.fullmatch(line.rstrip("\r"))) and _plain(found[1]) == table:
                begin = number + 1
    return (0, 0) if begin is None else (begin, len(lines))


def _plain(heading: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in heading.split("."))


def _places(lines: list[str], begin: int, end: int) -> Iterator[int]:
    """Where one more line of a part may stand: behind the last of its entries, before the next heading's comment, or
    at its beginning.
    """
    entries = [number for number in range(begin, end) if "=" in lines[number].partition("#")[0]]
    if entries:
        yield entries[-1] + 1
    place = end
    if end < len(lines):
        while place > begin and lines[place - 1].lstrip().startswith("#"):
            place -= 1
    elif place > begin and not lines[place - 1].strip():
        place -= 1  # the empty piece behind the last line's end
    yield place
    yield begin


def _key_pattern(key: str) -> str:
    return rf"""\s*["']?{re.escape(key)}["']?\s*="""


def _written_key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _written(key)


def _written(value: Value) -> str:
    # A JSON string is a TOML string, but for one character.
    return str(value) if isinstance(value, int) else json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"
