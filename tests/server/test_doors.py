"""Bytes to requests and events to bytes: the doors, with the time passed in and no socket anywhere."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_parts.doors import Doorway
from server_parts.message_log import Message, Run
from server_parts.native_door import NATIVE, NativeDoor, message_json
from server_parts.plain_door import PLAIN, PlainDoor
from server_parts.requests import (
    Bye,
    Ending,
    Hello,
    History,
    Join,
    Nick,
    Ping,
    Refusal,
    Request,
    Rooms,
    Say,
    Search,
    Tell,
    Unseat,
    Who,
)
from tests.peers import SLOWNESS

HELLO = b'{"type":"hello","protocol":1,"name":"alice","session":"aaaaaaaaaaaaaaaa"}\n'


def pieces_of(data: bytes, *, byte_by_byte: bool) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))] if byte_by_byte else [data]


def asked(data: bytes, *, byte_by_byte: bool = False) -> list[Request]:
    """What a newcomer asks for with these bytes, all of them at the same instant."""
    doorway = Doorway(0.0)
    return [request for piece in pieces_of(data, byte_by_byte=byte_by_byte) for request in doorway.receive(piece, 0.1)]


def plainly(data: bytes, *, byte_by_byte: bool = False) -> list[Request]:
    """The same, without the greeting of a plain client."""
    greeting, *rest = asked(data, byte_by_byte=byte_by_byte)
    assert isinstance(greeting, Hello)
    assert greeting.name is None
    return rest


def welcomed_native() -> Doorway:
    doorway = Doorway(0.0)
    doorway.receive(HELLO, 0.0)
    doorway.welcomed()
    return doorway


def frame(**fields: Any) -> bytes:
    return json.dumps(fields).encode() + b"\n"


def last_frame(ending: Request) -> dict[str, Any]:
    assert isinstance(ending, Ending)
    found = json.loads(ending.block)
    assert isinstance(found, dict)
    return found


whole_and_bytewise = pytest.mark.parametrize("byte_by_byte", [False, True], ids=["whole", "byte by byte"])


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
    assert doorway.deadline() is None


def test_a_brace_after_silence_is_native_after_all() -> None:
    """A program that was slow to say hello is still a program, with the full time for its hello."""
    doorway = Doorway(0.0)
    doorway.silence(0.5)
    unseat, hello = doorway.receive(HELLO, 20.0)
    assert unseat == Unseat()  # it was a guest until now
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
    assert isinstance(ending, Ending)
    head, _, body = ending.block.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert body.count(b"\n") == 1
    assert b"client.py" in body


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


def test_the_bound_holds_for_a_line_that_may_be_http() -> None:
    """A request line without an end is not kept without an end."""
    doorway = Doorway(0.0)
    doorway.receive(b"GET /", 0.1)
    requests = [request for _ in range(70) for request in doorway.receive(b"a" * 1024, 0.2)]
    assert any(isinstance(request, Ending) for request in requests)


@pytest.mark.parametrize("hello", [b"\x16\x03\x01\x02\x00\x01", b"\x16"])
def test_a_tls_hello_is_told(hello: bytes) -> None:
    """One line of text that says what is wrong."""
    (ending,) = asked(hello)
    assert isinstance(ending, Ending)
    assert ending.block.count(b"\n") == 1
    assert b"TLS" in ending.block


# --- the native door: framing ---


@whole_and_bytewise
def test_a_hello_line_has_a_limit(byte_by_byte: bool) -> None:
    """4,096 bytes with the newline pass; one more is told with both numbers, and ends it."""
    padding = 4096 - len(frame(type="ping", n=""))
    assert asked(frame(type="ping", n="x" * padding), byte_by_byte=byte_by_byte) == [Ping("x" * padding)]
    refusal, ending = asked(frame(type="ping", n="x" * (padding + 1)))
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.fatal) == ("too_long", True)
    assert "4097 > 4096" in refusal.text
    assert last_frame(ending)["code"] == "too_long"


def test_a_line_has_a_limit_after_the_welcome() -> None:
    """65,536 bytes with the newline pass; one more does not, and it need not be complete to be refused."""
    padding = 65_536 - len(frame(type="ping", n=""))
    assert welcomed_native().receive(frame(type="ping", n="x" * padding), 1.0) == [Ping("x" * padding)]
    refusal, ending = welcomed_native().receive(b"x" * 65_536, 1.0)
    assert isinstance(refusal, Refusal)
    assert "65536" in refusal.text
    assert last_frame(ending) == {"type": "bye", "code": "too_long", "text": refusal.text, "retry": False}


def test_nothing_comes_after_a_line_that_is_too_long() -> None:
    """The rest of the stream cannot be trusted."""
    doorway = welcomed_native()
    doorway.receive(b"x" * 65_536, 1.0)
    assert not [r for r in doorway.receive(b"\n" + frame(type="ping"), 1.0) if isinstance(r, Ping)]


@whole_and_bytewise
def test_a_bad_frame_is_told_and_forgiven(byte_by_byte: bool) -> None:
    """The conversation goes on, and a good frame clears the count."""
    four = b"{nonsense\n" * 4
    requests = asked(four + frame(type="ping", n=1) + four + frame(type="ping", n=2), byte_by_byte=byte_by_byte)
    assert [r for r in requests if isinstance(r, Ping)] == [Ping(1), Ping(2)]
    assert [r.code for r in requests if isinstance(r, Refusal)] == ["bad_frame"] * 8


@whole_and_bytewise
def test_five_bad_frames_in_a_row_end_it(byte_by_byte: bool) -> None:
    """Whoever speaks something else is not listened to any longer."""
    requests = asked(b"{nonsense\n" * 5, byte_by_byte=byte_by_byte)
    assert [r.code for r in requests if isinstance(r, Refusal)] == ["bad_frame"] * 5
    assert last_frame(requests[-1])["code"] == "bad_frames"


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [
        (b"{}", "bad_field", "type"),
        (b'{"type":7}', "bad_field", "type"),
        (b'{"type":"dance"}', "unknown_type", "type"),
        (b'{"type":"ping","n":NaN}', "bad_frame", None),
        (b'{"type":"ping","n":1e999}', "bad_field", "n"),
        (b'{"type":"ping","n":[[[[[[[[]]]]]]]]}', "bad_field", "n"),
        (b'{"type":"ping","n":1000000000000000}', "bad_field", "n"),
        (b'{"type":"ping","ignored":"\\ud800"}', "bad_field", "ignored"),
    ],
)
def test_a_refusal_names_the_field(line: bytes, code: str, field: str | None) -> None:
    """A frame that cannot be used is told so, with the field at fault, and is not the end."""
    (refusal,) = asked(line + b"\n")
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.field, refusal.fatal) == (code, field, False)


def test_unknown_fields_are_ignored() -> None:
    """A newer client may say more."""
    assert asked(frame(type="ping", n=1, later="x", more=[1])) == [Ping(1)]


# --- the native door: time ---


def test_a_hello_has_a_deadline() -> None:
    """Ten seconds from connecting; then the client is told why it is let go."""
    doorway = Doorway(100.0)
    doorway.receive(b"{", 100.1)
    assert doorway.deadline() == 110.0
    assert doorway.silence(109.9) == []
    goodbye = last_frame(doorway.silence(110.0)[0])
    assert (goodbye["type"], goodbye["code"], goodbye["retry"]) == ("bye", "idle", True)


def test_dripping_does_not_extend_the_hello() -> None:
    """A byte now and then is not a hello."""
    doorway = Doorway(100.0)
    for second in range(9):
        doorway.receive(HELLO[second : second + 1], 100.1 + second)
    assert doorway.deadline() == 110.0


def test_a_line_once_begun_has_a_deadline() -> None:
    """Thirty seconds from its first byte, whatever drips in meanwhile; between lines there is none."""
    doorway = welcomed_native()
    assert doorway.deadline() is None
    doorway.receive(b'{"type"', 50.0)
    doorway.receive(b":", 75.0)
    assert doorway.deadline() == 80.0
    assert doorway.silence(79.0) == []
    assert last_frame(doorway.silence(80.0)[0])["code"] == "idle"


def test_a_line_that_ends_in_time_has_no_deadline_any_more() -> None:
    """And the next one begun gets its own."""
    doorway = welcomed_native()
    doorway.receive(b'{"type":"pi', 50.0)
    assert doorway.receive(b'ng"}\n{', 60.0) == [Ping()]
    assert doorway.deadline() == 90.0
    assert doorway.receive(b'"type":"ping"}\n', 61.0) == [Ping()]
    assert doorway.deadline() is None


def test_the_end_in_the_middle_of_a_line_is_no_request() -> None:
    """Half a frame is nothing."""
    doorway = welcomed_native()
    doorway.receive(frame(type="ping")[:-1], 1.0)
    assert doorway.end() == []


# --- the plain door ---


def test_unended_data_is_a_line_after_silence() -> None:
    """A client that never sends newlines is understood after 0.2 seconds, and not before."""
    doorway = Doorway(0.0)
    doorway.receive(b"no newline", 10.0)
    assert doorway.deadline() == pytest.approx(10.2)
    assert doorway.silence(10.1) == []
    assert doorway.silence(10.2) == [Say("lobby", ["no newline"], 0)]
    assert doorway.deadline() is None
    assert doorway.silence(10.3) == []


def test_more_data_extends_the_silence() -> None:
    """A slow typist's character is not a message."""
    doorway = Doorway(0.0)
    doorway.receive(b"hel", 10.0)
    doorway.receive(b"lo", 10.1)
    assert doorway.deadline() == pytest.approx(10.3)
    assert doorway.receive(b"\n", 10.2) == [Say("lobby", ["hello"], 0)]
    assert doorway.deadline() is None


