"""A server under full load that is asked to stop: in time, with a word to everybody, and with every receipt kept."""

from __future__ import annotations

import signal
import sys

import pytest

from tests.faults import clean_stop, odd_server
from tests.faults.actors import ServerProcess, chosen_seed

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals of this kind"),
]


@pytest.mark.usefixtures("at_its_pace")
def test_stops() -> None:
    """SIGTERM and Ctrl+C end it in order, a second Ctrl+C at once, and no receipt was a lie."""
    finding = clean_stop.run(True, chosen_seed())
    assert finding.met, finding.figure


@pytest.mark.thorough
def test_leaving_without_a_word_is_found_out() -> None:
    """A server that cuts everybody off when it stops is reported for all who were not told."""
    stop = clean_stop.stop(
        clean_stop.QUICK, signal.SIGTERM, chosen_seed(), habit=odd_server.leave_without_a_word.__name__
    )
    assert stop.untold == stop.told_of, str(stop)


@pytest.mark.thorough
def test_a_receipt_for_nothing_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that lacks one of the texts that were confirmed is reported."""
    export = ServerProcess.export
    monkeypatch.setattr(ServerProcess, "export", lambda self, room: export(self, room)[1:])
    assert clean_stop.stop(clean_stop.QUICK, signal.SIGTERM, chosen_seed()).lost == 1
