"""The wire protocol over loopback: the hello, the welcome, and whose a name is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Chat, Serve
from tests.peers import Frame, Native, codes, of_type

pytestmark = pytest.mark.usefixtures("both_ways")

SESSION = "s" * 16
TOKEN = "0123456789abcdef0123456789abcdef"


# --- hello and welcome ---


def test_the_welcome(serve: Serve) -> None:
    """Every promised field."""
    chat = serve(motd="Be kind.")
    alice = chat.native("alice", color="green")
    welcome = alice.welcome
    assert set(welcome) >= {"type", "protocol", "name", "color", "epoch", "accepted", "motd", "server", "limits"}
    assert (welcome["protocol"], welcome["name"], welcome["color"]) == (1, "alice", "green")
    assert (welcome["accepted"], welcome["motd"]) == (0, "Be kind.")
    assert welcome["limits"] == {"line": 65_536, "text": 5_000, "name": 32, "room": 64, "file": 104_857_600}
    assert isinstance(welcome["epoch"], str)
    assert welcome["epoch"]
    assert isinstance(welcome["server"], str)


def test_coming_in_is_welcome_joined_history(chat: Chat) -> None:
    """In this order, and the lobby alone."""
    peer = chat.native()
    peer.hello("alice")
    frames = of_type(peer.pending(), "welcome", "joined", "history")
    assert [frame["type"] for frame in frames] == ["welcome", "joined", "history"]
    rules = {"topic": "", "mode": "open", "slow": 0, "role": None}
    assert frames[1] == {"type": "joined", "room": "lobby", "last": 0, "members": 1, **rules}
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
