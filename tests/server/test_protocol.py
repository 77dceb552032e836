"""The wire protocol over loopback: framing, doors, every request and every answer."""

from __future__ import annotations

import json
import re
import string
from typing import Any

import pytest

from server_parts import native_door
from tests.conftest import Chat, Serve
from tests.peers import Frame, Native

SESSION = "s" * 16
TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def alice(chat: Chat) -> Native:
    """In the lobby."""
    return chat.native("alice")


@pytest.fixture
def bob(chat: Chat, alice: Native) -> Native:
    """In the lobby; alice has heard that he came."""
    bob = chat.native("bob")
    alice.moved("joined", "bob")
    return bob


def codes(frames: list[Frame]) -> list[str]:
    return [frame["code"] for frame in frames if frame["type"] == "error"]


def of_type(frames: list[Frame], *types: str) -> list[Frame]:
    return [frame for frame in frames if frame["type"] in types]


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


def test_a_browser_gets_a_400(chat: Chat) -> None:
    """In one piece or in several, and then the end."""
    for pieces in ([b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"], [b"G", b"ET / HT", b"TP/1.1\r", b"\n\r\n"]):
        peer = chat.peer()
        for piece in pieces:
            peer.send_bytes(piece)
        answer = peer.rest()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"chat server" in answer


def test_a_tls_hello_gets_one_line(chat: Chat) -> None:
    """In clear text, and then the end."""
    peer = chat.peer()
    peer.send_bytes(b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + b"\x00" * 100)
    answer = peer.rest()
    assert b"TLS" in answer
    assert answer.count(b"\n") == 1


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
    assert native_door.HELLO_WAIT == 10.0
    monkeypatch.setattr(native_door, "HELLO_WAIT", 0.2)
    silent = chat.native()
    silent.send_bytes(b"{")
    goodbye = silent.next()
    assert (goodbye["type"], goodbye["code"], goodbye["retry"]) == ("bye", "idle", True)
    assert silent.ended()


# --- hello and welcome ---


def test_the_welcome(serve: Serve) -> None:
    """Every promised field."""
    chat = serve(motd="Be kind.")
    alice = chat.native("alice", color="green")
    welcome = alice.welcome
    assert set(welcome) >= {"type", "protocol", "name", "color", "epoch", "accepted", "motd", "server", "limits"}
    assert (welcome["protocol"], welcome["name"], welcome["color"]) == (1, "alice", "green")
    assert (welcome["accepted"], welcome["motd"]) == (0, "Be kind.")
    assert welcome["limits"] == {"line": 65_536, "text": 5_000, "name": 32, "room": 64}
    assert isinstance(welcome["epoch"], str)
    assert welcome["epoch"]
    assert isinstance(welcome["server"], str)


def test_coming_in_is_welcome_joined_history(chat: Chat) -> None:
    """In this order, and the lobby alone."""
    peer = chat.native()
    peer.hello("alice")
    frames = of_type(peer.pending(), "welcome", "joined", "history")
    assert [frame["type"] for frame in frames] == ["welcome", "joined", "history"]
    assert frames[1] == {"type": "joined", "room": "lobby", "last": 0, "members": 1}
    assert frames[2] == {"type": "history", "room": "lobby", "messages": [], "gap": False, "more": False}


def test_a_colour_is_chosen_for_those_who_choose_none(chat: Chat, alice: Native) -> None:
    """The same for the same name every time."""
    alice.leave()
    assert chat.native("alice").welcome["color"] == alice.welcome["color"]


@pytest.mark.parametrize(
    "request_",
    [
        {"type": "say", "room": "lobby", "text": "x", "seq": 1},
        {"type": "join", "room": "tea"},
        {"type": "leave", "room": "lobby"},
        {"type": "nick", "name": "x"},
        {"type": "color", "color": "red"},
        {"type": "who"},
        {"type": "rooms"},
        {"type": "history", "room": "lobby"},
        {"type": "search", "text": "x"},
    ],
    ids=lambda request_: str(request_["type"]),
)
def test_hello_comes_first(chat: Chat, request_: Frame) -> None:
    """Nothing is done, or told, before it."""
    (error,) = chat.native().ask(**request_)
    assert (error["type"], error["code"]) == ("error", "hello_first")


def test_a_second_hello_is_refused(alice: Native) -> None:
    """One is who one is."""
    alice.hello("mallory")
    assert alice.until("error")["fatal"] is False
    assert alice.tell("x")["from"] == "alice"


@pytest.mark.parametrize("protocol", [0, 2, 99])
def test_another_protocol_is_fatal(chat: Chat, protocol: int) -> None:
    """The server says so and ends."""
    peer = chat.native()
    peer.hello("alice", protocol=protocol)
    error = peer.next()
    assert (error["type"], error["code"], error["fatal"]) == ("error", "protocol_version", True)
    assert peer.until("bye")["retry"] is False
    assert peer.ended()


BAD_FIELDS: dict[str, list[Any]] = {
    "protocol": [None, "1", 1.0, True, -1],
    "name": [None, 7, ["a"]],
    "session": [None, 7, "s" * 15, "s" * 65, "s" * 15 + "!", "s" * 15 + "é"],
    "token": [7, "t" * 15, "t" * 257, "t" * 15 + " ", "é" * 16],
    "color": [7, "", "pink elephant", "\x1b[31m"],
    "rooms": ["lobby", ["lobby"], {"lobby": "1"}, {"lobby": -1}, {"lobby": True}, {"lobby": 1.0}],
    "history": [-1, "20", 1.5, True],
    "epoch": [7, ["x"]],
}
BAD_NAMES = ["", "a b", "-a", "x" * 33, "é", "a\n", "\x1b", "server", "guest-7", "Admin"]
BAD_ROOMS = [{"": None}, {"Lobby": None}, {"a b": None}, {"x" * 65: None}, {"@a+b+c": None}]
BAD_HELLOS: list[tuple[str, Any, str]] = [
    *((field, value, "bad_field") for field, values in BAD_FIELDS.items() for value in values),
    *(("name", value, "bad_name") for value in BAD_NAMES),
    *(("rooms", value, "bad_room") for value in BAD_ROOMS),
]


@pytest.mark.parametrize(("field", "value", "code"), BAD_HELLOS, ids=[f"{f} {v!r:.20}" for f, v, _ in BAD_HELLOS])
def test_a_hello_is_checked(chat: Chat, field: str, value: Any, code: str) -> None:
    """Each wrong field is named, and another hello on the same connection may be right."""
    peer = chat.native()
    peer.send("hello", **({"protocol": 1, "name": "alice", "session": SESSION} | {field: value}))
    error = peer.next()
    assert (error["type"], error["code"], error.get("field"), error["fatal"]) == ("error", code, field, False)
    assert peer.enter("alice")["name"] == "alice"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "x" * 32),
        ("session", "s" * 16),
        ("session", "aZ09_-" + "s" * 58),
        ("token", "t" * 16),
        ("token", "!~" * 128),
        ("color", None),
        ("history", 0),
        ("history", 10**6),
        ("epoch", None),
        ("client", "a bot, version 7 \x1b[31m"),
        ("client", None),
    ],
    ids=lambda value: f"{value!r:.20}",
)
def test_a_hello_up_to_its_limits(chat: Chat, field: str, value: Any) -> None:
    """What is just allowed is allowed."""
    assert chat.native("alice", **{"session": SESSION, field: value} if field != "name" else {}).welcome
    if field == "name":
        assert chat.native(value).welcome["name"] == value


