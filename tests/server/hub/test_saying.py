"""What the hub makes of what is said: numbers, receipts, failures of the log, and words between two people."""

from __future__ import annotations

import re

import pytest

from server_parts.people.clients import Client
from server_parts.protocol.requests import Color, Disconnected, Hello, Join, Nick, Refusal, Rooms, Say, Who
from server_parts.storage.records import hashed
from tests.peers import codes, of_type
from tests.server.hub.bench import Bench, Seat, ids
from tests.server.storage.owners import owner_of

pytestmark = pytest.mark.usefixtures("no_threads_left", "chat_log", "at_once_and_in_slices")

TOKEN = "0123456789abcdef0123456789abcdef"


# --- numbers and receipts ---


def test_messages_are_numbered_from_one(alice: Seat, bob: Seat) -> None:
    """1, 2, 3, without holes, the same for everyone, the sender's copy included."""
    for text in ("a", "b", "c"):
        alice.say(text)
    assert ids(bob.heard()) == [1, 2, 3]
    own = of_type(alice.say("d"), "message")[0]
    assert (own["id"], own["seq"], own["from"], own["text"], own["room"]) == (4, 4, "alice", "d", "lobby")
    assert bob.heard("message")[0] == own


def test_each_room_counts_for_itself(alice: Seat) -> None:
    """The first message of a room is number 1."""
    alice.say("a")
    alice.ask(Join("tea"))
    assert ids(alice.say("b", "tea")) == [1]


def test_only_members_hear(alice: Seat, bob: Seat) -> None:
    """What is said in another room is not told."""
    alice.ask(Join("tea"))
    alice.say("psst", "tea")
    assert of_type(bob.ask(Who()), "message") == []


def test_one_turn_is_one_commit(bench: Bench, alice: Seat, bob: Seat) -> None:
    """Everything that waits is stored together, each text with its session's count."""
    bench.in_one_turn((alice, [Say("lobby", ["a1"], 1), Say("lobby", ["a2"], 2)]), (bob, [Say("lobby", ["b1"], 1)]))
    texts, counts = bench.store.batches[-1]
    assert texts == ["a1", "a2", "b1"]
    assert sorted(counts.values()) == [1, 2]
    assert [m["text"] for m in alice.heard("message")] == ["holding the hub", "a1", "a2", "b1"]


def test_nothing_is_told_before_it_is_stored(bench: Bench, alice: Seat, bob: Seat) -> None:
    """While the log is at work, nobody has seen the message; after it, everybody has."""
    bench.store.gate.clear()
    bench.store.appending.clear()
    alice.submit(Say("lobby", ["secret until stored"], 1))
    assert bench.store.appending.wait()
    assert alice.outbox.blocks == []
    assert bob.outbox.blocks == []
    bench.store.gate.set()
    alice.settle()
    assert ids(alice.heard()) == ids(bob.heard()) == [1]


def test_a_repeat_is_acknowledged_not_stored(alice: Seat, bob: Seat) -> None:
    """Whatever its text is now, the first one counts."""
    alice.say("once")
    assert ids(bob.heard()) == [1]
    told = alice.ask(Say("lobby", ["twice"], 1))
    assert of_type(told, "ack", "message", "error") == [{"type": "ack", "seq": 1, "room": "lobby", "id": 1}]
    assert bob.heard() == []


def test_a_repeat_in_one_turn_is_acknowledged_after_the_first(alice: Seat) -> None:
    """Both came at once: first the message, then the ack."""
    told = alice.ask(Say("lobby", ["once"], 1), Say("lobby", ["once"], 1))
    assert [f["type"] for f in of_type(told, "message", "ack")] == ["message", "ack"]


def test_a_jump_is_refused_with_what_is_expected(alice: Seat) -> None:
    """bad_seq says from where to send again, and nothing is stored."""
    alice.say("one")
    (error,) = of_type(alice.ask(Say("lobby", ["three"], 3)), "error", "message")
    assert (error["code"], error["accepted"], error["seq"], error["fatal"]) == ("bad_seq", 1, 3, False)
    assert ids(alice.ask(Say("lobby", ["two"], 2))) == [2]


