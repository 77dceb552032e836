"""Files at the plain door: what a typed line asks for, and how a file is shown."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_parts.protocol.events import history
from server_parts.protocol.file_requests import ListFiles, Promise, WhereIs
from server_parts.protocol.plain_door import PlainDoor
from server_parts.protocol.plain_encoder import PLAIN, PLAIN_FORMS, plain_forms
from server_parts.protocol.plain_files import links
from server_parts.protocol.requests import Answer, Request
from server_parts.storage.file_records import FileRecord
from server_parts.storage.records import About, Message

ID = "A" * 22
FILE = FileRecord(ID, "plan é.pdf", 1_258_291, "0" * 64)
BARE = FileRecord(ID, "plan.pdf", 5, "0" * 64, bare=True)
LINKED = plain_forms(links("http://127.0.0.1:3030/", lambda room: room != "den"))[False, False]


def asked(line: str) -> Request:
    (request,) = PlainDoor().receive(line.encode() + b"\n", 0.0)
    return request


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ("/upload a.txt", Promise("lobby", "a.txt")),
        ("/upload a.txt TEA", Promise("tea", "a.txt")),
        ("/upload a.txt @Bob", Promise("@bob", "a.txt")),
        ("/file " + ID, WhereIs(ID)),
        ("/files", ListFiles("lobby", None, 20)),
        ("/files " + ID, ListFiles("lobby", ID, 20)),
    ],
)
def test_a_line_asks_for_something(line: str, request_: Request) -> None:
    """About the room that one talks in, if it names no other."""
    assert asked(line) == request_


@pytest.mark.parametrize(
    "line",
    ["/upload", "/upload a b c", "/upload a @", "/upload a t/a", "/file", "/file x", "/files x", "/file " + ID + "A"],
)
def test_another_form_gets_the_usage(line: str) -> None:
    """With the command as it is to be typed."""
    answer = asked(line)
    assert isinstance(answer, Answer)
    assert b"usage: /" in answer.block


def said(text: str, file: FileRecord, room: str = "lobby", **more: Any) -> Message:
    return Message(room, 7, 0.0, "ann", "red", text, "s", 1, file=file, **more)


def shown(message: Message) -> str:
    return LINKED.pages(history(message.room, gap=False), "messages", [message]).decode()


PLACE = f"http://127.0.0.1:3030/files/{ID}"


def test_a_file_has_a_line_of_its_own() -> None:
    """Behind its caption, with the address where anybody may fetch it."""
    assert shown(said("look", FILE)) == (
        f"[COLOR (red)] ann said -> look\n* ann sent a file: plan é.pdf (1.2 MB) {PLACE}/plan%20%C3%A9.pdf *\n"
    )


def test_without_a_caption_there_is_only_that_line() -> None:
    """With whom it answers before it."""
    assert shown(said("plan.pdf (5 bytes)", BARE)) == f"* ann sent a file: plan.pdf (5 bytes) {PLACE}/plan.pdf *\n"
    answer = said("plan.pdf (5 bytes)", BARE, about=About("reply", 3))
    assert shown(answer) == f"* (to #3) ann sent a file: plan.pdf (5 bytes) {PLACE}/plan.pdf *\n"


@pytest.mark.parametrize(("room", "place"), [("den", " in #den"), ("@ann+bob", " (private)")])
def test_elsewhere_the_address_is_to_be_asked_for(room: str, place: str) -> None:
    """Where not everybody may fetch it."""
    private = plain_forms(links("http://127.0.0.1:3030/", lambda room: False))[False, False]
    lines = private.pages(history(room, gap=False), "messages", [said("plan.pdf (5 bytes)", BARE, room)])
    assert lines == f"* ann sent a file{place}: plan.pdf (5 bytes); /file {ID} gives its address *\n".encode()
    assert b"gives its address" in PLAIN.pages(history(room, gap=False), "messages", [said("x", BARE, room)])


def test_each_form_shows_files() -> None:
    """With numbers and times before them."""
    for form in PLAIN_FORMS.values():
        assert b"ann sent a file: plan.pdf" in form.pages(
            history("lobby", gap=False), "messages", [said("plan.pdf (5 bytes)", BARE)]
        )


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_name_looks_like_a_line_of_the_server(name: str) -> None:
    """Or ends its own: whatever a file is called, it has one line."""
    lines = shown(said("look", FileRecord(ID, name, 5, "0" * 64))).splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("* ann sent a file: ")
    assert lines[1].endswith(" *")


def test_answers_are_lines() -> None:
    """Of addresses, of lists, and of a promise: with quotes where a shell would see more than one word."""
    file = {**FILE.frame(), "url": "http://h/files/x?t=y", "expires": 1}
    assert (
        PLAIN.frame({"type": "file", **file}) == "* plan é.pdf (1.2 MB), for 15 min: http://h/files/x?t=y *\n".encode()
    )
    one = {**BARE.frame(), "room": "lobby", "message": 7, "from": "ann", "ts": 0.0}
    listed = PLAIN.pages({"type": "files", "room": "lobby", "more": True}, "files", [one]).decode()
    assert listed.splitlines() == [
        f"* #7 ann: plan.pdf (5 bytes), {ID} *",
        "* /file ID gives the address of one *",
        f"* /files {ID} lists older ones *",
    ]
    assert (
        PLAIN.pages({"type": "files", "room": "lobby", "more": False}, "files", []) == b"* there are no files here *\n"
    )
    promised = {"type": "promised", "name": "a 'b'.txt", "room": "tea", "url": "http://h/?t=y", "expires": 1}
    assert PLAIN.frame(promised).decode().splitlines()[1] == "* curl -T 'a '\"'\"'b'\"'\"'.txt' 'http://h/?t=y' *"
