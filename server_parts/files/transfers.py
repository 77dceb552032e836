"""What becomes of an HTTP request for a file: whether it may be sent or fetched, the bytes, and the answer.

Run by the reader of the connection on which it came; the hub hears nothing of it. It must not know how a request is
read, nor how a file is said.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final, NamedTuple, Protocol

from server_parts.files.desk import FileDesk
from server_parts.files.flow import Flow
from server_parts.files.hook import Check
from server_parts.files.promises import Promised
from server_parts.files.receiving import LOST, TOO_SLOW, WHOLE, Body, Source
from server_parts.files.running import Sending
from server_parts.files.sending import answer, send
from server_parts.files.tickets import GET, SEND
from server_parts.protocol.encoder import Encoder
from server_parts.protocol.file_requests import AskOffset, Download, Transfer, Upload
from server_parts.protocol.requests import Refusal
from server_parts.storage import file_records
from server_parts.storage.file_records import FileRecord, Reservation
from server_parts.storage.file_store import FileError, NoSuchFile, TooManyBytes, WrongHash, WrongOffset
from server_parts.storage.records import StorageError
from server_parts.web.file_paths import NOTHING
from server_parts.web.responses import CONTINUE, NOT_KEPT, Field, head_of, told
from server_parts.web.web_encoder import NOTHING_MORE

log = logging.getLogger("chat")

STOPPING: Final = "The server is stopping: go on with this file later."
TOO_SLOWLY: Final = "This file comes too slowly: at least 1 KB a second is needed. Go on with it later."
NOT_STORED: Final = "This file cannot be stored just now: try again later."
GONE: Final = "Whoever was to say this file is not in the chat any more."


class Outbox(Protocol):
    """A connection's way out: see outbox.py."""

    @property
    def closed(self) -> bool: ...
    def offer(self, block: bytes) -> bool: ...
    def offer_pages(self, pages: Iterable[bytes]) -> None: ...
    def drain(self) -> None: ...
    def finish(self, last_words: bytes, *, at_once: bool = False) -> None: ...


class Asker(Protocol):
    """Whoever asks."""

    encoder: Encoder

    @property
    def outbox(self) -> Outbox: ...


class _Answer(Exception):
    """What there is to say instead of going on."""

    def __init__(self, status: int, sentence: str, fields: Iterable[Field] = ()) -> None:
        self.block = told(status, sentence, fields)


def _nothing() -> _Answer:
    return _Answer(404, NOTHING)


def _at(offset: int) -> Field:
    return ("Upload-Offset", str(offset))


def _answer_to(error: FileError) -> bytes:
    """What is said where the store does not do what was asked for; also if somebody else was quicker."""
    if isinstance(error, WrongOffset):
        return told(409, f"{error.offset} bytes have arrived: send the rest.", (_at(error.offset),))
    if isinstance(error, TooManyBytes | WrongHash):
        return told(413 if isinstance(error, TooManyBytes) else 422, f"{error}.")
    return told(404, NOTHING)


class _Place(NamedTuple):
    """Where the bytes of an upload go, and for whom."""

    upload: file_records.Upload
    promised: Promised | None = None