def test_of_a_row_of_texts_the_known_ones_are_acknowledged_and_the_others_said(alice: Seat, bob: Seat) -> None:
    """A link that broke in mid-row: everything is sent again, and nothing is stored twice."""
    alice.ask(Say("lobby", ["a", "b"], 1))
    told = alice.ask(Say("lobby", ["a", "b", "c", "d"], 1))
    assert [(f["type"], f["id"]) for f in of_type(told, "ack", "message")] == [
        ("ack", 1), ("ack", 2), ("message", 3), ("message", 4),
    ]  # fmt: skip
    assert [(f["id"], f["text"], f["seq"]) for f in bob.heard("message")] == [
        (1, "a", 1), (2, "b", 2), (3, "c", 3), (4, "d", 4),
    ]  # fmt: skip


def test_a_row_of_texts_for_nowhere_is_refused_one_by_one(bench: Bench, alice: Seat) -> None:
    """Every text is told about and uses up its seq."""
    errors = of_type(alice.ask(Say("elsewhere", ["x", "y"], 1)), "error", "message")
    assert [(f["code"], f["seq"]) for f in errors] == [("not_in_room", 1), ("not_in_room", 2)]
    assert ids(alice.ask(Say("lobby", ["next"], 3))) == [1]


def test_after_a_jump_in_one_turn_the_count_is_the_stored_one(alice: Seat) -> None:
    """What came before the jump is committed before the error names it."""
    said = (Say("lobby", ["1"], 1), Say("lobby", ["3"], 3), Say("lobby", ["2"], 2))
    told = of_type(alice.ask(*said), "message", "error")
    assert [frame["type"] for frame in told] == ["message", "error", "message"]
    assert told[1]["accepted"] == 1


REFUSED = {
    "empty_text": Say("lobby", [""], 1, Refusal("empty_text", "nothing in it", "text", 1)),
    "not_in_room": Say("elsewhere", ["x"], 1),
    "no_such_user": Say("@nobody", ["x"], 1),
    "denied": Say("@bob+carol", ["x"], 1),
}


@pytest.mark.parametrize(("code", "say"), REFUSED.items(), ids=REFUSED.keys())
def test_a_refused_text_uses_up_its_seq(bench: Bench, alice: Seat, code: str, say: Say) -> None:
    """It is counted in the log before the error is told, so that both sides count alike after a crash."""
    (error,) = of_type(alice.ask(say), "error", "message")
    assert (error["code"], error["seq"]) == (code, 1)
    assert bench.store.batches == [([], {bench.store.batches[0][1].copy().popitem()[0]: 1})]
    assert ids(alice.ask(Say("lobby", ["next"], 2))) == [1]


def test_a_repeat_of_a_refused_text_is_acknowledged(alice: Seat) -> None:
    """It was dealt with; it has no place."""
    alice.ask(Say("elsewhere", ["x"], 1))
    assert of_type(alice.ask(Say("elsewhere", ["x"], 1)), "ack", "error") == [
        {"type": "ack", "seq": 1, "room": None, "id": None}
    ]


def test_answers_come_in_the_order_of_the_requests(alice: Seat) -> None:
    """Also when they could have been collected: a message, then who, then the next message."""
    told = alice.ask(Say("lobby", ["a"], 1), Who(), Say("lobby", ["b"], 2), Rooms())
    assert [f["type"] for f in told if f["type"] != "presence"] == ["message", "who", "message", "rooms"]


def test_a_colour_and_a_name_change_only_what_comes_after(alice: Seat, bob: Seat) -> None:
    """Texts before them in the same read still carry the old ones."""
    alice.ask(Say("lobby", ["a"], 1), Color("green"), Say("lobby", ["b"], 2), Nick("anna"), Say("lobby", ["c"], 3))
    said = [(m["from"], m["color"] == "green") for m in bob.heard("message")]
    assert said == [("alice", False), ("alice", True), ("anna", True)]


# --- a log that cannot be written ---


