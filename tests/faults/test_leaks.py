"""However many come and go, in whatever way, the server is afterwards as it was before."""

from __future__ import annotations

import sys

import pytest

from tests.faults import leaks, odd_server
from tests.faults.actors import chosen_seed

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's"),
]


def test_nothing_is_left() -> None:
    """Some thousands come and go in seven ways; threads, descriptors and memory are what they were."""
    finding = leaks.run(True, chosen_seed())
    assert finding.met, finding.figure


def test_hoarding_is_found_out() -> None:
    """A server that keeps a little of everybody is reported for its memory and for its descriptors."""
    prints = leaks.footprints(600, chosen_seed(), rests=1, habit=odd_server.hoard)
    complaints = " ".join(leaks.wrong(prints))
    assert "descriptors" in complaints
    assert "memory" in complaints
