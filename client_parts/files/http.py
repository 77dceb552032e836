"""HTTP/1.1 as a file needs it: heads of requests to bytes, heads of answers from bytes. Pure.

A server is not trusted: a head has bounds, and what is not understood is an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MOST_HEAD: Final = 16_384  # bytes
_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])(?: [^\r\n]*)?")
_FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*")
_NUMBER: Final = re.compile(r"[0-9]{1,15}")
_RANGE: Final = re.compile(r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15})")
_PATH: Final = re.compile(r"/[!-~]{1,2000}")


class HttpError(Exception):
    """What came is not the HTTP that was expected."""


def is_path(url: str) -> bool:
    """Whether it can stand in a request."""
    return _PATH.fullmatch(url) is not None


def request(method: str, url: str, fields: Mapping[str, str | int]) -> bytes:
    """A head. The server is asked by a name that it always has: it was found otherwise."""
    lines = [f"{method} {url} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in fields.items())]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("ascii")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    fields: Mapping[str, str]  # by names in lower case

    def number(self, name: str) -> int | None:
        """The number in a field. HttpError if something else is there."""
        if (text := self.fields.get(name)) is None:
            return None
        if not _NUMBER.fullmatch(text):
            raise HttpError(f"{name} is not a number")
        return int(text)

    def begins_at(self) -> int:
        """The first byte of a part. HttpError if that is not said."""
        found = _RANGE.fullmatch(self.fields.get("content-range", ""))
        if found is None:
            raise HttpError("a part without its range")
        return int(found[1])


class HeadReader:
    """Bytes in, an answer out as soon as its head is whole; `rest` is what came behind it."""

    def __init__(self) -> None:
        self.rest = b""

    def feed(self, data: bytes) -> Answer | None:
        """HttpError for what is no answer."""
        self.rest += data
        head, end, rest = self.rest.partition(b"\r\n\r\n")
        if len(head) > MOST_HEAD:
            raise HttpError("the head of the answer is too long")
        if not b"HTTP/1.".startswith(self.rest[:7]):
            raise HttpError("no answer in HTTP")
        if not end:
            return None
        self.rest = rest
        return _answer(head)


def _answer(head: bytes) -> Answer:
    first, *lines = head.split(b"\r\n")
    status = _STATUS.fullmatch(first)
    if status is None:
        raise HttpError("no answer in HTTP")
    fields: dict[str, str] = {}
    for line in lines:
        if (found := _FIELD.fullmatch(line)) is None:
            raise HttpError("a field of the answer cannot be read")
        fields[found[1].decode().lower()] = found[2].decode("latin-1")
    if "transfer-encoding" in fields:
        raise HttpError("an answer of unknown length")
    return Answer(int(status[1]), fields)
