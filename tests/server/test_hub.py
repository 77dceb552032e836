"""What the hub decides, without a socket anywhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from server_parts.house import House
from server_parts.hub import GREETING
from server_parts.people import Client
from server_parts.requests import (
    Announce,
    Away,
    Bye,
    Color,
    Gone,
    Hello,
    Join,
    Kick,
    Leave,
    Nick,
    Refusal,
    Request,
    Rooms,
    Say,
    Unseat,
    Who,
)
from tests.peers import WAIT, Frame, wait_until
from tests.server.hub_bench import Bench, Remembering, Seat

pytestmark = pytest.mark.usefixtures("no_threads_left", "chat_log")

TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A hub in its own thread, without a server."""
    bench = Bench()
    yield bench
    bench.stop()


@pytest.fixture
def alice(bench: Bench) -> Seat:
    """In the lobby; forgets what she heard while others came in."""
    return bench.seat("alice")


@pytest.fixture
def bob(bench: Bench, alice: Seat) -> Seat:
    """In the lobby, after alice."""
    seat = bench.seat("bob")
    alice.ask(Who())
    seat.heard()
    return seat


def of_type(frames: list[Frame], *types: str) -> list[Frame]:
    return [frame for frame in frames if frame["type"] in types]


def ids(frames: list[Frame]) -> list[int]:
    return [frame["id"] for frame in of_type(frames, "message")]


def codes(frames: list[Frame]) -> list[str]:
    return [frame["code"] for frame in of_type(frames, "error")]


# --- coming in ---


def test_a_hello_is_welcomed_into_the_lobby(bench: Bench) -> None:
    """Welcome, joined, history, in this order."""
    seat = Seat(bench)
    told = of_type(seat.ask(Hello("alice", bench.session())), "welcome", "joined", "history")
    assert [frame["type"] for frame in told] == ["welcome", "joined", "history"]
    welcome, joined, history = told
    assert (welcome["name"], welcome["accepted"], welcome["motd"]) == ("alice", 0, "be kind")
    assert welcome["epoch"] == bench.book.epoch
    assert (joined["room"], joined["last"], joined["members"]) == ("lobby", 0, 1)
    assert (history["messages"], history["gap"], history["more"]) == ([], False, False)


@pytest.mark.parametrize("request_", [Say("lobby", ["x"], 1), Join("tea"), Who(), Rooms(), Nick("x"), Leave("lobby")])
def test_hello_comes_first(bench: Bench, request_: Say) -> None:
    """Whoever has not said hello can do nothing."""
    assert codes(Seat(bench).ask(request_)) == ["hello_first"]


def test_a_second_hello_is_refused(alice: Seat, bench: Bench) -> None:
    """And changes nothing."""
    assert codes(alice.ask(Hello("mallory", bench.session()))) == ["bad_field"]
    assert [m["name"] for m in of_type(alice.ask(Who()), "who")[0]["members"]] == ["alice"]


def test_a_guest_that_turns_out_native_gets_its_name(bench: Bench) -> None:
    """Half a second of silence made it a guest; its hello makes it somebody, and the guest's name is free again."""
    seat = Seat(bench)
    seat.submit(Hello(None, bench.session()))
    seat.settle()
    seat.outbox.blocks.clear()
    seat.submit(Unseat())
    assert of_type(seat.ask(Hello("alice", bench.session())), "welcome")[0]["name"] == "alice"
    assert [m["name"] for m in of_type(seat.ask(Who()), "who")[0]["members"]] == ["alice"]


def test_a_crowd_at_the_door_is_behind_those_who_are_in(bench: Bench, alice: Seat) -> None:
    """What alice says in the same turn is said before any of them is let in."""
    crowd = [Seat(bench) for _ in range(20)]
    hellos: list[tuple[Seat, list[Request]]] = [(one, [Hello(f"c{n}", bench.session())]) for n, one in enumerate(crowd)]
    bench.in_one_turn(*hellos, (alice, [Say("lobby", ["excuse me"], 1)]))
    assert {seat.heard("joined")[0]["last"] for seat in crowd} == {alice.heard("message")[-1]["id"]}


