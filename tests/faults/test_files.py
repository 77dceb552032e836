"""Files survive cut connections and `kill -9`; a server that damages them, or leaves something behind, is found out."""

from __future__ import annotations

from pathlib import Path

import pytest

from server_parts.storage.sqlite.log import SqliteLog
from tests.faults import files
from tests.faults.actors import chosen_seed


@pytest.mark.thorough
@pytest.mark.timeout(120)
def test_files_under_kills(tmp_path: Path) -> None:
    """None is damaged, nothing lies outside the folder, and nothing is left of any other."""
    report = files.send_and_kill(tmp_path, chosen_seed(), senders=3, files=4, largest=600_000, kills=4)
    print(report)
    assert not report.wrong, str(report)
    assert report.figures["files"] == 12


@pytest.mark.thorough
@pytest.mark.timeout(120)
def test_damaged_files_are_found_out(tmp_path: Path) -> None:
    """A server that loses what it was sent cannot hide it."""
    report = files.send_and_kill(tmp_path, chosen_seed(), senders=1, files=2, largest=200_000, kills=0, lie="blotting")
    assert report.kinds()["damaged"] == 2, str(report)


def test_what_is_left_over_is_found_out(tmp_path: Path) -> None:
    """In the folder of files, and beside the server's."""
    SqliteLog(tmp_path / "data").close()
    (tmp_path / "evil").touch()
    assert files.outside(tmp_path) == [str(tmp_path / "evil")]
    folder = tmp_path / "data" / "files" / "ab"
    folder.mkdir(parents=True)
    assert list(files.left_over(tmp_path / "data", {"a" * 22})) == [f"lost: {'a' * 22}"]
    stray = folder / "not-ours.txt"
    stray.touch()
    assert list(files.left_over(tmp_path / "data", set())) in ([], ["left over: not-ours.txt"])
