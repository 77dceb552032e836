"""Which part of a file an HTTP request wants, and whether it has it already. Pure."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_RANGE: Final = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.IGNORECASE)
_CONTENT_RANGE: Final = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})", re.IGNORECASE)


class Part(NamedTuple):
    """`length` bytes from `start` on."""

    start: int
    length: int


def wanted_part(asked: str | None, condition: str | None, tag: str, size: int) -> Part | None:
    """What a Range asks for, with its If-Range; None if that is behind the end. Else all of it is to be sent.

    So it is for several ranges too, which nobody needs who fetches a file, and for a condition about another file.
    """
    whole = Part(0, size)
    found = _RANGE.fullmatch(asked or "")
    if found is None or found[1] == found[2] == "" or (condition is not None and condition != tag):
        return whole
    if not found[1]:  # so many at the end
        length = min(int(found[2]), size)
        return Part(size - length, length) if length else None
    start = int(found[1])
    end = min(int(found[2]), size - 1) if found[2] else size - 1
    if found[2] and int(found[2]) < start:
        return whole
    return Part(start, end - start + 1) if start < size else None


def has_it(condition: str | None, tag: str) -> bool:
    """Whether a file with that tag is one of those of an If-None-Match."""
    listed = [one.strip().removeprefix("W/") for one in (condition or "").split(",")]
    return condition is not None and (tag in listed or listed == ["*"])


class Sent(NamedTuple):
    """What a Content-Range says of a body: where it begins, how long it is, and the size of the whole."""

    start: int
    length: int
    size: int


def sent_part(text: str) -> Sent | None:
    """None if it is not valid."""
    found = _CONTENT_RANGE.fullmatch(text)
    if found is None:
        return None
    start, end, size = map(int, found.groups())
    return Sent(start, end - start + 1, size) if start <= end < size else None
