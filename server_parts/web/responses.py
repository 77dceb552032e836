"""HTTP answers, as bytes: each is the last on its connection, and no browser does more with it than it should."""

from __future__ import annotations

from collections.abc import Iterable
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

TEXT: Final = "text/plain; charset=utf-8"
# What a browser may load and run. The page's own files, and nothing else; pictures may also be made by the page itself.
CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_ALWAYS: Final = (
    ("Connection", "close"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
NOT_KEPT: Final = ("Cache-Control", "no-store")
CHECKED: Final = ("Cache-Control", "no-cache")  # kept, and used again once the server says that it is still the same
KEPT: Final = ("Cache-Control", "max-age=31536000, immutable")  # the same for ever under that address

Field = tuple[str, str]


def response(status: int, body: bytes = b"", fields: Iterable[Field] = (), *, has_body: bool = True) -> bytes:
    """An answer. Without `has_body`, that of a HEAD: as long as the other, and nothing in it."""
    head = head_of(status, len(body), fields)
    return head + body if has_body else head


def head_of(status: int, length: int, fields: Iterable[Field] = (), policy: str = CONTENT_POLICY) -> bytes:
    """The head of an answer whose body has that length, and what a browser may do with it."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Date: {formatdate(usegmt=True)}"]
    if status not in (204, 304):  # those have no body, and so no length
        lines.append(f"Content-Length: {length}")
    lines += [f"{name}: {value}" for name, value in (*_ALWAYS, ("Content-Security-Policy", policy), *fields)]
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1")


def told(status: int, sentence: str, fields: Iterable[Field] = (), *, has_body: bool = True) -> bytes:
    """A sentence for a person."""
    about = (("Content-Type", TEXT), NOT_KEPT, *fields)
    return response(status, f"{sentence}\n".encode(), about, has_body=has_body)


def done(fields: Iterable[Field] = ()) -> bytes:
    """There is nothing to say."""
    return response(204, fields=(NOT_KEPT, *fields))


CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


def switched(fields: Iterable[Field]) -> bytes:
    """What comes next is in another protocol."""
    lines = ["HTTP/1.1 101 Switching Protocols", *(f"{name}: {value}" for name, value in fields), ""]
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1")
