"""A crowd is told a few members at a time: nobody waits for all of them, and all hear everything in one order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from server_parts.hub import telling
from server_parts.hub.comings import Comings
from server_parts.hub.telling import Telling
from server_parts.people.clients import Client
from tests.server.hub.crowds import House
from tests.slices import told_in_slices

pytestmark = pytest.mark.once

STEPS = 2_000
MOST_WALKS = 50  # until a fault is found: mostly it is in the first two


@pytest.fixture(autouse=True)
def small_crowds(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Three are a crowd, so that rooms become one and cease to be one all the time; blocks are short."""
    monkeypatch.setattr(telling, "A_BLOCK", 300)
    with told_in_slices(3):
        yield


def found(walks: int = 1) -> Iterator[str]:
    """What is wrong, in that many walks."""
    for _ in range(walks):
        seed = random.randrange(10**6)
        print("seed", seed)
        for wrong in House(seed).walk(STEPS):
            yield wrong.partition(":")[0]


def test_everybody_hears_everything_in_one_order() -> None:
    """In all rooms together: texts, events, answers, comings and goings."""
    assert list(found()) == []


def test_telling_something_newer_first_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A room that is no crowd any more is told at once, whatever its members are still owed."""
    monkeypatch.setattr(Telling, "__bool__", lambda _: False)
    assert "order" in found(MOST_WALKS)


def test_answering_before_what_was_said_earlier_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks is answered ahead of what it is owed."""
    monkeypatch.setattr(Telling, "settle", lambda *_: None)
    assert "order" in found(MOST_WALKS)


def test_forgetting_what_not_everybody_was_told_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if those who are owed more had been told, too."""
    tell_some = Telling._tell_some

    def forget_the_rest(self: Telling, client: Client) -> bool:
        if tell_some(self, client):
            self._owed[self._next.pop(client)] -= 1
            client.owed = None
        return False

    monkeypatch.setattr(Telling, "_tell_some", forget_the_rest)
    assert "lost" in found(MOST_WALKS)


def test_speaking_before_a_crowd_was_told_who_it_is_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who came is told only when nobody is owed anything."""
    monkeypatch.setattr(Comings, "introduce", lambda *_: None)
    assert "unheard" in found(MOST_WALKS)


def test_coming_and_going_ahead_of_what_was_said_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who leaves is gone before its last words are heard."""

    def run_ahead(_: Comings, one: Any) -> Iterator[bool]:
        one.begin()
        for client in list(one.room.members):
            client.outbox.offer(one.block(client))
            yield True
        one.told()

    monkeypatch.setattr(Comings, "_go_round", run_ahead)
    assert "unheard" in found(MOST_WALKS)
