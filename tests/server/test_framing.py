"""The wire protocol over loopback: lines, strict JSON, and which door a client comes through."""

from __future__ import annotations

import json
import re

import pytest

from server_parts.protocol import native_frames
from tests.conftest import Chat, Serve
from tests.peers import Native, codes, of_type

pytestmark = pytest.mark.usefixtures("both_ways")

# --- framing ---


def test_frames_arrive_however_they_are_cut(alice: Native) -> None:
    """Two in one packet, one byte by byte, and one with a carriage return."""
    alice.send_bytes(b'{"type":"ping","n":1}\n{"type":"ping","n":2}\n')
    for byte in b'{"type":"ping","n":3}\r\n':
        alice.send_bytes(bytes([byte]))
    assert [alice.until("pong")["n"] for _ in range(3)] == [1, 2, 3]


def test_only_a_newline_ends_a_line(alice: Native, bob: Native) -> None:
    """Line separators of other kinds travel inside a text."""
    text = "a\u2028b\u2029c\x85d\ne\rf"
    alice.send_bytes(json.dumps({"type": "say", "room": "lobby", "text": text, "seq": 1}, ensure_ascii=False).encode())
    alice.send_bytes(b"\n")
    assert bob.until("message")["text"] == text


def ping_of(size: int) -> bytes:
    return b'{"type":"ping","n":"' + b"x" * (size - 23) + b'"}\n'


def test_the_longest_line(alice: Native) -> None:
    """65,536 bytes with the newline are allowed, in both directions."""
    line = ping_of(65_536)
    assert len(line) == 65_536
    alice.send_bytes(line)
    assert len(alice.until("pong")["n"]) == 65_536 - 23


@pytest.mark.parametrize("line", [ping_of(65_537), b"x" * 65_536], ids=["whole", "without its end"])
def test_a_line_that_is_too_long(alice: Native, line: bytes) -> None:
    """An error with both numbers, a goodbye, and the end, even while it is still arriving."""
    alice.send_bytes(line)
    error = alice.until("error")
    assert (error["code"], error["fatal"]) == ("too_long", True)
    assert re.search(r"6553[67] > 65536", error["text"])
    goodbye = alice.next()
    assert (goodbye["type"], goodbye["code"], goodbye["retry"]) == ("bye", "too_long", False)
    assert alice.ended()


def test_lines_are_shorter_before_the_welcome(chat: Chat) -> None:
    """4,096 bytes, and not one more."""
    peer = chat.native()
    peer.send_bytes(ping_of(4096))
    assert peer.until("pong")
    peer.send_bytes(ping_of(4097))
    assert "4097 > 4096" in peer.until("error", code="too_long")["text"]
    assert peer.until("bye", code="too_long")
    assert peer.ended()


@pytest.mark.parametrize(
    "n", ["[" + ",".join(["1e15"] * 13_000) + "]", "[" + ",".join(["1e-5"] * 13_000) + "]"], ids=["1e15", "1e-5"]
)
def test_no_answer_is_longer_than_a_line(alice: Native, n: str) -> None:
    """Also when what comes back is written longer than what was sent."""
    alice.send_bytes(f'{{"type":"ping","n":{n}}}\n'.encode())
    alice.send("ping", n="end")
    while (frame := alice.next()) != {"type": "pong", "n": "end"}:  # next() checks the length of every line
        assert frame["type"] in ("pong", "error", "presence")


def test_an_unfinished_frame_is_not_carried_out(alice: Native, bob: Native) -> None:
    """The end of the stream in the middle of a line is no newline."""
    alice.send_bytes(b'{"type":"say","room":"lobby","text":"half","seq":1}')
    alice.stop_sending()
    bob.moved("left", "alice")
    assert of_type(bob.passed, "message") == []


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [
        (b'{"type":"dance"}', "unknown_type", "type"),
        (b"{}", "bad_field", "type"),
        (b'{"type":["say"]}', "bad_field", "type"),
        (b"[1,2]", "bad_frame", None),
        (b"hello", "bad_frame", None),
        (b'{"type":"ping","n":NaN}', "bad_frame", None),
        (b'{"type":"ping","n":"\xff"}', "bad_frame", None),
        (b'{"type":"ping","n":' + b"[" * 60_000, "bad_frame", None),
        (b'{"type":"ping","n":' + b"9" * 60_000 + b"}", "bad_frame", None),
        (b'{"type":"ping","n":[[[[[[[[]]]]]]]]}', "bad_field", "n"),
        (b'{"type":"ping","n":1e999}', "bad_field", "n"),
        (b'{"type":"ping","n":1000000000000000}', "bad_field", "n"),
        (b'{"type":"ping","n":"\\u0000"}', "bad_field", "n"),
        (b'{"type":"ping","n":"\\ud800"}', "bad_field", "n"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_strict_json(alice: Native, line: bytes, code: str, field: str | None) -> None:
    """What is not acceptable is told, with the field at fault, and the conversation goes on."""
    alice.send_bytes(line + b"\n")
    error = alice.until("error")
    assert (error["code"], error.get("field"), error["fatal"]) == (code, field, False)
    assert error["text"]
    assert alice.tell("still here")["id"] == 1


def test_five_bad_frames_in_a_row(alice: Native) -> None:
    """Four are forgiven by a good one; five are the end."""
    alice.send_bytes(b"bad\n" * 4 + b'{"type":"ping"}\n' + b"bad\n" * 4)
    assert codes(alice.pending()) == ["bad_frame"] * 8
    alice.send_bytes(b"bad\n" * 5)
    goodbye = alice.until("bye")
    assert goodbye["code"] == "bad_frames"
    assert alice.ended()


def test_unknown_fields_are_ignored(alice: Native) -> None:
    """By every request."""
    assert alice.ask("who", room="lobby", mood="sunny", more=[1])[-1]["type"] == "who"


# --- doors ---


@pytest.mark.parametrize(
    ("web", "answered"), [("on", b"HTTP/1.1 200 OK\r\n"), ("off", b"HTTP/1.1 400 Bad Request\r\n")]
)
def test_a_browser_gets_an_answer(serve: Serve, web: str, answered: bytes) -> None:
    """In one piece or in several, and then the end."""
    chat = serve(web=web)
    end = b"\r\nHost: localhost\r\n\r\n"
    for pieces in ([b"GET / HTTP/1.1" + end], [b"G", b"ET / HT", b"TP/1.1", end]):
        peer = chat.peer()
        for piece in pieces:
            peer.send_bytes(piece)
        assert peer.rest().startswith(answered)


def test_a_native_client_that_was_silent_first(chat: Chat, alice: Native) -> None:
    """It was greeted in plain text, which it skips; then it is native all the same."""
    late = chat.native()
    assert late.line() == b"* hello client *"
    late.enter("late")
    assert late.tell("here I am")["from"] == "late"
    names = {member["name"] for member in of_type(alice.ask("who"), "who")[0]["members"]}
    assert names == {"alice", "late"}


def test_a_hello_has_ten_seconds(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever does not say it in time is told so; it may come back."""
    assert native_frames.HELLO_WAIT == 10.0
    monkeypatch.setattr(native_frames, "HELLO_WAIT", 0.2)
    silent = chat.native()
    silent.send_bytes(b"{")
    goodbye = silent.next()
    assert (goodbye["type"], goodbye["code"], goodbye["retry"]) == ("bye", "idle", True)
    assert silent.ended()