@pytest.mark.usefixtures("errors_expected")
def test_storage_unavailable_uses_up_nothing(bench: Bench, alice: Seat, bob: Seat) -> None:
    """Nobody is told anything but the sender, who sends the same again when the disk is back."""
    alice.say("before")
    bench.store.broken = "disk full"
    bob.heard()
    (error,) = of_type(alice.ask(Say("lobby", ["during"], 2)), "error", "message")
    assert (error["code"], error["seq"], error["text"]) == ("storage_unavailable", 2, "disk full")
    assert bob.heard() == []
    bench.store.broken = None
    assert ids(alice.ask(Say("lobby", ["during"], 2))) == [2]
    assert ids(bob.heard()) == [2]


@pytest.mark.usefixtures("errors_expected")
def test_the_operator_is_told_once_that_the_log_cannot_be_written(
    bench: Bench, alice: Seat, bob: Seat, caplog: pytest.LogCaptureFixture
) -> None:
    """However often their clients try again; and when it can be written, after how long."""
    bench.store.broken = "disk full"
    for _ in range(3):
        alice.ask(Say("lobby", ["1"], 1))
        bob.ask(Say("lobby", ["1"], 1))
    bench.store.broken = None
    alice.ask(Say("lobby", ["1"], 1))
    bob.ask(Say("lobby", ["1"], 1))
    told = [message for message in caplog.messages if "the log can" in message]
    assert told[0] == "the log cannot be written: disk full"
    assert re.fullmatch(r"the log can be written again, after \d+ s", told[1])
    assert len(told) == 2


@pytest.mark.usefixtures("errors_expected")
def test_a_failed_batch_is_taken_back_whole(bench: Bench, alice: Seat) -> None:
    """Of several texts none is stored; the first of them is the next that is expected."""
    bench.store.broken = "disk full"
    errors = of_type(alice.ask(Say("lobby", ["1"], 1), Say("lobby", ["2"], 2), Say("nowhere", ["3"], 3)), "error")
    assert [(e["code"], e["seq"]) for e in errors] == [("storage_unavailable", 1)]
    bench.store.broken = None
    assert ids(alice.ask(Say("lobby", ["1"], 1), Say("lobby", ["2"], 2))) == [1, 2]


@pytest.mark.usefixtures("errors_expected")
def test_what_follows_a_failure_is_out_of_turn(bench: Bench, alice: Seat) -> None:
    """A text sent before the error arrived does not overtake the one that failed."""
    bench.store.broken = "disk full"
    alice.ask(Say("lobby", ["1"], 1))
    bench.store.broken = None
    (error,) = of_type(alice.ask(Say("lobby", ["2"], 2)), "error", "message")
    assert (error["code"], error["accepted"]) == ("bad_seq", 0)


@pytest.mark.usefixtures("errors_expected")
def test_a_repeat_behind_a_failure_is_the_one_that_is_expected(bench: Bench, alice: Seat) -> None:
    """Looking at the repeat is what made the texts before it fail; so it is no repeat any more."""
    bench.store.broken = "disk full"
    said = (Say("lobby", ["1"], 1), Say("lobby", ["2"], 2), Say("lobby", ["1"], 1))
    errors = of_type(alice.ask(*said), "error")
    assert [(error["code"], error["seq"]) for error in errors] == [("storage_unavailable", 1)] * 2
    bench.store.broken = None
    assert ids(alice.ask(*said)) == [1, 2]


@pytest.mark.usefixtures("errors_expected")
def test_a_name_is_claimed_with_the_first_message_or_not_at_all(bench: Bench) -> None:
    """While the log cannot be written neither is stored; said again, both are."""
    alice = bench.seat("alice", token=TOKEN)
    bench.store.broken = "disk full"
    assert codes(alice.ask(Say("lobby", ["mine"], 1))) == ["storage_unavailable"]
    assert owner_of(bench.store, "alice") is None
    bench.store.broken = None
    assert ids(alice.ask(Say("lobby", ["mine"], 1))) == [1]
    assert owner_of(bench.store, "alice") == hashed(TOKEN)


