"""What passes between the two threads, and who waits for what."""

from __future__ import annotations

import select
import threading
from collections.abc import Iterator

import pytest

from client_parts.input.commands import Text
from client_parts.input.intent_queue import IntentQueue


@pytest.fixture
def intents() -> Iterator[IntentQueue]:
    intents = IntentQueue()
    yield intents
    intents.close()


def test_intents_arrive_in_order_and_ring(intents: IntentQueue) -> None:
    """Whoever selects on it wakes up, takes everything at once, and is quiet again."""
    intents.post(Text("a"))
    intents.post(Text("b"))
    assert select.select([intents], [], [], 5)[0]
    assert intents.take() == [Text("a"), Text("b")]
    assert not select.select([intents], [], [], 0)[0]


def test_ringing_never_blocks(intents: IntentQueue) -> None:
    """However often it rings unheard, nobody waits, and one listening is enough."""
    for _ in range(100_000):
        intents.ring()
    assert intents.take() == []


def test_waiting_ends_when_texts_are_confirmed(intents: IntentQueue) -> None:
    """What is posted waits until the receiver reports it done."""
    intents.post(Text("a"))
    results: list[bool] = []
    waiter = threading.Thread(target=lambda: results.append(intents.wait_below(1)))
    waiter.start()
    intents.take()
    intents.report(texts=1)
    assert waiter.is_alive()
    intents.report(texts=0)
    waiter.join(5)
    assert results == [True]


def test_waiting_ends_with_the_receiver(intents: IntentQueue) -> None:
    """Nobody waits for a receiver that is gone."""
    intents.post(Text("a"))
    intents.end()
    assert intents.wait_below(1) is False


def test_a_text_that_is_not_yet_taken_still_waits(intents: IntentQueue) -> None:
    """A report that comes between posting and taking does not hide it."""
    intents.post(Text("a"))
    intents.report(texts=0)
    intents.end()
    assert intents.wait_below(1) is False
