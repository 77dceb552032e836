"""The page's files: read once, from wherever this program is, a folder or an archive. It must not know who asks.

The front names all others as files of one folder, whose name says which page it is. So a browser may keep them for
good, and asks for nothing but the front when it comes again; another page is another folder.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final, NamedTuple

from server_parts.web.heads import Head
from server_parts.web.responses import CHECKED, KEPT, Field, response

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


_FOLDER: Final = re.compile(r"/page(?:-([0-9a-f]+))?(/.+)")
_COMMENT: Final = re.compile(rb"^[ \t]*//.*$", re.MULTILINE)  # a whole line
_PLACEHOLDER: Final = b'"page/'  # how the front names the folder


class File(NamedTuple):
    """A file as it is sent."""

    body: bytes
    kind: str
    tag: str  # the same as long as its content is, packed or not
    packed: bytes  # for browsers that can unpack it, which is all of them


@cache
def page() -> dict[str, File]:
    """Every file of the page, by its path. Others that may lie beside them are not given out."""
    found = dict(_found(files("server_parts.web") / "page", "/"))
    front = found[f"/{FRONT}"].body.replace(_PLACEHOLDER, f'"page-{_version(found)}/'.encode())
    found["/"] = found[f"/{FRONT}"] = _packed(front, KINDS["html"])
    return found


@cache
def version() -> str:
    """Another one for each page."""
    return _version(page())


def _version(all_files: Mapping[str, File]) -> str:
    tags = "".join(f"{path} {file.tag} " for path, file in sorted(all_files.items()) if path not in ("/", f"/{FRONT}"))
    return hashlib.sha256(tags.encode()).hexdigest()[:16]


def find(path: str) -> tuple[File | None, Field]:
    """The file of that path, and how long a browser may keep it. A tab of an older page gets the files of today."""
    folder = _FOLDER.fullmatch(path)
    if folder is None:
        return page().get(path), CHECKED
    return page().get(folder[2]), KEPT if folder[1] == version() else CHECKED


def _found(folder: Traversable, at: str) -> list[tuple[str, File]]:
    found: list[tuple[str, File]] = []
    for one in folder.iterdir():
        kind = KINDS.get(one.name.rpartition(".")[2])
        if one.is_dir():
            found += _found(one, f"{at}{one.name}/")
        elif kind is not None:
            found.append((at + one.name, _packed(_sent_part(one.read_bytes(), kind), kind)))
    return found


def _sent_part(body: bytes, kind: str) -> bytes:
    """Comments are for those who read the source here; without them, the lines keep their numbers."""
    return _COMMENT.sub(b"", body) if kind == KINDS["js"] else body


def _packed(body: bytes, kind: str) -> File:
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    return File(body, kind, tag, gzip.compress(body, mtime=0))


def sent(file: File, head: Head, kept: Field = CHECKED, *, has_body: bool) -> bytes:
    """The file; or that it is still the one that the browser has. `kept`: how long that may keep it."""
    fields = (kept, ("ETag", file.tag), ("Vary", "Accept-Encoding"))
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
