"""Several hubs on one log: names, sessions and roles are the same at each of them."""

from __future__ import annotations

import pytest

from server_parts.hub import neighbours
from server_parts.people.roles import Role
from server_parts.protocol.account_requests import GiveRole, Whois
from server_parts.protocol.requests import Hello, Leave, Say, Who
from tests.peers import WAIT, of_type, wait_until
from tests.server.hub.bench import Bench, Seat
from tests.server.hub.neighbours.meetings import hears_text, held

# --- names ---


def test_a_name_belongs_to_one_person_everywhere(alice: Seat, there: Bench) -> None:
    other = Seat(there)
    (error,) = of_type(other.ask(Hello("Alice", there.session(), token="x" * 32)), "error")
    assert error["code"] == "name_taken"
    assert not of_type(alice.heard(), "presence")


def test_many_who_want_one_name_at_once_get_it_once(here: Bench, there: Bench) -> None:
    for round in range(20):
        seats = [Seat(bench) for bench in (here, there)]
        for seat, bench in zip(seats, (here, there), strict=True):
            seat.submit(Hello(f"name{round}", bench.session(), token=bench.session() * 2))
        for seat in seats:
            seat.settle()
        assert sorted(frame["type"] for seat in seats for frame in seat.heard("welcome", "error")) == [
            "error",
            "welcome",
        ]


def test_guests_have_different_numbers(here: Bench, there: Bench) -> None:
    names = set()
    for bench in (here, there, here, there):
        seat = Seat(bench)
        names.add(of_type(seat.ask(Hello(None, bench.session())), "welcome")[0]["name"])
    assert names == {"guest-1", "guest-2", "guest-3", "guest-4"}


def test_one_person_may_be_at_two_servers(alice: Seat, here: Bench, there: Bench) -> None:
    """Both see everything, and count once."""
    first = here.seat("carol", token="c" * 32, shares_name=True)
    second = there.seat("carol", token="c" * 32, shares_name=True)
    (joined,) = of_type(second.ever, "joined")
    assert joined["members"] == 2
    first.say("from the first")
    alice.say("from alice")
    assert [hears_text(second, text)["id"] for text in ("from the first", "from alice")] == [1, 2]
    second.say("from the second")
    assert hears_text(first, "from the second")["id"] == 3  # so `here` knows that she is there too
    first.ask(Leave("lobby"))
    assert of_type(alice.ask(Who("lobby")), "who")[0]["total"] == 2
    assert not [frame for frame in alice.ever if "carol" in frame.get("left", ())]


def test_a_guest_leaves_a_name_to_whoever_has_a_claim(there: Bench, here: Bench) -> None:
    guest = there.seat("carol")
    carol = here.seat("carol", token="c" * 32)
    assert of_type(carol.ever, "welcome")[0]["name"] == "carol"
    assert wait_until(lambda: guest.client.name == "guest-1")


# --- sessions ---


def test_a_session_that_comes_to_another_server_is_ended_at_the_first(alice: Seat, bob: Seat, there: Bench) -> None:
    """What it said there counts."""
    alice.say("one")
    session = "session-of-carol!"
    carol = alice.bench.seat("carol", session=session, token="c" * 32)
    carol.say("two")
    again = there.seat("carol", session=session, token="c" * 32)
    assert of_type(again.ever, "welcome")[0]["accepted"] == 1
    assert of_type(carol.heard(), "bye")[0]["code"] == "replaced"


def test_a_server_that_does_not_answer_is_not_waited_for(
    alice: Seat, there: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "ANSWER_TIME", 0.05)
    session = "session-of-carol!"
    carol = there.seat("carol", session=session, token="c" * 32)
    again = Seat(alice.bench)
    with held(there):
        again.ask(Hello("carol", session, token="c" * 32))
        assert of_type(again.ever, "welcome")
        assert not carol.outbox.closed
    assert wait_until(lambda: carol.outbox.closed)


def test_a_server_that_stood_still_reads_first_what_was_decided_without_it(
    alice: Seat, here: Bench, there: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would say something for somebody whose name is another's by now."""
    if here.store is there.store:
        pytest.skip("these two hubs have one log in memory: both would stand still")
    monkeypatch.setattr(neighbours, "ANSWER_TIME", 0.05)
    guest = there.seat("carol")
    assert alice.sees_come("carol")
    there.store.gate.clear()
    there.store.appending.clear()
    guest.submit(Say("lobby", ["holds that hub"], 1))
    assert there.store.appending.wait(WAIT)
    guest.submit(Say("lobby", ["too late"], 2))
    carol = here.seat("carol", token="c" * 32)
    assert of_type(carol.ever, "welcome")
    carol.say("I am carol now")
    there.store.gate.set()
    assert wait_until(lambda: guest.outbox.closed)
    assert "too late" not in [message.text for message in here.store.after("lobby", 0, 100)]


# --- accounts ---


def test_a_role_given_at_one_server_holds_at_the_other(operator: Seat, bob: Seat) -> None:
    bob.say("I exist")
    hears_text(operator, "I exist")
    operator.ask(GiveRole("bob", "operator"))
    assert wait_until(lambda: bob.client.role is Role.OPERATOR)
    assert of_type(bob.ask(Whois("bob")), "whois")[0]["role"] == "operator"
    assert wait_until(lambda: _sees_role(operator, "bob") == "operator")


def _sees_role(seat: Seat, name: str) -> str:
    return str(of_type(seat.ask(Whois(name)), "whois")[0]["role"])


def test_a_private_message_claims_a_name_at_another_server_once(here: Bench, alice: Seat, bob: Seat) -> None:
    """Its bearer knows, and does not claim it again."""
    alice.say("psst", room="@bob")
    assert wait_until(lambda: not bob.client.claiming)
    account = here.store.account("bob")
    bob.say("hello")
    assert here.store.account("bob") == account
    assert bob.client.role is Role.MEMBER