def test_dripping_bytes_do_not_extend_a_line() -> None:
    """Ten seconds after its first byte a line without an end is the end of the connection; a whole line starts anew."""
    doorway = Doorway(0.0)
    doorway.receive(b"x", 1.0)
    assert all(doorway.receive(b"x", 1.0 + tenth / 10) == [] for tenth in range(1, 100))
    (said,) = doorway.receive(b"\nx", 10.95)
    assert isinstance(said, Say)
    assert all(doorway.receive(b"x", 11.0 + tenth / 10) == [] for tenth in range(99))
    (ending,) = doorway.receive(b"x", 20.95)
    assert isinstance(ending, Ending)
    assert ending.block.splitlines()[1] == b"* goodbye *"
    assert b"within 10 seconds" in ending.block


def test_data_after_a_line_waits_for_its_own_end() -> None:
    """A line and a bit: the line at once, the bit after silence."""
    doorway = Doorway(0.0)
    assert doorway.receive(b"one\ntwo", 10.0)[1:] == [Say("lobby", ["one"], 0)]
    assert doorway.silence(10.3) == [Say("lobby", ["two"], 0)]


def test_the_end_ends_the_last_line() -> None:
    """`printf hi | nc` says hi."""
    doorway = Doorway(0.0)
    doorway.receive(b"hi", 0.1)
    assert doorway.end() == [Say("lobby", ["hi"], 0)]
    assert doorway.end() == []


