"""Everybody sees one order, whoever comes, goes and changes names meanwhile."""

from __future__ import annotations

import pytest

from server_parts.hub.live_rooms import LiveRooms
from server_parts.storage.records import Run
from tests.faults import one_order
from tests.faults.actors import chosen_seed


def test_one_order() -> None:
    """Ten people who talk, leave, enter and rename themselves agree on every message that two of them saw."""
    report = one_order.churn(chosen_seed(), seconds=2.5, turns=60)
    print(report)
    assert not report.wrong, str(report)
    assert report.figures["messages in them"] > 10_000, str(report)
    assert report.figures["comings and goings"] > 50, str(report)


def test_another_order_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that shows half the room two texts of a batch in each other's places is reported."""
    publish = LiveRooms.publish

    def publish_unfairly(self: LiveRooms, name: str, runs: list[Run]) -> None:
        room = self.rooms.get(name)
        if room is None or sum(len(run.texts) for run in runs) < 2:
            return publish(self, name, runs)
        everyone, told = room.members, room.last
        backwards = reversed([text for run in runs for text in run.texts])
        swapped = [run._replace(texts=[next(backwards) for _ in run.texts]) for run in runs]
        for number, said in enumerate((runs, swapped)):
            room.members = {member: everyone[member] for member in list(everyone)[number::2]}
            room.last = told  # half of the room has not been told yet
            publish(self, name, said)
        room.members = everyone
        return None

    monkeypatch.setattr(LiveRooms, "publish", publish_unfairly)
    report = one_order.churn(chosen_seed(), seconds=0.7, turns=20)
    print(report)
    assert report.kinds()["order"] > 0, str(report)
