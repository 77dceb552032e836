"""Files in a folder: the bytes of those that are said, and all of those that are being received.

    ab/ID           the bytes of a finished file; `ab` is how its id begins, in lower case
    tmp/ID          the bytes of a file that is not finished, and
    tmp/ID.json     what was announced, and what the file is once it is finished; until it is said

What is said is in the log (FileRows). A crash between any two steps leaves one of these: a note and bytes, with which
it goes on; a note of a file that the log has, which is deleted; bytes that nothing belongs to, which are swept.

Files are kept by their ids, not by their content: so each is deleted when its message is, without a count of who else
has it, and nobody can find out whether others have sent the same bytes. How many bytes of an unfinished file are there,
its length says: each piece is synced before it is counted. This module must not know what a message is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from server_parts.folders import sync_folder
from server_parts.storage import file_disk, upload_notes
from server_parts.storage.file_disk import told
from server_parts.storage.file_kinds import kind_of
from server_parts.storage.file_records import (
    DAY_OF_OWNER,
    GRACE,
    IDLE,
    PIECE,
    Attachment,
    FilePage,
    FileRecord,
    FilesWanted,
    Reservation,
    SaidFile,
    Totals,
    Upload,
    is_file_id,
    new_id,
)
from server_parts.storage.file_rows import FileRows
from server_parts.storage.file_store import NoSuchFile, TooManyBytes, WrongHash, WrongOffset
from server_parts.storage.file_sweep import FolderSweep
from server_parts.storage.upload_notes import OpenUpload


class FileFolder:
    """A FileStore. One server has the folder; it is made when the first file is announced."""

    def __init__(self, root: Path, rows: FileRows) -> None:
        """StorageError if there is such a folder, and it cannot be read."""
        self._root, self._tmp = root, root / "tmp"
        self._rows = rows
        self._lock = threading.Lock()  # guards what is in `_uploads`; not held while anything is read or written
        self._uploads: dict[str, OpenUpload] = {}
        self._sweep = FolderSweep(root, rows, self._is_open)
        with told(f"{root} cannot be read"):
            self._load()

    def _load(self) -> None:
        """Go on with what was not said when the last server ended."""
        notes = {id: note for note in self._tmp.glob(f"*{upload_notes.SUFFIX}") if (id := upload_notes.id_of(note))}
        said = self._rows.known(notes)
        for id, note in notes.items():
            upload = None if id in said else self._read(id, note)
            if upload is None:
                file_disk.delete(note)
            else:
                self._uploads[id] = upload

    def _read(self, id: str, note: Path) -> OpenUpload | None:
        """None if it is of no use without its bytes."""
        bytes = next((path for path in (self._tmp / id, self._path(id)) if path.exists()), None)
        if bytes is None:
            return None
        touched = max(note.stat().st_mtime, bytes.stat().st_mtime)
        upload = upload_notes.read_note(note, bytes.stat().st_size, touched)
        if upload is not None and upload.file is not None and bytes.parent == self._tmp:
            self._publish(id)
        return upload

    def _path(self, id: str) -> Path:
        return file_disk.place_of(self._root, id)

    def _is_open(self, id: str) -> bool:
        return id in self._uploads

    def _upload(self, id: str) -> OpenUpload:
        with self._lock:
            upload = self._uploads.get(id)
        if upload is None:
            raise NoSuchFile
        return upload

    # --- receiving ---

    def reserve(self, room: str, name: str, size: int, sha256: str | None, owner: str) -> Reservation:
        if size < 1:
            raise ValueError("a file has one byte at least")
        now = time.time()
        reservation = Reservation(new_id(), room, name, size, sha256, owner, now, now)
        upload = OpenUpload(reservation, 0, now)
        with told("the file cannot be stored"):
            try:
                file_disk.make_folder(self._tmp)
                file_disk.create(self._tmp / reservation.id)
                upload_notes.save(self._tmp, upload)
                sync_folder(self._tmp)
            except OSError:
                with suppress(OSError):
                    self._delete(reservation.id)
                raise
        with self._lock:
            self._uploads[reservation.id] = upload
        return reservation

    def upload(self, id: str) -> Upload:
        return self._upload(id).state()

    def unsaid(self, owner: str) -> list[Upload]:
        with self._lock:
            uploads = list(self._uploads.values())
        return [one.state() for one in uploads if one.reservation.owner == owner and not one.is_being_said]

    def write(self, id: str, offset: int, piece: bytes) -> int:
        if len(piece) > PIECE:
            raise ValueError("a piece is too large")
        upload = self._upload(id)
        with upload.lock:
            _check_unfinished(upload)
            if offset != upload.end:
                raise WrongOffset(upload.end)
            if offset + len(piece) > upload.reservation.size:
                raise TooManyBytes(upload.reservation.size)
            with told("the file cannot be stored"):
                file_disk.append(self._tmp / id, offset, piece)
            upload.end += len(piece)
            upload.touched = time.time()
            return upload.end

    def start_over(self, id: str) -> None:
        upload = self._upload(id)
        with upload.lock:
            _check_unfinished(upload)
            with told("the file cannot be stored"):
                file_disk.cut(self._tmp / id, 0)
            upload.end, upload.touched = 0, time.time()

    def finish(self, id: str) -> FileRecord:
        upload = self._upload(id)
        with upload.lock:
            if upload.file is None:
                _check_unfinished(upload)
                self._finish(upload)
            assert upload.file is not None
            return upload.file

    def _finish(self, upload: OpenUpload) -> None:
        announced, id = upload.reservation, upload.reservation.id
        if upload.end < announced.size:
            raise WrongOffset(upload.end)
        with told("the file cannot be stored"):
            digest, size, head = file_disk.hashed(self._tmp / id)
            if size != announced.size or announced.sha256 not in (None, digest):
                self._forget(upload)
                raise WrongHash
            kind = kind_of(head)
            file = FileRecord(id, announced.name, size, digest, kind.mime, kind.width, kind.height)
            upload_notes.save(self._tmp, OpenUpload(announced, size, 0, file))
            self._publish(id)
        upload.touched = time.time()
        upload.file = file

    def _publish(self, id: str) -> None:
        """Give the bytes their place, behind the note that says what they are."""
        path = self._path(id)
        file_disk.make_folder(path.parent)
        sync_folder(self._tmp)
        (self._tmp / id).replace(path)
        sync_folder(path.parent)
        sync_folder(self._tmp)

    def cancel(self, id: str) -> None:
        upload = self._upload(id)
        with self._lock:
            if upload.is_being_said or upload.is_gone:
                raise NoSuchFile
            upload.is_gone = True
            del self._uploads[id]
        with upload.lock, told("the file cannot be deleted"):
            self._delete(id)

    def _forget(self, upload: OpenUpload) -> None:
        """The same, while its lock is held."""
        with self._lock:
            upload.is_gone = True
            self._uploads.pop(upload.reservation.id, None)
        self._delete(upload.reservation.id)

    def _delete(self, id: str) -> None:
        note = upload_notes.note_of(self._tmp, id)
        for path in (note, note.with_name(note.name + file_disk.NEW), self._tmp / id, self._path(id)):
            file_disk.delete(path)

    # --- saying, by whoever writes the log ---

    def ready(self, id: str, owners: tuple[str, ...], room: str) -> FileRecord | None:
        upload = self._uploads.get(id)
        if upload is None or upload.is_being_said:
            return None
        announced = upload.reservation
        return upload.file if announced.owner in owners and announced.room == room else None

    def take(self, wanted: Attachment, room: str) -> OpenUpload | None:
        """The file that is said now, if it may be: nobody deletes it before `settle`."""
        with self._lock:
            if self.ready(wanted.id, wanted.owners, room) is None:
                return None
            upload = self._uploads[wanted.id]
            upload.is_being_said = True
            return upload

    def settle(self, taken: Iterable[OpenUpload], *, said: bool) -> None:
        """Whether those messages were committed. Writes nothing: what is left of their notes is swept."""
        for upload in taken:
            with self._lock:
                upload.is_being_said = False
                if said:
                    upload.is_gone = True
                    del self._uploads[upload.reservation.id]
            if said:
                self._sweep.forget_note(upload.reservation.id)

    # --- reading ---

    def said(self, id: str) -> SaidFile | None:
        return self._rows.said(id) if is_file_id(id) else None

    def listed(self, wanted: FilesWanted) -> FilePage:
        return self._rows.listed(wanted)

    def read(self, id: str, start: int, length: int) -> bytes:
        if not is_file_id(id):
            raise NoSuchFile
        with told("the file cannot be read"):
            try:
                return file_disk.read(self._path(id), start, min(length, PIECE))
            except FileNotFoundError:
                raise NoSuchFile from None

    # --- what it takes ---

    def totals(self, owner: str) -> Totals:
        now = time.time()
        size, of_owner = self._rows.totals(owner, now - DAY_OF_OWNER, now - GRACE)
        with self._lock:
            uploads = [upload.reservation for upload in self._uploads.values()]
        own = [one for one in uploads if one.owner == owner]
        return Totals(
            size + sum(one.size for one in uploads),
            of_owner + sum(one.size for one in own if one.created > now - DAY_OF_OWNER),
            len(own),
            file_disk.free(self._root),
        )

    def count(self) -> int:
        return self._rows.count()

    def sweep(self, idle: float = IDLE) -> int:
        since = time.time() - idle
        with self._lock:
            old = [id for id, one in self._uploads.items() if one.touched < since and not one.is_being_said]
        gone = 0
        for id in old:
            try:
                self.cancel(id)
                gone += 1
            except NoSuchFile:  # said a moment ago
                continue
        with told(f"{self._root} cannot be swept"):
            return gone + self._sweep.run()


def _check_unfinished(upload: OpenUpload) -> None:
    if upload.is_gone:
        raise NoSuchFile
    if upload.file is not None:
        raise WrongOffset(upload.end)
