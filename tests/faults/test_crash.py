"""A receipt survives `kill -9`, and so does the order everybody saw."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import crash
from tests.faults.actors import chosen_seed


@pytest.mark.timeout(90)
@pytest.mark.parametrize("kills", [6, pytest.param(20, marks=[pytest.mark.thorough, pytest.mark.timeout(180)])])
def test_kills(tmp_path: Path, kills: int) -> None:
    """After kills at random instants every text is stored once, and everybody saw what the log holds."""
    report = crash.kill_repeatedly(tmp_path, kills, seed=chosen_seed())
    print(report)
    assert not report.wrong, str(report)
    assert report.figures["receipts"] > 10 * kills, str(report)
    assert report.figures["refused"] > 0, str(report)


@pytest.mark.thorough
@pytest.mark.timeout(60)
def test_a_receipt_before_the_commit_is_found_out(tmp_path: Path) -> None:
    """A server that confirms before it writes is reported for losses."""
    report = crash.kill_repeatedly(tmp_path, kills=8, seed=chosen_seed(), lie="hasty", moments=("at a receipt",))
    print(report)
    assert report.figures["lost"] > 0, str(report)


@pytest.mark.thorough
@pytest.mark.timeout(60)
def test_a_forgotten_receipt_is_found_out(tmp_path: Path) -> None:
    """A server that stores what it accepted apart from the messages is reported for texts that are there twice."""
    report = crash.kill_repeatedly(
        tmp_path, kills=7, seed=chosen_seed(), lie="forgetful", moments=("under load", "at a receipt")
    )
    print(report)
    assert report.figures["doubled"] > 0, str(report)
