"""Clients that stop reading hurt only themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import odd_server, slow_readers
from tests.faults.actors import chosen_seed


@pytest.mark.alone
@pytest.mark.thorough  # a short form is test_a_stalled_reader_hurts_only_itself in tests/server/test_crowds.py
@pytest.mark.timeout(60)
def test_others_notice_nothing() -> None:
    """Whoever stops reading is let go in time, at the price of his backlog, and nobody else waits for it."""
    finding = slow_readers.run(True, chosen_seed())
    if finding.met is None:
        pytest.skip(finding.figure)
    assert finding.met, finding.figure


@pytest.mark.thorough
@pytest.mark.timeout(60)
def test_a_server_that_waits_is_found_out(tmp_path: Path) -> None:
    """One that sends to each client until it has taken everything is reported: the others get nothing any more."""
    generator = slow_readers.generator_in(tmp_path)
    shape = slow_readers.QUICK._replace(seconds=2.5)
    stall = slow_readers.stall(generator, 1, shape, odd_server.wait_for_the_slowest)
    assert "receiver" in stall.problem
    assert len(stall.wrong()) >= 2
