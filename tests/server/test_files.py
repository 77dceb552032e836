"""Files between people, over a real server: reserved, sent, said, and fetched by whoever may."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests import sending
from tests.browsers import ask
from tests.conftest import Chat, Serve
from tests.peers import Frame, Native
from tests.sending import send

pytestmark = pytest.mark.usefixtures("both_ways")

BODY = bytes(range(256)) * 40
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03\x08\x06\0\0\0" + b"\0" * 40


def reserve(client: Native, name: str = "a.bin", size: int = len(BODY), room: str = "lobby", **fields: Any) -> Frame:
    return sending.reserve(client, name, size, room, **fields)


def share(chat: Chat, client: Native, body: bytes = BODY, name: str = "a.bin", room: str = "lobby") -> Frame:
    return sending.share(chat.port, client, body, name, room)


def test_a_file_is_sent_said_and_fetched(chat: Chat, alice: Native, bob: Native) -> None:
    """By a range of it too; everybody in the room sees what it is."""
    place = reserve(alice, "../plan.bin", sha256=hashlib.sha256(BODY).hexdigest())
    assert (place["type"], place["name"], place["offset"]) == ("upload", "plan.bin", 0)
    assert send(chat.port, place["url"], BODY[:4000]).fields["upload-offset"] == "4000"
    assert ask(chat.port, place["url"], "HEAD").fields["upload-offset"] == "4000"
    assert send(chat.port, place["url"], BODY[4000:], 3000).status == 409
    assert send(chat.port, place["url"], BODY[4000:], 4000).status == 201
    seq = alice.say("the plan", file=place["id"])
    assert alice.until("message", seq=seq)["file"]["sha256"] == hashlib.sha256(BODY).hexdigest()
    heard = bob.message_from("alice")
    assert (heard["text"], heard["file"]["name"], heard["file"]["size"]) == ("the plan", "plan.bin", len(BODY))
    assert "bare" not in heard["file"]
    bob.send("file", id=place["id"])
    where = bob.until("file")
    assert (where["url"], where["expires"]) == (f"/files/{place['id']}/plan.bin", None)
    got = ask(chat.port, where["url"])
    assert (got.status, got.body) == (200, BODY)
    assert got.fields["etag"] == f'"{hashlib.sha256(BODY).hexdigest()}"'
    part = ask(chat.port, where["url"], Range="bytes=100-199")
    assert (part.status, part.body, part.fields["content-range"]) == (206, BODY[100:200], f"bytes 100-199/{len(BODY)}")


def test_the_operator_sees_how_many_there_are(chat: Chat, alice: Native) -> None:
    """And what they take up."""
    assert chat.server._hub.files.summary() == "0 files with 0 bytes of 5 GB, 0 transfers"
    message = share(chat, alice)
    assert chat.server._hub.files.summary() == "1 file with 10 KB of 5 GB, 0 transfers"
    alice.until("message", seq=alice.say("", delete=message["id"]))
    assert chat.server._hub.files.summary().startswith("0 files with ")


def test_without_a_caption_the_text_is_the_name(chat: Chat, alice: Native, bob: Native) -> None:
    """For clients that know nothing of files; others are told that there is no caption."""
    share(chat, alice, PNG, "cat.png")
    heard = bob.message_from("alice")
    assert (heard["text"], heard["file"]["bare"]) == ("cat.png (69 bytes)", True)
    assert (heard["file"]["mime"], heard["file"]["width"], heard["file"]["height"]) == ("image/png", 2, 3)


def test_a_file_is_said_once_by_who_sent_it_where_it_belongs(chat: Chat, alice: Native, bob: Native) -> None:
    """Everything else gets the answer of a file that there is not."""
    place = reserve(alice)
    seq = alice.say("", file=place["id"])
    assert alice.until("error", seq=seq)["code"] == "no_such_file"  # it is not complete
    assert send(chat.port, place["url"], BODY).status == 201
    for client, room in ((bob, "lobby"), (alice, "tea")):
        if room == "tea":
            client.send("join", room=room)
        seq = client.say("", room, file=place["id"])
        assert client.until("error", seq=seq)["code"] == "no_such_file"
    first, second = (alice.say("", file=place["id"]) for _ in range(2))
    assert alice.until("message", seq=first)["file"]["id"] == place["id"]
    assert alice.until("error", seq=second)["code"] == "no_such_file"


def test_an_upload_that_is_given_up_leaves_its_place_to_another(chat: Chat, alice: Native, bob: Native) -> None:
    """Also one of which some has come; nobody else gives it up, and nothing is left of it."""
    places = [reserve(alice) for _ in range(3)]
    assert send(chat.port, places[0]["url"], BODY[:4000]).status == 204
    assert reserve(alice)["code"] == "quota"
    bob.send("upload", ref="b", id=places[0]["id"], cancel=True)
    assert bob.until("error", ref="b")["code"] == "no_such_file"
    alice.send("upload", ref="a", id=places[0]["id"], cancel=True)
    assert alice.until("upload", ref="a", id=places[0]["id"], cancelled=True)
    assert ask(chat.port, places[0]["url"], "HEAD").status == 404
    assert reserve(alice)["type"] == "upload"
    alice.send("upload", ref="c", id=places[0]["id"], cancel=True)
    assert alice.until("error", ref="c")["code"] == "no_such_file"


@pytest.fixture
def small(serve: Serve) -> Chat:
    """A server that takes little."""
    return serve(file_size=20_000, file_space=50_000)


def test_what_is_too_large_is_refused_before_a_byte(small: Chat) -> None:
    """With both numbers, and so is what has no place; a server that takes none says so."""
    alice = small.native("alice")
    refused = reserve(alice, size=20_001)
    assert (refused["code"], refused["text"]) == ("file_too_large", "that file is too large: 20001 > 20000 bytes")
    for _ in range(2):
        assert reserve(alice, size=20_000)["type"] == "upload"
    assert reserve(alice, size=20_000)["code"] == "quota"
    assert reserve(alice, size=100)["type"] == "upload"
    assert reserve(alice, size=100)["code"] == "quota"
    assert alice.welcome["limits"]["file"] == 20_000


def test_a_server_may_take_no_files(serve: Serve) -> None:
    """It says so in its welcome, and to whoever tries."""
    chat = serve(file_size=0)
    alice = chat.native("alice")
    assert alice.welcome["limits"]["file"] is None
    assert reserve(alice)["code"] == "no_files"
    assert alice.until("error", seq=alice.say("", file="A" * 22))["code"] == "no_files"


def test_a_private_file_wants_a_ticket(chat: Chat, alice: Native, bob: Native) -> None:
    """Those who are in the conversation get one; for everybody else there is no such file."""
    carol = chat.native("carol")
    id = share(chat, alice, room="@bob")["file"]["id"]
    assert ask(chat.port, f"/files/{id}/a.bin").status == 404
    for client in (alice, bob):
        client.send("file", id=id)
        where = client.until("file")
        assert ask(chat.port, where["url"]).body == BODY
        assert ask(chat.port, where["url"].replace("a.bin", "b.bin")).status == 404
    carol.send("file", id=id)
    assert carol.until("error")["code"] == "no_such_file"
    carol.send("files")
    assert carol.until("files")["files"] == []
    bob.send("files", room="@alice")
    listed = bob.until("files")
    assert [(one["id"], one["from"], one["message"]) for one in listed["files"]] == [(id, "alice", 1)]


def test_a_plain_client_sends_with_another_program(chat: Chat, alice: Native) -> None:
    """It is given a line for a shell; when the file is there, it is said in its name."""
    dave = chat.plain("/nick dave")
    dave.say("/upload notes.txt")
    line = ""
    while "curl -T notes.txt" not in line:
        line = dave.text()
    url = line.split("'")[1].partition(f"://127.0.0.1:{chat.port}")[2]
    assert send(chat.port, url, b"hello", method="PUT").status == 201
    heard = alice.message_from("dave")
    assert (heard["text"], heard["file"]["name"]) == ("notes.txt (5 bytes)", "notes.txt")
    assert ask(chat.port, f"/files/{heard['file']['id']}/notes.txt").body == b"hello"
    assert send(chat.port, url, b"again", method="PUT").status == 404
