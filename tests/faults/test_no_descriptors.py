"""A server that runs out of descriptors stays calm, keeps those who are in, and is back at once."""

from __future__ import annotations

import sys

import pytest

from tests.faults import no_descriptors, odd_server
from tests.faults.actors import chosen_seed

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prlimit is Linux's")


@pytest.mark.usefixtures("at_its_pace")
def test_a_drought() -> None:
    """Whether the server knows of its limit or not: a calm processor, an undisturbed pair, and service back at once."""
    finding = no_descriptors.run(True, chosen_seed())
    assert finding.met, finding.figure


@pytest.mark.alone
@pytest.mark.thorough
def test_restlessness_is_found_out() -> None:
    """A server that tries again without a pause is reported for its use of the processor."""
    drought = no_descriptors.dry_out(
        no_descriptors.QUICK, chosen_seed(), known=False, habit=odd_server.knock_without_pause
    )
    assert "CPU" in " ".join(drought.wrong())
