"""The reference of what a log promises: rooms in plain dictionaries; nothing survives the process."""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections.abc import Sequence
from heapq import merge
from itertools import count, islice, takewhile
from typing import Final

from chat_common import partners
from server_parts.storage.account_records import Create
from server_parts.storage.account_store import Conversation
from server_parts.storage.amending import is_said
from server_parts.storage.finding import BREATH, Finds, Found, Wanted, end_of_search
from server_parts.storage.memory_accounts import AccountBook, MemoryAccounts
from server_parts.storage.memory_files import MemoryFiles
from server_parts.storage.memory_news import MemoryNews
from server_parts.storage.memory_room import Kept, Room, amend, carries
from server_parts.storage.message_log import TRIM_SLICE
from server_parts.storage.records import ACTS, Draft, Message, Receipt, Run, filling
from server_parts.storage.search_query import DAY
from server_parts.storage.session_store import SessionRecord
from server_parts.storage.store import Entry, Feed, Store

SLICE: Final = 1_000  # messages looked through at a time


class MemoryLog(MemoryAccounts, Store):
    """The reference: plain dictionaries, nothing survives the process. Keeps the newest `keep` messages a room."""

    def __init__(self, keep: int = 100_000) -> None:
        self.epoch = secrets.token_hex(8)
        self._keep = keep
        self._lock = threading.Lock()  # guards all below; held only while copying
        self._order = count()
        self._kept: dict[str, Room] = {}
        self._last: dict[str, int] = {}
        self._accepted: dict[str, int] = {}
        self._session_owners: dict[str, str] = {}
        self._used: dict[str, int] = {}  # on which day each session was, the one not used for longest first
        self._receipts: dict[tuple[str, int], Receipt] = {}
        self._accounts = AccountBook()
        self._floors: dict[str, dict[str, int]] = {}
        self.waiting = MemoryNews(self.after, self.last)
        self.files: MemoryFiles = MemoryFiles()
        self._spoke: set[tuple[str, str]] = set()  # private rooms and who has said something there

    def write(self, entry: Entry) -> list[Run]:
        accepted, owners = entry.accepted, entry.owners
        with self._lock:
            for session in (*accepted, *owners):
                self._used.setdefault(session, int(time.time() // DAY))
            self._accepted.update(accepted)
            self._session_owners.update(owners)
            for change in entry.account_changes():
                if isinstance(change, Create) and change.is_done(self.account(change.name)):
                    continue
                self._accounts.write(change)
                if isinstance(change, Create):
                    self._raise_floors(change.name.lower())
            runs = [self._store(draft) for draft in entry.drafts]
        self.waiting.tell(runs)
        return runs

    def news(self, feed: Feed, timeout: float) -> list[Run]:
        return self.waiting.news(feed, timeout)

    def _store(self, draft: Draft) -> Run:
        room = draft.room
        last = self._last.get(room, 0)
        if not last:
            self._kept[room] = Room()
            for name in filter(None, partners(room)):
                self._floors.setdefault(name, {}).setdefault(room, 0)
        if partners(room):
            self._spoke.add((room, draft.sender.lower()))
        run = Run.numbered(draft, last + 1)
        if draft.file is not None:
            run = self.files.attach(run, draft.file)
        kept = self._kept[room]
        for message in run.messages():
            kept.append(Kept(next(self._order), message))
            if message.seq:
                self._receipts[message.session, message.seq] = Receipt(room, message.id)
            if len(kept) > self._keep and room != ACTS:
                self._drop_oldest(kept)
        self._last[room] = run.last
        if run.about is not None:
            run = run._replace(texts=[amend(kept, entry).text for entry in run.messages()])
            self._remove_files(room)
        return run

    def _drop_oldest(self, kept: Room) -> None:
        message = kept.popleft().message
        if message.file is not None:
            self.files.rows.remove([message.file.id])
        if self._receipts.get((message.session, message.seq)) == (message.room, message.id):
            del self._receipts[message.session, message.seq]

    def _remove_files(self, room: str) -> None:
        """Those whose message was taken away."""
        kept = self._kept.get(room, Room())
        self.files.rows.remove(
            said.file.id for said in self.files.rows.of_room(room) if not carries(kept, said.message)
        )

    def session(self, key: str) -> SessionRecord:
        return SessionRecord(self._accepted.get(key, 0), self._session_owners.get(key, ""))

    def receipt(self, session: str, seq: int) -> Receipt | None:
        return self._receipts.get((session, seq))

    def last(self, room: str) -> int:
        return self._last.get(room, 0)

    def first(self, room: str) -> int:
        with self._lock:
            kept = self._kept.get(room)
            return kept[0].message.id if kept else self.last(room) + 1

    def rooms(self) -> dict[str, int]:
        return self._last.copy()

    def after(self, room: str, after: int, limit: int, size: float = math.inf) -> list[Message]:
        with self._lock:
            kept = self._kept.get(room)
            if not kept:
                return []
            start = max(after + 1 - kept[0].message.id, 0)
            return list(filling(size, (kept[i].message for i in range(start, min(start + limit, len(kept))))))

    def find(self, wanted: Wanted) -> Found:
        query, floors = wanted.query, wanted.floors
        end = math.inf if wanted.before is None else self._order_of(wanted)
        if not query or wanted.limit <= 0:
            return Found([])
        rooms = [
            self._newest_first(name, floors.get(name, 0))
            for name in self.rooms()
            if wanted.room in (None, name)
            and (not query.rooms or name in query.rooms)
            and (name in floors or not (partners(name) or name in wanted.hidden))
        ]
        finds = Finds(wanted)
        deadline = end_of_search()
        for number, (order, message) in enumerate(merge(*rooms, reverse=True), 1):
            if number % SLICE == 0:
                time.sleep(BREATH)  # who compares words does not let go of Python's lock, which all others wait for
                if time.monotonic() > deadline:
                    return finds.found(partial=True)
            if order < end and is_said(message) and query.matches(message.sender, message.ts, message.text):
                finds.add(message)
                if not finds.left:
                    break
        return finds.found()

    def _order_of(self, wanted: Wanted) -> float:
        """The place among all messages of `before`, or of the next one kept in its room; 0 if it may not be read."""
        assert wanted.before is not None
        room, id = wanted.before
        if not wanted.may_read(room, id):
            return 0
        with self._lock:
            kept = self._kept.get(room)
            if not kept or id > kept[-1].message.id:
                return 0
            return kept[max(id - kept[0].message.id, 0)].order

    def _newest_first(self, room: str, floor: int) -> list[Kept]:
        with self._lock:
            return [kept for kept in reversed(self._kept.get(room, ())) if kept.message.id > floor]

    def _raise_floors(self, name: str) -> None:
        for room in self._floors.get(name, {}):
            self._floors[name][room] = self._last[room]

    def private_rooms(self, name: str) -> dict[str, int]:
        with self._lock:
            return self._floors.get(name.lower(), {}).copy()

    def conversations(self, name: str) -> list[Conversation]:
        name = name.lower()
        with self._lock:
            return [self._conversation(name, room, floor) for room, floor in self._floors.get(name, {}).items()]

    def _conversation(self, name: str, room: str, floor: int) -> Conversation:
        kept = self._kept[room]
        return Conversation(
            room, floor, self._last[room], kept[-1].message.ts if kept else 0, (room, name) in self._spoke
        )

    def trim(self, keep_days: float | None = None, keep_messages: int | None = None) -> bool:
        self.files.forget()
        oldest = -math.inf if keep_days is None else time.time() - keep_days * DAY
        most = math.inf if keep_messages is None else keep_messages
        left = TRIM_SLICE
        for kept in [kept for room, kept in self._kept.items() if room != ACTS]:
            while kept and (len(kept) > most or kept[0].message.ts < oldest):
                if not left:
                    return True
                left -= 1
                with self._lock:
                    self._drop_oldest(kept)
        return False

    def note_use(self, sessions: Sequence[str], day: int) -> None:
        for session in sessions:
            if (used := self._used.pop(session, None)) is not None:
                self._used[session] = max(day, used)

    def forget_sessions(self, day: int) -> bool:
        unused = list(islice(takewhile(lambda session: self._used[session] < day, self._used), TRIM_SLICE))
        with self._lock:
            for session in unused:
                del self._used[session]
                self._session_owners.pop(session, None)
                for seq in range(self._accepted.pop(session, 0) + 1):
                    self._receipts.pop((session, seq), None)
        return len(unused) == TRIM_SLICE

    def close(self) -> None:
        self.waiting.close()
        self.files.remove()
