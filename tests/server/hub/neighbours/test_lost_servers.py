"""Servers that are lost, given up or cut off, and what becomes of the people who are connected to them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from server_parts.hub import announcing, neighbours
from server_parts.protocol.requests import Bye, Hello
from server_parts.storage.exchange import Excluded, Post
from server_parts.storage.memory_exchange import MemoryExchange
from server_parts.storage.records import ACTS, Message, StorageError
from tests.peers import WAIT, of_type, wait_until
from tests.postgres import needs_postgres
from tests.server.hub.bench import Bench, Seat
from tests.server.hub.neighbours.meetings import Meeting, MemoryMeeting, Open, PostgresMeeting, held
from tests.server.storage.postgres_logs import execute


def test_people_of_a_lost_server_are_gone_whoever_finds_out(meeting: Meeting, there: Bench, bob: Seat) -> None:
    """Here it is a call after which the hub only knows that it has to start over."""
    with held(there):
        meeting.give_up(there.exchange.server)
        with pytest.raises(Excluded), there.exchange.deciding():
            pass
    assert wait_until(lambda: bob.outbox.closed)
    assert of_type(bob.heard(), "bye")[0]["code"] == "moved"


@needs_postgres
def test_a_new_server_knows_of_one_that_has_lost_its_connection(tmp_path: Path) -> None:
    """As all have when the database starts anew: their people are there still, until they are told otherwise."""
    meeting = PostgresMeeting(tmp_path)
    here = meeting.open("here")
    alice = here.seat("alice")
    with held(here):
        execute(
            tmp_path, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'chat writer'"
        )
        there = meeting.open("there")
        try:
            stranger = there.seat("alice")
            assert of_type(stranger.ever, "welcome")
        finally:
            there.stop()
            there.store.close()
    try:
        assert wait_until(lambda: alice.outbox.closed)
        assert of_type(alice.heard(), "bye")[0]["code"] == "moved"
    finally:
        here.stop()
        here.store.close()


def test_who_came_in_when_nobody_could_be_told_has_to_come_again(
    bob: Seat, there: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another server may have given that name away meanwhile; whoever was there before stays."""

    def fail(*_: object) -> None:
        raise StorageError("the connection was lost")

    carol = Seat(there)
    with monkeypatch.context() as patched:
        patched.setattr(there.exchange, "post", fail)
        carol.ask(Hello("carol", there.session()))
        assert wait_until(lambda: carol.outbox.closed)
    assert of_type(carol.ever, "welcome")
    assert of_type([*carol.ever, *carol.heard()], "bye")[0]["code"] == "moved"
    assert wait_until(lambda: bool(of_type(there.seat("dave").ever, "welcome")))
    assert not bob.outbox.closed