def test_a_slow_crowd_lets_others_have_a_word(bench: Bench, alice: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many wait at the door, a turn has time for a few of them only."""
    begun = threading.Event()
    accepted = bench.book.accepted

    def slowly(session: str) -> int:
        begun.set()
        time.sleep(GREETING)
        return accepted(session)

    monkeypatch.setattr(bench.book, "accepted", slowly)
    crowd = [Seat(bench) for _ in range(20)]
    for number, seat in enumerate(crowd):
        seat.submit(Hello(f"c{number}", bench.session()))
    assert begun.wait(WAIT)
    alice.say("excuse me")
    for seat in crowd:
        seat.settle()
    assert sum(seat.heard("joined")[0]["last"] == 0 for seat in crowd) < 10


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
    texts, counts = bench.book.batches[-1]
    assert texts == ["a1", "a2", "b1"]
    assert sorted(counts.values()) == [1, 2]
    assert [m["text"] for m in alice.heard("message")] == ["holding the hub", "a1", "a2", "b1"]


def test_nothing_is_told_before_it_is_stored(bench: Bench, alice: Seat, bob: Seat) -> None:
    """While the log is at work, nobody has seen the message; after it, everybody has."""
    bench.book.gate.clear()
    bench.book.appending.clear()
    alice.submit(Say("lobby", ["secret until stored"], 1))
    assert bench.book.appending.wait()
    assert alice.outbox.blocks == []
    assert bob.outbox.blocks == []
    bench.book.gate.set()
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
    assert bench.book.batches == [([], {bench.book.batches[0][1].copy().popitem()[0]: 1})]
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
    bench.book.broken = "disk full"
    bob.heard()
    (error,) = of_type(alice.ask(Say("lobby", ["during"], 2)), "error", "message")
    assert (error["code"], error["seq"], error["text"]) == ("storage_unavailable", 2, "disk full")
    assert bob.heard() == []
    bench.book.broken = None
    assert ids(alice.ask(Say("lobby", ["during"], 2))) == [2]
    assert ids(bob.heard()) == [2]


@pytest.mark.usefixtures("errors_expected")
def test_a_failed_batch_is_taken_back_whole(bench: Bench, alice: Seat) -> None:
    """Of several texts none is stored; the first of them is the next that is expected."""
    bench.book.broken = "disk full"
    errors = of_type(alice.ask(Say("lobby", ["1"], 1), Say("lobby", ["2"], 2), Say("nowhere", ["3"], 3)), "error")
    assert [(e["code"], e["seq"]) for e in errors] == [("storage_unavailable", 1)]
    bench.book.broken = None
    assert ids(alice.ask(Say("lobby", ["1"], 1), Say("lobby", ["2"], 2))) == [1, 2]


@pytest.mark.usefixtures("errors_expected")
def test_what_follows_a_failure_is_out_of_turn(bench: Bench, alice: Seat) -> None:
    """A text sent before the error arrived does not overtake the one that failed."""
    bench.book.broken = "disk full"
    alice.ask(Say("lobby", ["1"], 1))
    bench.book.broken = None
    (error,) = of_type(alice.ask(Say("lobby", ["2"], 2)), "error", "message")
    assert (error["code"], error["accepted"]) == ("bad_seq", 0)


@pytest.mark.usefixtures("errors_expected")
def test_a_name_that_cannot_be_claimed_is_not_given(bench: Bench) -> None:
    """The hello fails whole, and works when the disk is back."""
    seat = Seat(bench)
    bench.book.broken = "disk full"
    hello = Hello("alice", bench.session(), token=TOKEN)
    assert codes(seat.ask(hello)) == ["storage_unavailable"]
    bench.book.broken = None
    assert of_type(seat.ask(hello), "welcome")


@pytest.mark.usefixtures("errors_expected")
def test_a_request_that_fails_inside_costs_only_itself(
    bench: Bench, alice: Seat, bob: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sender is told `internal`; the hub goes on."""

    def fail(house: House, client: Client) -> list[Frame]:
        raise ZeroDivisionError

    monkeypatch.setattr(House, "listing", fail)
    assert codes(alice.ask(Rooms())) == ["internal"]
    assert ids(bob.say("still here")) == [1]


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


def test_somebody_away_from_the_keyboard_still_has_a_room(bench: Bench, alice: Seat) -> None:
    """A claimed name can be written to while nobody is there, and finds it later."""
    bob = bench.seat("bob", token=TOKEN)
    bob.ask(Gone())
    assert ids(alice.say("for later", "@bob")) == [1]
    back = Seat(bench)
    told = back.ask(Hello("bob", bench.session(), token=TOKEN))
    found = [m for f in of_type(told, "history") for m in f["messages"]]
    assert [(m["room"], m["text"]) for m in found] == [("@alice+bob", "for later")]


def test_without_the_token_there_is_no_private_history(bench: Bench, alice: Seat, bob: Seat) -> None:
    """A name that nobody owns may be anybody tomorrow."""
    alice.say("psst", "@bob")
    bob.ask(Gone())
    other = Seat(bench)
    assert "psst" not in str(other.ask(Hello("bob", bench.session(), rooms={"lobby": None, "@alice+bob": 0})))


# --- names ---


def test_a_live_name_is_taken(bench: Bench, alice: Seat) -> None:
    """In any case of letters; a free one may be taken."""
    seat = Seat(bench)
    (error,) = of_type(seat.ask(Hello("ALICE", bench.session())), "error")
    assert (error["code"], error["field"]) == ("name_taken", "name")
    alice.ask(Gone())
    assert of_type(seat.ask(Hello("ALICE", bench.session())), "welcome")


def test_a_claimed_name_needs_its_token(bench: Bench) -> None:
    """Without it, or with another, the name stays closed, also when nobody uses it."""
    bench.seat("alice", token=TOKEN).ask(Gone())
    assert codes(Seat(bench).ask(Hello("alice", bench.session()))) == ["name_taken"]
    assert codes(Seat(bench).ask(Hello("Alice", bench.session(), token=TOKEN[::-1]))) == ["name_taken"]
    assert of_type(Seat(bench).ask(Hello("Alice", bench.session(), token=TOKEN)), "welcome")


def test_a_token_claims_only_a_hello_s_name(bench: Bench) -> None:
    """Passing through a name does not make it one's own."""
    alice = bench.seat("alice", token=TOKEN)
    alice.ask(Nick("passing"))
    alice.ask(Nick("alice"))
    assert of_type(Seat(bench).ask(Hello("passing", bench.session())), "welcome")


def test_a_new_name_is_told_to_the_room(alice: Seat, bob: Seat) -> None:
    """To the one who changed it too."""
    renamed = {"type": "presence", "room": "lobby", "renamed": [["alice", "anna"]], "members": 2}
    assert alice.ask(Nick("anna")) == [renamed]
    assert bob.heard() == [renamed]


def test_a_name_in_use_cannot_be_changed_to(alice: Seat, bob: Seat) -> None:
    """Nor a claimed one without its token."""
    assert codes(alice.ask(Nick("BOB"))) == ["name_taken"]
    assert of_type(alice.say("still alice"), "message")[0]["from"] == "alice"


def test_the_case_of_one_s_own_name_may_change(alice: Seat) -> None:
    """It is not taken by somebody else."""
    assert of_type(alice.ask(Nick("Alice")), "presence")[0]["renamed"] == [["alice", "Alice"]]


def test_a_new_name_leaves_the_old_private_rooms(alice: Seat, bob: Seat) -> None:
    """They belong to the old name."""
    alice.say("psst", "@bob")
    alice.ask(Nick("anna"))
    assert codes(alice.say("and?", "@alice+bob")) == ["denied"]


def test_guests_get_the_first_free_number(bench: Bench) -> None:
    """A number that comes back is given again."""
    guests = [Seat(bench) for _ in range(3)]
    for guest in guests:
        guest.submit(Hello(None, bench.session()))
        guest.settle()
    guests[1].submit(Gone())
    guests[1].settle()
    late = Seat(bench)
    late.submit(Hello(None, bench.session()))
    late.settle()
    alice = bench.seat("alice")
    names = {m["name"] for m in of_type(alice.ask(Who()), "who")[0]["members"]}
    assert names == {"guest-1", "guest-2", "guest-3", "alice"}


# --- sessions ---


def test_a_session_that_comes_again_replaces_the_old_one(bench: Bench) -> None:
    """The old connection is told; the new one has the name, the count and the rooms' state."""
    session = bench.session()
    old = bench.seat("alice", session=session)
    old.say("one")
    new = Seat(bench)
    welcome = of_type(new.ask(Hello("alice", session)), "welcome")[0]
    assert (welcome["name"], welcome["accepted"]) == ("alice", 1)
    goodbye = old.heard("bye")
    assert [(f["code"], f["retry"]) for f in goodbye] == [("replaced", False)]
    assert ids(new.ask(Say("lobby", ["two"], 2))) == [2]


def test_what_a_replaced_connection_still_asks_is_ignored(bench: Bench) -> None:
    """Its count goes on in the new connection alone."""
    session = bench.session()
    old, new = bench.seat("alice", session=session), Seat(bench)
    new.ask(Hello("alice", session))
    old.heard()
    assert old.ask(Say("lobby", ["late"], 1)) == []
    assert ids(new.ask(Say("lobby", ["one"], 1))) == [1]


def test_texts_of_a_replaced_connection_are_stored_first(bench: Bench) -> None:
    """They came in the same turn, before the new hello, so its welcome counts them."""
    session = bench.session()
    old, new = bench.seat("alice", session=session), Seat(bench)
    bench.in_one_turn((old, [Say("lobby", ["last words"], 1)]), (new, [Hello("alice", session)]))
    assert new.heard("welcome")[0]["accepted"] == 1


# --- who is where ---


def test_comings_and_goings_are_told(bench: Bench, alice: Seat) -> None:
    """With the number of members there are now."""
    bob = bench.seat("bob")
    assert alice.hears({"type": "presence", "room": "lobby", "joined": ["bob"], "members": 2})
    bob.ask(Gone())
    assert alice.hears({"type": "presence", "room": "lobby", "left": ["bob"], "members": 1})


def test_a_leaver_is_told_itself(alice: Seat) -> None:
    """It is no member any more when the others hear."""
    alice.ask(Join("tea"))
    assert {"type": "presence", "room": "tea", "left": ["alice"], "members": 0} in alice.ask(Leave("tea"))
    assert codes(alice.ask(Leave("tea"))) == ["not_in_room"]


def test_away_is_seen_by_those_who_ask(alice: Seat, bob: Seat) -> None:
    """In the list, and by whoever writes in private; until it is over."""
    bob.ask(Away("at lunch"))
    assert of_type(alice.ask(Who("lobby")), "who")[0]["members"][1]["away"] == "at lunch"
    assert "at lunch" in of_type(alice.say("psst", "@bob"), "notice")[0]["text"]
    bob.ask(Away(None))
    assert "away" not in of_type(alice.ask(Who("lobby")), "who")[0]["members"][1]


def test_rooms_are_listed_with_members_and_last(alice: Seat, bob: Seat) -> None:
    """A room that has emptied keeps its log; one that never had a message is gone."""
    alice.ask(Join("tea"), Join("empty"))
    alice.say("x", "tea")
    alice.ask(Leave("tea"), Leave("empty"))
    (rooms,) = of_type(bob.ask(Rooms()), "rooms")
    assert rooms["rooms"] == [{"room": "lobby", "members": 2, "last": 0}, {"room": "tea", "members": 0, "last": 1}]


# --- letting go ---


def test_goodbye(bench: Bench, alice: Seat, bob: Seat) -> None:
    """It is answered, the name is free, and nothing more is heard."""
    (goodbye,) = of_type(alice.ask(Bye()), "bye")
    assert (goodbye["code"], goodbye["retry"]) == ("exit", False)
    bob.say("gone?")
    assert alice.heard() == []
    assert of_type(Seat(bench).ask(Hello("alice", bench.session())), "welcome")


def test_a_client_that_reads_too_slowly_is_let_go(bench: Bench, alice: Seat, bob: Seat) -> None:
    """It is told why and may come back; what is waiting is dropped, and nobody else notices."""
    alice.outbox.refuses = True
    alice.outbox.backlog = 12345
    assert ids(bob.say("anyone?")) == [1]
    assert wait_until(lambda: alice.outbox.closed)
    (goodbye,) = alice.heard("bye")
    assert (goodbye["code"], goodbye["retry"]) == ("too_slow", True)
    assert "12345" in goodbye["text"]
    assert alice.outbox.at_once
    assert bob.hears({"type": "presence", "room": "lobby", "left": ["alice"], "members": 1})


def test_a_client_whose_own_answers_pile_up_is_let_go(alice: Seat) -> None:
    """Asking for more than it reads is reading too slowly, too."""
    alice.outbox.refuses = True
    alice.ask(Who())
    assert wait_until(lambda: alice.outbox.closed)


def test_a_broken_connection_is_cut(alice: Seat, bob: Seat) -> None:
    """It could not take its message, and there is nobody to tell why."""
    alice.outbox.closed = True
    bob.say("hello?")
    assert wait_until(lambda: alice.outbox.was_cut)


def test_the_operator_kicks(bench: Bench, alice: Seat) -> None:
    """With a reason, by name in any case; the operator is told, and told when there is nobody."""
    operator = Seat(bench, operator=True)
    operator.ask(Hello("server", ""))
    operator.heard()
    assert "alice" in of_type(operator.ask(Kick("ALICE", "shouting")), "notice")[0]["text"]
    (goodbye,) = alice.heard("bye")
    assert (goodbye["code"], goodbye["retry"]) == ("kicked", False)
    assert "shouting" in goodbye["text"]
    assert codes(operator.ask(Kick("alice", "again"))) == ["no_such_user"]


def test_an_announcement_is_a_message_in_the_lobby(alice: Seat, bob: Seat) -> None:
    """Numbered and stored like any other, and it uses up no seq."""
    alice.ask(Announce("hear, hear"))
    (heard,) = bob.heard("message")
    assert (heard["from"], heard["text"], heard["id"]) == ("alice", "hear, hear", 1)
    assert ids(alice.ask(Say("lobby", ["one"], 1))) == [2]


def test_stopping_carries_out_what_waits(bench: Bench, alice: Seat) -> None:
    """Everything asked before is stored; what comes after it is not."""
    alice.submit(Say("lobby", ["before"], 1))
    bench.hub.stop()
    assert bench.hub.closing.wait()
    alice.submit(Say("lobby", ["after"], 2))
    alice.settle()
    assert [m["text"] for m in alice.heard("message")] == ["before"]
    assert bench.book.last("lobby") == 1


def test_figures(bench: Bench, alice: Seat, bob: Seat) -> None:
    """Clients, rooms, messages, deliveries and bytes waiting."""
    alice.say("x")
    bob.outbox.backlog = 7
    assert bench.hub.stats() == (2, 1, 1, 2, 7)


def test_a_remembering_outbox_is_a_way_out() -> None:
    """The bench's outbox keeps the promises that the tests rely on: it refuses once it has overflowed."""
    outbox = Remembering()
    assert outbox.offer(b"a")
    outbox.refuses = True
    assert not outbox.offer(b"b")
    outbox.refuses = False
    assert not outbox.offer(b"c")
