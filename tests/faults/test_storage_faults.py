"""When the log cannot be written nobody is told that a message arrived, nothing is lost, and it resumes by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import storage_faults
from tests.faults.actors import Client, ServerProcess, chosen_seed, settle
from tests.faults.mind import Mind
from tests.faults.storage_faults import locked, refusal, talk_through
from tests.peers import wait_until


@pytest.mark.parametrize("case", storage_faults.RUNNING)
def test_a_fault_under_load(tmp_path: Path, case: storage_faults.Case) -> None:
    """During the fault nobody gets a receipt; afterwards everything pending goes through."""
    report = case(tmp_path, chosen_seed())
    print(report)
    assert not report.wrong, str(report)
    assert report.figures["refused for storage"] >= 3, str(report)
    assert report.figures["stored"] > 40, str(report)


@pytest.mark.parametrize("case", storage_faults.STARTING)
def test_a_start_that_must_fail(tmp_path: Path, case: storage_faults.Case) -> None:
    """A server that cannot write says so in one sentence and ends."""
    assert not case(tmp_path, chosen_seed()).wrong


@pytest.mark.thorough
def test_a_receipt_without_storage_is_found_out(tmp_path: Path) -> None:
    """A server that goes on confirming while the database is locked is reported."""
    report = talk_through(ServerProcess(tmp_path / "data", lie="hasty"), locked, chosen_seed())
    print(report)
    assert report.kinds()["early"] == 2, str(report)


def test_a_folder_in_use(tmp_path: Path) -> None:
    """A second server on one folder refuses, names the first, and does it no harm."""
    with ServerProcess(tmp_path / "data") as first:
        alice = Client(first.port, Mind("alice")).start()
        second = ServerProcess(tmp_path / "data")
        second.output = tmp_path / "second.out"
        sentence = refusal(second)
        assert f"process {first.pid}" in sentence
        assert str(tmp_path / "data") in sentence
        assert wait_until(lambda: alice.mind.online)
        assert settle([alice]) == []
        assert alice.connections == 1
        assert first.stop() == 0
