"""What the servers on one database tell each other: a table of posts, and notifications that there are new ones.

Posts are written under one lock, so that their numbers become visible in order. Whoever holds it decides alone. A
server that is lost is found by its own lock, which the database holds for as long as its connection lives. The
connection is this module's own; the hub's thread uses it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

import psycopg
from psycopg import Connection

from server_parts.storage.exchange import OVER, Exchange, Excluded, Missed, Post, Sighting
from server_parts.storage.postgres.connections import Reach, Row, connect
from server_parts.storage.postgres.errors import reason
from server_parts.storage.postgres.functions import CHANNEL, FENCED, POSTED
from server_parts.storage.postgres.reader import LogReader
from server_parts.storage.postgres.schema import EXCHANGING, LOCK, READING
from server_parts.storage.postgres.writer import Writer
from server_parts.storage.records import StorageError

LOOKING: Final = 0.25  # seconds between two looks for lost servers; one that is lost at two of them is over
STOPPED: Final = 2  # seconds after which a server that says nothing does not decide any more
CALM: Final = 2.0  # seconds after a loss of connections in which nobody looks: all may have lost theirs
NOBODY: Final = -1  # no number of this server is known to the others any more
GIVEN_UP: Final = "the other servers have given this one up"
KEPT: Final = 60.0  # seconds for which posts are kept …
OLDEST_READ: Final = 50.0  # … and after which a server that has not read them has missed some

_LOCK: Final = "SELECT pg_advisory_lock(%s, %s), fence(%s)"
_UNLOCK: Final = "SELECT pg_advisory_unlock(%s, %s)"
_POST: Final = f"""
    WITH added AS (
        INSERT INTO posts (server, kind, data) SELECT * FROM unnest(%s::integer[], %s::text[], %s::text[]) RETURNING 1)
    SELECT pg_notify('{CHANNEL}', '{POSTED}')"""
_READ: Final = f"""
    SELECT newest.id, p.server, p.kind, p.data, extract(epoch FROM clock_timestamp() - p.at)::float8
    FROM (SELECT coalesce(max(id), 0) AS id FROM posts) AS newest
    LEFT JOIN posts AS p ON p.id > %s AND (p.server <> ALL (%s) OR p.kind = '{OVER}') ORDER BY p.id"""
_NEWEST: Final = "SELECT coalesce(max(id), 0) FROM posts"
_ARE_OVER: Final = f"SELECT server FROM posts WHERE server = ANY (%s) AND kind = '{OVER}'"
_SERVERS: Final = "SELECT id, address FROM servers"
_UPTIME: Final = "SELECT extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())::float8"
# A connection from which a server looks for posts shows by a lock whose it is, and by its last statement that it does.
_SHOW: Final = "SELECT pg_advisory_lock_shared(%s, %s)"
_SIGHTINGS: Final = """
    SELECT s.id, s.address, s.since,
        coalesce(min(extract(epoch FROM clock_timestamp() - a.state_change))::float8, 'infinity')
    FROM servers AS s
    LEFT JOIN pg_locks AS l ON l.locktype = 'advisory' AND (l.classid, l.objid) = (%s::oid, s.id::oid)
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
    GROUP BY s.id ORDER BY s.id"""
_LABEL: Final = "UPDATE servers SET address = %s WHERE id = %s"
# Whose lock is free is lost. It is taken for no longer than this statement. Some have registered and said nothing yet.
_LOST: Final = """
    SELECT n FROM (SELECT id FROM servers UNION SELECT unnest(%s::integer[])) AS s (n)
    WHERE n <> %s AND pg_try_advisory_xact_lock(%s, -n)"""
# At once: a server whose row is gone would not be waited for by those that start, unless they read that it is over.
_GIVE_UP: Final = f"""
    WITH given AS (SELECT unnest(%s::integer[]) AS n),
        forgotten AS (DELETE FROM servers WHERE id IN (SELECT n FROM given)),
        told AS (
            INSERT INTO posts (server, kind, data) SELECT n, '{OVER}', '{{}}' FROM given
            WHERE NOT EXISTS (SELECT FROM posts WHERE server = n AND kind = '{OVER}') RETURNING 1)
    SELECT pg_notify('{CHANNEL}', '{POSTED}') FROM told"""
_TRIM: Final = "DELETE FROM posts WHERE at < now() - make_interval(secs => %s)"


class PostgresExchange(Exchange):
    def __init__(self, reach: Reach, writer: Writer, reader: LogReader) -> None:
        self._reach = reach
        self._reader = reader
        self._writer = writer
        self.server = 0
        self.numbers: list[int] = writer.numbers
        self.rung = threading.Event()  # somebody has posted something; set by the feed
        self._connection: Connection[Row] | None = None
        self._position = 0
        self._is_deciding = self._has_begun = False
        self._read_at = 0.0
        self._look_at = 0.0
        self._calm_until = 0.0
        self._known: set[int] = set()  # the other servers
        self._suspects: set[int] = set()  # those that were lost at the last look

    # --- posts ---

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """Not one transaction: what is posted in it is there before what is stored after it."""
        with self._used() as connection:
            connection.execute(_LOCK, (LOCK, EXCHANGING, self.server))
            self._is_deciding = True
            try:
                yield
            finally:
                self._is_deciding = False
                connection.execute(_UNLOCK, (LOCK, EXCHANGING))

    def post(self, posts: Sequence[Post]) -> None:
        if not self._is_deciding:
            with self.deciding():
                self.post(posts)
            return
        with self._used() as connection:
            columns = zip(*((post.server, post.kind, json.dumps(post.data)) for post in posts), strict=True)
            connection.execute(_POST, [list(column) for column in columns])
        self._writer.known_as = self.server  # the one before may be called over from now on

    def read(self) -> list[Post]:
        self.rung.clear()
        now = time.monotonic()
        if now > self._read_at + OLDEST_READ:
            raise Missed("this server has not read for too long what others have posted")
        if now >= self._look_at and not self._is_deciding:
            self._look_at = now + LOOKING
            self._look(now)
        with self._used() as connection:
            rows = connection.execute(_READ, (self._position, self.numbers)).fetchall()
        self._position, self._read_at = max(rows[0][0], self._position), now
        posts = [Post(server, kind, json.loads(data), age) for _, server, kind, data, age in rows if server is not None]
        if any(post.server in (self.server, self._writer.known_as) for post in posts):
            self._writer.known_as = NOBODY
            raise Excluded(GIVEN_UP)
        posts = [post for post in posts if post.server not in self.numbers]
        for post in posts:
            (self._known.discard if post.kind == OVER else self._known.add)(post.server)
        return posts

    @property
    def is_waiting(self) -> bool:
        return self.rung.is_set() or time.monotonic() >= self._look_at

    # --- servers ---

    @property
    def is_given_up(self) -> bool:
        return self._writer.known_as == NOBODY

    @property
    def is_cut_off(self) -> bool:
        return self._reach.is_silent

    @property
    def has_others(self) -> bool:
        """Whether other servers may be there, which are to hear of what is appended. By any thread."""
        return bool(self._known) or not self.server

    def servers(self) -> dict[int, str]:
        with self._used() as connection:
            return dict(connection.execute(_SERVERS).fetchall())

    def sightings(self) -> dict[int, Sighting]:
        return {server: Sighting(*seen) for server, *seen in self._reader.look_up(_SIGHTINGS, (READING,))}

    def forget(self) -> None:
        """The database is another one: the numbers of servers and posts mean nothing there."""
        self._drop()
        self.server = self._position = self._writer.known_as = 0
        self.numbers.clear()
        self._has_begun = False
        self._known.clear()
        self._suspects.clear()

    def start_over(self) -> None:
        self._drop()
        former, self.server = max(self._writer.known_as, 0), 0
        with self._used() as connection:
            server = self._writer.server
            connection.execute(_LOCK, (LOCK, EXCHANGING, server))
            ((newest,),) = connection.execute(_NEWEST).fetchall()
            if former:
                self._check(connection, former)
            connection.execute(_LABEL, (self.label, server))
            connection.execute(_TRIM, (KEPT,))
            ((uptime,),) = connection.execute(_UPTIME).fetchall()
            self._known = {other for other, _ in connection.execute(_SERVERS).fetchall()} - {server}
            connection.execute(_UNLOCK, (LOCK, EXCHANGING))
        # A database that had a crash may have lost the last of them.
        self._position = min(self._position, newest) if former else newest
        self._calm_until = time.monotonic() + (CALM if self._has_begun or uptime < CALM else 0.0)
        self._has_begun = True
        if server not in self.numbers:  # they were forgotten with another database
            self.numbers.append(server)
        self.server, self._read_at = server, time.monotonic()

    def _check(self, connection: Connection[Row], former: int) -> None:
        """The others still count with the people of this server, and what they decided meanwhile can be read."""
        if connection.execute(_ARE_OVER, ([former],)).fetchone() or time.monotonic() > self._read_at + OLDEST_READ:
            self._writer.known_as = NOBODY
            raise Excluded(GIVEN_UP)

    def _look(self, now: float) -> None:
        """Find servers that are lost, and tell all others."""
        if now < self._calm_until or not self._known:
            return
        lost = self._lost()
        over, self._suspects = lost & self._suspects, lost
        if over:
            with self.deciding():
                self.give_up(over)

    def _lost(self) -> set[int]:
        with self._used() as connection:
            found = connection.execute(_LOST, (list(self._known), self.server, LOCK)).fetchall()
        return {server for (server,) in found}

    def gone(self, servers: Collection[int]) -> set[int]:
        return set(servers) - (self.servers().keys() - self._lost())

    def give_up(self, servers: Collection[int]) -> None:
        with self._used() as connection:
            connection.execute(_GIVE_UP, (list(servers),))
            connection.execute(_TRIM, (KEPT,))

    def close(self) -> None:
        if self.server and self._connection is not None:
            with suppress(StorageError):  # or the others find that out by themselves
                self.post([Post(self.server, OVER, {})])
        self._drop()

    # --- the connection ---

    @contextmanager
    def _used(self) -> Iterator[Connection[Row]]:
        """The connection, watched; its errors as those of an exchange. After one it is started over."""
        self._reach.check()
        if self.server and self.server != self._writer.server:
            raise Missed("this server has lost its connection to the database for a moment")
        try:
            connection = self._connection or self._connect()
            with self._reach.watch.over(connection):
                yield connection
        except psycopg.Error as error:
            self._drop()
            if error.sqlstate == FENCED:
                self._writer.known_as = NOBODY
                self._writer.register_again()
                raise Excluded(GIVEN_UP) from None
            self._reach.lost.set()
            raise StorageError(f"the database {self._reach.address.shown} fails: {reason(error)}") from None

    def _connect(self) -> Connection[Row]:
        self._connection = connect(self._reach.address, "chat exchange")
        # What is posted does not outlive the servers anyway; and one that stops while it decides holds up all others.
        self._connection.execute("SET synchronous_commit = off")
        self._connection.execute(_SHOW, (READING, self._writer.server))
        with suppress(psycopg.errors.UndefinedObject):  # before PostgreSQL 14
            self._connection.execute(f"SET idle_session_timeout = '{STOPPED}s'")
        return self._connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
