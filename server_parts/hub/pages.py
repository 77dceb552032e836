"""Answers made page by page: catching up, older history, search results.

Run by whoever sends to the client, its reader mostly. It must not know sockets.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace

from chat_common import Frame
from server_parts.hub.quoting import as_told
from server_parts.protocol import events
from server_parts.protocol.encoder import Encoder
from server_parts.protocol.requests import History, Search
from server_parts.protocol.unavailable import unavailable
from server_parts.storage.finding import MOST_COUNTED, Found, Wanted
from server_parts.storage.message_log import MessageLog
from server_parts.storage.records import AMENDING, Message, Place, StorageError
from server_parts.storage.search_query import fold_name, parse

PAGE = 500  # messages read and sent at a time, at most …
PORTION = 32 * 1024  # … and characters of their text, which JSON may make six times as long

log = logging.getLogger("chat")


def catch_up(store: MessageLog, encoder: Encoder, room: str, after: int, upto: int, *, gap: bool) -> Iterator[bytes]:
    """Everything in (after, upto], made while it is sent. `gap`: something before it is already known to be missing."""
    return _or_abort(_portions(store, encoder, room, after, upto, gap=gap))


def entry(store: MessageLog, encoder: Encoder, joined: Frame, after: int, *, gap: bool) -> Iterator[bytes]:
    """What whoever enters a room is told: that it is in, and what it has missed."""
    room, last = joined["room"], joined["last"]
    if after < last:
        yield encoder.frame(joined)
        yield from catch_up(store, encoder, room, after, last, gap=gap)
    else:
        yield encoder.frame(joined) + encoder.pages(events.history(room, gap=gap), "messages", [])


def older(store: MessageLog, encoder: Encoder, request: History, floor: int) -> Iterator[bytes]:
    """What was said before a message, as far down as the limit and `floor` allow.

    It is read when its turn to be sent has come: so what is told before it is in it, and what is told later is not.
    """
    room, last = request.room, store.last(request.room)
    upto = last if request.before is None else min(max(request.before - 1, 0), last)
    lowest = max(upto - request.limit, floor)
    trimmed = store.first(room) - 1
    after = max(lowest, trimmed)
    if upto <= after:
        gap = request.limit > 0 and upto > floor
        return iter([encoder.pages(events.history(room, gap=gap), "messages", [])])
    portions = _portions(store, encoder, room, after, upto, gap=trimmed > lowest)
    return _or_refuse(encoder, portions)


def _portions(store: MessageLog, encoder: Encoder, room: str, after: int, upto: int, *, gap: bool) -> Iterator[bytes]:
    """In portions of bounded size, so that whoever asks for long messages and does not read them costs little."""
    more, first = True, 0
    while more:
        page = [message for message in store.after(room, after, min(PAGE, upto - after), PORTION) if message.id <= upto]
        gap = gap or not page or page[0].id > after + 1
        after = page[-1].id if page else upto  # if nothing is left of the rest, it was trimmed meanwhile
        more = after < upto
        first = first or (page[0].id if page else 0)
        told = as_told(store, encoder, _each_once(page, first) if encoder.is_for_people else page)
        block = encoder.pages(events.history(room, gap=gap, more=more), "messages", told)
        del page, told  # it may take long until the block is read
        yield block
        gap = False


def _each_once(page: Sequence[Message], first: int) -> Sequence[Message]:
    """Without entries that changed a message of the same answer, which begins with `first`: it is shown changed."""
    return [m for m in page if m.about is None or m.about.kind not in AMENDING or m.about.id < first]


def _or_abort(portions: Iterator[bytes]) -> Iterator[bytes]:
    """Half a history is worse than a reconnect."""
    try:
        yield from portions
    except StorageError as error:
        log.error("history: %s", error)
        raise ConnectionAbortedError from error


def _or_refuse(encoder: Encoder, portions: Iterator[bytes]) -> Iterator[bytes]:
    """The log may not be readable at all."""
    try:
        first = next(portions)
    except StorageError as error:
        yield encoder.frame(unavailable(str(error)).frame())
        return
    yield first
    yield from _or_abort(portions)


def find(
    store: MessageLog, request: Search, text: str, floors: dict[str, int], hidden: Set[str] = frozenset()
) -> Found:
    query = parse(text, request.utc_offset)
    query = replace(query, without=frozenset(map(fold_name, request.without))) if query else query
    most = MOST_COUNTED if request.counting else 0
    return store.find(Wanted(query, floors, request.limit, request.room, request.before, most, PORTION, hidden))


def results(store: MessageLog, encoder: Encoder, request: Search, found: Found) -> Iterator[bytes]:
    """In portions too. While one is sent, of the messages that follow only the places are kept."""
    frame = events.results(request.text)
    if request.counting:
        frame["total"] = found.total
    if found.partial:
        frame["partial"] = True
    if not found.later:
        return iter([encoder.pages({**frame, "more": False}, "messages", as_told(store, encoder, found.messages))])
    portions = _portions_of(found.places)
    if encoder.newest_last:
        portions.reverse()
    return _or_abort(_long_results(store, encoder, frame, portions))


def _portions_of(places: Iterable[Place]) -> list[list[Place]]:
    portions: list[list[Place]] = [[]]
    size = 0
    for place in places:
        if size >= PORTION:
            portions.append([])
            size = 0
        portions[-1].append(place)
        size += place.size
    return portions


def _long_results(store: MessageLog, encoder: Encoder, frame: Frame, portions: list[list[Place]]) -> Iterator[bytes]:
    """Each is read again when its turn has come. What was trimmed or deleted meanwhile is missing."""
    for number, portion in enumerate(portions):
        messages = [m for room, id, _ in portion if (m := store.said(room, id)) is not None]
        shown = {"shown": sum(map(len, portions[:number]))} if encoder.newest_last else {}
        yield encoder.pages(
            {**frame, **shown, "more": number + 1 < len(portions)}, "messages", as_told(store, encoder, messages)
        )
