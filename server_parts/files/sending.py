"""A file on its way to whoever fetches it: its head, and then its pieces. It must not know who may have it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final, Protocol

from server_parts.files.flow import Flow
from server_parts.files.receiving import PATIENCE, SLOWEST
from server_parts.files.turns import Slowness
from server_parts.protocol.file_names import disposition
from server_parts.protocol.file_requests import Download
from server_parts.storage.file_records import PIECE, FileRecord
from server_parts.storage.file_store import FileStore
from server_parts.web.ranges import Part, has_it, wanted_part
from server_parts.web.responses import CHECKED, Field, head_of

SHOWN: Final = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"))  # by browsers, at once
SMALL: Final = 16 * 1024  # bytes of the first piece, and of all to who does not read one …
SOON: Final = 1.0  # … within so many seconds
# Nothing in it may run, load anything or talk to anybody; without img-src, a browser does not show a picture by itself.
POLICY: Final = "sandbox; default-src 'none'; img-src 'self'"


class Outlet(Protocol):
    """What takes the bytes: see outbox.py."""

    @property
    def closed(self) -> bool: ...
    def offer_pages(self, pages: Iterable[bytes]) -> None: ...
    def drain(self) -> None: ...


def answer(asked: Download, file: FileRecord) -> tuple[bytes, Part | None]:
    """The head of the answer, and which part of the file follows; None if nothing does."""
    tag = f'"{file.sha256}"'
    fields = [("ETag", tag), ("Accept-Ranges", "bytes"), CHECKED]
    if has_it(asked.if_none_match, tag):
        return head_of(304, 0, fields, POLICY), None
    part = Part(0, file.size) if asked.is_head else wanted_part(asked.range, asked.if_range, tag, file.size)
    if part is None:
        return head_of(416, 0, [*fields, ("Content-Range", f"bytes */{file.size}")], POLICY), None
    is_whole = part.length == file.size
    if not is_whole:
        last = part.start + part.length - 1
        fields.append(("Content-Range", f"bytes {part.start}-{last}/{file.size}"))
    head = head_of(200 if is_whole else 206, part.length, [*fields, *_kind(file)], POLICY)
    return head, None if asked.is_head else part


def _kind(file: FileRecord) -> tuple[Field, Field]:
    is_shown = file.mime in SHOWN
    return (
        ("Content-Type", file.mime if is_shown else "application/octet-stream"),
        ("Content-Disposition", disposition(file.name, is_shown=is_shown)),
    )


def send(head: bytes, part: Part, file: FileRecord, store: FileStore, flow: Flow, outlet: Outlet) -> None:
    """All of it, unless the connection or the server ends before. StorageError: the rest cannot be read.

    Each piece is a page of its own: nobody else's have to wait while this transfer does. Who reads slowly gets small
    ones, and who is too slow is found out soon.
    """
    pace, slowness = flow.own_pace(), Slowness(SLOWEST, PATIENCE, time.monotonic())
    at, end, most = part.start, part.start + part.length, SMALL
    outlet.offer_pages([head])
    while at < end and not outlet.closed:
        with flow.disk.one(lambda: flow.goes_on) as has_turn:
            piece = store.read(file.id, at, min(most, end - at)) if has_turn else b""
        if not piece:
            return
        begun = time.monotonic()
        outlet.offer_pages([piece])
        outlet.drain()
        at += len(piece)
        most = PIECE if time.monotonic() - begun < SOON else SMALL
        flow.rest(pace, len(piece))
        if slowness.note(len(piece), time.monotonic()):
            return
