"""Whoever is at a server whose machine or database is out of reach is elsewhere soon, and their names are free."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import lost_machine
from tests.faults.actors import chosen_seed
from tests.faults.finding import NotAllowed
from tests.faults.lost_machine import BACK, FREE, TOLD
from tests.postgres import needs_postgres

pytestmark = [needs_postgres, pytest.mark.thorough, pytest.mark.timeout(240)]


def test_a_lost_machine() -> None:
    """Cut off from the database alone, and from everybody."""
    finding = lost_machine.run(False, chosen_seed())
    if finding.met is None:
        pytest.skip(finding.figure)
    print(finding)
    assert finding.met, finding.figure


def test_a_server_that_stays_whatever_happens_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is told, nobody goes, and the names that are borne there stay taken."""
    monkeypatch.setattr(lost_machine, "PATIENCE", 20.0)
    try:
        loss = lost_machine.lose_touch(tmp_path, "unmoved")
    except NotAllowed as reason:
        pytest.skip(str(reason))
    assert loss.wrong()[:3] == [f"{loss.what}: {what} after never" for what in (FREE, TOLD, BACK)], str(loss)
