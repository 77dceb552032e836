"""Names and sessions: who gets which, decided without a socket anywhere."""

from __future__ import annotations

from typing import Any

import pytest

from server_parts.hub.live_rooms import LiveRooms
from server_parts.people.clients import Client
from server_parts.people.reservations import CLAIMS
from server_parts.protocol.requests import (
    Disconnected,
    Hello,
    Nick,
    Request,
    Say,
    Who,
)
from tests.peers import codes, of_type
from tests.server.hub.bench import Bench, Seat, ids

pytestmark = pytest.mark.usefixtures("no_threads_left", "chat_log", "at_once_and_in_slices")

TOKEN = "0123456789abcdef0123456789abcdef"


# --- names ---


def test_a_live_name_is_taken(bench: Bench, alice: Seat) -> None:
    """In any case of letters; a free one may be taken."""
    seat = Seat(bench)
    (error,) = of_type(seat.ask(Hello("ALICE", bench.session())), "error")
    assert (error["code"], error["field"]) == ("name_taken", "name")
    alice.ask(Disconnected())
    assert of_type(seat.ask(Hello("ALICE", bench.session())), "welcome")


def test_a_claimed_name_needs_its_token(bench: Bench) -> None:
    """Without it, or with another, the name stays closed, also when nobody uses it."""
    bench.seat("alice", token=TOKEN).ask(Disconnected())
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
    assert bob.hears(renamed)


def test_new_names_come_behind_what_others_say(bench: Bench, alice: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the same turn: a name is told to many, and however many change theirs, nobody waits for all of them."""
    done: list[str] = []
    rename = LiveRooms.rename

    def note_and_rename(live_rooms: LiveRooms, client: Client, new: str | None, *more: Any) -> None:
        done.append(" ".join(text for texts, _ in bench.store.batches for text in texts))
        rename(live_rooms, client, new, *more)

    monkeypatch.setattr(LiveRooms, "rename", note_and_rename)
    crowd = [bench.seat(f"c{number}") for number in range(3)]
    nicks: list[tuple[Seat, list[Request]]] = [(seat, [Nick(f"d{n}")]) for n, seat in enumerate(crowd)]
    bench.in_one_turn(*nicks, (alice, [Say("lobby", ["excuse me"], 1)]))
    assert done == ["holding the hub excuse me"] * 3


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
    guests[1].submit(Disconnected())
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


def test_who_takes_one_name_too_many_is_told_at_once(bench: Bench) -> None:
    """In the welcome's wake or the new name's, before anything is said; nobody is told who gets an account."""

    def come(name: str) -> Seat:
        seat = Seat(bench)
        seat.client.address = "192.0.2.7:1"
        seat.ask(Hello(name, bench.session(), token=f"the token of {name}"))
        return seat

    people = [come(f"name-{n}") for n in range(CLAIMS)]
    for seat in people:
        seat.say("mine")
        assert not of_type(seat.ever, "notice")
    late = come("late")
    told = [frame["type"] for frame in late.ever]
    assert told[:2] == ["welcome", "notice"]
    assert "late does not become an account" in of_type(late.ever, "notice")[0]["text"]
    assert not of_type(late.say("hello"), "notice")
    (notice,) = of_type(late.ask(Nick("later")), "notice")
    assert "later does not become an account" in notice["text"]
    assert bench.store.account("late") is bench.store.account("later") is None
