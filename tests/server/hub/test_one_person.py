"""One person with several connections, at the limits: unclaimed names, private rooms, contacts and counts."""

from __future__ import annotations

import pytest

from server_parts.protocol.requests import Bye, Hello, Join, Leave, Nick, Who
from server_parts.storage.records import StorageError
from tests.peers import Frame, codes, of_type
from tests.server.hub.bench import Bench, Seat

pytestmark = pytest.mark.usefixtures("no_threads_left", "chat_log", "at_once_and_in_slices")

TOKEN = "0123456789abcdef0123456789abcdef"
OTHER = TOKEN[::-1]
OFFICE, ELSEWHERE = "203.0.113.5:1", "198.51.100.1:1"


def connect(bench: Bench, name: str, token: str = TOKEN, address: str = OFFICE) -> Seat:
    seat = Seat(bench)
    seat.client.address = address
    seat.ask(Hello(name, bench.session(), token=token, shares_name=True))
    return seat


def unclaimed(bench: Bench, count: int = 2) -> list[Seat]:
    """Alice at several terminals, whose address has claimed as many names today as it may: she is a guest."""
    for number in range(3):
        connect(bench, f"first-{number}", f"{number}" * 32).say("mine")
    alices = [connect(bench, "alice") for _ in range(count)]
    alices[0].say("the fourth name of this address")
    assert not any(alice.client.trusted or alice.client.claiming for alice in alices)
    return alices


def lefts(frames: list[Frame], room: str) -> list[list[str]]:
    return [sorted(f["left"]) for f in of_type(frames, "presence") if f["room"] == room and "left" in f]


# --- whose the name is ---


def test_two_people_never_share_a_name(bench: Bench) -> None:
    """A guest leaves it to who can claim it, with every connection; what is private reaches the new bearer alone."""
    alices = unclaimed(bench)
    owner = connect(bench, "alice", OTHER, ELSEWHERE)
    assert bench.hub._live_rooms.names.bearers("alice") == [owner.client]
    assert [alice.client.name for alice in alices] == ["guest-1", "guest-2"]
    bench.seat("bob").say("for one of you only", "@alice")
    heard = [[m["room"] for m in of_type(seat.heard(), "message")] for seat in (*alices, owner)]
    assert [rooms.count("@alice+bob") for rooms in heard] == [0, 0, 1]


def test_a_second_terminal_does_not_throw_the_first_out(bench: Bench) -> None:
    """Nor is any of them more of an owner than the others."""
    first, second = unclaimed(bench)
    third = connect(bench, "alice")
    second.ask(Nick("ALICE"))
    assert {seat.client.name for seat in (first, second, third)} == {"alice"}
    assert not any(seat.client.claiming for seat in (first, second, third))


def test_a_reserved_name_survives_coming_and_going(bench: Bench) -> None:
    """However often its bearer comes back, it takes one of its address's places."""
    for _ in range(3):
        connect(bench, "alice").ask(Bye())
    connect(bench, "anna", OTHER).ask(Bye())
    assert codes(Seat(bench).ask(Hello("alice", bench.session(), token="x" * 32))) == ["name_taken"]


# --- private rooms ---


def test_a_closing_room_names_each_person_once(bench: Bench) -> None:
    """However many connections they have."""
    for _ in range(2):
        connect(bench, "bob", address="127.0.0.1:1")
    alice = bench.seat("alice")
    alice.say("psst", "@bob")
    assert lefts(alice.ask(Nick("anna")), "@alice+bob") == [["alice", "bob"]]


def test_a_room_closes_with_the_last_connection(bench: Bench) -> None:
    """Also if that one is not in it; before that, it stays open."""
    first, second = unclaimed(bench)
    bob = bench.seat("bob")
    bob.say("psst", "@alice")
    second.ask(Leave("@bob"))
    first.ask(Bye())
    assert lefts(bob.ask(Who()), "@alice+bob") == [["alice"]]
    assert "@alice+bob" in bob.client.rooms
    second.ask(Bye())
    assert lefts(bob.ask(Who()), "@alice+bob") == [["alice", "bob"]]
    assert "@alice+bob" not in bob.client.rooms
    assert bench.hub._live_rooms.private_rooms("alice") == bench.hub._live_rooms.private_rooms("bob") == []


