"""What other servers have appended, as soon as the database tells of it.

Each append notifies of its rooms. Such a hint may be lost, doubled or late: it only says where to look, and once a
second all rooms that are followed are looked at. So nothing is ever passed over. The connection is this module's own;
one thread uses it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Final, NamedTuple

import psycopg
from psycopg import Connection

from server_parts.storage.postgres.connections import Reach, Row, connect
from server_parts.storage.postgres.functions import CHANNEL, POSTED
from server_parts.storage.postgres.reader import ITS_SESSION, MESSAGE, messages
from server_parts.storage.postgres.rooms import ROOMS, Rooms
from server_parts.storage.records import Run, StorageError, in_runs
from server_parts.storage.store import Feed

LOOKING: Final = 1.0  # seconds between two looks at all rooms
PAGE: Final = 1_000  # messages of one room that are read at a time
PAUSE: Final = 0.1  # seconds until a database that is away is tried again

_ROOM: Final = "SELECT id, name, first, last FROM rooms WHERE id = %s"
_AHEAD: Final = """
    SELECT r.name, u.told FROM unnest(%s::text[], %s::bigint[]) AS u (name, told)
    JOIN rooms AS r ON r.name = u.name COLLATE "C" WHERE r.last > u.told"""
_READ: Final = f"""
    SELECT page.* FROM unnest(%s::text[], %s::bigint[]) AS u (name, told)
    CROSS JOIN LATERAL (
        SELECT {MESSAGE} FROM rooms AS r JOIN messages AS m ON m.room = r.id {ITS_SESSION}
        WHERE r.name = u.name COLLATE "C" AND m.id > u.told ORDER BY m.id LIMIT {PAGE}) AS page ORDER BY 1, 2"""


class Hint(NamedTuple):
    """Texts were appended to a room."""

    server: int
    room: int
    size: int
    last: int


def hints(payload: str) -> Iterator[Hint]:
    """What one notification says; what is not one of ours says nothing."""
    try:
        server, *rooms = payload.split()
        found = [Hint(int(server), *map(int, room.split(":"))) for room in rooms]
    except (ValueError, TypeError):
        return iter(())
    return iter(found)


class NewsFeed:
    def __init__(
        self, reach: Reach, rooms: Rooms, server: Callable[[], int], posted: Callable[[], None] = lambda: None
    ) -> None:
        """`posted` is called when servers have posted something to each other; the news may have no texts then."""
        self._posted = posted
        self._rung = False
        self._reach = reach
        self._rooms = rooms
        self._server = server
        self._lock = threading.Lock()  # guards the connection while it is closed
        self._connection: Connection[Row] | None = None
        self._more: dict[str, int] = {}  # rooms of which a page was full
        self._look_at = 0.0

    def news(self, feed: Feed, timeout: float) -> list[Run]:
        deadline = time.monotonic() + timeout
        with self._lock:
            while not self._reach.closed:
                runs = self._once(feed, deadline)
                if runs or self._rung or time.monotonic() >= deadline:
                    self._rung = False
                    return runs
        return []

    def _once(self, feed: Feed, deadline: float) -> list[Run]:
        try:
            return self._look(feed, self._ready(), deadline)
        except (psycopg.Error, StorageError):
            self._drop()
            self._reach.lost.set()
            time.sleep(min(PAUSE, max(deadline - time.monotonic(), 0)))
            return []

    def _ready(self) -> Connection[Row]:
        self._reach.check()
        if self._connection is None:
            self._connection = connect(self._reach.address, "chat feed")
            self._connection.execute(f"LISTEN {CHANNEL}")
            self._rooms.learn(self._connection.execute(ROOMS).fetchall())  # of those no hint has told
            self._look_at = 0.0
        return self._connection

    def _look(self, feed: Feed, connection: Connection[Row], deadline: float) -> list[Run]:
        wanted, self._more = self._more, {}
        for hint in self._heard(connection, deadline, wait=not wanted):
            self._note(connection, feed, hint, wanted)
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOKING
            wanted |= self._ahead(connection, feed.positions())
        return self._read(connection, wanted) if wanted else []

    def _heard(self, connection: Connection[Row], deadline: float, *, wait: bool) -> Iterable[Hint]:
        until = min(deadline, self._look_at) - time.monotonic()
        heard = list(connection.notifies(timeout=max(until, 0) if wait else 0, stop_after=1))
        if any(one.payload == POSTED for one in heard):
            self._rung = True
            self._posted()
        return [hint for one in heard for hint in hints(one.payload)]

    def _note(self, connection: Connection[Row], feed: Feed, hint: Hint, wanted: dict[str, int]) -> None:
        name = self._rooms.names.get(hint.room)
        if name is None:
            with self._reach.watch.over(connection):
                self._rooms.learn(connection.execute(_ROOM, (hint.room,)).fetchall())
            name = self._rooms.names[hint.room]
        self._rooms.raise_last(name, hint.last)
        if hint.server == self._server():
            return
        after = feed.wanted(name, hint.last - hint.size + 1)
        if after is not None:
            wanted[name] = min(after, wanted.get(name, after))

    def _ahead(self, connection: Connection[Row], positions: Mapping[str, int]) -> dict[str, int]:
        with self._reach.watch.over(connection):
            return dict(connection.execute(_AHEAD, (list(positions), list(positions.values()))).fetchall())

    def _read(self, connection: Connection[Row], wanted: Mapping[str, int]) -> list[Run]:
        with self._reach.watch.over(connection):
            rows = connection.execute(_READ, (list(wanted), list(wanted.values())), binary=True).fetchall()
        runs: list[Run] = []
        for room, page in groupby(messages(rows), key=lambda message: message.room):
            found = list(page)
            runs += in_runs(found)
            if len(found) == PAGE:
                self._more[room] = found[-1].id
        return runs

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        """Wait until the thread that waits for news has looked whether there is a log still."""
        with self._lock:
            self._drop()
