"""Connections that never finish what they begin hold no place, and keep nobody out."""

from __future__ import annotations

import pytest

from tests.faults import odd_server, slow_loris
from tests.faults.actors import chosen_seed

pytestmark = pytest.mark.timeout(60)


@pytest.mark.usefixtures("at_its_pace")
def test_a_siege() -> None:
    """Whoever drips is cut in time, whoever listens stays, and whoever comes in comes in at once."""
    finding = slow_loris.run(True, chosen_seed())
    assert finding.met, finding.figure


@pytest.mark.thorough
def test_endless_patience_is_found_out() -> None:
    """A server without deadlines is reported: those who drip are there for ever."""
    shape = slow_loris.Shape(50, 2.5, None)
    siege = slow_loris.besiege(shape, chosen_seed(), odd_server.wait_for_ever)
    assert siege.cut_after is None
    assert len(siege.wrong()) >= 1
