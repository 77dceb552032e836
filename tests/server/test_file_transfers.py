"""HTTP for files, over a real server: what is refused, what browsers may do with a file, and how transfers end."""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from server_parts.files import hook, quota, receiving
from server_parts.files.hook import Hook
from server_parts.files.tickets import GET, LASTS, SEND
from server_parts.files.turns import Slowness
from tests.browsers import ask, read_answer, request_head
from tests.conftest import Chat, ChatLog, Serve
from tests.peers import Native, Peer, Plain, wait_until
from tests.sending import send
from tests.server.moderation.people import operator, outcome
from tests.server.test_entry import OWNER, store_with
from tests.server.test_files import BODY, PNG, reserve, share

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


def begun(chat: Chat, url: str, body: bytes, length: int, **fields: str) -> Peer:
    """A connection on which a part of a body was sent."""
    peer = chat.peer()
    named = {"Host": "localhost", "Content-Length": str(length), "Upload-Offset": "0"}
    named |= {name.replace("_", "-"): value for name, value in fields.items()}
    peer.send_bytes(request_head(url, "PATCH", named) + body)
    return peer


def answer_of(peer: Peer) -> tuple[int, str]:
    found = read_answer(peer.rest())
    return found.status, found.body.decode()


def promised_to(chat: Chat, somebody: Plain) -> str:
    """The address that a plain client is given for a file."""
    somebody.say("/upload notes.txt")
    line = ""
    while "curl -T" not in line:
        line = somebody.text()
    return line.split("'")[1].removeprefix(f"http://127.0.0.1:{chat.port}")


# --- what is refused ---


