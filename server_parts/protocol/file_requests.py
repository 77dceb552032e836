"""What people ask for about files, in a conversation and by HTTP: records, and the checks of native frames. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from chat_common import Frame, FrameError
from server_parts.protocol.fields import count_of, flag, number, optional_room_of, optional_string, room_of, string
from server_parts.protocol.file_names import MAX_NAME
from server_parts.storage.file_records import is_file_id

MAX_REF: Final = 64
MOST_LISTED: Final = 200
LISTED: Final = 50  # if nobody says how many
_HASH: Final = re.compile(r"[0-9a-f]{64}")

# --- in a conversation ------------------------------------------------------------------------------------------


class Reserve(NamedTuple):
    """A place for a file that is to be sent, and then said in that room."""

    ref: str
    room: str
    name: str
    size: int
    sha256: str | None = None


class GoOn(NamedTuple):
    """Go on sending a file that is not complete."""

    ref: str
    id: str


class GiveUp(NamedTuple):
    """Nobody goes on sending that file: it is to leave nothing."""

    ref: str
    id: str


class Promise(NamedTuple):
    """An address for a file of unknown size, for whoever has no program that sends it: it is said when it is there."""

    room: str
    name: str


class WhereIs(NamedTuple):
    """Where a file is fetched."""

    id: str


class ListFiles(NamedTuple):
    room: str | None = None
    before: str | None = None  # the id of a file: only what was said before that
    limit: int = LISTED


# --- by HTTP, for the client's reader ---------------------------------------------------------------------------


class Upload(NamedTuple):
    """A body that is a file, or a part of one."""

    id: str
    ticket: str
    length: int
    offset: int = 0
    size: int | None = None  # of the whole, where that was said
    name: str = ""  # of the address, if there is one
    waits: bool = False  # for a word before it sends the body
    begun: bytes = b""  # what of the body came with the head


class AskOffset(NamedTuple):
    """How much of a file has arrived?"""

    id: str
    ticket: str


class Download(NamedTuple):
    id: str
    name: str
    ticket: str
    is_head: bool = False
    range: str | None = None  # and the next ones: the fields of the request, as they came
    if_range: str | None = None
    if_none_match: str | None = None


FileRequest = Reserve | GoOn | GiveUp | Promise | WhereIs | ListFiles
Transfer = Upload | AskOffset | Download


# --- native frames, checked -------------------------------------------------------------------------------------


def id_of(frame: Frame, field: str) -> str:
    id = string(frame, field)
    if not is_file_id(id):
        raise FrameError("bad_field", f"{field} must be the id of a file: 22 characters of A-Z a-z 0-9 _ -", field)
    return id


def _ref(frame: Frame) -> str:
    ref = string(frame, "ref")
    if len(ref) > MAX_REF:
        raise FrameError("bad_field", f"ref is too long: {len(ref)} > {MAX_REF} characters", "ref")
    return ref


def ref_in(frame: Frame) -> str | None:
    """What the answer to a frame repeats, whatever else is wrong with the frame."""
    ref = frame.get("ref") if frame.get("type") == "upload" else None
    return ref if isinstance(ref, str) and len(ref) <= MAX_REF else None


def _upload(frame: Frame) -> Reserve | GoOn | GiveUp:
    ref = _ref(frame)
    if frame.get("id") is not None:
        return (GiveUp if flag(frame, "cancel") else GoOn)(ref, id_of(frame, "id"))
    room = room_of(frame)
    name = string(frame, "name")
    if len(name) > MAX_NAME:
        raise FrameError("bad_field", f"that name is too long: {len(name)} > {MAX_NAME} characters", "name")
    size = number(frame, "size", low=1)
    sha256 = optional_string(frame, "sha256")
    if sha256 is not None and not _HASH.fullmatch(sha256):
        raise FrameError("bad_field", "sha256 must be 64 hexadecimal digits, in lower case", "sha256")
    return Reserve(ref, room, name, size, sha256)


def _list_files(frame: Frame) -> ListFiles:
    room = optional_room_of(frame)
    before = None if frame.get("before") is None else id_of(frame, "before")
    return ListFiles(room, before, count_of(frame, "limit", LISTED, MOST_LISTED))


FILE_MAKERS: Final[dict[str, Callable[[Frame], FileRequest]]] = {
    "upload": _upload,
    "file": lambda frame: WhereIs(id_of(frame, "id")),
    "files": _list_files,
}
