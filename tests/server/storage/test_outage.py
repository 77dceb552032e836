"""What fails for a while is told when it begins and when it is over."""

from __future__ import annotations

import logging

import pytest

from server_parts.storage.outage import Outage
from tests.clock import Clock


@pytest.fixture
def outage(clock: Clock) -> Outage:
    return Outage(logging.getLogger("outage under test"), "it fails", "it works again", logging.ERROR, clock)


def test_it_is_told_once_and_when_it_is_over(outage: Outage, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """However often it is tried meanwhile, and whatever the reason is then."""
    for reason in ("the disk is full", "the disk is full", "it is damaged"):
        outage.note(reason)
        clock.now += 5
    outage.end()
    outage.end()
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("ERROR", "it fails: the disk is full"),
        ("WARNING", "it works again, after 15 s"),
    ]


def test_the_next_one_is_told_too(outage: Outage, caplog: pytest.LogCaptureFixture) -> None:
    for reason in "ab":
        outage.note(reason)
        outage.end()
    assert [message.split(",")[0] for message in caplog.messages] == [
        *("it fails: a", "it works again"),
        *("it fails: b", "it works again"),
    ]


def test_what_works_is_not_told(outage: Outage, caplog: pytest.LogCaptureFixture) -> None:
    outage.end()
    assert caplog.messages == []
