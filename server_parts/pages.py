"""Answers read from the log, page by page: catching up, older history, search results.

Run by readers, each for its own client, never by the hub. It must not know sockets.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from chat_common import Frame
from server_parts.door import Encoder
from server_parts.message_log import MessageLog, StorageError
from server_parts.requests import History, Search

PAGE = 500

log = logging.getLogger("chat")


def history_frame(room: str, *, gap: bool, more: bool = False) -> Frame:
    return {"type": "history", "room": room, "gap": gap, "more": more}


def catch_up(book: MessageLog, encoder: Encoder, room: str, after: int, upto: int, *, gap: bool) -> Iterator[bytes]:
    """Everything in (after, upto], made while it is sent. `gap`: something before it is already known to be missing."""
    while True:
        try:
            page = book.after(room, after, min(PAGE, upto - after))
        except StorageError as error:
            log.error("history of %s: %s", room, error)
            raise ConnectionAbortedError from error  # half a history is worse than a reconnect
        page = [message for message in page if message.id <= upto]
        gap = gap or not page or page[0].id > after + 1
        after = page[-1].id if page else upto  # if nothing is left of the rest, it was trimmed meanwhile
        more = after < upto
        yield encoder.pages(history_frame(room, gap=gap, more=more), "messages", page)
        if not more:
            return
        gap = False


def older(book: MessageLog, encoder: Encoder, request: History, floor: int) -> bytes:
    """One page of what was said before a message, as far down as `floor` allows."""
    before = book.last(request.room) + 1 if request.before is None else request.before
    page = [m for m in book.before(request.room, before, request.limit) if m.id > floor]
    oldest = page[0].id if page else before
    trimmed = len(page) < request.limit and oldest > floor + 1
    return encoder.pages(history_frame(request.room, gap=trimmed), "messages", page)


def results(book: MessageLog, encoder: Encoder, request: Search, query: str, floors: dict[str, int]) -> bytes:
    found = book.search(query, floors, request.limit, request.room)
    return encoder.pages({"type": "results", "text": request.text, "more": False}, "messages", found)