def test_a_character_cut_in_two_stays_one() -> None:
    """A read may end in the middle of it."""
    doorway = Doorway(0.0)
    doorway.receive("é".encode()[:1], 0.1)
    assert doorway.receive("é".encode()[1:] + b"\n", 0.2) == [Say("lobby", ["é"], 0)]


def test_bytes_that_are_no_text_are_replaced() -> None:
    """Latin-1 from an old terminal is readable where it can be; NUL is dropped."""
    assert plainly(b"caf\xe9 a\x00b\n") == [Say("lobby", ["caf\ufffd ab"], 0)]


@whole_and_bytewise
def test_telnet_negotiation_is_not_text(byte_by_byte: bool) -> None:
    """Options, sub-negotiations and commands of a telnet program are dropped from what is said."""
    data = b"hi\xff\xfd\x03\xff\xfb\x18\xff\xfa\x18\x00xterm\xff\xf0 there\xff\xf1\xff\xf9\r\n"
    assert plainly(data, byte_by_byte=byte_by_byte)[-1] == Say("lobby", ["hi there"], 0)


def test_telnet_negotiations_without_end_take_no_time() -> None:
    """A whole line of beginnings of negotiations is read at once: nobody can hold the interpreter with it."""
    door = PlainDoor()
    begun = time.perf_counter()
    door.receive(b"\xff\xfa" * 32_760 + b"\n", 0.0)
    assert time.perf_counter() - begun < 0.5 * SLOWNESS