def test_too_many_rooms_at_once(chat: Chat) -> None:
    """A hello fits into its line with few rooms; later joins end at 1,000, with both numbers."""
    alice = chat.native("alice")
    for number in range(999):
        alice.send("join", room=f"r{number}", history=0)
    assert codes(alice.pending()) == []
    (error,) = of_type(alice.ask("join", room="one-too-many"), "error")
    assert error["code"] == "bad_room"
    assert "1000" in error["text"]


# --- say ---


def test_a_message_is_the_same_for_everyone(alice: Native, bob: Native) -> None:
    """Number, time, sender, colour, text and seq; the sender's copy is its receipt."""
    own, theirs = alice.tell("hello"), bob.until("message")
    assert own == theirs
    assert set(own) == {"type", "room", "id", "ts", "from", "color", "text", "seq"}
    assert (own["room"], own["id"], own["from"], own["text"], own["seq"]) == ("lobby", 1, "alice", "hello", 1)
    assert own["color"] == alice.welcome["color"]
    assert isinstance(own["ts"], float)


def test_the_time_is_in_seconds_with_three_decimals(alice: Native) -> None:
    """On the wire, not only as a number."""
    alice.say("x")
    while b'"type":"message"' not in (line := alice.line()):
        pass
    assert re.search(rb'"ts":1?\d{9}\.\d{3},', line)