def test_a_room_with_oneself_opens_and_closes(bench: Bench) -> None:
    """Nobody writes there, but it may be asked for."""
    alice = bench.seat("alice")
    alice.ask(Join("@alice"))
    alice.ask(Leave("@alice"))
    assert bench.hub._live_rooms.private_rooms("alice") == []


def test_who_asked_for_a_person_knows_every_connection(bench: Bench) -> None:
    """It need not ask again when one of them leaves."""
    carol = bench.seat("carol")
    bench.seat("alice").ask(Bye())
    first, _ = (connect(bench, "alice", address="127.0.0.1:1") for _ in range(2))
    assert codes(carol.say("early", "@alice")) == ["no_such_user"]
    carol.ask(Join("@alice"))
    assert codes(carol.say("now", "@alice")) == []
    first.ask(Bye())
    assert codes(carol.say("again", "@alice")) == []


def test_an_answer_counts_from_every_terminal(bench: Bench) -> None:
    """Of twenty strangers who wait, none waits any more."""
    _, second = unclaimed(bench)
    for number in range(20):
        assert codes(bench.seat(f"stranger-{number}").say("hi", "@alice")) == []
        assert codes(second.say("hello", f"@stranger-{number}")) == []
    assert codes(bench.seat("one-more").say("hi", "@alice")) == []


def test_strangers_do_not_start_again_when_a_terminal_leaves(bench: Bench) -> None:
    """Twenty wait for the person."""
    first, _ = unclaimed(bench)
    for number in range(20):
        assert codes(bench.seat(f"stranger-{number}").say("hi", "@alice")) == []
    first.ask(Bye())
    assert codes(bench.seat("one-more").say("hi", "@alice")) == ["too_many"]


# --- counts and failures ---


def test_a_further_connection_knows_how_many_there_are(bench: Bench) -> None:
    """Also if somebody comes and goes in the turn in which it comes."""
    first = connect(bench, "alice")
    first.ask(Who("lobby"))
    second, passing = Seat(bench), Seat(bench)
    bench.in_one_turn(
        (passing, [Hello("xaver", bench.session()), Join("den")]),
        (second, [Hello("alice", bench.session(), token=TOKEN, shares_name=True)]),
        (passing, [Bye()]),
    )
    frames = second.ask(Who("lobby"))
    counts = [f["members"] for f in of_type(frames, "joined", "presence") if f["room"] == "lobby"]
    assert counts[-1] == of_type(frames, "who")[0]["total"]


def test_a_hello_that_fails_has_changed_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it needs to know of private rooms is read before anybody is let in."""
    bench.seat("alice", token=TOKEN).say("mine")
    private_rooms = bench.store.private_rooms
    failures = [StorageError("the disk is gone")]

    def fail_once(name: str) -> dict[str, int]:
        if failures:
            raise failures.pop()
        return private_rooms(name)

    monkeypatch.setattr(bench.store, "private_rooms", fail_once)
    seat, hello = Seat(bench), Hello("alice", bench.session(), token=TOKEN, rooms={"lobby": None, "@bob": None})
    assert codes(seat.ask(hello._replace(name="Alice"))) in (["name_taken"], ["storage_unavailable"])
    bench.hub._live_rooms.names.bearers("alice")[0].shares_name = True
    failures[:] = [StorageError("the disk is gone")]
    hello = hello._replace(shares_name=True)
    told = seat.ask(hello)
    assert (of_type(told, "welcome"), codes(told)) == ([], ["storage_unavailable"])
    assert [f["room"] for f in of_type(seat.ask(hello), "joined")] == ["lobby", "@alice+bob"]
