"""Bytes to requests: which door a newcomer comes through, and any bytes at all."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_parts.protocol.doorway import Doorway
from server_parts.protocol.native_encoder import NATIVE
from server_parts.protocol.requests import EndConnection, Hello, Refusal, Request, Say, StartAgain
from tests.server.knocking import HELLO, asked, plainly, whole_and_bytewise

# --- which door ---


@whole_and_bytewise
def test_a_brace_opens_the_native_door(byte_by_byte: bool) -> None:
    """A JSON hello is a hello by name."""
    (hello,) = asked(HELLO, byte_by_byte=byte_by_byte)
    assert isinstance(hello, Hello)
    assert (hello.name, hello.session) == ("alice", "a" * 16)


@whole_and_bytewise
def test_text_opens_the_plain_door(byte_by_byte: bool) -> None:
    """A line of text is said, after a hello without a name."""
    assert plainly(b"hi there\n", byte_by_byte=byte_by_byte) == [Say("lobby", ["hi there"], 0)]


def test_silence_opens_the_plain_door() -> None:
    """After half a second, and not before; once."""
    doorway = Doorway(100.0)
    assert doorway.deadline() == 100.5
    assert doorway.silence(100.49) == []
    (greeting,) = doorway.silence(100.5)
    assert isinstance(greeting, Hello)
    assert greeting.name is None
    doorway.welcomed()
    assert doorway.deadline() is None


def test_a_brace_after_silence_is_native_after_all() -> None:
    """A program that was slow to say hello is still a program, with the full time for its hello."""
    doorway = Doorway(0.0)
    doorway.silence(0.5)
    unseat, hello = doorway.receive(HELLO, 20.0)
    assert unseat == StartAgain(NATIVE)  # it was a guest until now
    assert isinstance(hello, Hello)
    assert hello.name == "alice"


def test_a_brace_later_is_text() -> None:
    """Only the first byte decides: what comes after text, or within it, is text."""
    assert plainly(b"hi\n" + HELLO)[1] == Say("lobby", [HELLO.decode().strip()], 0)
    assert plainly(b" " + HELLO) == [Say("lobby", [" " + HELLO.decode().strip()], 0)]


def test_two_plain_clients_are_two_sessions() -> None:
    """Each gets a random session that fits the protocol."""
    one, other = asked(b"a\n")[0], asked(b"a\n")[0]
    assert isinstance(one, Hello)
    assert isinstance(other, Hello)
    assert one.session != other.session
    assert 16 <= len(one.session) <= 64


HTTP = [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /a HTTP/1.0\r\n\r\n",
    b"OPTIONS * HTTP/1.1\n\n",
    b"PRI * HTTP/2.0\r\n\r\n",
]


@whole_and_bytewise
@pytest.mark.parametrize("request_line", HTTP)
def test_a_browser_is_told(request_line: bytes, byte_by_byte: bool) -> None:
    """A 400 with one helpful line, in whatever pieces the request comes."""
    ending = asked(request_line, byte_by_byte=byte_by_byte)[0]
    assert isinstance(ending, EndConnection)
    head, _, body = ending.block.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert body.count(b"\n") == 1
    assert b"client.py" in body


@pytest.mark.parametrize(
    "begun", [b"GET /a", b"POST / HT", b"made-up /a HTTP/1.", b"made-up /?a HTTP/1.1\r\n\r\n", b"x /" + b"a" * 5_000]
)
def test_a_request_whose_first_line_is_slow_or_long_is_not_said(begun: bytes) -> None:
    """What comes behind may hold a cookie, or be the words of a foreign page."""
    first, then = Doorway(0.0), Doorway(0.0)
    requests = first.receive(begun, 0.1) or first.silence(0.5)
    assert [type(request) for request in requests] == [EndConnection]
    then.silence(0.5)
    assert [type(request) for request in then.receive(begun, 0.6)] == [EndConnection]


@pytest.mark.parametrize("text", [b"hello /", b"and /who is here?", b"GET", b"/help", b"see: /help"])
def test_what_is_not_quite_a_request_is_said(text: bytes) -> None:
    """With the newline at the latest."""
    said = text + b"\n"
    assert plainly(said, byte_by_byte=True) == plainly(said)


@pytest.mark.parametrize(
    "text", [b"GET up and dance\n", b"HEAD over heels\n", b"GET /\n", b"GETTING HTTP/1.1 is easy\n"]
)
def test_a_sentence_that_begins_like_http_is_said(text: bytes) -> None:
    """People may begin a sentence with GET."""
    assert plainly(text) == [Say("lobby", [text.decode().strip()], 0)]
    assert plainly(text, byte_by_byte=True) == [Say("lobby", [text.decode().strip()], 0)]


def test_a_cut_http_request_is_a_plain_client_after_silence() -> None:
    """GET and nothing more was a word, by somebody who does not send newlines."""
    doorway = Doorway(0.0)
    assert doorway.receive(b"GET ", 0.1) == []
    assert doorway.deadline() == 0.5
    (greeting,) = doorway.silence(0.5)
    assert isinstance(greeting, Hello)
    assert doorway.silence(1.0) == [Say("lobby", ["GET "], 0)]


def test_a_word_that_may_have_become_http_is_said_at_the_end() -> None:
    """Whoever sends P without a newline, and closes, has said it."""
    doorway = Doorway(0.0)
    assert doorway.receive(b"P", 0.1) == []
    greeting, *said = doorway.end()
    assert isinstance(greeting, Hello)
    assert said == [Say("lobby", ["P"], 0)]
    assert Doorway(0.0).end() == []


def test_the_bound_holds_for_a_line_that_may_be_http() -> None:
    """A request line without an end is not kept without an end."""
    doorway = Doorway(0.0)
    doorway.receive(b"GET /", 0.1)
    requests = [request for _ in range(70) for request in doorway.receive(b"a" * 1024, 0.2)]
    assert any(isinstance(request, EndConnection) for request in requests)


@pytest.mark.parametrize("hello", [b"\x16\x03\x01\x02\x00\x01", b"\x16"])
def test_a_tls_hello_is_told(hello: bytes) -> None:
    """One line of text that says what is wrong."""
    (ending,) = asked(hello)
    assert isinstance(ending, EndConnection)
    assert ending.block.count(b"\n") == 1
    assert b"TLS" in ending.block


# --- any bytes ---


scraps = st.sampled_from(
    [b"{", b"}", b"\n", b"\r\n", b'"', HELLO, b"GET / HTTP/1.1\r\n", b"GET ", b"\x16", b"/exit", b"/say x",
     b"\xff\xfd\x03",
     b'{"type":"say","room":"lobby","text":"x","seq":1}\n', b"\xc3", b"\xa9", b"hi"]
)  # fmt: skip


@given(st.lists(scraps | st.binary(max_size=20), max_size=8).map(b"".join), st.lists(st.integers(0, 300), max_size=6))
def test_any_bytes_in_any_cuts(data: bytes, cuts: list[int]) -> None:
    """No bytes raise, and as long as nobody pauses, cuts do not change what is asked for."""
    edges = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    pieces = [data[start:stop] for start, stop in pairwise(edges)]
    whole, cut = Doorway(0.0), Doorway(0.0)
    expected = _until_ending(whole.receive(data, 0.1) if data else [])
    got = _until_ending([request for piece in pieces for request in cut.receive(piece, 0.1)])
    assert got == expected
    assert _nameless(cut.end()) == _nameless(whole.end()) or any(isinstance(r, EndConnection) for r in expected)


@given(st.lists(st.tuples(scraps | st.binary(min_size=1, max_size=20), st.floats(0, 12)), max_size=8))
def test_any_bytes_and_pauses(script: list[tuple[bytes, float]]) -> None:
    """Whatever comes and however long it takes: requests, never an exception."""
    doorway, now = Doorway(0.0), 0.0
    for data, pause in script:
        now += pause
        for request in [*doorway.silence(now), *doorway.receive(data, now)]:
            assert isinstance(request, tuple)
            if isinstance(request, Refusal):
                assert json.loads(NATIVE.frame(request.frame()))["text"]
        doorway.encoder.frame({"type": "notice", "text": "still here"})
    doorway.end()


def _until_ending(requests: list[Request]) -> list[Request]:
    """What is carried out: after an ending nothing is."""
    for number, request in enumerate(requests):
        if isinstance(request, EndConnection):
            return _nameless(requests[: number + 1])
    return _nameless(requests)


def _nameless(requests: list[Request]) -> list[Request]:
    """Guests' random sessions made equal."""
    return [r._replace(session="") if isinstance(r, Hello) and r.name is None else r for r in requests]
