"""Small words for the tests of files: sending, saying, reading, looking at what is left of them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from server_parts.storage.file_records import PIECE, Attachment, is_file_id
from server_parts.storage.file_store import FileStore
from server_parts.storage.records import Message
from server_parts.storage.store import Store

from .drafts import append, draft

ALICE, BOB = "account:1", "session:bob"
LARGE = bytes(range(256)) * 4_096 + b"the end"  # four pieces, and a little more


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def send(files: FileStore, id: str, data: bytes, start: int = 0, step: int = PIECE) -> int:
    for at in range(start, len(data), step):
        files.write(id, at, data[at : at + step])
    return len(data)


def sent(files: FileStore, data: bytes, room: str = "lobby", owner: str = ALICE, name: str = "a.txt") -> str:
    """A file that is finished and not said."""
    id = files.reserve(room, name, len(data), None, owner).id
    send(files, id, data)
    files.finish(id)
    return id


def store(log: Store, data: bytes = b"some bytes", room: str = "lobby", owner: str = ALICE, name: str = "a.txt") -> str:
    return sent(log.files, data, room, owner, name)


def say_file(log: Store, id: str, text: str = "look", room: str = "lobby", owner: str = ALICE) -> Message:
    (message,) = append(log, draft(text, room)._replace(file=Attachment(id, (owner,))))
    return message


def is_said(log: Store, id: str) -> bool:
    return log.files.said(id) is not None


def contents(files: FileStore, id: str) -> bytes:
    found = b""
    while piece := files.read(id, len(found), PIECE):
        found += piece
    return found


def left_in(root: Path) -> set[str]:
    """The ids of all files of which anything is there."""
    found = {path.name.removesuffix(".new").removesuffix(".json") for path in root.rglob("*") if path.is_file()}
    assert all(map(is_file_id, found)), found
    return found


@contextmanager
def later(seconds: float) -> Iterator[None]:
    """As if so much time had passed."""
    now = time.time() + seconds
    with patch("time.time", lambda: now):
        yield
