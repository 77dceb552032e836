"""Answers made page by page: catching up, older history, search results, the list of rooms.

Run by whoever sends to the client, its reader mostly; by the hub for nobody but the operator. It must not know sockets.
"""

from __future__ import annotations

import heapq
import logging
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain

from chat_common import Frame, partners
from server_parts.door import Encoder
from server_parts.message_log import MOST_COUNTED, Found, MessageLog, Place, StorageError
from server_parts.people import Client, Room
from server_parts.requests import History, Rooms, Search, Who
from server_parts.search_query import fold_name, parse

PAGE = 500  # messages read and sent at a time, at most …
PORTION = 32 * 1024  # … and characters of their text, which JSON may make six times as long

log = logging.getLogger("chat")


def history_frame(room: str, *, gap: bool, more: bool = False) -> Frame:
    return {"type": "history", "room": room, "gap": gap, "more": more}


def catch_up(book: MessageLog, encoder: Encoder, room: str, after: int, upto: int, *, gap: bool) -> Iterator[bytes]:
    """Everything in (after, upto], made while it is sent. `gap`: something before it is already known to be missing."""
    return _or_abort(_portions(book, encoder, room, after, upto, gap=gap))


def older(book: MessageLog, encoder: Encoder, request: History, floor: int) -> Iterator[bytes]:
    """What was said before a message, as far down as the limit and `floor` allow. StorageError, if there is one yet."""
    room, last = request.room, book.last(request.room)
    upto = last if request.before is None else min(max(request.before - 1, 0), last)
    lowest = max(upto - request.limit, floor)
    trimmed = book.first(room) - 1
    after = max(lowest, trimmed)
    if upto <= after:
        gap = request.limit > 0 and upto > floor
        return iter([encoder.pages(history_frame(room, gap=gap), "messages", [])])
    portions = _portions(book, encoder, room, after, upto, gap=trimmed > lowest)
    return chain([next(portions)], _or_abort(portions))


def _portions(book: MessageLog, encoder: Encoder, room: str, after: int, upto: int, *, gap: bool) -> Iterator[bytes]:
    """In portions of bounded size, so that whoever asks for long messages and does not read them costs little."""
    more = True
    while more:
        page = [message for message in book.after(room, after, min(PAGE, upto - after), PORTION) if message.id <= upto]
        gap = gap or not page or page[0].id > after + 1
        after = page[-1].id if page else upto  # if nothing is left of the rest, it was trimmed meanwhile
        more = after < upto
        block = encoder.pages(history_frame(room, gap=gap, more=more), "messages", page)
        del page  # it may take long until the block is read
        yield block
        gap = False


def _or_abort(portions: Iterator[bytes]) -> Iterator[bytes]:
    """Half a history is worse than a reconnect."""
    try:
        yield from portions
    except StorageError as error:
        log.error("history: %s", error)
        raise ConnectionAbortedError from error


def find(book: MessageLog, request: Search, query: str, floors: dict[str, int]) -> Found:
    wanted = parse(query, request.utc_offset)
    wanted = replace(wanted, without=frozenset(map(fold_name, request.without))) if wanted else wanted
    most = MOST_COUNTED if request.counting else 0
    return book.find(wanted, floors, request.limit, request.room, request.before, most, PORTION)


def results(book: MessageLog, encoder: Encoder, request: Search, found: Found) -> Iterator[bytes]:
    """In portions too. While one is sent, of the messages that follow only the places are kept."""
    frame: Frame = {"type": "results", "text": request.text}
    if request.counting:
        frame["total"] = found.total
    if found.partial:
        frame["partial"] = True
    if not found.later:
        return iter([encoder.pages({**frame, "more": False}, "messages", found.messages)])
    portions = _portions_of(found.places)
    if encoder.newest_last:
        portions.reverse()
    return _or_abort(_long_results(book, encoder, frame, portions))


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


def _long_results(book: MessageLog, encoder: Encoder, frame: Frame, portions: list[list[Place]]) -> Iterator[bytes]:
    """Each is read again when its turn has come. What was trimmed meanwhile is missing."""
    for number, portion in enumerate(portions):
        messages = [m for room, id, _ in portion for m in book.after(room, id - 1, 1) if m.id == id]
        shown = {"shown": sum(map(len, portions[:number]))} if encoder.newest_last else {}
        yield encoder.pages({**frame, **shown, "more": number + 1 < len(portions)}, "messages", messages)


def members_page(client: Client, people: list[Client], wanted: Who) -> list[Frame]:
    """People as `who` shows them: all in the order they came, or where they are many, a page in the order of names."""
    if wanted.after is not None or (len(people) > wanted.limit and not client.operator):
        after = (wanted.after or "").lower()
        behind = (person for person in people if person.name.lower() > after)
        people = heapq.nsmallest(wanted.limit, behind, key=lambda person: person.name.lower())
    return [{"name": c.name, "color": c.color} | ({"away": c.away} if c.away else {}) for c in people]


def room_list(client: Client, wanted: Rooms, lit: Mapping[str, Room], kept: Mapping[str, int]) -> Iterator[bytes]:
    """A page of the rooms that this client may know of: of those with somebody in them and those in the log.

    Who is in a room is counted when the page is made: what happens after that, the client is told after that.
    """
    names = sorted(name for name in {**kept, **lit} if name.startswith(wanted.prefix) and _may_know(client, name))
    total = len(names)
    if not client.operator:
        first = 0 if wanted.after is None else bisect_right(names, wanted.after)
        names = names[first : first + wanted.limit]
    rooms = [
        {"room": name, "members": len(lit[name].members) if name in lit else 0, "last": kept.get(name, 0)}
        for name in names
    ]
    yield client.encoder.pages({"type": "rooms", "total": total, "more": False}, "rooms", rooms)


def _may_know(client: Client, room: str) -> bool:
    return not partners(room) or room in client.rooms or (client.trusted and client.takes_part(room))
