"""Finding messages: by the index where there is one, by looking through the messages where there is none yet.

Appending costs nothing for the index: a thread follows behind (see indexer.py), and what it has not done is looked
through. Both ways go from the newest message to the oldest, so that a search ends when it has enough, or when its time
is over. It must not know who searches.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

from server_parts.storage.finding import Finds, Found, Wanted, end_of_search
from server_parts.storage.postgres.postings import (
    ALL,
    BITMAP,
    LAST,
    PRIVATE,
    SIZE,
    SIZE_BITS,
    Key,
    groups_of,
    newest_first,
    of_lists,
    room_key,
    unpacked,
)
from server_parts.storage.postgres.reader import ITS_SESSION, MESSAGE, LogReader, messages
from server_parts.storage.postgres.rooms import Rooms
from server_parts.storage.search_query import Query

EVER: Final = 2**62  # above every number of a message
SLICE: Final = 2_000  # messages looked through at a time
FETCHED: Final = 500  # messages fetched at a time, at most
FIRST_BLOCKS, MOST_BLOCKS = 2, 256  # looked up at a time: few where messages are found at once, many where not
SHORT: Final = 3  # letters of a key that very many words of a block may begin with: two of the word
FEW: Final = 40  # messages of a block that are rather looked at than looked up by such beginnings
MOST_ROOMS: Final = 20  # that are looked up in the index; more are told apart when messages are fetched

_STATE: Final = "SELECT n, coalesce((SELECT max(block) FROM blocks), -1) FROM counted"
_BLOCKS: Final = """
    SELECT block, stale FROM blocks WHERE block <= %s AND (stale OR high >= %s AND low < %s)
    ORDER BY block DESC LIMIT %s"""
# Each block and word is looked up by itself: OFFSET 0 keeps it from being done in any other way. Many words of a block
# may begin so: their lists of places come as one value, and only what is kept as a bit for each message by itself.
_POSTINGS: Final = f"""
    SELECT b, k.number, false, p.places
    FROM unnest(%(blocks)s::bigint[]) AS b CROSS JOIN unnest(%(words)s::text[]) WITH ORDINALITY AS k (word, number)
    CROSS JOIN LATERAL (SELECT places FROM postings WHERE block = b AND word = k.word OFFSET 0) AS p
    UNION ALL
    SELECT b, -k.number, p.are_lists, p.places
    FROM unnest(%(blocks)s::bigint[]) AS b CROSS JOIN unnest(%(prefixes)s::text[]) WITH ORDINALITY AS k (word, number)
    CROSS JOIN LATERAL (
        SELECT string_agg(places, '') AS places, bool_and(octet_length(places) < {BITMAP}) AS are_lists
        FROM postings WHERE block = b AND word >= k.word AND word < k.word || '{LAST}'
        GROUP BY CASE WHEN octet_length(places) = {BITMAP} THEN word END OFFSET 0) AS p"""
_CONDITIONS: Final = """
    (m.room = ANY (%(rooms)s) OR %(public)s AND NOT r.private AND m.room <> ALL (%(hidden)s))
    AND m.text <> '' AND (m.about IS NULL OR m.about LIKE 'reply %%')
    AND lower(m.sender) <> ALL (%(without)s) AND m.ts >= %(since)s AND m.ts < %(until)s
    AND m.id > coalesce((
        SELECT f.id FROM unnest(%(floor_rooms)s::integer[], %(floors)s::bigint[]) AS f (room, id)
        WHERE f.room = m.room), 0)"""
_FETCH: Final = f"""
    SELECT {MESSAGE} FROM messages AS m JOIN rooms AS r ON r.id = m.room {ITS_SESSION}
    WHERE m.n = ANY (%(numbers)s) AND {_CONDITIONS} ORDER BY m.n DESC"""
_SCAN: Final = f"""
    SELECT {MESSAGE} FROM messages AS m JOIN rooms AS r ON r.id = m.room {ITS_SESSION}
    WHERE m.n BETWEEN %(low)s AND %(high)s AND {_CONDITIONS}
    AND (lower(m.text COLLATE "C") LIKE ALL (%(letters)s) OR octet_length(m.text) <> length(m.text))
    ORDER BY m.n DESC"""


class Scope(NamedTuple):
    """Where a search may look: these rooms by number, perhaps all public ones, and above which id in some."""

    rooms: tuple[int, ...]
    public: bool
    floors: dict[int, int]
    hidden: tuple[int, ...]
    end: int  # the first number that is too new


class _TimeOver(Exception):
    pass


class Searcher:
    """Used by any thread."""

    def __init__(self, reader: LogReader, rooms: Rooms) -> None:
        self._reader = reader
        self._rooms = rooms

    def find(self, wanted: Wanted) -> Found:
        scope = self._scope(wanted)
        if not wanted.query or not (scope.rooms or scope.public) or wanted.limit <= 0:
            return Found([])
        return _Search(self._reader, wanted, scope).run()

    def _scope(self, wanted: Wanted) -> Scope:
        room, rooms, floors, ids = wanted.room, wanted.query.rooms, wanted.floors, self._rooms.ids
        everywhere = room is None and not rooms
        chosen = set(rooms) if room is None else {room} & (rooms or {room})
        names = floors.keys() if everywhere else (name for name in chosen if wanted.may_read(name, EVER))
        found = {name: ids[name] for name in names if name in ids}
        limits = {id: floors[name] for name, id in found.items() if floors.get(name, 0) > 0}
        hidden = tuple(ids[name] for name in wanted.hidden if name in ids) if everywhere else ()
        return Scope(tuple(sorted(found.values())), everywhere, limits, hidden, self._end(wanted))

    def _end(self, wanted: Wanted) -> int:
        """The place among all messages of `before`, or of the next one kept in its room; 0 if it may not be read."""
        if wanted.before is None:
            return EVER
        room, id = wanted.before
        if room not in self._rooms.ids or not wanted.may_read(room, id):
            return 0
        return self._reader.number_of(self._rooms.ids[room], id)


class _Search:
    """One search, under way."""

    def __init__(self, reader: LogReader, wanted: Wanted, scope: Scope) -> None:
        self._reader = reader
        self._query = wanted.query
        self._scope = scope
        self._finds = Finds(wanted)
        self._deadline = math.inf
        self._values = _values(wanted.query, scope)
        groups = groups_of(wanted.query)
        self._costly = [group for group in groups if group[0].prefix and len(group[0].text) <= SHORT]
        self._groups = [group for group in groups if group not in self._costly]

    def run(self) -> Found:
        try:
            self._look()
        except _TimeOver:
            return self._finds.found(partial=True)
        return self._finds.found()

    def _look(self) -> None:
        ((newest, indexed),) = self._reader.fetch(_STATE)
        self._deadline = end_of_search()  # making a connection, if that was needed, is no part of it
        high = min(newest, self._scope.end - 1)
        self._scan(max((indexed + 1) << SIZE_BITS, 0), high)
        for blocks, stale in self._blocks(min(indexed, high >> SIZE_BITS)):
            bits = self._bits_of([block for block in blocks if block not in stale])
            numbers: list[int] = []
            for block in blocks:
                if block in stale:
                    self._fetch(numbers)
                    numbers = []
                    self._scan(block << SIZE_BITS, min(high, (block << SIZE_BITS) + SIZE - 1))
                elif len(numbers) < self._finds.left:
                    numbers += [n for n in _numbers(block, bits.get(block, 0)) if n <= high]
                else:
                    self._fetch(numbers)
                    numbers = [n for n in _numbers(block, bits.get(block, 0)) if n <= high]
            self._fetch(numbers)

    def _blocks(self, newest: int) -> Iterator[tuple[list[int], set[int]]]:
        """The blocks that may hold what is wanted, some at a time and newest first; and which of these are stale."""
        size = FIRST_BLOCKS
        while self._finds.left and newest >= 0:
            self._check_time()
            values = (newest, self._query.since, self._query.until, size)
            rows = self._reader.fetch(_BLOCKS, values)
            yield [block for block, _ in rows], {block for block, stale in rows if stale}
            if len(rows) < size:
                return
            newest, size = rows[-1][0] - 1, min(4 * size, MOST_BLOCKS)

    def _check_time(self) -> None:
        if time.monotonic() > self._deadline:
            raise _TimeOver

    # Without an index

    def _scan(self, low: int, high: int) -> None:
        while high >= low and self._finds.left:
            values = self._values | {"low": max(low, high - SLICE + 1), "high": high}
            self._take(self._reader.fetch(_SCAN, values))
            high -= SLICE
            if high >= low:
                self._check_time()

    def _take(self, rows: Sequence[tuple[Any, ...]]) -> None:
        query = self._query
        for message in messages(rows):
            if self._finds.left and query.matches(message.sender, message.ts, message.text):
                self._finds.add(message)

    # With an index

    def _room_keys(self) -> list[Key]:
        """The rooms that may be looked into, and what tells private ones; none, if they are too many to ask for."""
        if len(self._scope.rooms) > MOST_ROOMS:
            return []
        rooms = [Key(room_key(room)) for room in self._scope.rooms]
        return [*rooms, Key(PRIVATE)] if self._scope.public else rooms

    def _bits_of(self, blocks: list[int]) -> dict[int, int]:
        """Which messages of each block may be meant. What is costly is looked up where it can save much."""
        there = self._looked_up(blocks, [*chain(*self._groups), *self._room_keys()])
        bits = {block: self._open(there[block]) & _all_of(self._groups, there[block]) for block in blocks}
        many = [block for block in blocks if bits[block].bit_count() > FEW]
        there = self._looked_up(many, [*chain(*self._costly)])
        return bits | {block: bits[block] & _all_of(self._costly, there[block]) for block in many}

    def _looked_up(self, blocks: list[int], wanted: Sequence[Key]) -> dict[int, dict[Key, int]]:
        """What each block has of these."""
        found: dict[int, dict[Key, int]] = {block: {} for block in blocks}
        if not (blocks and wanted):
            return found
        keys = _Keys(wanted)
        values = {"blocks": blocks, "words": keys.words, "prefixes": keys.prefixes}
        for block, number, are_lists, places in self._reader.fetch(_POSTINGS, values):
            there, key = found[block], keys.key(number)
            there[key] = there.get(key, 0) | (of_lists(places) if are_lists else unpacked(places))
        return found

    def _open(self, there: dict[Key, int]) -> int:
        keys = self._room_keys()
        if not keys:
            return ALL
        rooms = _any_of(keys, there) if not self._scope.public else _any_of(keys[:-1], there)
        return rooms | (ALL & ~there.get(Key(PRIVATE), 0) if self._scope.public else 0)

    def _fetch(self, numbers: list[int]) -> None:
        while numbers and self._finds.left:
            self._check_time()
            some, numbers = numbers[:FETCHED], numbers[FETCHED:]
            self._take(self._reader.fetch(_FETCH, self._values | {"numbers": some}))


class _Keys:
    """What is looked up, as two lists: words, and beginnings of words."""

    def __init__(self, keys: Sequence[Key]) -> None:
        self.words = list(dict.fromkeys(key.text for key in keys if not key.prefix))
        self.prefixes = list(dict.fromkeys(key.text for key in keys if key.prefix))

    def key(self, number: int) -> Key:
        """By its place: of words from 1 upwards, of beginnings from -1 downwards."""
        return Key(self.words[number - 1]) if number > 0 else Key(self.prefixes[-number - 1], True)


def _any_of(keys: Sequence[Key], there: dict[Key, int]) -> int:
    bits = 0
    for key in keys:
        bits |= there.get(key, 0)
    return bits


def _all_of(groups: Sequence[Sequence[Key]], there: dict[Key, int]) -> int:
    bits = ALL
    for group in groups:
        bits &= _any_of(group, there)
    return bits


def _numbers(block: int, bits: int) -> list[int]:
    return [(block << SIZE_BITS) + place for place in newest_first(bits)]


def _values(query: Query, scope: Scope) -> dict[str, Any]:
    words = {word for phrase in query.phrases for word in phrase.words if word.isascii()}
    return {
        "rooms": list(scope.rooms),
        "public": scope.public,
        "hidden": list(scope.hidden),
        "without": sorted(query.without),
        "since": query.since,
        "until": query.until,
        "floor_rooms": list(scope.floors),
        "floors": list(scope.floors.values()),
        "letters": [f"%{word}%" for word in sorted(words)],
    }
