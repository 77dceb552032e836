"""What newcomers may do after trouble: they are watched, and slowed down, for a while."""

from __future__ import annotations

from server_parts.hub.dispatcher import Dispatcher
from server_parts.people.rate_limit import RateLimits
from server_parts.protocol.moderation_requests import Kick, Lockdown
from server_parts.protocol.requests import Join, Ping, Request, Say
from tests.peers import codes, of_type
from tests.server.hub.bench import Bench, Seat

from .people import TOKEN, elsewhere, terminal


def test_newcomers_are_watched_after_trouble(bench: Bench) -> None:
    """From elsewhere, without an account: they start no room and write to no stranger; others are as before."""
    boss = terminal(bench)
    new = elsewhere(bench, "new", "192.0.2.1:9")
    local = bench.seat("local")
    for seat in (new, local):
        seat.ask(Join("tea"), Join("den"))
    bob = bench.seat("bob")
    victim = bench.seat("victim")
    assert codes(new.say("before", "den")) == []
    boss.ask(Kick("victim"))
    assert victim.heard("bye")
    (error,) = of_type(new.say("x", "tea"), "error")
    assert error["code"] == "not_allowed"
    assert "new people cannot start a room until " in error["text"]
    assert codes(new.say("x", "@bob")) == ["not_allowed"]
    assert codes(new.say("x", "den")) == codes(new.say("x")) == []
    bob.say("hello", "@new")
    assert codes(new.say("x", "@bob")) == []  # who was written to may answer
    assert codes(local.say("x", "tea")) == codes(local.say("x", "@bob")) == []


def test_an_account_of_some_age_is_not_new(bench: Bench) -> None:
    """One that was claimed just now still is."""
    boss = terminal(bench)
    ann = elsewhere(bench, "ann", "192.0.2.1:9", token=TOKEN)
    ann.say("me")
    boss.ask(Lockdown())
    ann.ask(Join("tea"))
    assert codes(ann.say("x", "tea")) == ["not_allowed"]
    ann.client.settles = 0.0
    assert codes(ann.say("x", "tea")) == []


def test_texts_of_newcomers_come_slowly(bench: Bench) -> None:
    """One in three seconds, after trouble and only then; nothing is refused, and nobody else waits."""
    boss, victim = terminal(bench), bench.seat("victim")
    new, local = elsewhere(bench, "new", "192.0.2.1:9"), bench.seat("local")
    limits = RateLimits(10.0)
    asked: list[Request] = [Ping(1), Say("lobby", ["a"], 1), Say("lobby", ["b"], 2), Ping(2)]

    def allowed(seat: Seat, requests: list[Request], now: float) -> tuple[int, float]:
        number, wait = dispatchers[seat]._allowed(requests, now)
        return number, round(wait, 3)

    dispatchers = {seat: Dispatcher(seat.client, bench.hub, bench.store, limits) for seat in (new, local)}
    assert allowed(new, asked, 100.0) == (4, 0.0)
    boss.ask(Kick("victim"))
    assert victim.heard("bye")
    assert allowed(local, asked, 100.0)[0] == 4
    assert allowed(new, asked, 100.0)[0] == 1
    assert allowed(new, asked[1:], 100.0)[0] == 1
    assert allowed(new, asked[2:], 100.0) == (0, 3.0)
    assert allowed(new, asked[2:], 102.9) == (0, 0.1)
    assert allowed(new, asked[2:], 103.1)[0] == 1
    assert allowed(new, asked[3:], 103.1)[0] == 1