def test_telnet_is_answered() -> None:
    """A telnet that asks for a timing mark shows nothing more until it gets an answer: DO → WONT, WILL → DONT."""
    assert plainly(b"\xff\xf3\xff\xfd\x06\xff\xfb\x18\n")[0] == Tell(b"\xff\xfc\x06\xff\xfe\x18")


def test_telnet_negotiation_alone_says_nothing() -> None:
    """A program that greets with options has not spoken."""
    doorway = Doorway(0.0)
    doorway.receive(b"\xff\xfd\x03\xff\xfb\x18", 0.1)
    assert not [r for r in doorway.silence(1.0) if isinstance(r, Say)]


COMMANDS = {
    "/nick bob": Nick("bob"),
    "/NICK bob": Nick("bob"),
    "/join tea": Join("tea"),
    "/join TEA": Join("tea"),
    "/rooms": Rooms(),
    "/who": Who("lobby"),
    "/msg Bob hello you": Say("@bob", ["hello you"], 0),
    "/history": History("lobby", None, 20),
    "/history 5": History("lobby", None, 5),
    "/history 500": History("lobby", None, 500),
    "/search blue whale": Search("blue whale"),
    "/say over": Say("lobby", ["over"], 0),
    "/say /exit": Say("lobby", ["/exit"], 0),
    "//shrug": Say("lobby", ["/shrug"], 0),
    "//exit": Say("lobby", ["/exit"], 0),
    "/exit": Bye(),
    "/quit": Bye(),
    "exit": Bye(),
    "Quit": Bye(),
    "OVER": Bye(),
    "  over ": Bye(),
    "over and out": Say("lobby", ["over and out"], 0),
}


@pytest.mark.parametrize(("line", "request_"), COMMANDS.items(), ids=COMMANDS.keys())
def test_commands(line: str, request_: Request) -> None:
    """Each command line asks for one thing."""
    assert plainly(line.encode() + b"\r\n") == [request_]


@pytest.mark.parametrize(
    "line",
    ["/dance", "/", "/ hello", "/msgbob hi", "/nick", "/nick a b", "/nick server", "/join", "/join a b", "/join @a+b",
     "/msg", "/msg bob", "/msg a+b hi", "/history 0", "/history 501", "/history x", "/history -1",
     "/history 000000500000", "/history 00000000199999999999999999999", "/search"],
)  # fmt: skip
def test_what_is_wrong_gets_one_error_line(line: str) -> None:
    """An unknown word or a wrong use is an error for its sender, and never a message to anyone."""
    (request,) = plainly(line.encode() + b"\n")
    assert isinstance(request, Tell | Refusal)
    told = request.block if isinstance(request, Tell) else PLAIN.frame(request.frame())
    assert told.startswith(b"* error: ")
    assert told.count(b"\n") == 1


def test_help_names_every_command() -> None:
    """One list for all of them, and the way to send a slash."""
    (request,) = plainly(b"/help\n")
    assert isinstance(request, Tell)
    text = request.block.decode()
    for word in ("/nick", "/join", "/rooms", "/who", "/msg", "/history", "/search", "/say", "/help", "/exit", "//"):
        assert word in text


def test_an_empty_line_says_nothing() -> None:
    """A slip of the finger is not worth an error."""
    assert plainly(b"\n\r\n   \n") == [Tell(b"")] * 3


def test_joining_a_room_makes_it_the_current_one() -> None:
    """What follows goes there, and is asked there."""
    assert plainly(b"/join tea\nhi\n/who\n/history 3\n")[1:] == [
        Say("tea", ["hi"], 0),
        Who("tea"),
        History("tea", None, 3),
    ]