class Transfers:
    def __init__(self, desk: FileDesk, flow: Flow, is_public: Callable[[str], bool], check: Check | None) -> None:
        """`is_public`: whether anybody may read a room. `check` says why a complete file is refused, if it is."""
        self._desk, self._store = desk, desk.store
        self._flow = flow
        self._is_public = is_public
        self._check = check

    def serve(self, asked: Transfer, source: Source, asker: Asker) -> None:
        """Until all is sent or received, and answered."""
        try:
            if isinstance(asked, Download):
                self._send(asked, asker)
            elif isinstance(asked, AskOffset):
                asker.outbox.finish(self._offset_of(asked))
            else:
                asker.outbox.finish(self._receive(asked, source, asker.outbox))
        except _Answer as stop:
            asker.outbox.finish(stop.block)
        except FileError as error:
            asker.outbox.finish(_answer_to(error))
        except StorageError as error:
            log.error("a file cannot be stored or read: %s", error)
            asker.outbox.finish(told(503, NOT_STORED))

    def stop(self) -> None:
        """The server ends: so do all transfers, soon."""
        self._flow.stop()

    # --- to whoever fetches ---

    def _send(self, asked: Download, asker: Asker) -> None:
        said = self._store.said(asked.id)
        if said is None or said.file.name != asked.name:
            raise _nothing()
        if not (self._opens(asked.ticket, GET, asked.id, asked.name) or self._is_public(said.room)):
            raise _nothing()
        head, part = answer(asked, said.file)
        if part is None:
            asker.outbox.finish(head)
            return
        asker.encoder = NOTHING_MORE  # a goodbye would be taken for a part of the file
        with self._desk.running.sending():
            try:
                send(head, part, said.file, self._store, self._flow, asker.outbox)
            except NoSuchFile:
                log.debug("file %s went while it was fetched", asked.id)
        asker.outbox.finish(b"")

    def _opens(self, ticket: str, purpose: str, id: str, name: str) -> bool:
        return self._desk.tickets.opens(ticket, purpose, id, name, self._desk.clock())

    # --- from whoever sends ---

    def _offset_of(self, asked: AskOffset) -> bytes:
        if not self._opens(asked.ticket, SEND, asked.id, ""):
            raise _nothing()
        upload = self._found(asked.id)
        size = str(upload.reservation.size)
        return head_of(200, 0, (_at(upload.offset), ("Upload-Length", size), NOT_KEPT))

    def _found(self, id: str) -> file_records.Upload:
        """An upload, if its owner was not sent away since the last address for it was given."""
        upload = self._store.upload(id)
        if self._desk.running.is_sent_away(upload.reservation.owner):
            raise _nothing()
        return upload

    def _receive(self, asked: Upload, source: Source, outbox: Outbox) -> bytes:
        promised = self._promised(asked)
        id, owner = asked.id, ""
        if promised is None:
            owner = self._found(id).reservation.owner
        with self._desk.running.receiving(id, owner if promised is None else promised.sender.owner) as sending:
            place = self._place_of(asked, promised)
            self._compare(asked, place.upload)
            if asked.waits and not asked.begun:
                outbox.offer(CONTINUE)
            offset = self._store_body(asked, place, source, sending)
            if offset < place.upload.reservation.size:
                return head_of(204, 0, (_at(offset), NOT_KEPT))
            return self._complete(asked.id, place)

    def _promised(self, asked: Upload) -> Promised | None:
        """What somebody was promised who sends with another program; the ticket of all others names no name."""
        promised = self._desk.promises.find(asked.id)
        name = "" if promised is None else promised.name
        if not self._opens(asked.ticket, SEND, asked.id, name) or (promised is not None and asked.name != name):
            raise _nothing()
        return promised

    def _place_of(self, asked: Upload, promised: Promised | None) -> _Place:
        if promised is None:
            return _Place(self._from_there(asked, asked.id))
        if promised.file and asked.offset:
            return _Place(self._found(promised.file), promised)
        if promised.file:  # from its beginning again, and perhaps it has changed
            self._cancel(promised.file)
        made = self._desk.place(promised.room, promised.name, asked.size or 0, None, promised.sender)
        if isinstance(made, Refusal):
            raise _Answer(413, f"{made.text[0].upper()}{made.text[1:]}.")
        promised.file = made.id
        return _Place(file_records.Upload(made, 0), promised)

    def _from_there(self, asked: Upload, id: str) -> file_records.Upload:
        """What has been stored of a file; nothing, if all of it is sent once more."""
        upload = self._found(id)
        if asked.size is None or asked.offset or not upload.offset or upload.file is not None:
            return upload
        self._store.start_over(id)
        self._desk.was_for_nothing(upload)
        return self._found(id)

    @staticmethod
    def _compare(asked: Upload, upload: file_records.Upload) -> None:
        """What is sent with what there is."""
        size = upload.reservation.size
        if asked.offset != upload.offset:
            raise _Answer(409, f"{upload.offset} bytes have arrived: send the rest.", (_at(upload.offset),))
        if asked.size not in (None, size) or asked.length > size - upload.offset:
            raise _Answer(413, f"This file was announced with {size} bytes: announce it again.")

    def _store_body(self, asked: Upload, place: _Place, source: Source, sending: Sending) -> int:
        """Returns how far the file is then."""
        id, offset = place.upload.reservation.id, asked.offset

        def write(piece: bytes) -> None:
            nonlocal offset
            offset = self._store.write(id, offset, piece)

        body = Body(source, asked.begun, asked.length, self._flow, lambda: not sending.is_ended)
        body.store(write)
        self._judge(body.ended, offset, sending)
        return offset

    @staticmethod
    def _judge(ended: str, offset: int, sending: Sending) -> None:
        """Go on only with a body that is whole."""
        if ended == TOO_SLOW:
            raise _Answer(408, TOO_SLOWLY, (_at(offset),))
        if ended != WHOLE:
            is_over = ended == LOST or sending.is_ended
            raise _Answer(409 if is_over else 503, "This transfer was ended." if is_over else STOPPING, (_at(offset),))

    def _complete(self, id: str, place: _Place) -> bytes:
        reservation = place.upload.reservation
        file = self._finished(reservation)
        if self._check is not None and not self._desk.is_accepted(file.id):
            with self._flow.checks.one(lambda: self._flow.goes_on) as has_turn:
                self._look_at(file, reservation, self._check if has_turn else None)
        log.info("file %s is complete: %d bytes", file.id, file.size)
        if place.promised is not None:
            self._say(id, file.id, place.promised)
        return told(201, f"{file.name} is stored.", (_at(file.size),))

    def _finished(self, place: Reservation) -> FileRecord:
        try:
            return self._store.finish(place.id)
        except WrongHash:
            self._desk.was_for_nothing(file_records.Upload(place, place.size))
            raise

    def _look_at(self, file: FileRecord, place: Reservation, check: Check | None) -> None:
        """What was not looked at, because the server was stopped or killed meanwhile, is not said either."""
        objection = None if check is None else check(file, place, self._store, lambda: self._flow.goes_on)
        if not self._flow.goes_on:
            raise _Answer(503, STOPPING, (_at(file.size),))
        if objection is not None:
            self._cancel(place.id)
            raise _Answer(403, objection)
        if self._desk.accepted is not None:
            self._desk.accepted.add(file.id)

    def _say(self, id: str, file: str, promised: Promised) -> None:
        self._desk.promises.keep(id)
        if not promised.say(file):
            self._cancel(file)
            raise _Answer(409, GONE)

    def _cancel(self, id: str) -> None:
        """It is to be gone; perhaps its sender has given it up already."""
        with suppress(NoSuchFile):
            self._desk.cancel(self._store.upload(id))
