"""The wire protocol over loopback: every request and every answer, once a client is in."""

from __future__ import annotations

import json
import re
import string
from typing import Any

import pytest

from tests.conftest import Chat
from tests.peers import Frame, Native, codes, of_type

pytestmark = pytest.mark.usefixtures("both_ways")

# --- say ---


def test_a_message_is_the_same_for_everyone(alice: Native, bob: Native) -> None:
    """Number, time, sender, colour, text, tag and seq; the sender's copy is its receipt."""
    own, theirs = alice.tell("hello"), bob.until("message")
    assert own == theirs
    assert set(own) == {"type", "room", "id", "ts", "from", "color", "text", "by", "seq"}
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
    "text", ["x" * 5000, "👋" * 5000, string.printable, "\\\"'{}", "a\x1b[31mb", "\x7f\u202e!", " x "]
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
    rules = {"topic": "", "mode": "open", "slow": 0, "role": None}
    assert frames[0] == {"type": "joined", "room": "tea", "last": 0, "members": 1, **rules}
    assert (frames[1]["type"], frames[1]["room"], frames[1]["messages"]) == ("history", "tea", [])
    assert of_type(bob.ask("join", room="tea"), "joined")[0]["members"] == 2
    assert alice.moved("joined", "bob")["room"] == "tea"
    bob.say("hi", "tea")
    assert alice.until("message")["room"] == "tea"


def test_joining_leaving_and_joining_in_one_go(alice: Native, bob: Native) -> None:
    """Answered in that order, each entry with the room's past, and of none of it is anything said to be missing."""
    alice.ask("join", room="tea")
    alice.tell("one", "tea")
    for request in ("join", "leave", "join"):
        bob.send(request, room="tea")
    told = [frame for frame in bob.pending() if frame.get("room") == "tea" and "joined" not in frame]
    entry = ["joined", "history"]
    assert [frame["type"] for frame in told] == [*entry, "presence", *entry]
    assert told[2]["left"] == ["bob"]
    assert [(f["gap"], [m["id"] for m in f["messages"]]) for f in of_type(told, "history")] == [(False, [1])] * 2


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
    ({"type": "search", "text": "x since:2026-13-45"}, "bad_field", "text"),
    ({"type": "search", "text": "from:\x1b["}, "bad_field", "text"),
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
    assert set(results["messages"][0]) == {"type", "room", "id", "ts", "from", "color", "text", "by", "seq"}
    assert [m["text"] for m in alice.ask("search", text="whale", limit=1)[0]["messages"]] == ["another whale"]
    assert alice.ask("search", text="whale", room="tea")[0]["messages"] == []


@pytest.mark.parametrize("text", ["", '"', "*", "a OR b", "NEAR(", "-", "x:", "\\", "%", "in:x", "\x1b", "ー", "'; --"])
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


def test_a_ping_before_the_hello(chat: Chat) -> None:
    """Is answered too, and what comes behind it is a conversation like any other."""
    native = chat.native()
    native.send("ping", n=1)
    assert native.until("pong") == {"type": "pong", "n": 1}
    assert native.enter("alice")["name"] == "alice"


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