def test_a_text_that_is_too_long_is_refused_with_both_numbers() -> None:
    """5,000 characters pass, 5,001 do not."""
    (fits,) = plainly(b"x" * 5000 + b"\n")
    (too_long,) = plainly(b"x" * 5001 + b"\n")
    assert isinstance(fits, Say)
    assert isinstance(too_long, Say)
    assert fits.refusal is None
    assert too_long.refusal is not None
    assert "5001 > 5000" in too_long.refusal.text


def test_a_plain_line_without_an_end_ends_it() -> None:
    """65,536 bytes are the bound here too."""
    ending = plainly(b"x" * 65_537)[-1]
    assert isinstance(ending, Ending)
    assert b"65537 > 65536" in ending.block
    assert ending.block.endswith(b"* goodbye *\n")


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
    assert _nameless(cut.end()) == _nameless(whole.end()) or any(isinstance(r, Ending) for r in expected)


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
        if isinstance(request, Ending):
            return _nameless(requests[: number + 1])
    return _nameless(requests)


def _nameless(requests: list[Request]) -> list[Request]:
    """Guests' random sessions made equal."""
    return [r._replace(session="") if isinstance(r, Hello) and r.name is None else r for r in requests]


# --- going out ---


def message(number: int, text: str = "hello", room: str = "lobby") -> Message:
    return Message(room, number, 1700000000.5, "alice", "blue", text, number)


def run(number: int, text: str = "hello", room: str = "lobby") -> Run:
    return Run(room, number, 1700000000.5, "alice", "blue", [text], number)


awkward = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50)


@given(awkward)
def test_a_message_is_valid_json(text: str) -> None:
    """Whatever is said, the frame carries exactly that, on one line."""
    block = NATIVE.live([run(7, text)])
    assert block.count(b"\n") == 1
    assert json.loads(block) == {
        "type": "message",
        "room": "lobby",
        "id": 7,
        "ts": 1700000000.5,
        "from": "alice",
        "color": "blue",
        "text": text,
        "seq": 7,
    }


def test_the_time_has_three_decimals() -> None:
    """As the protocol says, also for a whole second."""
    assert '"ts":1700000000.500,' in message_json(message(1))


def pages(count: int, text: str, **fields: Any) -> list[dict[str, Any]]:
    history = {"type": "history", "room": "lobby", "gap": True, "more": False, **fields}
    lines = NATIVE.pages(history, "messages", [message(i, text) for i in range(1, count + 1)]).split(b"\n")
    assert lines.pop() == b""
    assert all(len(line) + 1 <= 65_536 for line in lines)
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("text", ["x" * 5000, "👋" * 5000, '"' * 5000, "\n" * 5000, "\x01" * 5000])
def test_every_page_fits_a_line(text: str) -> None:
    """Sixty of the longest texts are several frames, complete and in order."""
    frames = pages(60, text)
    assert len(frames) > 1
    assert [m["id"] for f in frames for m in f["messages"]] == list(range(1, 61))
    assert all(m["text"] == text for f in frames for m in f["messages"])


def test_more_is_true_until_the_last_page() -> None:
    """And the last says what it was told to say."""
    assert [f["more"] for f in pages(60, "x" * 5000)][-2:] == [True, False]
    assert all(f["more"] for f in pages(60, "x" * 5000, more=True))


def test_a_gap_is_told_once() -> None:
    """It lies before the first message."""
    gaps = [f["gap"] for f in pages(60, "x" * 5000)]
    assert gaps == [True] + [False] * (len(gaps) - 1)


def test_no_items_are_one_empty_page() -> None:
    """The answer comes, even if it is empty."""
    assert pages(0, "") == [{"type": "history", "room": "lobby", "gap": True, "more": False, "messages": []}]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=3000), max_size=60))
def test_pages_lose_nothing(texts: list[str]) -> None:
    """Any texts, in any number, come out whole, in order, in lines that fit."""
    history = {"type": "history", "room": "lobby", "gap": False, "more": False}
    lines = NATIVE.pages(history, "messages", [message(i, text) for i, text in enumerate(texts)]).splitlines()
    assert all(len(line) < 65_536 for line in lines)
    assert [m["text"] for line in lines for m in json.loads(line)["messages"]] == texts


