"""A link whose packets vanish without a word: both sides find out, and nothing is lost when it is back."""

from __future__ import annotations

import pytest

from tests.faults import half_open, odd_server
from tests.faults.actors import chosen_seed

pytestmark = pytest.mark.timeout(60)


def test_a_dead_wire() -> None:
    """Each peer is removed, the client says that it reconnects and does, and every text is there once."""
    finding = half_open.run(True, chosen_seed())
    if finding.met is None:
        pytest.skip(finding.figure)
    assert finding.met, finding.figure


@pytest.mark.thorough
def test_a_trusting_server_is_found_out() -> None:
    """One that never asks whether a peer is still there is reported: it keeps all of them."""
    outage = half_open.play(half_open.QUICK._replace(habit=odd_server.trust_the_wire, most_seconds=7.0))
    assert set(outage.removed.values()) == {None}
    assert outage.shown is not None
