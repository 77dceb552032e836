"""Whoever asks for as much as he can, and a crowd at the door, do not make others wait."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import flood, odd_server
from tests.faults.actors import chosen_seed
from tests.faults.finding import NotAllowed

pytestmark = [pytest.mark.timeout(60), pytest.mark.alone]


@pytest.mark.thorough
def test_storms() -> None:
    """One who talks at full speed, a thousand joins a second, many who come and go, and a crowd: others chat on."""
    finding = flood.run(True, chosen_seed())
    if finding.met is None:
        pytest.skip(finding.figure)
    assert finding.met, finding.figure


@pytest.mark.thorough
def test_a_thoughtful_server_is_found_out(tmp_path: Path) -> None:
    """One that lets everybody wait while it thinks about one who leaves a room is reported for all who waited."""
    shape = flood.QUICK._replace(most_ratio=2.0, tries=1)
    try:
        found = flood.weather(shape, chosen_seed(), tmp_path, kinds=("join",), habit=odd_server.think_about_everyone)
    except NotAllowed as reason:
        pytest.skip(str(reason))
    assert "join: others waited" in " ".join(found.wrong()), str(found)
