"""A transcript is plain text at the end of a file that only its owner can read."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from client_parts.kept.transcript import Transcript, TranscriptError
from tests.client.fakes import ATTACKS, message
from tests.client.talk import Talk

needs_unix = pytest.mark.skipif(sys.platform == "win32", reason="there are no such files")


def test_what_is_shown_is_added(tmp_path: Path) -> None:
    """As text without codes, behind what is there; a new file is its owner's."""
    path = tmp_path / "a log"
    for _ in range(2):
        transcript = Transcript()
        assert transcript.add("before") is None
        transcript.begin(path)
        transcript.add("\x1b[36mhi\x1b[0m\n    there é")
        transcript.end()
        transcript.add("after")
    begin, *said = path.read_text().splitlines()
    assert begin.startswith("--- ")
    assert said[:2] == ["hi", "    there é"]
    assert len(said) == 5
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("attack", ATTACKS, ids=ascii)
def test_no_control_gets_into_it(tmp_path: Path, attack: str) -> None:
    """Whatever came so far."""
    transcript = Transcript()
    transcript.begin(tmp_path / "log")
    transcript.add(f"a{attack}b")
    transcript.end()
    assert all(row.isprintable() for row in (tmp_path / "log").read_text().splitlines())


@needs_unix
def test_what_is_no_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    """Nothing is waited for, and the log that there is goes on."""
    os.mkfifo(tmp_path / "pipe")
    transcript = Transcript()
    transcript.begin(tmp_path / "log")
    for path, reason in (
        (tmp_path, "Is a directory"),
        (tmp_path / "no" / "log", "No such file or directory"),
        (Path(os.devnull), "it is not a regular file"),
        (tmp_path / "pipe", "No such device or address"),
        (Path("a\0b"), "embedded null byte"),
    ):
        with pytest.raises(TranscriptError) as problem:
            transcript.begin(path)
        assert str(problem.value) == f"cannot write to {path}: {reason}"
    assert transcript.path == tmp_path / "log"
    transcript.end()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk is full here")
def test_a_full_disk_ends_it_in_a_sentence(tmp_path: Path) -> None:
    """Once; then there is no log."""
    transcript = Transcript()
    transcript.begin(tmp_path / "log")
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, transcript._descriptor)
    os.close(full)
    assert transcript.add("x") == f"The log in {tmp_path / 'log'} ends here: No space left on device."
    assert transcript.add("x") is None
    assert transcript.path is None


def test_log_is_a_command(tmp_path: Path) -> None:
    """It begins, tells and ends; what is wrong is said."""
    talk, path = Talk(), tmp_path / "log"
    assert talk.type("/log", f"/log {path}", "/log") == ["* log: off", f"* log: {path}", f"* log: {path}"]
    assert talk.type("/log off", f"/log {tmp_path}") == [
        "* log: off",
        f"cannot write to {tmp_path}: Is a directory.",
    ]
    assert talk.hear(message(1, "hi")) == ["bob: hi"]
