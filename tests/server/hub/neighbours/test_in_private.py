"""Several hubs on one log: what two people say to each other in private."""

from __future__ import annotations

import math
import time

import pytest

from server_parts.hub import announcing, conversations, neighbours
from server_parts.hub.asked_elsewhere import AskedElsewhere
from server_parts.people.knowledge import UNDER_WAY
from server_parts.protocol.requests import Bye, Hello, Nick, Say, Who
from server_parts.storage.exchange import Post
from server_parts.storage.records import Message, StorageError
from tests.peers import WAIT, wait_until
from tests.server.hub.bench import Bench, Seat
from tests.server.hub.neighbours.meetings import Open, hears_text, held, read


def test_a_private_message_finds_its_reader_at_another_server(alice: Seat, bob: Seat) -> None:
    alice.say("psst", room="@bob")
    assert wait_until(lambda: "psst" in read(bob))
    bob.say("yes?", room="@alice")
    hears_text(alice, "yes?")


def test_two_who_write_to_each_other_at_once_hear_all_of_it_once(alice: Seat, bob: Seat, there: Bench) -> None:
    """The second one's server hears of the first text when somebody has written there already."""
    with held(there):
        alice.say("one", room="@bob")
        alice.say("two", room="@bob")
        bob.submit(Say("@alice", ["three"], 1))
    for seat in (alice, bob):
        assert wait_until(lambda seat=seat: "three" in read(seat))  # type: ignore[misc]
        assert sorted(read(seat)) == ["one", "three", "two"]


def test_who_is_let_go_while_they_say_something_has_not_said_it(
    alice: Seat, bob: Seat, here: Bench, there: Bench
) -> None:
    """Another server has asked for that; their client says it there again."""
    with held(here):
        alice.submit(Say("@bob", ["one"], 1))
        of_alice = {"server": here.exchange.server, "id": alice.client.number}
        there.exchange.post([Post(there.exchange.server, announcing.DROPPED, of_alice)])
    assert wait_until(lambda: alice.outbox.closed)
    assert here.seat("carol").say("the hub goes on")
    hears_text(bob, "the hub goes on")
    assert "one" not in read(bob)


def test_who_is_brought_into_a_room_that_cannot_be_read_is_cut_off(
    alice: Seat, bob: Seat, there: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would hear what is said in a room of which they know nothing; when they come back, they are told all."""

    def fail(*_: object) -> list[Message]:
        raise StorageError("it cannot be read")

    with held(there):
        alice.say("one", room="@bob")
        monkeypatch.setattr(there.store, "after", fail)
    assert wait_until(lambda: bob.outbox.was_cut)


def test_who_comes_in_while_somebody_writes_to_them_hears_it(alice: Seat, here: Bench, there: Bench) -> None:
    """The writer's server did not know yet that they are there, and theirs not what was written."""
    token = "c" * 32
    there.seat("carol", token=token).ask(Say("lobby", ["claims the name"], 1), Bye())
    hears_text(alice, "claims the name")
    with held(here):
        alice.submit(Say("@carol", ["one"], 1))
        carol = there.seat("carol", token=token)
    assert wait_until(lambda: "one" in read(carol))
    alice.seq = 1
    alice.say("two", room="@carol")
    assert wait_until(lambda: "two" in read(carol))
    assert sorted(text for text in read(carol) if text in ("one", "two")) == ["one", "two"]


def test_who_was_asked_to_come_into_a_room_is_asked_again(
    alice: Seat, bob: Seat, here: Bench, there: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first time was lost with the database; what was said meanwhile is not."""
    with held(there):
        alice.say("one", room="@bob")
        monkeypatch.setattr(AskedElsewhere, "carry_out", lambda *_: None)
    there.seat("carol")  # when she is in, that server has read it
    monkeypatch.undo()
    alice.say("two", room="@bob")
    assert wait_until(lambda: sorted(read(bob)) == ["one", "two"])


def test_who_comes_back_at_another_server_may_write_to_whom_they_knew(
    bob: Seat, here: Bench, there: Bench, open_server: Open
) -> None:
    """When somebody has left is known there, and to a server that starts soon after."""
    session = "session-of-carol!"
    here.seat("carol", session=session, token="c" * 32).ask(Say("@bob", ["one"], 1), Bye())
    there.seat("carol", session=session, token="c" * 32).ask(Say("@bob", ["two"], 2), Bye())
    open_server().seat("carol", session=session, token="c" * 32).ask(Say("@bob", ["three"], 3), Bye())
    assert wait_until(lambda: sorted(read(bob)) == ["one", "three", "two"])


def test_a_text_on_its_way_between_servers_does_not_reach_the_next_bearer(
    alice: Seat, here: Bench, there: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its writer's server had not heard yet that the name has changed hands: nobody gets that before it has."""
    monkeypatch.setattr(neighbours, "ANSWER_TIME", WAIT)
    monkeypatch.setattr(conversations, "CLOSING", WAIT)
    guest, stranger = there.seat("carol"), Seat(there)
    assert alice.sees_come("carol")
    alice.say("psst", room="@carol")
    assert wait_until(lambda: "psst" in read(guest))
    with held(here):
        alice.submit(Say("@carol", ["for the one who left"], 2))
        guest.ask(Bye())
        stranger.submit(Hello("carol", there.session(), rooms={"@alice": None}))
        assert wait_until(lambda: bool(there.hub._held or stranger.heard("welcome")))
    stranger.settle()
    assert wait_until(lambda: "@alice+carol" in stranger.client.rooms)
    alice.seq = 2
    alice.ask(Who())
    alice.say("who are you?", room="@carol")
    hears_text(stranger, "who are you?")
    assert "for the one who left" not in read(stranger)


def test_how_far_a_reader_was_behind_is_known_everywhere(here: Bench, there: Bench, alice: Seat) -> None:
    """What was not carried out is sent again at another server: it was written long ago."""
    bob = there.seat("bob")
    carol = here.seat("carol")
    assert bob.sees_come("carol")
    session = carol.client.session
    assert session is not None
    behind = time.monotonic() - 1_000
    for bench in (here, there):
        names = bench.hub._live_rooms.names
        assert wait_until(lambda names=names: names.find("carol") is not None)  # type: ignore[misc]
        names.bearers("carol")[0].came = behind - 1_000
    carol.client.behind_since = behind
    carol.ask(Bye())
    for bench in (here, there):
        knowledge = bench.hub._conversations._knowledge
        assert wait_until(lambda knowledge=knowledge: knowledge.of(session.key) > -math.inf)  # type: ignore[misc]
        assert behind - 1_000 < knowledge.of(session.key) < behind - UNDER_WAY


def test_a_private_room_closes_when_its_guest_leaves(alice: Seat, there: Bench) -> None:
    guest = there.seat("carol")
    assert alice.sees_come("carol")
    alice.say("psst", room="@carol")
    assert wait_until(lambda: "psst" in read(guest))
    guest.ask(Nick("dora"))
    assert wait_until(lambda: "@alice+carol" not in alice.client.rooms)
