"""Which turn the hub is in: whoever lets newcomers in asks for that, and gives way to it."""

from __future__ import annotations

import pytest

from server_parts.hub import turns
from server_parts.hub.turns import LATELY, Turns
from server_parts.protocol.requests import Hello, Say
from tests.peers import WAIT, wait_until
from tests.server.hub.bench import Bench, Seat

pytestmark = pytest.mark.usefixtures("no_threads_left", "chat_log")


def test_a_turn_has_a_number_until_it_is_over(bench: Bench, alice: Seat) -> None:
    """Another one each time, and none while there is nothing to do."""
    seen: list[int] = []
    for seq in (1, 2):
        assert wait_until(lambda: bench.hub.turns.present() == 0)
        bench.store.gate.clear()
        bench.store.appending.clear()
        alice.submit(Say("lobby", ["this takes long"], seq))
        assert bench.store.appending.wait(WAIT)
        seen.append(bench.hub.turns.present())
        bench.store.gate.set()
        alice.settle()
    assert 0 < seen[0] < seen[1]
    assert wait_until(lambda: bench.hub.turns.present() == 0)


def test_greeting_a_newcomer_is_part_of_a_turn(bench: Bench, alice: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has just talked waits for the end of that, too."""
    monkeypatch.setattr(turns, "LATELY", 10 * WAIT)
    alice.say("hello")
    assert all(turns_of_a_greeting(bench, monkeypatch))


def test_newcomers_do_not_give_way_to_each_other(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nobody talks they come in as fast as they can."""
    assert not any(turns_of_a_greeting(bench, monkeypatch))


def turns_of_a_greeting(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Those in which somebody new is let into a new room."""
    seen: list[int] = []
    last = bench.store.last

    def noting_last(room: str) -> int:
        seen.append(bench.hub.turns.present())
        return last(room)

    monkeypatch.setattr(bench.store, "last", noting_last)
    Seat(bench).ask(Hello("carol", bench.session(), rooms={"elsewhere": None}))
    assert seen
    return seen


def test_whoever_was_silent_for_a_while_is_not_waited_for() -> None:
    some, seen = Turns(), list[int]()
    for now, is_asked in ((10.0, False), (10.1, True), (10.1 + LATELY / 2, False), (10.2 + LATELY, False)):
        some.begin(now, is_asked)
        seen.append(some.present())
        some.end()
        assert some.present() == 0
    assert seen == [0, 2, 3, 0]
