"""The page's files: read once, from wherever this program is, a folder or an archive. It must not know who asks."""

from __future__ import annotations

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
    tag: str  # the same as long as its content is


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
            file = File(body, kind, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
            found += [(at + one.name, file), *([(at, file)] if one.name == FRONT else [])]
    return found


def sent(file: File, head: Head, *, has_body: bool) -> bytes:
    """The file; or that it is still the one that the browser has."""
    fields = (CHECKED, ("ETag", file.tag))
    if is_current(file, head.get("if-none-match")):
        return response(304, fields=fields)
    return response(200, file.body, (("Content-Type", file.kind), *fields), has_body=has_body)


def is_current(file: File, condition: str | None) -> bool:
    """Whether the condition names the file as it is."""
    listed = [one.strip().removeprefix("W/") for one in (condition or "").split(",")]
    return file.tag in listed or listed == ["*"]
