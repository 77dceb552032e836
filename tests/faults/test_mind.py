"""The client's bookkeeping by which servers are judged: it sends again what it has to, and blames nobody for that."""

from __future__ import annotations

import pytest

from tests.faults.mind import Frame, Mind


@pytest.fixture
def mind() -> Mind:
    """Somebody who has three texts under way, one at a time being enough to fill the window of a slow one."""
    mind = Mind("alice", window=3)
    mind.heard({"type": "welcome", "epoch": "e", "accepted": 0})
    for text in ("one", "two", "three", "four"):
        mind.say("lobby", text)
    assert seqs(mind.to_send()) == [1, 2, 3]
    return mind


def seqs(frames: list[Frame]) -> list[int]:
    return [frame["seq"] for frame in frames if frame["type"] == "say"]


def ack(seq: int) -> Frame:
    return {"type": "ack", "seq": seq, "room": "lobby", "id": seq}


def unavailable(seq: int) -> Frame:
    return {"type": "error", "code": "storage_unavailable", "text": "", "seq": seq}


def test_what_became_of_a_text_is_asked_again_although_later_ones_are_confirmed(mind: Mind) -> None:
    """The server could not read where the first is stored; that of the others it could."""
    mind.heard(unavailable(1))
    for seq in (2, 3):
        mind.heard(ack(seq))
    assert mind.to_send() == [{"type": "ping", "n": "barrier 1"}]
    mind.heard({"type": "pong", "n": "barrier 1"})
    assert seqs(mind.to_send()) == [1]
    mind.heard(ack(1))
    assert seqs(mind.to_send()) == [4]
    assert mind.wrong == []


def test_a_receipt_before_an_earlier_one_is_found_out(mind: Mind) -> None:
    """Where the server has not said that it could not tell; also after it has, of those before."""
    mind.heard(unavailable(3))
    mind.heard(ack(2))
    assert mind.wrong == ["order: 2 to lobby was confirmed before 1"]
