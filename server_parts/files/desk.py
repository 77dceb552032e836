"""Where people get a place for a file, and the address of one: what the conversation says of files.

One for a server. What needs the store is done by whoever sends the answer, never by the hub. Whether somebody may
speak in a room or read it is decided before; this module must not know clients or sockets.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from chat_common import Frame
from server_parts.files.promises import Promises, Sender
from server_parts.files.quota import AT_ONCE, FileLimits, WithinADay, is_full, size_refusal, space_refusal
from server_parts.files.running import Running
from server_parts.files.tickets import GET, SEND, Tickets
from server_parts.protocol import file_events
from server_parts.protocol.file_events import NO_SUCH_FILE
from server_parts.protocol.file_names import FILES, kept_name, path_of
from server_parts.protocol.file_requests import Reserve
from server_parts.protocol.requests import Refusal
from server_parts.storage.file_records import FileRecord, Reservation, Totals, Upload
from server_parts.storage.file_store import FileStore, NoSuchFile

MOST_REMEMBERED: Final = 10_000  # files
WAITS: Final = 60.0  # seconds for which a file that is not said keeps its place, if its sender wants another one …
WAITS_FOR_ALL: Final = 900.0  # … and if there is no space for somebody else's


class Accepted:
    """The newest files that were looked at, by their ids. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, id: str) -> bool:
        return id in self._ids

    def add(self, id: str) -> None:
        with self._lock:
            self._ids[id] = None
            if len(self._ids) > MOST_REMEMBERED:
                self._ids.popitem(last=False)


