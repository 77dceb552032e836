"""Files at the plain door: lines that ask about them, and lines that they become. Pure.

The bytes do not come this way: an address is given, for curl or a browser.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Final, NamedTuple

from chat_common import LOBBY, Frame, is_name, partners, room_problem
from server_parts.protocol.file_names import MAX_NAME, bare_text, path_of, size_text
from server_parts.protocol.file_requests import FileRequest, ListFiles, Promise, WhereIs
from server_parts.storage.file_records import FileRecord, is_file_id
from server_parts.storage.records import Message

MOST_LISTED: Final = 20

Link = Callable[[str, FileRecord], str]  # of a room: the address of a file there, or nothing

# --- Lines that are typed ---------------------------------------------------------------------------------------


class Row(NamedTuple):
    usage: str
    help: str
    make: Callable[[str, str], FileRequest | None]  # of a room and what follows the word; None: it is not written so


def _upload(room: str, rest: str) -> Promise | None:
    name, _, place = rest.partition(" ")
    place = place.strip().lower() or room
    is_place = is_name(place[1:]) if place.startswith("@") else room_problem(place) is None
    return Promise(place, name) if name and len(name) <= MAX_NAME and is_place else None


def _file(_: str, rest: str) -> WhereIs | None:
    return WhereIs(rest) if is_file_id(rest) else None


def _files(room: str, rest: str) -> ListFiles | None:
    return ListFiles(room, rest or None, MOST_LISTED) if not rest or is_file_id(rest) else None


ROWS: Final = (
    Row("/upload NAME [ROOM]", "an address to which you can send a file with curl", _upload),
    Row("/files [ID]", "the newest files of this room, or those before one", _files),
    Row("/file ID", "where to fetch a file", _file),
)

# --- Lines that are shown ---------------------------------------------------------------------------------------


def no_link(room: str, file: FileRecord) -> str:
    """Where nobody knows what this server is called, or who may fetch a file."""
    return ""


def links(server: str, is_public: Callable[[str], bool]) -> Link:
    """At the server with that address; for rooms that anybody may read."""

    def link(room: str, file: FileRecord) -> str:
        return server.rstrip("/") + path_of(file.id, file.name) if server and is_public(room) else ""

    return link


def brought(message: Message, link: Link) -> str:
    """What a message brings, without the stars; nothing, if it brings none."""
    file = message.file
    if file is None:
        return ""
    room = message.room
    place = " (private)" if partners(room) else "" if room == LOBBY else f" in #{room}"
    address = link(room, file)
    where = f" {address}" if address else f"; /file {file.id} gives its address"
    return f"{message.sender} sent a file{place}: {bare_text(file)}{where}"


def file_lines(frame: Frame) -> list[str]:
    until = "" if frame["expires"] is None else ", for 15 min"
    return [f"{frame['name']} ({size_text(frame['size'])}){until}: {frame['url']}"]


def files_lines(frame: Frame) -> list[str]:
    lines = [
        f"#{one['message']} {one['from']}: {one['name']} ({size_text(one['size'])}), {one['id']}"
        for one in reversed(frame["files"])
    ]
    if not lines:
        return ["there are no files here"]
    rest = [f"/files {frame['files'][-1]['id']} lists older ones"] if frame.get("more") else []
    return [*lines, "/file ID gives the address of one", *rest]


def promised_lines(frame: Frame) -> list[str]:
    command = f"curl -T {shlex.quote(frame['name'])} {shlex.quote(frame['url'])}"
    return [f"to send {frame['name']} to {frame['room']}, type this in a shell within 15 min:", command]
