"""Walks at random between servers: nothing that is said in private is refused without need, or misdirected."""

from __future__ import annotations

import random
import time

import pytest

from server_parts.hub.conversations import Conversations
from server_parts.storage.exchange import Post
from server_parts.storage.memory_exchange import MemoryExchange
from tests.server.hub.neighbours.wanderers import walk


@pytest.mark.once
def test_a_few_walks() -> None:
    """As many as there is time for."""
    assert walk(seed=1, walks=5) == []


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(2, 8))
def test_many_walks(seed: int) -> None:
    """The servers come to be of many different ages."""
    assert walk(seed, walks=12) == []


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(8, 12))
def test_whoever_hears_of_it_first(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers are slow at random to read what the others post."""
    rng, read = random.Random(seed), MemoryExchange.read

    def read_late(exchange: MemoryExchange) -> list[Post]:
        if rng.random() < 0.15:
            time.sleep(0.05)
        return read(exchange)

    monkeypatch.setattr(MemoryExchange, "read", read_late)
    assert walk(seed, walks=12) == []


@pytest.mark.thorough
@pytest.mark.parametrize("answer", [True, False])
def test_a_careless_or_too_careful_server_is_found_out(answer: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that takes nobody for somebody else, and one that takes everybody."""
    monkeypatch.setattr(Conversations, "_may_be_mistaken", lambda *_: answer)
    wrong = walk(seed=3, walks=8)
    assert {line.split(":")[0] for line in wrong} == {"refused" if answer else "misdirected"}
