"""Browsers at a running server that ask by HTTP: the page, what is wrong, and how the connection ends."""

from __future__ import annotations

import re
import threading

import pytest

from server_parts import reading
from server_parts.web import web_door
from server_parts.web.web_encoder import HTTP
from tests.browsers import ask, read_answer, request_head
from tests.conftest import Chat
from tests.peers import WAIT, wait_until


def test_the_page_is_served(chat: Chat) -> None:
    """With a tag, for which there is a 304 the next time; HEAD is the same without the body."""
    got = ask(chat.port, "/")
    assert (got.status, got.fields["content-type"]) == (200, "text/html; charset=utf-8")
    assert int(got.fields["content-length"]) == len(got.body)
    assert got.fields["x-content-type-options"] == "nosniff"
    assert got.fields["referrer-policy"] == "no-referrer"
    assert got.fields["content-security-policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    again = ask(chat.port, "/", If_None_Match=got.fields["etag"])
    assert (again.status, again.body) == (304, b"")
    head = ask(chat.port, "/", "HEAD")
    assert (head.status, head.body, head.fields["content-length"]) == (200, b"", got.fields["content-length"])


def test_the_files_of_a_page_may_be_kept(chat: Chat) -> None:
    """They are in a folder of this page alone. A tab of another page gets them too, but asks the next time.

    The script there is all modules together; outside of the folder each is for itself.
    """
    found = re.search(rb'src="/?(page-[0-9a-f]+)/early.js"', ask(chat.port, "/").body)
    assert found is not None
    folder = found[1].decode()
    kept, other, plain = (ask(chat.port, f"/{one}page.js") for one in (f"{folder}/", "page-0123456789abcdef/", ""))
    assert "immutable" in kept.fields["cache-control"]
    assert other.fields["cache-control"] == plain.fields["cache-control"] == "no-cache"
    assert kept.body == other.body
    assert b"class Log" in kept.body
    assert b"class Log" not in plain.body
    for path in (f"/{folder}/page.js?1", f"/{folder}/page.js.map"):
        assert "immutable" in ask(chat.port, path).fields["cache-control"]
    assert ask(chat.port, f"/{folder}/nothing.js").status == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/favicon.ico", 200),
        ("GET", "/robots.txt", 200),
        ("GET", "/nothing", 404),
        ("GET", "/../server.key", 404),
        ("GET", "/%2e%2e/server.key", 404),
        ("GET", "/..%2fserver.key", 404),
        ("GET", "/./index.html", 404),
        ("GET", "/index.html/", 404),
        ("GET", "/index.html%00.js", 404),
        ("GET", "\\\\..\\server.key", 400),
        ("GET", "//", 404),
        ("GET", "/index.html?x", 200),
        ("HEAD", "/nothing", 404),
        ("POST", "/", 405),
        ("PUT", "/nothing", 404),
        ("OPTIONS", "/", 405),
        ("OPTIONS", "*", 400),
        ("DELETE", "/chat", 405),
        ("GET", "/session", 405),
        ("GET", "/logout", 405),
        ("GET", "/chat", 426),
        ("GET", "http://127.0.0.1/", 400),
        ("CONNECT", "example.org:443", 400),
    ],
)
def test_whatever_is_asked_by_accident_gets_an_answer(chat: Chat, method: str, path: str, status: int) -> None:
    """Short and correct."""
    got = ask(chat.port, path, method)
    assert got.status == status
    assert ("allow" in got.fields) is (status == 405)
    assert bool(got.body) is (method != "HEAD")
    assert len(got.body) < (1_000 if status != 200 else 10_000)
    assert int(got.fields["content-length"]) == len(got.body) or method == "HEAD"


def test_only_one_request_is_answered(chat: Chat) -> None:
    """What comes behind it is let go of."""
    request = request_head("/robots.txt", fields={"Host": "localhost"})
    peer = chat.peer()
    peer.send_bytes(request * 3)
    assert peer.rest().count(b"HTTP/1.1") == 1


def test_a_slow_head_is_given_up(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """However its bytes drip."""
    monkeypatch.setattr(web_door, "HEAD_WAIT", 0.4)
    peer = chat.peer()
    peer.send_bytes(b"GET / HTTP/1.1\r\n")
    for _ in range(3):
        peer.send_bytes(b"A: b\r\n")
    assert read_answer(peer.rest()).status == 408


def test_who_does_not_go_after_the_answer_is_let_go(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has a while to read, and no longer."""
    monkeypatch.setattr(reading, "LINGER", 0.2)
    peer = chat.peer()
    peer.send_bytes(request_head("/", fields={"Host": "localhost"}))
    assert read_answer(peer.rest()).status == 200
    assert wait_until(lambda: not chat.server.clients)


def test_an_upload_does_not_swallow_the_answer(chat: Chat) -> None:
    """It is read on while the other side still sends."""
    peer = chat.peer()
    peer.send_bytes(request_head("/", "POST", {"Host": "localhost", "Content-Length": "3000000"}))
    peer.send_bytes(b"x" * 3_000_000)
    peer.stop_sending()
    assert read_answer(peer.rest()).status == 405


def test_a_full_head_is_refused(chat: Chat) -> None:
    """Before it has come to its end."""
    peer = chat.peer()
    peer.send_bytes(b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 20_000)
    assert read_answer(peer.rest()).status == 431


def test_many_who_ask_at_once_are_all_answered(chat: Chat) -> None:
    """While people talk."""
    ann = chat.native("ann")
    answers: list[int] = []

    def visit() -> None:
        answers.extend(ask(chat.port, "/").status for _ in range(10))

    crowd = [threading.Thread(target=visit) for _ in range(8)]
    for one in crowd:
        one.start()
    assert [ann.tell(f"{number}")["id"] for number in range(20)] == list(range(1, 21))
    for one in crowd:
        one.join(WAIT)
    assert answers == [200] * 80
    assert [member["name"] for member in ann.ask("who")[0]["members"]] == ["ann"]


@pytest.mark.parametrize("method", ["POST", "made-up"])
@pytest.mark.parametrize("cut", [5, 3_000, 9_000])
def test_what_a_page_sends_is_not_said(chat: Chat, method: str, cut: int) -> None:
    """However slowly it comes: no script speaks through somebody's browser."""
    ann, peer = chat.native("ann"), chat.peer()
    whole = request_head("/" + "a" * 8_000, method, {"Host": "evil.example", "Cookie": "a=b"}) + b"said\n"
    peer.send_bytes(whole[: len(method) + cut])
    assert wait_until(lambda: any(client.encoder is HTTP for client in chat.server._connections.values()))
    peer.send_bytes(whole[len(method) + cut :])
    assert read_answer(peer.rest()).status == 421
    assert ann.tell("nobody else")["id"] == 1