def test_a_body_that_is_not_wanted_is_refused_before_it_is_sent(chat: Chat, alice: Native) -> None:
    """Whoever waits for a word gets one: the answer, or that the body may come."""
    place = reserve(alice)
    cases = [
        ("/files/" + "A" * 22 + "?t=x", 10, "0", 404),
        (place["url"] + "x", 10, "0", 404),
        (place["url"], len(BODY) + 1, "0", 413),
        (place["url"], 10, "5", 409),
    ]
    for url, length, offset, status in cases:
        assert answer_of(begun(chat, url, b"", length, Expect="100-continue", Upload_Offset=offset))[0] == status
    peer = begun(chat, place["url"], b"", len(BODY), Expect="100-continue")
    assert peer.line() == b"HTTP/1.1 100 Continue\r"
    assert peer.line() == b"\r"
    peer.send_bytes(BODY)
    assert answer_of(peer)[0] == 201


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"Content-Length": None}, 411),
        ({"Upload-Offset": None}, 400),
        ({"Transfer-Encoding": "chunked"}, 501),
        ({"Content-Length": "1\r\nContent-Length: 1"}, 400),
        ({"Expect": "a miracle"}, 417),
        ({"Host": "evil.example"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_requests_that_are_wrong(chat: Chat, alice: Native, fields: dict[str, str | None], status: int) -> None:
    """Each gets the status that says so; nothing of the body is stored."""
    place = reserve(alice)
    named: dict[str, str | None] = {"Host": "localhost", "Content-Length": "1", "Upload-Offset": "0"}
    peer = chat.peer()
    peer.send_bytes(request_head(place["url"], "PATCH", {**named, **fields}) + b"x")
    assert answer_of(peer)[0] == status
    assert ask(chat.port, place["url"], "HEAD").fields["upload-offset"] == "0"


def test_other_methods_are_named(chat: Chat) -> None:
    """In the answer to one that is not there."""
    for method in ("POST", "DELETE", "OPTIONS"):
        found = ask(chat.port, "/files/x", method)
        assert (found.status, found.fields["allow"]) == (405, "GET, HEAD, PATCH, PUT")


def test_a_ticket_is_for_one_thing(chat: Chat, alice: Native, bob: Native) -> None:
    """One to fetch does not send, one to send does not fetch; neither opens another file, nor anything later."""
    id = share(chat, alice, room="@bob")["file"]["id"]
    place = reserve(alice)
    desk, now = chat.server._hub.desk, chat.server._hub.desk.clock()
    path = f"/files/{id}/a.bin"
    for ticket in (
        desk.tickets.new(SEND, id, "a.bin", now),
        desk.tickets.new(GET, id, "b.bin", now),
        desk.tickets.new(GET, place["id"], "a.bin", now),
        desk.tickets.new(GET, id, "a.bin", now - LASTS),
    ):
        assert ask(chat.port, f"{path}?t={ticket.text}").status == 404
    assert ask(chat.port, f"{path}?t={desk.tickets.new(GET, id, 'a.bin', now).text}").status == 200
    fetching = desk.tickets.new(GET, place["id"], "", now)
    assert send(chat.port, f"/files/{place['id']}?t={fetching.text}", BODY).status == 404


def test_what_one_may_not_have_is_as_what_there_is_not(chat: Chat, alice: Native, bob: Native) -> None:
    """Word for word."""
    private, unsaid = share(chat, alice, room="@bob")["file"]["id"], reserve(alice)["id"]
    answers = [ask(chat.port, f"/files/{id}/a.bin") for id in (private, unsaid, "A" * 22)]
    answers.append(ask(chat.port, f"/files/{private}/a.bin?t=x.y"))
    assert {(found.status, found.body) for found in answers} == {(404, answers[0].body)}
    for id in (private, unsaid, "A" * 22):
        carol = chat.native()
        carol.enter("carol")
        carol.send("file", id=id)
        error = carol.until("error")
        assert (error["code"], error["text"]) == ("no_such_file", "there is no such file")
        carol.leave()


@pytest.mark.parametrize(("entry", "guests"), [("open", "no"), ("closed", "talk"), ("invite", "read")])
def test_where_not_everybody_may_read_every_file_wants_a_ticket(serve: Serve, entry: str, guests: str) -> None:
    """Also those in public rooms: people who are in get one."""
    chat = serve(entry=entry, guests=guests, store=store_with())
    alice = chat.native("alice", token=OWNER)
    id = share(chat, alice)["file"]["id"]
    assert ask(chat.port, f"/files/{id}/a.bin").status == 404
    alice.send("file", id=id)
    assert ask(chat.port, alice.until("file")["url"]).body == BODY


def test_an_invite_only_room_keeps_its_files(chat: Chat, alice: Native, bob: Native) -> None:
    """From the moment on in which it becomes one; for those outside they are gone."""
    op = operator(chat)
    for peer in (alice, op):
        peer.ask("join", room="tea")
    id = share(chat, alice, room="tea")["file"]["id"]
    assert ask(chat.port, f"/files/{id}/a.bin").status == 200
    assert outcome(op.ask("room", room="tea", mode="invite")) == "ok"
    assert ask(chat.port, f"/files/{id}/a.bin").status == 404
    alice.send("file", id=id)
    assert ask(chat.port, alice.until("file")["url"]).status == 200
    bob.send("file", id=id)
    assert bob.until("error")["code"] == "no_such_file"
    bob.send("files", room="tea")
    assert bob.until("files")["files"] == []


def test_a_deleted_message_takes_its_file_along(chat: Chat, alice: Native) -> None:
    """For everybody."""
    message = share(chat, alice)
    path = f"/files/{message['file']['id']}/a.bin"
    assert ask(chat.port, path).status == 200
    alice.until("message", seq=alice.say("", delete=message["id"]))
    assert ask(chat.port, path).status == 404


def test_a_damaged_file_is_not_kept(chat: Chat, alice: Native) -> None:
    """It was announced with another hash."""
    place = reserve(alice, sha256="0" * 64)
    assert send(chat.port, place["url"], BODY).status == 422
    assert ask(chat.port, place["url"], "HEAD").status == 404
    assert alice.until("error", seq=alice.say("", file=place["id"]))["code"] == "no_such_file"


def test_what_is_sent_for_nothing_counts_for_the_day(
    chat: Chat, alice: Native, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Damaged files, and what was sent once more from its beginning."""
    monkeypatch.setattr(quota, "A_DAY", 3 * len(BODY))
    assert send(chat.port, reserve(alice, sha256="0" * 64)["url"], BODY).status == 422
    place = reserve(alice)
    assert send(chat.port, place["url"], BODY[:-1]).status == 204
    assert send(chat.port, place["url"], BODY, method="PUT").status == 201
    alice.send("upload", ref="a", room="lobby", name="b.bin", size=2)
    assert alice.until("error", ref="a")["code"] == "quota"


# --- what browsers may do with it ---


@pytest.mark.parametrize(
    ("body", "name", "kind", "how"),
    [
        (PNG, "cat.png", "image/png", 'inline; filename="cat.png"'),
        (PNG, "cat.html", "image/png", 'inline; filename="cat.html"'),
        (SVG, "cat.svg", "application/octet-stream", 'attachment; filename="cat.svg"'),
        (HTML, "cat.png", "application/octet-stream", 'attachment; filename="cat.png"'),
        (
            HTML,
            "é\r\nX: y",
            "application/octet-stream",
            "attachment; filename=\"_X_ y\"; filename*=UTF-8''%C3%A9X_%20y",
        ),
    ],
)
def test_only_pictures_are_shown(chat: Chat, alice: Native, body: bytes, name: str, kind: str, how: str) -> None:
    """By what is in them, whatever they are called; and nothing in any of them may run."""
    file = share(chat, alice, body, name)["file"]
    alice.send("file", id=file["id"])
    found = ask(chat.port, alice.until("file")["url"])
    assert (found.body, found.fields["content-type"], found.fields["content-disposition"]) == (body, kind, how)
    assert found.fields["content-security-policy"] == "sandbox; default-src 'none'; img-src 'self'"
    assert found.fields["x-content-type-options"] == "nosniff"
    assert found.fields["cross-origin-resource-policy"] == "same-origin"
    assert "x" not in found.fields


def test_a_browser_asks_again_only_for_what_has_changed(chat: Chat, alice: Native) -> None:
    """And for parts of it."""
    path = f"/files/{share(chat, alice)['file']['id']}/a.bin"
    whole = ask(chat.port, path)
    tag = whole.fields["etag"]
    assert ask(chat.port, path, If_None_Match=tag).status == 304
    assert ask(chat.port, path, "HEAD").fields["content-length"] == str(len(BODY))
    assert ask(chat.port, path, "HEAD").body == b""
    assert ask(chat.port, path, Range="bytes=5-9", If_Range=tag).body == BODY[5:10]
    assert ask(chat.port, path, Range="bytes=5-9", If_Range='"x"').body == BODY
    beyond = ask(chat.port, path, Range=f"bytes={len(BODY)}-")
    assert (beyond.status, beyond.fields["content-range"]) == (416, f"bytes */{len(BODY)}")


def test_a_link_may_stand_on_another_page(chat: Chat, alice: Native) -> None:
    """Whoever follows it gets the file; the other page itself gets nothing."""
    path = f"/files/{share(chat, alice)['file']['id']}/a.bin"
    assert ask(chat.port, path, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate").status == 200
    assert ask(chat.port, path, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors").status == 403
    assert ask(chat.port, path, Origin="http://evil.example").status == 403


# --- how transfers end ---


@pytest.mark.parametrize("cut", range(0, 5 * 65_536, 65_536))
def test_a_cut_transfer_goes_on_where_it_was(chat: Chat, alice: Native, cut: int) -> None:
    """At each 64 KiB; what is fetched is what was sent."""
    body = bytes(range(251)) * 1100
    place = reserve(alice, size=len(body))
    with begun(chat, place["url"], body[:cut], len(body)):
        pass
    alice.send("upload", ref="again", id=place["id"])
    again = alice.until("upload", ref="again")
    offset, status = again["offset"], 409
    while status == 409:  # the server may hear only now that the first connection is over
        assert offset <= cut
        answer = send(chat.port, again["url"], body[offset:], offset)
        status, offset = answer.status, int(answer.fields["upload-offset"])
    assert (status, offset) == (201, len(body))
    id = alice.until("message", seq=alice.say("", file=place["id"]))["file"]["id"]
    assert ask(chat.port, f"/files/{id}/a.bin").body == body


def test_the_newer_of_two_connections_goes_on(chat: Chat, alice: Native) -> None:
    """The other one, which may be lost without anybody's knowing, is ended."""
    place = reserve(alice)
    older = begun(chat, place["url"], BODY[:100], len(BODY))
    assert wait_until(lambda: chat.server._hub.desk.running.count == 1)
    newer = begun(chat, place["url"], BODY, len(BODY))
    assert answer_of(older)[0] == 409
    status, _ = answer_of(newer)
    offset = int(ask(chat.port, place["url"], "HEAD").fields["upload-offset"])
    assert (status, offset) in ((409, 100), (201, len(BODY)))


def test_whoever_is_sent_away_sends_no_more(chat: Chat, alice: Native) -> None:
    """The transfer ends, and what was promised is not kept."""
    place = reserve(alice)
    peer = begun(chat, place["url"], BODY[:100], len(BODY))
    assert wait_until(lambda: chat.server._hub.desk.running.count == 1)
    assert outcome(operator(chat).ask("kick", name="alice")) == "ok"
    assert answer_of(peer)[0] == 409
    assert send(chat.port, place["url"], BODY).status == 404  # with the ticket from before


def test_whoever_comes_back_goes_on(chat: Chat, alice: Native) -> None:
    """Being sent away ends the addresses from before it, and not those that are given afterwards."""
    place = reserve(alice)
    desk = chat.server._hub.desk
    desk.end([desk.store.upload(place["id"]).reservation.owner])
    assert ask(chat.port, place["url"], "HEAD").status == 404
    assert send(chat.port, reserve(alice)["url"], BODY).status == 201


def test_a_promise_to_somebody_who_left_is_void(chat: Chat, alice: Native) -> None:
    """Nothing is said in the name of somebody who is not there."""
    dave = chat.plain("/nick dave")
    url = promised_to(chat, dave)
    dave.say("/exit")
    dave.rest()
    alice.sees_off("dave")
    found = send(chat.port, url, b"hello", method="PUT")
    assert (found.status, found.body) == (409, b"Whoever was to say this file is not in the chat any more.\n")
    alice.send("files")
    assert alice.until("files")["files"] == []


def test_a_transfer_that_is_too_slow_is_cut(chat: Chat, alice: Native, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the offset that it has come to."""
    monkeypatch.setattr(receiving, "TICK", 0.01)
    monkeypatch.setattr(receiving, "Slowness", lambda rate, seconds, now: Slowness(rate, 0.02, now))
    place = reserve(alice)
    found = read_answer(begun(chat, place["url"], b"x", len(BODY)).rest())
    assert (found.status, found.fields["upload-offset"]) == (408, "1")


def test_a_server_that_stops_ends_transfers(chat: Chat, alice: Native) -> None:
    """In both directions, and in time; whoever sends is told to go on later."""
    body = bytes(300_000)
    path = f"/files/{share(chat, alice, body)['file']['id']}/a.bin"
    place = reserve(alice, size=300_000)
    chat.server._reading._transfers._flow._rate = 20_000  # from now on
    fetching = chat.peer()
    fetching.send_bytes(request_head(path, fields={"Host": "localhost"}))
    sending = begun(chat, place["url"], body[:100], 300_000)
    assert wait_until(lambda: chat.server._hub.desk.running.count == 2)
    chat.server.stop_server()
    assert answer_of(sending)[0] == 503
    sending.close()
    head, _, got = fetching.rest().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert got == body[: len(got)]
    assert len(got) < len(body)
    fetching.close()
    chat.stop()


# --- the operator's program ---


def program(tmp_path: Path, script: str) -> str:
    path = tmp_path / "hook"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.mark.skipif(shutil.which("sh") is None, reason="there is no sh")
@pytest.mark.parametrize(
    ("script", "status", "said"),
    [
        ('cmp -s "$1" "$1" && test "$CHAT_FILE_NAME" = "a\'b.bin" && exit 0', 201, "a'b.bin is stored."),
        ("echo 'no viruses, please'; echo more; exit 3", 403, "no viruses, please"),
        ("exit 1", 403, "the operator of this server does not accept this file"),
    ],
)
def test_a_program_may_refuse_a_file(serve: Serve, tmp_path: Path, script: str, status: int, said: str) -> None:
    """With its first line; a file that it was not asked about cannot be said."""
    chat = serve(file_hook=program(tmp_path, script))
    alice = chat.native("alice")
    place = reserve(alice, "a'b.bin")
    found = send(chat.port, place["url"], BODY)
    assert (found.status, found.body.decode().strip()) == (status, said)
    seq = alice.say("", file=place["id"])
    assert (alice.until("message", seq=seq) if status == 201 else alice.until("error", seq=seq))["seq"] == seq


@pytest.mark.skipif(shutil.which("sh") is None, reason="there is no sh")
def test_what_a_program_has_refused_may_be_sent_again_to_the_same_address(serve: Serve, tmp_path: Path) -> None:
    """Another file, perhaps; it is announced anew."""
    chat = serve(file_hook=program(tmp_path, 'grep -q bad "$1" && exit 1; exit 0'))
    dave = chat.plain("/nick dave")
    url = promised_to(chat, dave)
    assert [send(chat.port, url, body, method="PUT").status for body in (b"bad", b"good")] == [403, 201]


@pytest.mark.skipif(shutil.which("sh") is None, reason="there is no sh")
def test_what_is_given_up_while_a_program_looks_at_it_is_gone(serve: Serve, tmp_path: Path) -> None:
    """Whoever sends it gets an answer all the same, and the server goes on."""
    gate = tmp_path / "gate"
    chat = serve(file_hook=program(tmp_path, f"until test -e {gate}.end; do touch {gate}; sleep 0.01; done; exit 1"))
    alice = chat.native("alice")
    place = reserve(alice)
    peer = begun(chat, place["url"], BODY, len(BODY))
    assert wait_until(gate.exists)
    alice.send("upload", ref="a", id=place["id"], cancel=True)
    assert alice.until("upload", ref="a")["cancelled"]
    (tmp_path / "gate.end").touch()
    assert answer_of(peer)[0] == 403


@pytest.mark.skipif(shutil.which("sh") is None, reason="there is no sh")
def test_a_program_that_takes_too_long_is_killed(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, errors_expected: ChatLog
) -> None:
    """And the file is refused; a server that stops waits for none."""
    monkeypatch.setattr(hook, "TICK", 0.01)
    monkeypatch.setattr(Hook, "_ask", _with_little_patience(Hook._ask))
    chat = serve(file_hook=program(tmp_path, "exec sleep 100"))
    alice = chat.native("alice")
    assert send(chat.port, reserve(alice)["url"], BODY).status == 403
    assert "timed out" in errors_expected.errors[0]


def _with_little_patience(ask: Any) -> Any:
    def impatient(self: Hook, *asked: Any) -> Any:
        self._seconds = 0.05
        return ask(self, *asked)

    return impatient


@pytest.mark.skipif(shutil.which("sh") is None, reason="there is no sh")
def test_a_server_that_stops_waits_for_no_program(serve: Serve, tmp_path: Path) -> None:
    """The file is not accepted, and its sender is told to come again."""
    chat = serve(file_hook=program(tmp_path, f"touch {tmp_path}/begun; exec sleep 100"))
    alice = chat.native("alice")
    sending = begun(chat, reserve(alice)["url"], BODY, len(BODY))
    assert wait_until((tmp_path / "begun").exists)
    chat.server.stop_server()
    assert answer_of(sending)[0] == 503
    chat.stop()


def test_a_program_that_fails_refuses(serve: Serve, tmp_path: Path, errors_expected: ChatLog) -> None:
    """What could not be checked is not let through, and the operator is told."""
    chat = serve(file_hook=str(tmp_path / "missing"))
    alice = chat.native("alice")
    found = send(chat.port, reserve(alice)["url"], BODY)
    assert (found.status, found.body) == (403, b"this server could not check the file: try again later\n")
    assert "cannot check files" in errors_expected.errors[0]


# --- other programs ---


def curl(*arguments: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["curl", "-sS", "--max-time", "20", *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_sends_and_fetches(chat: Chat, alice: Native, tmp_path: Path) -> None:
    """Large enough for it to wait for a word before it sends; a part is fetched later."""
    here, there = tmp_path / "a.bin", tmp_path / "b.bin"
    here.write_bytes(bytes(range(251)) * 5000)
    place = reserve(alice, size=here.stat().st_size)
    url = f"http://127.0.0.1:{chat.port}{place['url']}"
    assert "100 Continue" in curl("-v", "-H", "Expect: 100-continue", "-T", here, url).stderr
    id = alice.until("message", seq=alice.say("", file=place["id"]))["file"]["id"]
    there.write_bytes(here.read_bytes()[:70_000])
    done = curl("-C", "-", "-o", there, f"http://127.0.0.1:{chat.port}/files/{id}/a.bin")
    assert (done.returncode, done.stderr) == (0, "")
    assert there.read_bytes() == here.read_bytes()


@pytest.mark.skipif(shutil.which("wget") is None, reason="wget is not installed")
def test_wget_goes_on(chat: Chat, alice: Native, tmp_path: Path) -> None:
    """Where an earlier run was cut."""
    path = f"/files/{share(chat, alice)['file']['id']}/a.bin"
    there = tmp_path / "a.bin"
    there.write_bytes(BODY[:1000])
    command = ["wget", "-q", "-c", "-O", str(there), f"http://127.0.0.1:{chat.port}{path}"]
    assert subprocess.run(command, check=False, timeout=20).returncode == 0
    assert there.read_bytes() == BODY
