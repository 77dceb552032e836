"""A goodbye in its order, without a clock."""

from __future__ import annotations

from client_parts.link.leaving import Farewell, Step
from client_parts.link.link import Patience

PATIENCE = Patience(undelivered=3.0, goodbye=1.0)


def test_texts_on_their_way_get_a_moment_and_then_the_answer_does() -> None:
    """The goodbye is said once."""
    farewell = Farewell(PATIENCE)
    steps = [farewell.next(now, waiting=True) for now in (10.0, 12.9, 13.0, 13.9, 14.0)]
    assert steps == [Step.WAIT, Step.WAIT, Step.SAY_BYE, Step.WAIT, Step.GO]


def test_without_texts_the_goodbye_is_said_at_once() -> None:
    """Also as soon as the last one is confirmed."""
    assert Farewell(PATIENCE).next(10.0, waiting=False) is Step.SAY_BYE
    farewell = Farewell(PATIENCE)
    assert [farewell.next(10.0, waiting=True), farewell.next(10.1, waiting=False)] == [Step.WAIT, Step.SAY_BYE]
    assert farewell.due == 11.1