def test_ids_rise_by_one(alice: Native, bob: Native) -> None:
    """Whoever speaks, and whatever is refused in between."""
    alice.tell("a")
    assert bob.until("message")["id"] == 1
    assert bob.tell("b")["id"] == 2
    alice.say("   ")
    assert alice.until("error")["code"] == "empty_text"
    assert alice.tell("c")["id"] == 3
    assert bob.until("message")["id"] == 3


@pytest.mark.parametrize(
    "text", ["x" * 5000, "👋" * 5000, string.printable, "\\\"'{}", "a\x1b[31mb", "\x7f\u202e", " x "]
)
def test_a_text_travels_unchanged(alice: Native, bob: Native, text: str) -> None:
    """Up to 5,000 characters of anything but NUL: what is dangerous is made harmless where it is shown."""
    alice.say(text)
    assert bob.until("message")["text"] == text


SAYS: list[tuple[Frame, str, str | None]] = [
    ({"text": "x" * 5001}, "text_too_long", "text"),
    ({"text": ""}, "empty_text", "text"),
    ({"text": " \n\t\u3000"}, "empty_text", "text"),
    ({"text": 7}, "bad_field", "text"),
    ({"text": None}, "bad_field", "text"),
    ({"text": "a\0b"}, "bad_field", "text"),
    ({"text": "\ud800"}, "bad_field", "text"),
    ({"room": 7}, "bad_field", "room"),
    ({"room": None}, "bad_field", "room"),
    ({"room": "No Such"}, "bad_room", "room"),
    ({"room": "x" * 65}, "bad_room", "room"),
    ({"room": "@a+b+c"}, "bad_room", "room"),
    ({"room": "tea"}, "not_in_room", None),
    ({"room": "@nobody"}, "no_such_user", None),
    ({"room": "@alice"}, "no_such_user", None),
    ({"room": "@bob+carol"}, "denied", None),
]


@pytest.mark.parametrize(("wrong", "code", "field"), SAYS, ids=[f"{c} {w!r:.30}" for w, c, _ in SAYS])
def test_a_say_refused_for_what_it_says(alice: Native, wrong: Frame, code: str, field: str | None) -> None:
    """It is told, with its seq, which is used up; a repeat of it is acknowledged, and the next one follows."""
    alice.send("say", **({"room": "lobby", "text": "x", "seq": 1} | wrong))
    error = alice.until("error")
    assert (error["code"], error["seq"], error["fatal"]) == (code, 1, False)
    assert field in (None, error.get("field"))
    assert of_type(alice.ask("say", **{"room": "lobby", "text": "x", "seq": 1}), "ack", "message", "error") == [
        {"type": "ack", "seq": 1, "room": None, "id": None}
    ]
    alice.send("say", room="lobby", text="next", seq=2)
    assert alice.until("message")["id"] == 1


