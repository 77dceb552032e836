"""The log in PostgreSQL: what is appended is committed there before anybody is told.

One thread at a time writes: whoever appends, claims or trims. Reading, searching, trimming and the connections are next
door. It must not know clients or frames.
"""

from __future__ import annotations

import math
import secrets
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Final

from psycopg import Connection

from server_parts.storage.finding import Found, Wanted
from server_parts.storage.postgres.accounts import PostgresAccounts
from server_parts.storage.postgres.appending import Appender
from server_parts.storage.postgres.connections import Address, Reach, Row
from server_parts.storage.postgres.exchange import PostgresExchange
from server_parts.storage.postgres.feed import NewsFeed
from server_parts.storage.postgres.files import PostgresFiles
from server_parts.storage.postgres.indexer import Indexer
from server_parts.storage.postgres.reader import LogReader
from server_parts.storage.postgres.rooms import ROOM, ROOMS, Rooms, fallen
from server_parts.storage.postgres.schema import NEW_EPOCH
from server_parts.storage.postgres.search import Searcher
from server_parts.storage.postgres.sessions import Sessions
from server_parts.storage.postgres.trimming import Trimmer
from server_parts.storage.postgres.writer import Writer
from server_parts.storage.records import Message, Receipt, Run, StorageError
from server_parts.storage.session_store import SessionRecord
from server_parts.storage.store import Entry, Feed, Store

ANEW: Final = "everybody is asked to come in again, and starts from its recent messages"


class PostgresLog(PostgresAccounts, Store):
    """Rooms in one database, which other servers may use too. Opened in any thread."""

    def __init__(self, address: Address) -> None:
        """StorageError says why that cannot be."""
        self._looking_back = threading.Lock()  # guards what is known of the database while it is another one
        self._replaced = ""  # what has become of it, until `start_anew`
        self._rooms = Rooms()
        self._sessions = Sessions()
        self._reach = Reach(address)
        self._writer = Writer(self._reach, self._look_back)
        self._reach.watch.start()
        try:
            self._writer.open()
        except BaseException:
            self._reach.watch.stop()
            raise
        self._reader = LogReader(self._reach)
        self.exchange: PostgresExchange = PostgresExchange(self._reach, self._writer, self._reader)
        self.files: PostgresFiles = PostgresFiles(self._reach, self._reader)
        self._appender = Appender(self._writer, self._rooms, self._sessions, self.exchange)
        self._trimmer = Trimmer(self._writer, self._reader, self._rooms)
        self._searcher = Searcher(self._reader, self._rooms)
        self._indexer = Indexer(self._reach)
        self._indexer.start()
        self._feed = NewsFeed(self._reach, self._rooms, lambda: self._writer.server, self.exchange.rung.set)

    def _look_back(self, connection: Connection[Row], epoch: str) -> None:
        """Whether a database that was lost is the one that came back, with all that was in it. By the keeper's thread.

        Once it is not, nothing is done until whoever uses this log has heard of it.
        """
        known = self._rooms.last.copy()  # before the look: others append meanwhile, and the feed may hear of it
        rows = connection.execute(ROOMS).fetchall()
        is_kept = not self._writer.epoch or self._appender.is_kept(connection)
        with self._looking_back:
            if self._writer.epoch and not self._replaced:
                self._replaced = self._what_is_lost(fallen(known, rows), epoch, is_kept=is_kept)
            if not self._replaced:
                self._rooms.learn(rows)
                self.epoch = epoch
                return
            text = f"the database {self._reach.address.shown} {self._replaced}: {ANEW}"
        # Numbers that were told are given again. If another server was first, there is another epoch already.
        connection.execute(NEW_EPOCH, (secrets.token_hex(8), self.epoch))
        raise StorageError(text)

    def _what_is_lost(self, fallen: list[str], epoch: str, *, is_kept: bool) -> str:
        if self._writer.epoch != epoch:
            return "has another history than before"
        where = "1 room" if len(fallen) == 1 else f"{len(fallen)} rooms"
        return f"has lost stored messages, in {where}" if fallen else "" if is_kept else "has lost stored messages"

    @cached_property
    def secret(self) -> bytes:
        ((secret,),) = self._reader.look_up("SELECT secret FROM about", ())
        return bytes.fromhex(secret)

    @property
    def is_replaced(self) -> bool:
        return bool(self._replaced)

    def start_anew(self) -> None:
        """In the hub's thread, while nothing is written or read."""
        with self._looking_back:
            for part in (self._rooms, self._sessions, self._appender, self.exchange):
                part.forget()
            self._writer.epoch = self._replaced = ""
        self._reach.lost.set()

    # Appending

    def write(self, entry: Entry) -> list[Run]:
        runs = self._appender.write(entry)
        self._indexer.wake()
        return runs

    def _transaction(self) -> AbstractContextManager[Connection[Row]]:
        return self._writer.transaction()

    # Sessions

    def take(self, session: str, seen: SessionRecord | None = None) -> SessionRecord:
        return self._appender.take(session)

    def let_go(self, session: str) -> None:
        self._sessions.let_go([session])

    def session(self, key: str) -> SessionRecord:
        return self._reader.session(key)

    def note_use(self, sessions: Sequence[str], day: int) -> None:
        self._trimmer.note_use(sessions, day)

    def forget_sessions(self, day: int) -> bool:
        gone, more = self._trimmer.forget_sessions(day)
        self._sessions.let_go(gone)
        return more

    # Reading

    def receipt(self, session: str, seq: int) -> Receipt | None:
        return self._reader.receipt(session, seq)

    def last(self, room: str) -> int:
        self._look_for(room)
        return self._rooms.last.get(room, 0)

    def first(self, room: str) -> int:
        self._look_at(room)  # no hint tells of what another server has trimmed
        return self._rooms.first.get(room, 1)

    def _look_for(self, room: str) -> None:
        """A room that is not known here may have been made by another server a moment ago."""
        if room not in self._rooms.ids:
            self._look_at(room)

    def _look_at(self, room: str) -> None:
        if self.exchange.has_others and not self._reach.closed:
            self._rooms.learn(self._reader.look_up(ROOM, (room,)))

    def rooms(self) -> dict[str, int]:
        return self._rooms.last.copy()

    def after(self, room: str, after: int, limit: int, size: float = math.inf) -> list[Message]:
        return self._reader.after(room, after, limit, size)

    def said(self, room: str, id: int) -> Message | None:
        found = self._reader.said(room, id)
        return found if found is not None and found.text else None

    def find(self, wanted: Wanted) -> Found:
        return self._searcher.find(wanted)

    def news(self, feed: Feed, timeout: float) -> list[Run]:
        return self._feed.news(feed, timeout)

    def trim(self, keep_days: float | None = None, keep_messages: int | None = None) -> bool:
        more = self._trimmer.trim(keep_days, keep_messages)
        self._indexer.wake()
        return more

    def close(self) -> None:
        """In this order: those that follow, those that read, and the one that writes, which signs this server off."""
        if self._reach.closed:
            return
        self._reach.closed = True
        self._feed.close()
        self._indexer.close()
        self._reader.close()
        self.files.close()
        self._writer.close()
        self._reach.watch.stop()
