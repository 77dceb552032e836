"""One person at two servers of a chat: what was read at one of them counts as read at the other."""

from __future__ import annotations

from server_parts.protocol.requests import Hello, Read
from tests.peers import Frame, of_type, wait_until
from tests.server.hub.bench import Bench, Seat
from tests.server.hub.neighbours.meetings import hears_text

TOKEN = "a" * 32  # of alice, who has said something: it is an account


def another(bench: Bench) -> Seat:
    """Alice at one more terminal; it remembers what it is told when it comes in."""
    seat = Seat(bench)
    seat.ask(Hello("alice", bench.session(), token=TOKEN, shares_name=True))
    return seat


def alice_twice(here: Bench, there: Bench) -> tuple[Seat, Seat]:
    first = here.seat("alice", token=TOKEN, shares_name=True)
    first.say("mine")
    second = another(there)
    assert wait_until(lambda: bool(first.client.account and second.client.account))
    return first, second


def joined(seat: Seat) -> Frame:
    seat.heard()
    return of_type(seat.ever, "joined")[-1]


def test_a_terminal_at_another_server_hears_what_was_read(here: Bench, there: Bench) -> None:
    """Both ways; the one that reads hears nothing of it."""
    first, second = alice_twice(here, there)
    first.say("two")
    hears_text(second, "two")
    first.ask(Read("lobby", 1))
    assert second.hears({"type": "read", "room": "lobby", "id": 1})
    second.ask(Read("lobby", 2))
    assert first.hears({"type": "read", "room": "lobby", "id": 2})
    first.heard()
    assert len(of_type(first.ever, "read")) == len(of_type(second.ever, "read")) == 1


def test_who_comes_to_another_server_starts_where_it_had_read(here: Bench, there: Bench) -> None:
    """As soon as that is stored."""
    first, _ = alice_twice(here, there)
    first.ask(Read("lobby", 1))
    account = first.client.account
    assert wait_until(lambda: there.store.read_positions(account) == {"lobby": 1})
    assert joined(another(there))["read"] == 1


def test_no_position_goes_back_at_another_server(here: Bench, there: Bench) -> None:
    """Whichever of the two writes last."""
    first, second = alice_twice(here, there)
    first.say("two")
    hears_text(second, "two")
    account = first.client.account
    first.ask(Read("lobby", 2))
    assert wait_until(lambda: there.store.read_positions(account) == {"lobby": 2})
    second.client.read.clear()  # as if it had not heard of that
    second.ask(Read("lobby", 1))
    there.stop()
    assert here.store.read_positions(account) == {"lobby": 2}
