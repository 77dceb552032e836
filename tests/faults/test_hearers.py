"""Each hearer knows who is there, and nothing of strangers; and a server that tells otherwise would be found out."""

from __future__ import annotations

import pytest

from server_parts.hub.comings import Comings
from server_parts.hub.live_rooms import LiveRooms
from server_parts.people.presence import Tidings
from tests.faults import hearers
from tests.faults.actors import chosen_seed


@pytest.mark.timeout(60)
def test_each_hearer_knows_who_is_there() -> None:
    """The short form."""
    finding = hearers.run(True, chosen_seed())
    print(finding)
    assert finding.met, finding.figure


def test_telling_everybody_the_same_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if all had been there from the first change on."""
    since = Tidings.since
    monkeypatch.setattr(Tidings, "since", lambda tidings, position, hearer: since(tidings, tidings._first, hearer))
    assert any("stranger" in wrong or "ghost" in wrong for wrong in hearers.churn(chosen_seed(), hearers.QUICK_STEPS))


def test_telling_people_their_own_new_name_twice_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """By then nobody is called so any more."""
    since = Tidings.since
    monkeypatch.setattr(Tidings, "since", lambda tidings, position, hearer: since(tidings, position))
    assert any("stranger" in wrong for wrong in hearers.churn(chosen_seed(), hearers.QUICK_STEPS))


def test_speaking_before_having_been_introduced_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message comes before the news of who says it."""
    monkeypatch.setattr(Comings, "introduce", lambda *_: None)
    assert any("unheard" in wrong for wrong in hearers.churn(chosen_seed(), hearers.QUICK_STEPS))


def test_listing_those_of_whom_nobody_was_told_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list runs ahead of the news."""
    monkeypatch.setattr(Comings, "bring_up_to_date", lambda *_: None)
    assert any("not told" in wrong for wrong in hearers.churn(chosen_seed(), hearers.QUICK_STEPS))


def test_counting_connections_for_people_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody leaves with one terminal, and is taken to be gone with the other."""
    monkeypatch.setattr(LiveRooms, "_is_double", lambda *_: False)
    assert any("not told" in wrong for wrong in hearers.churn(chosen_seed(), hearers.QUICK_STEPS))
