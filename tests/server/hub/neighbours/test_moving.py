"""Several hubs on one log: who moves from one server to another goes on with private talks as if nothing had happened.

The others are guests here: what is said to them must not reach whoever bears their name later, in no case.
"""

from __future__ import annotations

import math
import time
from typing import Any

import pytest

from server_parts.people.distant import Distant, facts_of
from server_parts.protocol.requests import Bye, Hello, Join, Say
from tests.peers import codes, of_type, wait_until
from tests.postgres import needs_postgres
from tests.server.hub.bench import Bench, Seat
from tests.server.hub.neighbours.meetings import Meeting, Open, held, read

THOROUGH = [needs_postgres, pytest.mark.thorough]
SESSION = "session-of-carol!"


def first(bench: Bench) -> Seat:
    """Carol, who has never been anywhere before."""
    carol = bench.seat("carol", session=SESSION, token="c" * 32)
    assert carol.sees_come("carol")
    return carol


def come(bench: Bench, **hello: Any) -> Seat:
    """Carol, who goes on somewhere."""
    seat = Seat(bench)
    assert of_type(seat.ask(Hello("carol", SESSION, token="c" * 32, epoch=bench.store.epoch, **hello)), "welcome")
    return seat


def hears(seat: Seat, text: str) -> bool:
    return wait_until(lambda: text in read(seat))


def test_at_a_server_that_is_older_than_the_one_of_the_other(
    meeting: Meeting, here: Bench, there: Bench, open_server: Open
) -> None:
    """The name was new to a server that had just started, and that means nothing."""
    younger = open_server()
    carol = first(here)
    gwen = younger.seat("gwen")
    assert carol.sees_come("gwen")
    assert not codes(carol.say("one", "@gwen"))
    meeting.give_up(here.exchange.server)
    assert wait_until(lambda: carol.outbox.closed)
    assert not codes(come(there).ask(Say("@gwen", ["two"], 2)))
    assert hears(gwen, "two")


def test_at_a_server_that_started_while_the_first_one_was_lost(
    meeting: Meeting, here: Bench, there: Bench, open_server: Open
) -> None:
    """That one has never told it who was there."""
    carol = first(here)
    gwen = there.seat("gwen")
    assert carol.sees_come("gwen")
    assert not codes(carol.say("one", "@gwen"))
    with held(here):
        third = open_server()
        elsewhere = third.hub._neighbours.elsewhere
        assert wait_until(lambda: elsewhere.expected == {here.exchange.server})
        meeting.give_up(here.exchange.server)
        back = come(third)
    assert not codes(back.ask(Say("@gwen", ["two"], 2)))
    assert hears(gwen, "two")


def test_a_guest_at_a_server_that_started_after_they_had_left(here: Bench, there: Bench, open_server: Open) -> None:
    """Whoever was talking to them before means nobody else."""
    carol = first(here)
    gwen = there.seat("gwen", session="session-of-gwen!!")
    assert carol.sees_come("gwen")
    gwen.ask(Bye())
    again = open_server().seat("gwen", session="session-of-gwen!!")
    assert not codes(carol.say("one", "@gwen"))
    assert hears(again, "one")


def test_of_an_older_server_s_people_less_is_known(alice: Seat, there: Bench) -> None:
    """It tells no times; they are taken for people who come back, until they have been here for long enough."""
    facts = facts_of(alice.client, time.monotonic())
    for fact in ("came", "informed", "resumed"):
        del facts[fact]
    for comes in (True, False):
        distant = Distant(1, 1, lambda *asked: None)
        there.hub._conversations.greet_distant(distant, facts, time.monotonic(), comes=comes)
        assert distant.resumed
        assert distant.informed == -math.inf
        assert math.isinf(distant.came) is not comes


# --- but never to whoever bears the name next ---


@pytest.mark.parametrize("goes_to", ["older", "other's", "younger", "youngest"])
@pytest.mark.parametrize("comes_to", ["older", "other's", "younger"])
@pytest.mark.parametrize("meeting", ["memory", pytest.param("postgres", marks=THOROUGH)], indirect=True)
def test_not_to_whoever_has_taken_the_name_meanwhile(
    goes_to: str, comes_to: str, meeting: Meeting, open_server: Open
) -> None:
    """Whichever servers they are at, and however new those are: what is sent again was meant for somebody else."""
    servers = {"older": open_server(), "first": open_server(), "other's": open_server(), "younger": open_server()}
    here = servers["first"]
    carol = first(here)
    gwen = servers["other's"].seat("gwen")
    assert carol.sees_come("gwen")
    assert not codes(carol.say("one", "@gwen"))
    with held(here):  # she is told nothing of what follows
        gwen.ask(Bye())
        if goes_to == "youngest":
            servers["youngest"] = open_server()
            elsewhere = servers["youngest"].hub._neighbours.elsewhere
            assert wait_until(lambda: elsewhere.expected == {here.exchange.server})
        mallory = servers[comes_to].seat("gwen")
        meeting.give_up(here.exchange.server)
        back = come(servers[goes_to])
    assert codes(back.ask(Say("@gwen", ["for the one before"], 2))) == ["no_such_user"]
    assert not codes(back.ask(Join("@gwen"), Say("@gwen", ["for this one"], 3)))
    assert hears(mallory, "for this one")
    assert "for the one before" not in read(mallory)


def test_not_to_whoever_takes_it_while_a_server_starts(
    meeting: Meeting, here: Bench, there: Bench, open_server: Open
) -> None:
    """The one before was with a server that was lost then: whoever takes the name at the new one is somebody else."""
    carol = first(here)
    gwen = there.seat("gwen", session="session-of-gwen!!")
    assert carol.sees_come("gwen")
    with held(there):
        third = open_server()
        elsewhere = third.hub._neighbours.elsewhere
        assert wait_until(lambda: elsewhere.expected == {there.exchange.server})
        meeting.give_up(there.exchange.server)
        mallory = third.seat("gwen")
    assert wait_until(lambda: gwen.outbox.closed)
    assert codes(carol.say("for the one before", "@gwen")) == ["no_such_user"]
    assert "for the one before" not in read(mallory)
    assert mallory.client.replaced > carol.client.came
