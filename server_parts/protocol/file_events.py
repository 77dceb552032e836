"""The frames about files that a server sends; docs/protocol.md says what they mean. Pure."""

from __future__ import annotations

from chat_common import Frame
from server_parts.protocol.requests import Refusal
from server_parts.storage.file_records import FileRecord, SaidFile

NO_FILES = Refusal("no_files", "this server takes no files", "type")
NO_SUCH_FILE = Refusal("no_such_file", "there is no such file", "id")


def upload(ref: str, id: str, name: str, url: str, offset: int, expires: int) -> Frame:
    """Where a file is to be sent, from which byte on."""
    frame = {"type": "upload", "ref": ref, "id": id, "name": name, "url": url}
    return frame | {"offset": offset, "expires": expires}


def given_up(ref: str, id: str) -> Frame:
    """Nothing is left of that upload."""
    return {"type": "upload", "ref": ref, "id": id, "cancelled": True}


def promised(name: str, room: str, url: str, expires: int) -> Frame:
    """The same for somebody who sends it with another program."""
    return {"type": "promised", "name": name, "room": room, "url": url, "expires": expires}


def file(record: FileRecord, url: str, expires: int | None) -> Frame:
    return {"type": "file", **record.frame(), "url": url, "expires": expires}


def files(room: str | None, *, more: bool) -> Frame:
    """Still without its items."""
    return {"type": "files", "room": room, "more": more}


def listed(one: SaidFile) -> Frame:
    """An item of that."""
    return {**one.file.frame(), "room": one.room, "message": one.message, "from": one.sender, "ts": one.ts}
