"""What the hub does when something fails in the middle, and what it keeps apart within one turn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from server_parts.hub.batch import Batch
from server_parts.hub.hub import Hub
from server_parts.people.clients import CREDITS, Client, Session
from server_parts.protocol.requests import Bye, Hello, Join, Nick, Say, Who
from server_parts.settings import Settings
from server_parts.storage.records import StorageError
from tests.peers import codes
from tests.server.hub.bench import Bench, BenchLog, Remembering, Seat

pytestmark = pytest.mark.usefixtures("no_threads_left", "chat_log", "at_once_and_in_slices")

TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.stop()


def test_who_is_welcomed_and_cannot_be_let_into_their_rooms_comes_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They believe that they are there; what they say at once is not refused, but said by the next connection."""
    witness = bench.seat("witness")
    failing = FailingOnce(bench, monkeypatch, "first")
    seat, session = Seat(bench), bench.session()
    hello = Hello("alice", session, rooms={"den": None})
    seat.submit(hello, Say("den", ["one"], 1))
    seat.settle()
    assert failing.failed
    assert [frame["type"] for frame in seat.heard("welcome", "joined", "error", "bye")] == ["welcome", "bye"]
    assert [m["name"] for frame in witness.ask(Who()) if frame["type"] == "who" for m in frame["members"]] == [
        "witness"
    ]
    again = Seat(bench)
    (welcome,) = [frame for frame in again.ask(hello) if frame["type"] == "welcome"]
    assert welcome["accepted"] == 0


class FailingOnce:
    """One read of the log that fails the first time it is asked for."""

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
        self._real = getattr(bench.store, method)
        self.failed = False
        monkeypatch.setattr(bench.store, method, self._fail_once)

    def _fail_once(self, *arguments: Any) -> Any:
        if not self.failed:
            self.failed = True
            raise StorageError("the disk reports an error")
        return self._real(*arguments)


@pytest.mark.parametrize("method", ["account", "session", "conversations"])
def test_a_hello_that_fails_has_changed_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """Said again, it is welcomed into its rooms; meanwhile nobody sees the name."""
    witness = bench.seat("witness")
    owner = bench.seat("alice", token=TOKEN)
    owner.say("this name is mine")
    owner.ask(Bye())
    failing = FailingOnce(bench, monkeypatch, method)
    seat = Seat(bench)
    hello = Hello("alice", bench.session(), token=TOKEN)
    assert [frame.get("code") for frame in seat.ask(hello)] == ["storage_unavailable"]
    assert failing.failed
    assert [m["name"] for frame in witness.ask(Who()) if frame["type"] == "who" for m in frame["members"]] == [
        "witness"
    ]
    told = [frame["type"] for frame in seat.ask(hello)]
    assert told[:3] == ["welcome", "joined", "history"]


@pytest.mark.parametrize("method", ["first", "last"])
def test_a_join_that_fails_is_carried_out_when_asked_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """With its joined and its history."""
    alice = bench.seat("alice")
    FailingOnce(bench, monkeypatch, method)
    assert codes(alice.ask(Join("tea"))) == ["storage_unavailable"]
    assert [frame["type"] for frame in alice.ask(Join("tea"))][:2] == ["joined", "history"]


def test_a_new_name_that_fails_leaves_the_old_one_whole(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The private room of the old name is still one's own."""
    alice = bench.seat("alice", token=TOKEN)
    bench.seat("bob")
    alice.say("psst", "@bob")
    FailingOnce(bench, monkeypatch, "account")
    assert codes(alice.ask(Nick("anna"))) == ["storage_unavailable"]
    assert [frame["type"] for frame in alice.ask(Say("@bob", ["again"], 2)) if "seq" in frame] == ["message"]


def test_a_private_word_is_for_whoever_had_the_name(bench: Bench) -> None:
    """Also if that one leaves, and somebody else takes the name, before the hub has done anything else."""
    alice, carol, newcomer = bench.seat("alice"), bench.seat("carol"), Seat(bench)
    bench.in_one_turn(
        (alice, [Say("@carol", ["for carol only"], 1)]),
        (carol, [Bye()]),
        (newcomer, [Hello("carol", bench.session(), token=TOKEN), Join("@alice+carol", 0)]),
    )
    assert "for carol only" in [frame.get("text") for frame in carol.heard()]
    assert "for carol only" not in str(newcomer.heard())


def test_named_rooms_come_first_and_once(bench: Bench) -> None:
    """`@bob` and `@alice+bob` are one room; the lobby is not crowded out by private ones."""
    alice = bench.seat("alice", token=TOKEN)
    bench.seat("bob")
    alice.say("psst", "@bob")
    session = bench.session()
    alice.ask(Bye())
    back = Seat(bench)
    frames = back.ask(Hello("alice", session, token=TOKEN, rooms={"@bob": 0, "lobby": None}))
    assert [frame["room"] for frame in frames if frame["type"] == "joined"] == ["@alice+bob", "lobby"]


def test_a_name_like_a_guest_s_leaves_like_any_other(bench: Bench) -> None:
    """Its number was never given, so it is not given back."""
    odd = bench.seat("guest-x")
    assert odd.sees_come("guest-x")
    assert [frame["type"] for frame in odd.ask(Bye())] == ["bye"]
    assert bench.seat("guest-x").ask(Who())


def test_nobody_waits_for_a_hub_that_has_ended(bench: Bench) -> None:
    """What is submitted too late gives its credit back."""
    alice = bench.seat("alice")
    assert alice.sees_come("alice")
    bench.stop()
    bench.hub.bury()
    for _ in range(5):
        alice.submit(Who())  # would time out without credits
    assert alice.heard() == []


def test_nobody_waits_for_a_hub_that_fails_half_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it had come to what they ask for or not, and whether they were in or not."""

    def fail(_: Batch) -> None:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(Batch, "tell", fail)
    hub = Hub(BenchLog(), Settings(console=False))
    insiders, newcomers = ([Client(Remembering(), "bench") for _ in range(2)] for _ in range(2))
    for client in insiders:
        client.session = Session("", 0)
    for client in (*insiders, *newcomers):
        client.credits.get()
        hub.submit(client, [Who()])
    with pytest.raises(RuntimeError):
        hub.run()
    for _ in range(2):
        hub.stop()
    hub.bury()
    assert [client.credits.qsize() for client in (*insiders, *newcomers)] == [CREDITS] * 4
