"""However many come and go, in whatever way, the server is afterwards as it was before."""

from __future__ import annotations

import sys
from collections.abc import Callable

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


@pytest.mark.thorough
def test_hoarding_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that keeps a little of everybody is reported for its descriptors, and for memory in two ways."""
    monkeypatch.setattr(leaks, "FULL_TABLES", 0)
    prints = leaks.footprints(leaks.Course(600, 0.125), chosen_seed(), rests=1, habit=odd_server.hoard)
    complaints = " ".join(leaks.wrong(prints))
    assert "descriptors" in complaints
    assert "memory grew" in complaints
    assert "memory goes on growing" in complaints


def prints_of(memory: Callable[[int], float]) -> list[leaks.Footprint]:
    """A full run in which that much memory is in use after so many connections."""
    return [leaks.Footprint(n, 7, 18, int(memory(n))) for n in range(10_000, 110_000, 10_000)]


def test_a_table_that_fills_up_is_no_leak() -> None:
    """And what goes on for ever is one, however little it is: 80 bytes of each connection."""
    assert leaks.wrong(prints_of(lambda n: 40e6 + 500 * min(n, 15_000))) == []
    (complaint,) = leaks.wrong(prints_of(lambda n: 40e6 + 80 * n))
    assert "goes on growing, by 80 bytes" in complaint