class FileDesk:
    def __init__(self, store: FileStore, tickets: Tickets, limits: FileLimits, *, is_checked: bool = False) -> None:
        """`is_checked`: a program of the operator's looks at each file before it may be said."""
        self.store = store
        self.tickets = tickets
        self.limits = limits
        self.clock: Callable[[], float] = time.time
        self.running = Running()
        self.promises = Promises()
        self._from_addresses = WithinADay()  # without an account, a new session is quickly made
        self._for_nothing = WithinADay()  # what people sent that is not kept; the store knows of all else
        self._reserving = threading.Lock()  # held while it is decided whether there is a place
        self._cleared = -math.inf  # when others' files had to make way
        self.accepted = Accepted() if is_checked else None

    @property
    def most(self) -> int | None:
        """How many bytes a file may have; None if none are taken."""
        return self.limits.size or None

    def in_use(self) -> tuple[int, int]:
        """How many files there are, and how many bytes they take up. StorageError: nobody can tell just now."""
        return self.store.count(), self.store.totals("").size

    # --- by whoever sends the answer ---

    def reserve(self, asked: Reserve, room: str, sender: Sender) -> Frame | Refusal:
        """A place for a file. StorageError: nobody can tell just now."""
        wanted = room, kept_name(asked.name), asked.size, asked.sha256
        begun = self._begun(wanted, sender.owner) if asked.sha256 is not None else None
        if begun is not None:
            return self._told(asked.ref, begun.reservation, begun.offset)
        found = self.place(*wanted, sender)
        return found if isinstance(found, Refusal) else self._told(asked.ref, found, 0)

    def _begun(self, wanted: tuple[str, str, int, str | None], owner: str) -> Upload | None:
        """The same file that they have announced before: the answer, or their program, may have been lost."""
        for upload in self.store.unsaid(owner):
            one = upload.reservation
            if (one.room, one.name, one.size, one.sha256) == wanted and not self.running.has(one.id):
                return upload
        return None

    def place(self, room: str, name: str, size: int, sha256: str | None, sender: Sender) -> Reservation | Refusal:
        """The same for whoever has a `name` that is kept."""
        refusal = size_refusal(size, self.limits)
        if refusal is not None:
            return refusal
        with self._reserving:
            totals = self._totals(sender.owner)
            if totals.open >= AT_ONCE and self._make_way(sender.owner):
                totals = self._totals(sender.owner)
            if is_full(size, totals, self.limits) and self._clear():
                totals = self._totals(sender.owner)
            refusal = space_refusal(size, totals, self.limits)
            refusal = refusal or self._from_addresses.refusal(sender.source, size, time.monotonic())
            return refusal or self.store.reserve(room, name, size, sha256, sender.owner)

    def _totals(self, owner: str) -> Totals:
        totals = self.store.totals(owner)
        return replace(totals, of_owner=totals.of_owner + self._for_nothing.so_far(owner, time.monotonic()))

    def _make_way(self, owner: str) -> bool:
        """Of the files that somebody does not go on with, the oldest is given up for a new one."""
        idle = [
            upload
            for upload in self.store.unsaid(owner)
            if not self.running.has(upload.reservation.id) and self.clock() - upload.reservation.touched > WAITS
        ]
        with contextlib.suppress(NoSuchFile):
            if idle:
                self.cancel(min(idle, key=lambda one: one.reservation.touched))
        return bool(idle)

    def _clear(self) -> bool:
        """What nobody goes on with gives up the space that it was promised: or few could keep it from all, for nothing.

        Done at times only, as others have to wait for it.
        """
        now = time.monotonic()
        if now - self._cleared < WAITS:
            return False
        self._cleared = now
        return self.store.sweep(WAITS_FOR_ALL) > 0

    def go_on(self, ref: str, id: str, owners: tuple[str, ...]) -> Frame | Refusal:
        """How far a file is that one of these has begun to send."""
        upload = self._own(id, owners)
        return NO_SUCH_FILE if upload is None else self._told(ref, upload.reservation, upload.offset)

    def give_up(self, ref: str, id: str, owners: tuple[str, ...]) -> Frame | Refusal:
        """Nobody goes on with a file that one of these has begun to send, and may be sending now."""
        upload = self._own(id, owners)
        if upload is None:
            return NO_SUCH_FILE
        try:
            self.cancel(upload)  # whoever is receiving it finds out with the next piece
        except NoSuchFile:  # it was said just now
            return NO_SUCH_FILE
        return file_events.given_up(ref, id)

    def cancel(self, upload: Upload) -> None:
        """Keep nothing of it. NoSuchFile: it was said, or is gone."""
        self.store.cancel(upload.reservation.id)
        self.was_for_nothing(upload)

    def was_for_nothing(self, upload: Upload) -> None:
        """What has come of it is not kept. It counts all the same: or one could send for ever."""
        self._for_nothing.add(upload.reservation.owner, upload.offset, time.monotonic())

    def _own(self, id: str, owners: tuple[str, ...]) -> Upload | None:
        """An upload of one of these."""
        try:
            upload = self.store.upload(id)
        except NoSuchFile:
            return None
        return upload if upload.reservation.owner in owners else None

    def _told(self, ref: str, place: Reservation, offset: int) -> Frame:
        self.running.allow(place.owner)
        ticket = self.tickets.new(SEND, place.id, "", self.clock())
        url = f"{FILES}{place.id}?t={ticket.text}"
        return file_events.upload(ref, place.id, place.name, url, offset, ticket.expires)

    def promise(self, name: str, room: str, sender: Sender, say: Callable[[str], bool], server: str) -> Frame | Refusal:
        """An address at `server` for one file of any size that may be sent; `say` says it, or returns False."""
        if not self.limits.size:
            return file_events.NO_FILES
        name = kept_name(name)
        id = self.promises.make(room, name, sender, say)
        ticket = self.tickets.new(SEND, id, name, self.clock())
        url = f"{server.rstrip('/')}{path_of(id, name)}?t={ticket.text}"
        return file_events.promised(name, room, url, ticket.expires)

    def where(self, file: FileRecord, server: str, *, is_public: bool) -> Frame:
        """The address of a file, for somebody who may have it; `server` stands before it."""
        path = server.rstrip("/") + path_of(file.id, file.name)
        if is_public:
            return file_events.file(file, path, None)
        ticket = self.tickets.new(GET, file.id, file.name, self.clock())
        return file_events.file(file, f"{path}?t={ticket.text}", ticket.expires)

    def is_accepted(self, id: str) -> bool:
        """Whether the operator's program has accepted a file, if there is one."""
        return self.accepted is None or id in self.accepted

    # --- by the hub ---

    def end(self, owners: Iterable[str]) -> None:
        """Somebody was sent away: what they are sending ends, and they are promised nothing."""
        for owner in owners:
            self.running.end(owner)
            self.promises.drop(owner)

    def age(self, id: str) -> float:
        """How many seconds ago a file was announced that is not said yet; for ever, if it is gone just now."""
        try:
            return self.clock() - self.store.upload(id).reservation.created
        except NoSuchFile:
            return math.inf

    def ready(self, id: str, owners: tuple[str, ...], room: str) -> FileRecord | None:
        """A file that one of these may say now in that room."""
        if not self.is_accepted(id):
            return None
        return self.store.ready(id, owners, room)
