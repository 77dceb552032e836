"""What a program written from the protocol page alone relies on, where one could have guessed otherwise."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import Draft
from tests.conftest import Chat, Serve
from tests.peers import Frame, Native, Peer, codes, of_type

pytestmark = pytest.mark.usefixtures("both_ways")

TOKEN = "0123456789abcdef0123456789abcdef"
SESSION = "s" * 16


def error_of(frames: list[Frame]) -> tuple[str, str | None]:
    (error,) = of_type(frames, "error")
    return error["code"], error.get("field")


# --- which of several errors wins ---


@pytest.mark.parametrize(
    ("frame", "code", "field"),
    [
        ({"type": "nick", "x": "\0", "name": "\ud800"}, "bad_field", "x"),
        ({"type": "join", "room": "No Such", "after": -1, "x": 10**15}, "bad_field", "x"),
        ({"type": "join", "room": "No Such", "after": -1}, "bad_field", "after"),
        ({"type": "say", "seq": 0, "text": "\0", "room": 7}, "bad_field", "seq"),
        ({"type": "say", "seq": 1, "text": 7, "room": "x", "more": "\0"}, "bad_field", "more"),
        ({"type": "say", "seq": 1, "text": 7, "room": "No Such"}, "bad_field", "text"),
        ({"type": "say", "seq": 1, "text": "", "room": "No Such"}, "bad_room", "room"),
        ({"type": "say", "seq": 1, "text": "", "room": "nowhere"}, "empty_text", "text"),
        ({"type": "say", "seq": 9, "text": "", "room": "nowhere"}, "bad_seq", "seq"),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else "",
)
def test_one_error_a_frame(alice: Native, frame: dict[str, Any], code: str, field: str) -> None:
    """First what no field may hold, then the fields in the order of the table, then what the chat says to it."""
    alice.send_bytes(json.dumps(frame).encode() + b"\n")
    assert error_of(alice.pending()) == (code, field)


HELLO_FIELDS = {
    "protocol": "1", "session": "short", "token": 7, "name": "a b", "color": "pink elephant", "rooms": [], "epoch": 7,
    "history": -1, "client": 7,
}  # fmt: skip


@pytest.mark.parametrize("first", range(len(HELLO_FIELDS)))
def test_the_first_wrong_field_of_a_hello(chat: Chat, first: int) -> None:
    """In the order of the table; behind them come the session's and the name's owner."""
    fine = {"protocol": 1, "session": SESSION, "token": TOKEN, "name": "alice", "color": "red", "rooms": {}}
    hello = {f: v if n >= first else fine.get(f) for n, (f, v) in enumerate(HELLO_FIELDS.items())}
    peer = chat.native()
    peer.send("hello", **hello)
    assert peer.until("error")["field"] == list(HELLO_FIELDS)[first]


def test_a_taken_session_wins_over_a_taken_name(chat: Chat) -> None:
    """Another name would not help."""
    alice = chat.native("alice", token=TOKEN)
    peer = chat.native()
    peer.hello("alice", session=alice.session)
    assert (error := peer.until("error"))["code"] == "session_taken"
    assert error["field"] == "session"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ('"text":"\\ud800"', "text"),
        ('"text":"a\\u0000b"', "text"),
        ('"text":"x","deep":[[[[[[[[1]]]]]]]]', "deep"),
        ('"text":"x","large":1000000000000000', "large"),
        ('"text":"x","huge":1e999', "huge"),
        ('"text":"x","\\u0000":1', "\0"),
    ],
)
def test_what_no_field_may_hold_uses_up_the_seq_of_a_say(alice: Native, more: str, field: str) -> None:
    """It is an error of that text, which a client would otherwise send again for ever."""
    alice.send_bytes(f'{{"type":"say","room":"lobby","seq":1,{more}}}\n'.encode())
    error = alice.until("error")
    assert (error["code"], error["field"], error["seq"]) == ("bad_field", field, 1)
    alice.seq = 1
    assert alice.tell("next")["seq"] == 2


# --- how long, how many ---


@pytest.mark.parametrize(("size", "let_in"), [(4_096, True), (4_097, False)])
def test_a_line_right_behind_the_hello_is_a_line_before_the_welcome(chat: Chat, size: int, let_in: bool) -> None:
    """Whoever sends a long one waits for the welcome first; what came in two parts may have been lucky."""
    peer = chat.native()
    hello = json.dumps({"type": "hello", "protocol": 1, "name": "alice", "session": SESSION, "rooms": {"lobby": None}})
    say = {"type": "say", "room": "lobby", "seq": 1, "text": ""}
    say["text"] = "x" * (size - len(json.dumps(say)) - 1)
    peer.send_bytes(f"{hello}\n{json.dumps(say)}\n".encode())
    if let_in:
        assert peer.until("message")["seq"] == 1
    else:
        frames = iter(peer.next, None)
        answer = next(frame for frame in frames if frame is not None and frame["type"] in ("error", "message"))
        if answer["type"] == "error":
            assert answer["code"] == "too_long"
            assert peer.until("bye")["code"] == "too_long"
        else:
            assert answer["seq"] == 1


def test_recent_messages_above_the_most_are_the_most(serve: Serve) -> None:
    """`history` is a wish and is cut to 500; `limit` is a demand, and is refused above its most."""
    store = MemoryLog()
    store.append([Draft("lobby", 1e9, "zoe", "blue", [f"text {n}" for n in range(600)], "", 0)], {})
    chat = serve(store=store)
    alice = chat.native()
    alice.hello("alice", history=10_000)
    assert len(alice.history()) == 500
    alice.send("join", room="lobby", history=10_000)
    assert len(alice.history()) == 500
    assert error_of(alice.ask("history", room="lobby", limit=501)) == ("bad_field", "limit")
    assert error_of(alice.ask("search", text="text", limit=101)) == ("bad_field", "limit")


@pytest.mark.parametrize("after", [6, 10**12])
def test_after_above_the_last_starts_with_recent_messages(serve: Serve, after: int) -> None:
    """Such an id is from another log; there is a gap."""
    store = MemoryLog()
    store.append([Draft("lobby", 1e9, "zoe", "blue", list("abcde"), "", 0)], {})
    chat = serve(store=store)
    peer = chat.native()
    peer.hello("alice", rooms={"lobby": after}, history=2)
    history = peer.until("history")
    assert ([message["id"] for message in history["messages"]], history["gap"]) == ([4, 5], True)
    (again,) = of_type(peer.ask("join", room="lobby", after=after, history=3), "history")
    assert ([message["id"] for message in again["messages"]], again["gap"]) == ([3, 4, 5], True)


def test_a_private_room_that_the_hello_does_not_name_starts_with_recent_messages(chat: Chat) -> None:
    """As many as the hello wants of a room named with null."""
    bob = chat.native("bob", token=TOKEN)
    alice = chat.native("alice")
    for number in range(5):
        alice.tell(f"text {number}", "@bob")
    bob.leave()
    back = chat.native()
    back.hello("bob", token=TOKEN, history=2)
    histories = {frame["room"]: frame["messages"] for frame in of_type(back.pending(), "history")}
    assert [message["text"] for message in histories["@alice+bob"]] == ["text 3", "text 4"]


# --- rooms one is not in ---


def test_public_rooms_can_be_read_from_outside(chat: Chat, alice: Native) -> None:
    """Their history and who is in them; of a room that does not exist, nothing. Private ones of others: denied."""
    bob = chat.native("bob", rooms={"tea": None})
    bob.tell("in here", "tea")
    assert of_type(alice.ask("history", room="tea"), "history")[0]["messages"][0]["text"] == "in here"
    assert [m["name"] for m in of_type(alice.ask("who", room="tea"), "who")[0]["members"]] == ["bob"]
    assert of_type(alice.ask("history", room="nowhere"), "history")[0]["messages"] == []
    assert of_type(alice.ask("who", room="nowhere"), "who")[0]["members"] == []
    for request in ("history", "who"):
        assert codes(alice.ask(request, room="@bob+carol")) == ["denied"]


def test_one_s_own_name_is_a_name_to_change_to(alice: Native) -> None:
    """It is answered like any other, so that nobody waits in vain."""
    alice.send("nick", name="alice")
    assert alice.moved("renamed", ["alice", "alice"])


def test_a_private_room_by_both_names(chat: Chat, alice: Native) -> None:
    """In any case of letters, but in their order."""
    bob = chat.native("bob")
    alice.tell("one", "@Alice+BOB")
    assert bob.until("message")["room"] == "@alice+bob"
    alice.say("two", "@bob+alice")
    assert alice.until("error")["code"] == "denied"


# --- searching ---


def test_what_a_word_is(serve: Serve) -> None:
    """Letters and digits; the rest divides. Case and accents do not matter; days are those of UTC, both included."""
    store = MemoryLog()
    start = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
    texts = ["under_score", "e-mail", "Café 24", "naïve", "今天天气"]
    store.append([Draft("lobby", start + n * 86_400 - 0.5, "zoe", "blue", [t], "", 0) for n, t in enumerate(texts)], {})
    alice = serve(store=store).native("alice")

    def found(text: str) -> list[str]:
        return [m["text"] for m in of_type(alice.ask("search", text=text), "results")[0]["messages"]]

    assert found("score") == ["under_score"]
    assert found('"e mail"') == ["e-mail"]
    assert found("cafe") == found("24") == ["Café 24"]
    assert found("caf") == ["Café 24"]
    assert found('"caf"') == []
    assert found("天天") == ["今天天气"]
    assert found("since:2026-11-01 until:2026-11-02") == ["Café 24", "e-mail"]


# --- guests ---


def test_a_new_guest_hears_what_is_said_to_it_alone(chat: Chat, alice: Native) -> None:
    """And may read of the one that had its number before only what everybody may."""
    first = chat.plain("aloud")
    assert first.enter() == "guest-1"
    alice.tell("psst", "@guest-1")
    first.say("/exit")
    first.rest()
    alice.ask("who")
    second = chat.plain("/search psst")
    assert second.enter() == "guest-1"
    second.until("nothing found for psst")
    second.say("/search aloud")
    assert "guest-1 said -> aloud" in second.until("aloud")
    alice.tell("and who are you?", "@guest-1")
    assert "(private)" in second.until("and who are you?")


def test_what_is_added_is_announced(alice: Native) -> None:
    """By name, for programs that want to know before they rely on it."""
    assert set(alice.welcome["features"]) >= {
        "claims_when_used",
        "contact_requests",
        "private_rooms_close",
        "renamed_guests",
        "session_owners",
    }


def test_a_client_that_knows_nothing_of_all_this_gets_along(chat: Chat) -> None:
    """Hello, join, say, repeat, come back, leave: as it always was."""
    with Native(chat.port, "old") as old, Peer(chat.port) as silent:
        old.tell("one")
        old.send("join", room="tea")
        assert old.until("joined")["room"] == "tea"
        old.tell("two", "tea")
        back = chat.native("old", session=old.session, rooms={"lobby": 1, "tea": 0})
        assert back.welcome["accepted"] == 2
        silent.stop_sending()