# --- events in plain text ---

PLAINLY = {
    "a message in the lobby": (PLAIN.live([run(1, "hi")]), "[COLOR (blue)] alice said -> hi"),
    "a message elsewhere": (PLAIN.live([run(1, "hi", "tea")]), "#tea [COLOR (blue)] alice said -> hi"),
    "a private message": (PLAIN.live([run(1, "hi", "@a+b")]), "(private) [COLOR (blue)] alice said -> hi"),
    "one's own": (PLAIN.live([run(41, "hi")], "alice"), "* delivered #41 *"),
    "somebody else's": (PLAIN.live([run(1, "hi")], "bob"), "[COLOR (blue)] alice said -> hi"),
    "an ack": (PLAIN.frame({"type": "ack", "seq": 1, "room": "lobby", "id": 41}), "* delivered #41 *"),
    "an error": (PLAIN.frame(Refusal("bad_name", "no").frame()), "* error: no *"),
    "a notice": (PLAIN.frame({"type": "notice", "text": "hi\x1b"}), "* hi␛ *"),
    "a goodbye": (PLAIN.frame({"type": "bye", "code": "exit", "text": "goodbye", "retry": False}), "* goodbye *"),
    "a reason": (PLAIN.frame({"type": "bye", "code": "kicked", "text": "out", "retry": False}), "* goodbye: out *"),
    "comers": (
        PLAIN.frame({"type": "presence", "room": "lobby", "joined": ["a", "b"], "members": 2}),
        "* a, b joined *",
    ),
    "a leaver": (PLAIN.frame({"type": "presence", "room": "tea", "left": ["a"], "members": 2}), "* a left #tea *"),
    "a new name": (
        PLAIN.frame({"type": "presence", "room": "lobby", "renamed": [["a", "b"]], "members": 2}),
        "* a is now b *",
    ),
    "nothing found": (PLAIN.frame({"type": "results", "text": "x", "messages": []}), "* nothing found for x *"),
    "found": (
        PLAIN.frame({"type": "results", "text": "x", "messages": [message(9, "x")]}),
        "#9 [COLOR (blue)] alice said -> x",
    ),
    "who": (PLAIN.frame({"type": "who", "room": None, "members": [{"name": "a"}, {"name": "b"}]}), "* here: a, b *"),
    "rooms": (
        PLAIN.frame({"type": "rooms", "rooms": [{"room": "tea", "members": 1, "last": 2}]}),
        "* tea: 1 here, last message #2 *",
    ),
    "several lines": (PLAIN.live([run(1, "a\nb")]), "[COLOR (blue)] alice said -> a\n    b"),
    "an unknown event": (PLAIN.frame({"type": "hologram"}), ""),
}


@pytest.mark.parametrize(("block", "shown"), PLAINLY.values(), ids=PLAINLY.keys())
def test_events_in_plain_text(block: bytes, shown: str) -> None:
    """Each event has one written form, without JSON and without escape codes."""
    assert block.decode() == (shown + "\n" if shown else "")


@given(awkward)
def test_no_escape_code_leaves_the_plain_door(text: str) -> None:
    """Whatever is said, nothing reaches a terminal but text and line breaks."""
    for block in (PLAIN.live([run(1, text)]), PLAIN.frame({"type": "notice", "text": text})):
        assert not set(block.decode()) & set("\x1b\x9b\x07\r\x08\u202e\u2028")


def test_a_hello_that_comes_too_late_is_no_hello() -> None:
    """However busily something else was sent until then."""
    door = NativeDoor(0.0)
    assert door.receive(b'{"type":"ping"}\n', 9.9) == [Ping()]
    (ending,) = door.receive(b'{"type":"ping"}\n', 10.0)
    assert isinstance(ending, Ending)


def test_a_line_that_drips_without_a_pause_is_cut() -> None:
    """Bytes that keep coming do not extend the time for a line."""
    door = NativeDoor(0.0)
    door.welcomed()
    assert door.receive(b"{", 100.0) == []
    assert door.receive(b" ", 129.9) == []
    (ending,) = door.receive(b" ", 130.0)
    assert isinstance(ending, Ending)