def test_a_long_text_is_told_both_numbers(alice: Native) -> None:
    """What was and what may be."""
    alice.say("x" * 5001)
    assert "5001 > 5000" in alice.until("error")["text"]


@pytest.mark.parametrize("seq", [None, 0, -1, "1", 1.0, True, 10**15], ids=repr)
def test_a_wrong_seq_is_an_error_of_the_frame(alice: Native, seq: Any) -> None:
    """It uses up nothing."""
    alice.send("say", room="lobby", text="x", seq=seq)
    error = alice.until("error")
    assert (error["code"], error["field"]) == ("bad_field", "seq")
    assert alice.tell("first")["seq"] == 1


def test_a_jump_in_seq(alice: Native) -> None:
    """bad_seq carries what is accepted; the client sends again from there."""
    alice.tell("one")
    alice.send("say", room="lobby", text="five", seq=5)
    error = alice.until("error")
    assert (error["code"], error["accepted"], error["seq"]) == ("bad_seq", 1, 5)
    assert alice.tell("two")["id"] == 2


def test_a_repeat_is_acknowledged(alice: Native, bob: Native) -> None:
    """With the place of the first one, whatever the text is now."""
    first = alice.tell("once")
    (ack,) = alice.ask("say", room="lobby", text="changed", seq=1)
    assert ack == {"type": "ack", "seq": 1, "room": "lobby", "id": first["id"]}
    assert bob.until("message")["text"] == "once"
    assert of_type(bob.pending(), "message") == []


# --- join, leave ---


def test_joining(alice: Native, bob: Native) -> None:
    """joined, then history; from then on everything said there is heard, and those inside are told."""
    frames = of_type(alice.ask("join", room="tea"), "joined", "history")
    assert frames[0] == {"type": "joined", "room": "tea", "last": 0, "members": 1}
    assert (frames[1]["type"], frames[1]["room"], frames[1]["messages"]) == ("history", "tea", [])
    assert of_type(bob.ask("join", room="tea"), "joined")[0]["members"] == 2
    assert alice.moved("joined", "bob")["room"] == "tea"
    bob.say("hi", "tea")
    assert alice.until("message")["room"] == "tea"


def test_joining_again_resumes(alice: Native) -> None:
    """In a room one is in: the rest again, and nobody is told."""
    for text in "abc":
        alice.tell(text)
    frames = alice.ask("join", room="lobby", after=1)
    assert [frame["type"] for frame in frames] == ["joined", "history"]
    assert [m["text"] for m in frames[1]["messages"]] == ["b", "c"]


@pytest.mark.parametrize("room", ["x" * 64, ".", "a-b_c.9"])
def test_rooms_up_to_their_limits(alice: Native, room: str) -> None:
    """64 characters are the longest."""
    assert of_type(alice.ask("join", room=room), "joined")[0]["room"] == room


BAD_REQUESTS: list[tuple[Frame, str, str]] = [
    ({"type": "join"}, "bad_field", "room"),
    ({"type": "join", "room": 7}, "bad_field", "room"),
    ({"type": "join", "room": "Tea"}, "bad_room", "room"),
    ({"type": "join", "room": "x" * 65}, "bad_room", "room"),
    ({"type": "join", "room": "@carol+dave"}, "denied", "room"),
    ({"type": "join", "room": "tea", "after": -1}, "bad_field", "after"),
    ({"type": "join", "room": "tea", "after": "1"}, "bad_field", "after"),
    ({"type": "join", "room": "tea", "history": -1}, "bad_field", "history"),
    ({"type": "leave"}, "bad_field", "room"),
    ({"type": "leave", "room": "tea"}, "not_in_room", "room"),
    ({"type": "nick"}, "bad_field", "name"),
    ({"type": "nick", "name": "a b"}, "bad_name", "name"),
    ({"type": "nick", "name": "Server"}, "bad_name", "name"),
    ({"type": "nick", "name": "x" * 33}, "bad_name", "name"),
    ({"type": "nick", "name": "BOB"}, "name_taken", "name"),
    ({"type": "color"}, "bad_field", "color"),
    ({"type": "color", "color": "no such"}, "bad_field", "color"),
    ({"type": "who", "room": "Tea"}, "bad_room", "room"),
    ({"type": "who", "room": "@carol+dave"}, "denied", "room"),
    ({"type": "history"}, "bad_field", "room"),
    ({"type": "history", "room": "lobby", "limit": 501}, "bad_field", "limit"),
    ({"type": "history", "room": "lobby", "limit": -1}, "bad_field", "limit"),
    ({"type": "history", "room": "lobby", "before": "x"}, "bad_field", "before"),
    ({"type": "history", "room": "@carol+dave"}, "denied", "room"),
    ({"type": "search"}, "bad_field", "text"),
    ({"type": "search", "text": "x" * 501}, "bad_field", "text"),
    ({"type": "search", "text": "x", "limit": 101}, "bad_field", "limit"),
    ({"type": "search", "text": "x", "room": "A B"}, "bad_room", "room"),
    ({"type": "search", "text": "x", "room": "@carol+dave"}, "denied", "room"),
]


