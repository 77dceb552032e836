"""What could not be posted: nobody keeps a name by it, and nothing is said that others would not hear as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from server_parts.hub.batch import LARGE
from server_parts.protocol.requests import Away, Hello, Nick, Say
from server_parts.storage.records import StorageError
from tests.peers import of_type, wait_until
from tests.server.hub.bench import Bench, Seat
from tests.server.hub.neighbours.meetings import held, read

Once = Callable[[Bench, str], list[Any]]


@pytest.fixture
def fails_once(monkeypatch: pytest.MonkeyPatch) -> Once:
    """Of a server's exchange, one call: then it answers again, as if nothing had been."""

    def fail_once(bench: Bench, call: str) -> list[Any]:
        failed: list[Any] = []
        real = getattr(bench.exchange, call)

        def fail(*args: Any) -> Any:
            if failed:
                return real(*args)
            failed.append(args)
            raise StorageError("the connection was lost")

        monkeypatch.setattr(bench.exchange, call, fail)
        return failed

    return fail_once


def errors(seat: Seat) -> list[str]:
    return [error["code"] for error in of_type(seat.ever, "error")]


@pytest.mark.parametrize("texts", [["mine"], [f"mine {n}" for n in range(LARGE)]])
def test_nothing_is_said_by_whom_the_others_have_not_heard_of(
    texts: list[str], alice: Seat, bob: Seat, there: Bench, fails_once: Once
) -> None:
    """Another server may have given the name to somebody else meanwhile, who has said something under it."""
    carol = Seat(there)
    failed = fails_once(there, "post")
    carol.submit(Hello("carol", there.session()), Say("lobby", texts, 1))
    carol.settle()
    assert wait_until(lambda: carol.outbox.closed)
    assert failed
    assert there.store.last("lobby") == 0
    assert of_type([*carol.ever, *carol.heard()], "bye")[0]["code"] == "moved"
    assert not bob.outbox.closed


def test_who_got_a_name_in_a_turn_that_lost_the_others_later_has_to_come_again(
    alice: Seat, bob: Seat, there: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although the same turn posts something afterwards, when the others can be reached again."""
    carol = there.seat("carol")
    failed: list[None] = []
    read_posts = there.exchange.read

    def read_or_fail() -> Any:
        if carol.client.name == "erin" and not failed:
            failed.append(None)
            raise StorageError("the connection was lost")
        return read_posts()

    monkeypatch.setattr(there.exchange, "read", read_or_fail)
    carol.ask(Nick("erin"), Away("out"))
    assert failed
    assert wait_until(lambda: carol.outbox.closed)
    assert of_type([*carol.ever, *carol.heard()], "bye")[0]["code"] == "moved"
    assert not bob.outbox.closed


def test_nobody_begins_a_conversation_to_which_the_other_one_could_not_be_asked(
    alice: Seat, bob: Seat, here: Bench, fails_once: Once
) -> None:
    """They would find it in the history only, if they write there themselves before they are asked again."""
    failed = fails_once(here, "post")
    alice.say("one", room="@bob")
    assert failed
    assert wait_until(lambda: errors(alice) == ["storage_unavailable"])
    assert here.store.last("@alice+bob") == 0
    alice.seq = 0

    def is_heard() -> bool:
        alice.seq = 0
        alice.say("one", room="@bob")
        return "one" in read(bob)

    assert wait_until(is_heard)
    assert read(bob).count("one") == 1


def test_nobody_begins_a_conversation_where_others_cannot_be_heard(alice: Seat, bob: Seat, there: Bench) -> None:
    """The other one may have begun it at another server, and has asked that this one is brought in for that."""
    with held(there):
        alice.say("one", room="@bob")
        bob.submit(Say("@alice", ["two"], 1))
        there.hub._neighbours._lose(StorageError("the connection was lost"))
    assert wait_until(lambda: "one" in read(bob) or bool(of_type(bob.ever, "error")))
    assert errors(bob) == ["storage_unavailable"]
    assert wait_until(lambda: "one" in read(bob))
