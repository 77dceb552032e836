"""The page's files: read once, from wherever this program is, a folder or an archive. It must not know who asks."""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final, NamedTuple

from server_parts.web.heads import Head
from server_parts.web.responses import CHECKED, response

FRONT: Final = "index.html"
KINDS: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/x-icon",
    "webmanifest": "application/manifest+json",
}


class File(NamedTuple):
    """A file as it is sent."""

    body: bytes
    kind: str
    tag: str  # the same as long as its content is, packed or not
    packed: bytes  # for browsers that can unpack it, which is all of them


@cache
def page() -> dict[str, File]:
    """Every file of the page, by its path. Others that may lie beside them are not given out."""
    return dict(_found(files("server_parts.web") / "page", "/"))


def _found(folder: Traversable, at: str) -> list[tuple[str, File]]:
    found: list[tuple[str, File]] = []
    for one in folder.iterdir():
        kind = KINDS.get(one.name.rpartition(".")[2])
        if one.is_dir():
            found += _found(one, f"{at}{one.name}/")
        elif kind is not None:
            body = one.read_bytes()
            tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
            file = File(body, kind, tag, gzip.compress(body, mtime=0))
            found += [(at + one.name, file), *([(at, file)] if one.name == FRONT else [])]
    return found


def sent(file: File, head: Head, *, has_body: bool) -> bytes:
    """The file; or that it is still the one that the browser has."""
    fields = (CHECKED, ("ETag", file.tag), ("Vary", "Accept-Encoding"))
    if is_current(file, head.get("if-none-match")):
        return response(304, fields=fields)
    about = (("Content-Type", file.kind), *fields)
    if takes_gzip(head.get("accept-encoding")):
        return response(200, file.packed, (*about, ("Content-Encoding", "gzip")), has_body=has_body)
    return response(200, file.body, about, has_body=has_body)


def takes_gzip(codings: str | None) -> bool:
    """Whether an Accept-Encoding has gzip, and not with a weight of 0."""
    listed = [one.replace(" ", "").lower().partition(";q=") for one in (codings or "").split(",")]
    return any(coding == "gzip" and (not sign or weight.strip("0.") != "") for coding, sign, weight in listed)


def is_current(file: File, condition: str | None) -> bool:
    """Whether the condition names the file as it is."""
    listed = [one.strip().removeprefix("W/") for one in (condition or "").split(",")]
    return file.tag.removeprefix("W/") in listed or listed == ["*"]