@pytest.mark.parametrize(("request_", "code", "field"), BAD_REQUESTS, ids=[f"{r!r:.60}" for r, _, _ in BAD_REQUESTS])
def test_requests_are_checked(alice: Native, bob: Native, request_: Frame, code: str, field: str) -> None:
    """One error, with a code, a sentence and the field; nothing else happens."""
    (error,) = alice.ask(**request_)
    assert (error["type"], error["code"], error["field"], error["fatal"]) == ("error", code, field, False)
    assert error["text"].isprintable()
    assert bob.ask("ping", n="nothing happened") == [{"type": "pong", "n": "nothing happened"}]


@pytest.mark.parametrize(
    ("request_", "numbers"),
    [
        ({"type": "join", "room": "x" * 65}, "65 > 64"),
        ({"type": "nick", "name": "x" * 33}, "33 > 32"),
        ({"type": "history", "room": "lobby", "limit": 501}, "501 > 500"),
        ({"type": "search", "text": "x", "limit": 101}, "101 > 100"),
        ({"type": "search", "text": "x" * 401}, "401 > 400"),
    ],
)
def test_limits_are_told_with_both_numbers(alice: Native, request_: Frame, numbers: str) -> None:
    """What was asked and what is allowed."""
    assert numbers in alice.ask(**request_)[0]["text"]


def test_leaving(alice: Native, bob: Native) -> None:
    """It is confirmed; those inside are told; nothing is heard any more, nor may be said."""
    alice.send("leave", room="lobby")
    assert alice.moved("left", "alice")["room"] == "lobby"
    assert bob.moved("left", "alice")["members"] == 1
    bob.tell("gone?")
    assert alice.pending() == []
    alice.say("yes")
    assert alice.until("error")["code"] == "not_in_room"


# --- nick, color, away ---


def test_a_new_name(alice: Native, bob: Native) -> None:
    """Everyone is told, the one who changed it too, and messages carry it from then on."""
    alice.send("nick", name="anna")
    assert alice.moved("renamed", ["alice", "anna"]) == bob.moved("renamed", ["alice", "anna"])
    alice.say("it is me")
    assert bob.until("message")["from"] == "anna"


def test_a_new_colour(alice: Native, bob: Native) -> None:
    """It counts from the next message on, for everyone."""
    alice.send("color", color="light_red")
    alice.say("red now")
    assert bob.until("message")["color"] == "light_red"
    listed = of_type(bob.ask("who", room="lobby"), "who")[0]["members"]
    assert {"name": "alice", "color": "light_red"} in listed


def test_a_wrong_colour_gets_the_list(alice: Native) -> None:
    """So that a person can choose."""
    assert "magenta" in alice.ask("color", color="pink")[0]["text"]