@pytest.mark.parametrize("has_others", [True, False])
def test_a_server_that_is_cut_off_sends_its_people_to_the_others(
    has_others: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it knows of any; else nobody could be better off elsewhere."""
    meeting = MemoryMeeting()
    here, others = meeting.open("here"), [meeting.open("there")] if has_others else []
    tries: list[None] = []

    def fail(*_: object) -> None:
        tries.append(None)
        raise StorageError("nothing answers")

    try:
        alice = here.seat("alice")
        for other in others:
            other.seat("bob")
            assert alice.sees_come("bob")
        monkeypatch.setattr(neighbours, "OUT_OF_TOUCH", 0.1)
        monkeypatch.setattr(MemoryExchange, "is_cut_off", True)
        for call in ("read", "start_over"):
            monkeypatch.setattr(here.exchange, call, fail)
        monkeypatch.setattr(neighbours, "ANSWER_TIME", 0.0)  # the hub looks for posts in each turn
        alice.say("hello?")
        assert wait_until(lambda: len(tries) > 3)
        assert alice.outbox.closed is has_others
        assert [bye["code"] for bye in of_type([*alice.ever, *alice.heard()], "bye")] == ["moved"] * has_others
    finally:
        for bench in (here, *others):
            bench.stop()


def start_over(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """That server loses touch with the others for a moment, and asks them all who is with them."""
    read, failed = bench.exchange.read, list[None]()

    def fail_once() -> list[Post]:
        if not failed:
            failed.append(None)
            raise StorageError("the connection was lost")
        return read()

    monkeypatch.setattr(bench.exchange, "read", fail_once)
    Seat(bench).submit(Hello("somebody", bench.session()))
    assert wait_until(lambda: bool(failed))


def test_a_log_that_cannot_be_read_when_a_server_is_given_up(
    alice: Seat, bob: Seat, here: Bench, there: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As while a database recovers: it is tried again, and its people are gone then."""
    after, failed = here.store.after, list[None]()

    def fail_once(room: str, *which: int) -> list[Message]:
        if room == ACTS and not failed:
            failed.append(None)
            raise StorageError("it cannot be read")
        return after(room, *which)

    with held(there):
        monkeypatch.setattr(here.store, "after", fail_once)
        monkeypatch.setattr(neighbours, "INTRODUCTION", 0.0)
        monkeypatch.setattr(neighbours, "LONG_INTRODUCTION", 0.0)
        start_over(here, monkeypatch)
        assert wait_until(lambda: any("bob" in one.get("left", ()) for one in [*alice.ever, *alice.heard()]))
        assert failed


def test_who_has_only_just_been_asked_again_is_not_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """When a server stops waiting, it may find that another one is over, of which it has to ask all others."""
    meeting = MemoryMeeting()
    there, lost = meeting.open("there"), meeting.open("lost")
    opened = [there, lost]
    deciding, decided = MemoryExchange.deciding, list[None]()

    @contextmanager
    def decide(exchange: MemoryExchange) -> Iterator[None]:
        if exchange.label == "new":
            decided.append(None)
            if len(decided) == 2:  # first it says who it is; now it has waited long enough
                monkeypatch.setattr(neighbours, "LONG_INTRODUCTION", 2 * WAIT)
                meeting.give_up(lost.exchange.server)
        with deciding(exchange):
            yield

    try:
        alice = there.seat("alice")
        with held(lost):
            monkeypatch.setattr(neighbours, "INTRODUCTION", 0.0)
            monkeypatch.setattr(neighbours, "LONG_INTRODUCTION", 0.0)
            monkeypatch.setattr(MemoryExchange, "deciding", decide)
            new = meeting.open("new")
            opened.append(new)
            assert wait_until(lambda: bool(of_type(new.seat("bob").ever, "welcome")))
            assert alice.sees_come("bob")
    finally:
        for bench in opened:
            bench.stop()


def test_nothing_is_tried_all_the_time_that_has_to_wait_for_another_server(
    here: Bench, there: Bench, open_server: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two guests are to leave their names, which is decided when it is known who is where. One of them goes before."""
    third, waiting = open_server(), there.hub._neighbours
    pat, gus = there.seat("pat"), there.seat("gus")

    def is_to_give_way(guest: Seat) -> bool:
        data = {"server": there.exchange.server, "id": guest.client.number, "what": "give way"}
        post = Post(here.exchange.server, announcing.ASKED, {**data, "name": guest.client.name})
        here.exchange.post([post])
        return wait_until(lambda: waiting._asked_elsewhere.has_more)

    monkeypatch.setattr(neighbours, "LONG_INTRODUCTION", 3 * WAIT)
    with held(third):
        start_over(there, monkeypatch)
        assert wait_until(lambda: waiting.elsewhere.expected == {third.exchange.server})
        assert is_to_give_way(pat)
        pat.ask(Bye())
        assert not waiting._asked_elsewhere.has_more
        assert is_to_give_way(gus)
        assert wait_until(lambda: waiting.due > time.monotonic(), WAIT / 2)  # longer the other one is not held
    assert wait_until(lambda: gus.client.name != "gus")