@pytest.mark.usefixtures("errors_expected")
def test_a_request_that_fails_inside_costs_only_itself(
    bench: Bench, alice: Seat, bob: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sender is told `internal`; the hub goes on."""

    def fail(client: Client, request: Rooms) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(bench.hub._carry_out, Rooms, fail)
    assert codes(alice.ask(Rooms())) == ["internal"]
    assert ids(bob.say("still here")) == [1]


@pytest.mark.usefixtures("errors_expected")
def test_a_text_that_fails_inside_may_be_said_again(
    bench: Bench, alice: Seat, bob: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names its seq, which is not used up."""
    with monkeypatch.context() as patched:
        patched.setattr(Client, "resolve", lambda client, room: 1 / 0)
        (error,) = of_type(alice.ask(Say("@bob", ["psst"], 1)), "error")
        assert (error["code"], error["seq"]) == ("internal", 1)
    assert ids(alice.ask(Say("@bob", ["psst"], 1))) == [1]


# --- private rooms ---


def test_a_private_message_reaches_two(bench: Bench, alice: Seat, bob: Seat) -> None:
    """Both are put into their room; nobody else hears, sees or lists it."""
    carol = bench.seat("carol")
    told = alice.say("psst", "@bob")
    assert [f["room"] for f in of_type(told, "joined")] == ["@alice+bob"]
    assert of_type(told, "message")[0]["room"] == "@alice+bob"
    heard = bob.heard("joined", "message")
    assert [f["type"] for f in heard] == ["joined", "message"]
    assert [room["room"] for room in of_type(carol.ask(Rooms()), "rooms")[0]["rooms"]] == ["lobby"]
    assert of_type(carol.heard(), "message") == []


def test_both_ways_of_writing_a_private_room(alice: Seat, bob: Seat) -> None:
    """`@b` and `@a+b` are the same room, from either side."""
    alice.say("1", "@bob")
    alice.say("2", "@alice+bob")
    assert ids(bob.heard()) == [1, 2]
    assert ids(bob.say("3", "@alice")) == [3]


@pytest.mark.parametrize("request_", [Join("@alice+bob"), Who("@alice+bob"), Say("@alice+bob", ["hi"], 1)])
def test_a_third_person_is_denied(bench: Bench, alice: Seat, bob: Seat, request_: Say) -> None:
    """Joining, listing and saying alike."""
    alice.say("psst", "@bob")
    carol = bench.seat("carol")
    assert codes(carol.ask(request_)) == ["denied"]
    assert "psst" not in str(alice.heard()) + str(carol.heard())


@pytest.mark.parametrize("room", ["@bob+alice", "@alice+alice", "@alice"])
def test_a_private_room_has_one_spelling_and_two_people(alice: Seat, bob: Seat, room: str) -> None:
    """Names out of order, or talking to oneself, are refused."""
    assert codes(alice.say("x", room)) in (["denied"], ["no_such_user"])


def test_talking_to_oneself_is_answered_with_sense(alice: Seat) -> None:
    """It says what is wrong, as for anybody else."""
    (error,) = of_type(alice.say("x", "@alice"), "error")
    assert (error["code"], error["seq"]) == ("no_such_user", 1)
    assert error["text"].startswith("you cannot send a private message to yourself")


def test_somebody_away_from_the_keyboard_still_has_a_room(bench: Bench, alice: Seat) -> None:
    """A claimed name can be written to while nobody is there, and finds it later."""
    bob = bench.seat("bob", token=TOKEN)
    bob.ask(Disconnected())
    assert ids(alice.say("for later", "@bob")) == [1]
    back = Seat(bench)
    told = back.ask(Hello("bob", bench.session(), token=TOKEN))
    found = [m for f in of_type(told, "history") for m in f["messages"]]
    assert [(m["room"], m["text"]) for m in found] == [("@alice+bob", "for later")]


def test_without_the_token_there_is_no_private_history(bench: Bench, alice: Seat, bob: Seat) -> None:
    """A name that nobody owns may be anybody tomorrow."""
    alice.say("psst", "@bob")
    bob.ask(Disconnected())
    other = Seat(bench)
    assert "psst" not in str(other.ask(Hello("bob", bench.session(), rooms={"lobby": None, "@alice+bob": 0})))
