"""The head of an HTTP request: bytes become a `Head`, or an error that says what to answer.

Stricter than the standard wherever two programs could read one head in two ways: a proxy and this server must never
disagree about where a request ends or which host it is for. It must not know what is asked for, or by whom.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

MOST_BYTES: Final = 16 * 1024
MOST_FIELDS: Final = 64
MOST_DIGITS: Final = 10  # of a Content-Length

_END: Final = re.compile(rb"\n\r?\n")
_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST: Final = re.compile(rf"({_TOKEN}) ([!-~]+) HTTP/([0-9]\.[0-9])")
_SEEN: Final = r"[!-~\x80-\xff]"
_FIELD: Final = re.compile(rf"({_TOKEN}):[ \t]*({_SEEN}(?:[ \t]*{_SEEN})*)?[ \t]*")
_LENGTH: Final = re.compile(rf"[0-9]{{1,{MOST_DIGITS}}}")


class BadHeadError(ValueError):
    """A head that is not acceptable: the status to answer with, and a sentence for whoever sent it."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class Head(NamedTuple):
    """What was asked for. Names of fields are in lower case, and the fields in the order in which they came."""

    method: str
    target: str
    version: str
    fields: tuple[tuple[str, str], ...]

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    def values(self, name: str) -> list[str]:
        """Every value of that field."""
        return [value for field, value in self.fields if field == name]

    def get(self, name: str) -> str | None:
        """The value of a field; of several with that name, a list as the standard joins them."""
        values = self.values(name)
        return ", ".join(values) if values else None

    def has_word(self, name: str, word: str) -> bool:
        """Whether a field that is a list of words has that one, in any case."""
        return word in ((self.get(name) or "").lower().replace("\t", " ").replace(" ", "").split(","))


class HeadReader:
    """Takes bytes until the head is whole."""

    __slots__ = ("_data",)

    def __init__(self) -> None:
        self._data = b""

    def feed(self, data: bytes) -> tuple[Head, bytes] | None:
        """The head, and what came behind it; None while more of it is to come. BadHeadError: it is no good."""
        searched = max(len(self._data) - 2, 0)
        self._data += data
        end = _END.search(self._data, searched)
        if (end.end() if end is not None else len(self._data)) > MOST_BYTES:
            raise BadHeadError(431, f"The head of this request is longer than {MOST_BYTES} bytes.")
        if end is None:
            return None
        data, self._data = self._data, b""  # a WebSocket lives for long, and needs it no more
        return parsed(data[: end.start()]), data[end.end() :]


def parsed(head: bytes) -> Head:
    """A head without the empty line that ends it. BadHeadError says what is wrong."""
    first, *lines = (line.removesuffix("\r") for line in head.decode("latin-1").split("\n"))
    found = _REQUEST.fullmatch(first)
    if found is None:
        raise BadHeadError(400, "The first line of this request is not valid.")
    method, target, version = found.groups()
    if version not in ("1.0", "1.1"):
        raise BadHeadError(505, "This server speaks HTTP/1.1.")
    if len(lines) > MOST_FIELDS:
        raise BadHeadError(431, f"This request has {len(lines)} header fields; {MOST_FIELDS} are allowed.")
    fields = tuple(map(_field, lines))
    _check(fields, version)
    return Head(method, target, version, fields)


def _field(line: str) -> tuple[str, str]:
    found = _FIELD.fullmatch(line)  # a folded line begins with a blank, which is no name
    if found is None:
        raise BadHeadError(400, "A header field of this request is not valid.")
    return found[1].lower(), found[2] or ""


def _check(fields: tuple[tuple[str, str], ...], version: str) -> None:
    names = [name for name, _ in fields]
    if "transfer-encoding" in names:
        raise BadHeadError(501, "This server takes no Transfer-Encoding.")
    for name in ("host", "content-length"):
        if names.count(name) > 1:
            raise BadHeadError(400, f"This request has more than one {name.title()}.")
    if "host" not in names and version == "1.1":
        raise BadHeadError(400, "This request has no Host.")
    length = dict(fields).get("content-length", "0")
    if not _LENGTH.fullmatch(length):
        raise BadHeadError(400, "The Content-Length of this request is not valid.")