def test_who_writes_to_somebody_away_is_noticed(alice: Native, bob: Native) -> None:
    """A notice to the writer, from the server; 200 characters of excuse at most."""
    assert bob.ask("away", text="at lunch") == []
    alice.say("there?", "@bob")
    assert "at lunch" in alice.until("notice")["text"]
    assert codes(bob.ask("away", text="x" * 201)) == ["bad_field"]


# --- who, rooms ---


def test_who(alice: Native, bob: Native) -> None:
    """In a room, or everywhere: name and colour of each."""
    alice.ask("join", room="tea")
    (here,) = of_type(alice.ask("who", room="tea"), "who")
    assert (here["room"], here["members"]) == ("tea", [{"name": "alice", "color": alice.welcome["color"]}])
    (everywhere,) = of_type(alice.ask("who"), "who")
    assert {member["name"] for member in everywhere["members"]} == {"alice", "bob"}
    assert of_type(alice.ask("who", room="empty"), "who")[0]["members"] == []


def test_rooms(alice: Native, bob: Native) -> None:
    """Each with its members and its last id."""
    alice.ask("join", room="tea")
    alice.tell("x", "tea")
    (answer,) = of_type(bob.ask("rooms"), "rooms")
    assert answer["rooms"] == [{"room": "lobby", "members": 2, "last": 0}, {"room": "tea", "members": 1, "last": 1}]


# --- private messages ---


def test_a_private_message(chat: Chat, alice: Native, bob: Native) -> None:
    """Both are put into the room and get the same message, numbered in that room; nobody else learns of it."""
    carol = chat.native("carol")
    alice.tell("in public")
    own = alice.tell("psst", "@Bob")
    assert (own["room"], own["id"]) == ("@alice+bob", 1)
    assert bob.until("joined")["room"] == "@alice+bob"
    assert bob.until("history", room="@alice+bob")["messages"] == []
    assert bob.until("message") == own
    assert bob.tell("yes?", "@alice+bob")["id"] == 2
    answers = [
        *carol.ask("rooms"),
        *carol.ask("search", text="psst"),
        *carol.ask("who", room="@alice+bob"),
        *carol.ask("history", room="@alice+bob"),
        *carol.ask("join", room="@alice+bob"),
        *carol.ask("search", text="psst", room="@alice+bob"),
        *carol.ask("search", text="in:@alice+bob psst"),
    ]
    assert "psst" not in str([frame.get("messages") for frame in answers])
    assert "@alice+bob" not in str(of_type(answers, "rooms"))
    assert codes(answers) == ["denied"] * 4
    carol.say("hi", "@alice+bob")
    assert carol.until("error")["code"] == "denied"
    assert of_type(alice.pending(), "message")[1:] == []


def test_private_rooms_are_listed_to_their_two_members(alice: Native, bob: Native) -> None:
    """And to nobody else."""
    alice.tell("psst", "@bob")
    for peer in (alice, bob):
        rooms = of_type(peer.ask("rooms"), "rooms")[0]["rooms"]
        assert {"room": "@alice+bob", "members": 2, "last": 1} in rooms


# --- history and search: see also test_history.py ---


def test_search(alice: Native) -> None:
    """Newest first, with the text that was looked for."""
    for text in ("a blue whale", "a red herring", "another whale"):
        alice.tell(text)
    (results,) = alice.ask("search", text="whale")
    assert (results["type"], results["text"]) == ("results", "whale")
    assert [m["text"] for m in results["messages"]] == ["another whale", "a blue whale"]
    assert set(results["messages"][0]) == {"type", "room", "id", "ts", "from", "color", "text", "seq"}
    assert [m["text"] for m in alice.ask("search", text="whale", limit=1)[0]["messages"]] == ["another whale"]
    assert alice.ask("search", text="whale", room="tea")[0]["messages"] == []


@pytest.mark.parametrize("text", ["", '"', "*", "a OR b", "NEAR(", "-", "x:", "\\", "%", "in:", "\x1b", "ー", "'; --"])
def test_any_text_is_a_safe_search(alice: Native, text: str) -> None:
    """There is an answer, and it is no error."""
    alice.tell("hello")
    assert alice.ask("search", text=text)[0]["type"] == "results"


