"""What is kept of a file that is not said yet: a small file beside its bytes. It must not know what becomes of them."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from server_parts.storage import file_disk
from server_parts.storage.file_records import (
    Attachment,
    FileRecord,
    Reservation,
    Upload,
    is_file_id,
    read_file,
    written_file,
)

SUFFIX: Final = ".json"


@dataclass(slots=True)
class OpenUpload:
    """A file that is not said yet. `lock` guards its bytes, and `end`, how many of them are known to be on disk.

    The other fields are guarded by whoever has the table of all uploads.
    """

    reservation: Reservation
    end: int
    touched: float
    file: FileRecord | None = None
    is_being_said: bool = False  # in a transaction that is not committed yet
    is_gone: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def state(self) -> Upload:
        return Upload(replace(self.reservation, touched=self.touched), self.end, self.file)

    def as_said(self, wanted: Attachment) -> FileRecord:
        """The finished file as the message has it that carries it."""
        assert self.file is not None
        return replace(self.file, bare=wanted.bare)

    def note(self) -> bytes:
        """What `read_note` makes this of."""
        known: dict[str, Any] = {name: value for name, value in asdict(self.reservation).items() if name != "touched"}
        if self.file is not None:
            known["file"] = written_file(self.file)
        return json.dumps(known, ensure_ascii=False).encode()


def note_of(folder: Path, id: str) -> Path:
    return folder / f"{id}{SUFFIX}"


def id_of(note: Path) -> str | None:
    """Of which file it is the note, if it is one."""
    return note.stem if note.suffix == SUFFIX and is_file_id(note.stem) else None


def read_note(note: Path, end: int, touched: float) -> OpenUpload | None:
    """None if it is not one: notes are written whole or not at all, so it was not written by us."""
    try:
        known = json.loads(note.read_bytes())
        file = known.pop("file", None)
        reservation = Reservation(**known, touched=touched)
        return OpenUpload(reservation, end, touched, None if file is None else read_file(file))
    except (ValueError, TypeError, AttributeError):
        return None


def save(folder: Path, upload: OpenUpload) -> None:
    """Its name is not synced."""
    file_disk.put(note_of(folder, upload.reservation.id), upload.note())
