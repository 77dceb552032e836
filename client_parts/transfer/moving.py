"""The bytes of one file over one connection: all that is left of it, in pieces, up or down.

What goes wrong is told apart by what follows from it: try again, ask for another address, or give up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from chat_common import harmless_line, without_padding
from client_parts.files.errands import Fetching, Grant, Sending
from client_parts.files.http import Answer, HttpError, request
from client_parts.files.saving import Store
from client_parts.files.source import PIECE, Source
from client_parts.transfer.http_line import HttpLine

Moved = Callable[[int], None]  # is told how many bytes have arrived

_MOST_STEPS: Final = 5  # times that a server may say in a row that it is somewhere else


class Gone(Exception):
    """The server does not know the file under that address: the address is too old, or the file is no more."""


class Refused(Exception):
    """The server does not want it, as one sentence."""


# --- Up ---


def upload(line: HttpLine, grant: Grant, errand: Sending, source: Source, moved: Moved) -> None:
    """Send what is left. OSError and HttpError: try again."""
    offset = grant.offset
    for _ in range(_MOST_STEPS):
        if not 0 <= offset <= source.local.size:
            raise HttpError("an offset outside the file")
        moved(offset)
        if offset == source.local.size:
            return
        answer = _send_from(line, grant.url, source, offset, moved)
        if answer.status == 201:
            moved(source.local.size)
            return
        there = answer.number("upload-offset")
        if answer.status not in (204, 409) or there is None:
            raise _refusal(line, answer, errand.name)
        offset = there
    raise HttpError("the server is somewhere else again and again")


def _send_from(line: HttpLine, url: str, source: Source, offset: int, moved: Moved) -> Answer:
    """All from there on; less, if the server answers before."""
    fields = {"Upload-Offset": offset, "Content-Length": source.local.size - offset}
    is_wanted = line.send(request("PATCH", url, fields | {"Content-Type": "application/offset+octet-stream"}))
    while is_wanted and offset < source.local.size:
        piece = source.read(offset)
        is_wanted = line.send(piece)
        if is_wanted:
            offset += len(piece)
            moved(offset)
    return line.answer()


# --- Down ---


def download(line: HttpLine, grant: Grant, errand: Fetching, store: Store, moved: Moved) -> None:
    """Fetch what is left, into the store. OSError and HttpError: try again."""
    if store.offset == errand.expected.size:
        return
    part = {"Range": f"bytes={store.offset}-", "If-Range": f'"{errand.expected.sha256}"'}
    fields: dict[str, str | int] = {**part} if store.offset else {}
    line.send(request("GET", grant.url, fields))
    answer = line.answer()
    if answer.status == 206 and answer.begins_at() != store.offset:
        raise HttpError("another part than was asked for")
    if answer.status in (200, 416) and store.offset:
        store.start_over()
    if answer.status not in (200, 206):
        raise _problem(answer) if answer.status == 416 else _refusal(line, answer, errand.name)
    left = errand.expected.size - store.offset
    if answer.number("content-length") != left:
        raise Refused(f"{harmless_line(errand.name)} has another size on the server than it said.")
    while left:
        piece = line.piece(min(left, PIECE))
        store.write(piece)
        left -= len(piece)
        moved(store.offset)


# --- What an answer means that is not the one that was hoped for ---


def _problem(answer: Answer) -> Exception:
    return Gone() if answer.status == 404 else HttpError(f"the server answered {answer.status}")


def _refusal(line: HttpLine, answer: Answer, name: str) -> Exception:
    """Some answers are about the file, and final; the others about this try."""
    shown = harmless_line(name)
    if answer.status == 403:
        why = without_padding(harmless_line(line.text(answer))).rstrip(".")
        return Refused(f"The server refuses {shown}" + (f": {why}." if why else "."))
    final = {
        413: f"{shown} is too large for the server.",
        422: f"{shown} arrived damaged, and the server has thrown it away; send it again.",
        507: f"The server has no space left for {shown}.",
    }
    return Refused(final[answer.status]) if answer.status in final else _problem(answer)