# --- ping, bye ---


@pytest.mark.parametrize("n", [0, 1.5, "x", None, True, [1, {"a": "b"}], {"deep": [[["x"]]]}], ids=repr)
def test_a_ping_is_answered_with_the_same_n(alice: Native, n: Any) -> None:
    """Whatever it is."""
    alice.send("ping", n=n)
    assert alice.until("pong").get("n") == n


def test_a_ping_without_n(alice: Native) -> None:
    """Gets a pong without one."""
    alice.send("ping")
    assert alice.until("pong") == {"type": "pong"}


def test_goodbye(alice: Native, bob: Native) -> None:
    """It is answered, the connection ends, and the others are told."""
    alice.send("bye")
    goodbye = alice.until("bye")
    assert (goodbye["code"], goodbye["retry"]) == ("exit", False)
    assert goodbye["text"]
    assert alice.ended()
    assert bob.moved("left", "alice")["members"] == 1


# --- order ---


def test_requests_are_answered_in_order(alice: Native) -> None:
    """Whether the hub answers them or the reader does, all sent at once."""
    requests: list[Frame] = [
        {"type": "say", "room": "lobby", "text": "1", "seq": 1},
        {"type": "ping", "n": 2},
        {"type": "who", "room": "lobby"},
        {"type": "say", "room": "lobby", "text": "4", "seq": 2},
        {"type": "history", "room": "lobby"},
        {"type": "rooms"},
        {"type": "dance"},
        {"type": "say", "room": "lobby", "text": "8", "seq": 9},
        {"type": "search", "text": "4"},
        {"type": "say", "room": "nowhere", "text": "10", "seq": 3},
        {"type": "join", "room": "tea"},
        {"type": "say", "room": "tea", "text": "12", "seq": 4},
        {"type": "bye"},
    ]
    alice.send_bytes("".join(json.dumps(request) + "\n" for request in requests).encode())
    frames = [json.loads(line) for line in alice.rest().splitlines()]
    assert [frame["type"] for frame in frames if frame["type"] != "presence"] == [
        "message", "pong", "who", "message", "history", "rooms", "error", "error", "results", "error", "joined",
        "history", "message", "bye",
    ]  # fmt: skip
    assert [m["text"] for m in of_type(frames, "history")[0]["messages"]] == ["1", "4"]
    assert codes(frames) == ["unknown_type", "bad_seq", "not_in_room"]


# --- names ---


def test_a_live_name_is_taken(chat: Chat, alice: Native) -> None:
    """In any case; another name may be tried on the same connection; a free name may be taken."""
    other = chat.native()
    other.hello("ALICE")
    error = other.until("error")
    assert (error["code"], error["field"], error["fatal"]) == ("name_taken", "name", False)
    assert other.enter("bob")["name"] == "bob"
    alice.leave()
    assert chat.native("Alice").welcome["name"] == "Alice"


def test_a_claimed_name_wants_its_token(chat: Chat) -> None:
    """The first hello with a token claims it; later it opens to that token alone."""
    chat.native("alice", token=TOKEN).leave()
    for wrong in ({}, {"token": TOKEN[::-1]}):
        peer = chat.native()
        peer.hello("Alice", **wrong)
        assert peer.until("error")["code"] == "name_taken"
    assert chat.native("Alice", token=TOKEN).welcome["name"] == "Alice"


def test_no_frame_ever_carries_a_token_or_a_session(chat: Chat, alice: Native) -> None:
    """They are secrets of those who sent them."""
    bob = chat.native("bob", token=TOKEN)
    bob.tell("x")
    bob.send("nick", name="bobby")
    frames = [*alice.pending(), *alice.ask("who"), *alice.ask("rooms"), *alice.ask("history", room="lobby")]
    assert TOKEN not in str(frames)
    assert bob.session not in str(frames)
