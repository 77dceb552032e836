"""The page's files: read once, from wherever this program is, a folder or an archive. It must not know who asks.

The front names all others as files of one folder, whose name says which page it is. So a browser may keep them for
good, and asks for nothing but the front when it comes again; another page is another folder. The page's script in it is
joined from all modules, which stay to be had, one by one, outside of it. All that is made when it is first asked for.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final, NamedTuple

from server_parts.web.heads import Head
from server_parts.web.responses import CHECKED, KEPT, Field, response

FRONT: Final = "index.html"
LEVEL: Final = 6  # of packing; the highest takes twice the time and saves a five-hundredth
ENTRY: Final = "page"  # the module that imports all others
KINDS: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "map": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/x-icon",
    "webmanifest": "application/manifest+json",
}


_FOLDER: Final = re.compile(r"/page(?:-([0-9a-f]+))?(/.+)")
_PLACEHOLDER: Final = b'"page/'  # how the front names the folder


class File(NamedTuple):
    """A file as it is sent."""

    body: bytes
    kind: str
    tag: str  # the same as long as its content is, packed or not

    @property
    def packed(self) -> bytes:
        """For browsers that can unpack it, which is all of them."""
        return _packed(self.body)


@cache
def page() -> dict[str, File]:
    """Every file of the page, by its path, as it is in the source. Others that lie beside them are not given out."""
    found = _sources()
    front = _file(found[f"/{FRONT}"].body.replace(_PLACEHOLDER, f'"page-{version()}/'.encode()), "html")
    return found | {"/": front, f"/{FRONT}": front}


@cache
def version() -> str:
    """Another one for each page."""
    tags = "".join(f"{path} {file.tag} " for path, file in sorted(folder().items()))
    return hashlib.sha256(tags.encode()).hexdigest()[:16]


@cache
def folder() -> dict[str, File]:
    """What is in the folder that the front names, by its path there: scripts without comments, the entry joined."""
    from server_parts.web.joining import joined, without_comments  # a server starts faster without it

    found = {path: file for path, file in _sources().items() if path != f"/{FRONT}"}
    scripts = {path: without_comments(file.body.decode()) for path, file in found.items() if file.kind == KINDS["js"]}
    whole = joined(ENTRY, {path[1:-3]: script for path, script in scripts.items()})
    found |= {path: _file(script.encode(), "js") for path, script in scripts.items()}
    found[f"/{ENTRY}.js"] = _file(whole.script(f"{ENTRY}.js.map").encode(), "js")
    found[f"/{ENTRY}.js.map"] = _file(whole.source_map("../").encode(), "map")
    return found


@cache
def _sources() -> dict[str, File]:
    return dict(_found(files("server_parts.web") / "page", "/"))


def find(path: str) -> tuple[File | None, Field]:
    """The file of that path, and how long a browser may keep it. A tab of an older page gets the files of today."""
    found = _FOLDER.fullmatch(path)
    if found is None:
        return page().get(path), CHECKED
    return folder().get(found[2]), KEPT if found[1] == version() else CHECKED


def _found(place: Traversable, at: str) -> list[tuple[str, File]]:
    found: list[tuple[str, File]] = []
    for one in place.iterdir():
        suffix = one.name.rpartition(".")[2]
        if one.is_dir():
            found += _found(one, f"{at}{one.name}/")
        elif suffix in KINDS:
            found.append((at + one.name, _file(one.read_bytes(), suffix)))
    return found


def _file(body: bytes, suffix: str) -> File:
    return File(body, KINDS[suffix], f'W/"{hashlib.sha256(body).hexdigest()[:32]}"')


@cache
def _packed(body: bytes) -> bytes:
    return gzip.compress(body, LEVEL, mtime=0)


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
