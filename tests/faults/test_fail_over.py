"""What is confirmed survives the database's machine, if a synchronous standby takes over; without one it would not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import fail_over
from tests.faults.actors import chosen_seed
from tests.postgres import needs_postgres

pytestmark = [needs_postgres, pytest.mark.thorough]


@pytest.mark.timeout(120)
def test_fail_over() -> None:
    """The short form."""
    finding = fail_over.run(True, chosen_seed())
    print(finding)
    assert finding.met, finding.figure


@pytest.mark.timeout(120)
def test_a_standby_that_is_not_waited_for_is_found_out(tmp_path: Path) -> None:
    """What was confirmed after it was cut off is lost."""
    report = fail_over.fail_repeatedly(tmp_path, 1, chosen_seed(), synchronous=False)
    print(report)
    assert report.figures["lost"] > 0, str(report)
