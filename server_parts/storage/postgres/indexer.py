"""Makes the index of searches, behind the log: one complete block of messages at a time, on a thread of its own.

Of several servers on one database one does it, whichever comes first. What is lost of it on the way is made again:
nothing that happens here can hurt a message. A block of which a message was taken away is made anew.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

import psycopg
from psycopg import Connection

from server_parts.storage.outage import of_the_search_index
from server_parts.storage.postgres.connections import Reach, Row, connect
from server_parts.storage.postgres.errors import reason
from server_parts.storage.postgres.postings import SIZE, SIZE_BITS, keys_of, packed
from server_parts.storage.postgres.schema import INDEXING, LOCK
from server_parts.storage.records import StorageError

log = logging.getLogger("chat.search")

T = TypeVar("T")

GATHER: Final = 1.0  # seconds to let messages gather
POLITENESS: Final = 4  # rest so many times as long as the last block took, while there is appending: that comes first
BREATH: Final = 0.001  # seconds: others wait for Python's lock meanwhile
BETWEEN_BREATHS: Final = 200  # messages, or words

_MAY: Final = "SELECT pg_try_advisory_xact_lock(%s, %s)"
_STALE: Final = "SELECT min(block) FROM blocks WHERE stale"
_NEXT: Final = """
    SELECT min(m.n), (SELECT n FROM counted) FROM messages AS m
    WHERE m.n >= (SELECT coalesce(max(block), -1) + 1 FROM blocks) << %s"""
_MESSAGES: Final = """
    SELECT m.n, m.sender, m.room, r.private,
        CASE WHEN m.about IS NULL OR m.about LIKE 'reply %%' THEN m.text ELSE '' END, m.ts
    FROM messages AS m JOIN rooms AS r ON r.id = m.room WHERE m.n BETWEEN %s AND %s ORDER BY m.n"""
_CLEAR: Final = "DELETE FROM postings WHERE block = %s"
_COPY: Final = "COPY postings (block, word, places) FROM STDIN (FORMAT binary)"
_DONE: Final = """
    INSERT INTO blocks (block, stale, low, high) VALUES (%s, false, %s, %s)
    ON CONFLICT (block) DO UPDATE SET stale = false, low = excluded.low, high = excluded.high"""
_FORGET: Final = "DELETE FROM blocks WHERE block = %s"


class Indexer:
    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._connection: Connection[Row] | None = None
        self._work = threading.Event()
        self._closing = threading.Event()
        self._outage = of_the_search_index(log)
        self._work.set()  # what was appended before the last stop may not be indexed yet
        # A daemon: the index survives being cut off anywhere, so nobody needs to wait for it when all else failed.
        self._thread = threading.Thread(target=self._follow, name="search-index", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Something was appended, or taken away."""
        if not self._work.is_set():
            self._work.set()

    def close(self) -> None:
        self._closing.set()
        self._work.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self._connection is not None:
            self._connection.close()

    # The thread

    def _follow(self) -> None:
        rest = GATHER
        while not self._closing.wait(rest):
            rest = self._work_off()
            self._work.wait()

    def _work_off(self) -> float:
        """Index one block; how long to rest after it."""
        self._work.clear()
        start = time.monotonic()
        try:
            more = self.index_a_block()
        except StorageError as error:
            if not (self._closing.is_set() or self._reach.is_away):
                self._outage.note(error)
            self._work.set()
            return GATHER
        self._outage.end()
        appending = self._work.is_set()
        if more:
            self._work.set()
        rest = BREATH if more else GATHER
        return rest + POLITENESS * (time.monotonic() - start) if appending else rest

    def index_a_block(self) -> bool:
        """Make one block's part of the index, if there is one to be made. Run by one thread at a time."""
        self._reach.check()
        try:
            if self._connection is None or self._connection.closed:
                self._connection = connect(self._reach.address, "chat search-index")
                self._connection.execute("SET synchronous_commit = off")  # what a crash takes back is made again
                self._connection.execute("SET statement_timeout = '60s'")
            with self._connection.transaction():
                return self._index(self._connection)
        except psycopg.Error as error:
            if self._connection is not None:
                self._connection.close()
            raise StorageError(f"the search index cannot be made: {reason(error)}") from None

    def _index(self, connection: Connection[Row]) -> bool:
        # Whoever takes a text away waits for this lock too, and then makes the block stale.
        if connection.execute(_MAY, (LOCK, INDEXING)).fetchone() != (True,):
            return False
        block = _to_do(connection)
        if block is None:
            return False
        rows = connection.execute(_MESSAGES, (block << SIZE_BITS, (block << SIZE_BITS) + SIZE - 1)).fetchall()
        connection.execute(_CLEAR, (block,))
        with connection.cursor().copy(_COPY) as copy:
            copy.set_types(["int8", "text", "bytea"])
            for word, places in _breathing(_words(rows).items()):
                copy.write_row((block, word, packed(places)))
        if rows:
            times = [row[5] for row in rows]
            connection.execute(_DONE, (block, min(times), max(times)))
        else:
            connection.execute(_FORGET, (block,))
        return True


def _to_do(connection: Connection[Row]) -> int | None:
    """The next block to be made; None, if there is none that is complete."""
    ((stale,),) = connection.execute(_STALE).fetchall()
    if stale is not None:
        return int(stale)
    ((lowest, newest),) = connection.execute(_NEXT, (SIZE_BITS,)).fetchall()
    return int(lowest) >> SIZE_BITS if lowest is not None and lowest >> SIZE_BITS < newest + 1 >> SIZE_BITS else None


def _words(rows: list[Row]) -> dict[str, list[int]]:
    """For each word the places where it is, rising."""
    found: dict[str, list[int]] = {}
    for n, sender, room, private, text, _ in _breathing(rows):
        place = n & (SIZE - 1)
        for key in keys_of(sender, room, private, text):
            found.setdefault(key, []).append(place)
    return found


def _breathing(items: Iterable[T]) -> Iterator[T]:
    for number, item in enumerate(items, 1):
        if number % BETWEEN_BREATHS == 0:
            time.sleep(BREATH)
        yield item
