"""What passes between the two threads, and who waits for what."""

from __future__ import annotations

import select
import threading
from collections.abc import Iterator

import pytest

from client_parts.commands import Text
from client_parts.handover import Handover


@pytest.fixture
def handover() -> Iterator[Handover]:
    handover = Handover()
    yield handover
    handover.close()


def test_intents_arrive_in_order_and_ring(handover: Handover) -> None:
    """Whoever selects on it wakes up, takes everything at once, and is quiet again."""
    handover.post(Text("a"))
    handover.post(Text("b"))
    assert select.select([handover], [], [], 5)[0]
    assert handover.take() == [Text("a"), Text("b")]
    assert not select.select([handover], [], [], 0)[0]


def test_ringing_never_blocks(handover: Handover) -> None:
    """However often it rings unheard, nobody waits, and one listening is enough."""
    for _ in range(100_000):
        handover.ring()
    assert handover.take() == []


def test_waiting_ends_when_texts_are_confirmed(handover: Handover) -> None:
    """What is posted waits until the receiver reports it done."""
    handover.post(Text("a"))
    results: list[bool] = []
    waiter = threading.Thread(target=lambda: results.append(handover.wait_below(1)))
    waiter.start()
    handover.take()
    handover.report(texts=1)
    assert waiter.is_alive()
    handover.report(texts=0)
    waiter.join(5)
    assert results == [True]


def test_waiting_ends_with_the_receiver(handover: Handover) -> None:
    """Nobody waits for a receiver that is gone."""
    handover.post(Text("a"))
    handover.end()
    assert handover.wait_below(1) is False


def test_a_text_that_is_not_yet_taken_still_waits(handover: Handover) -> None:
    """A report that comes between posting and taking does not hide it."""
    handover.post(Text("a"))
    handover.report(texts=0)
    handover.end()
    assert handover.wait_below(1) is False
