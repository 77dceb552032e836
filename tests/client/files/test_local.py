"""What can be sent, what cannot and why, and who writes into a file that is being sent."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest

from client_parts.files.local import FileProblem, look_at
from client_parts.files.source import PIECE, Source
from tests.client.fakes import ATTACKS

needs_unix = pytest.mark.skipif(sys.platform == "win32", reason="there are no such files")


def test_a_file_is_known_by_its_last_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a plan.png").write_bytes(b"123")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for path in ("a plan.png", "~/a plan.png", str(tmp_path / "a plan.png")):
        assert look_at(path) == (str(tmp_path / "a plan.png"), "a plan.png", 3)


@needs_unix
def test_what_cannot_be_sent_is_refused_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is read."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "big").write_bytes(b"x" * 3000)
    (tmp_path / "secret").write_bytes(b"x")
    monkeypatch.setattr(os, "access", lambda path, mode: not path.endswith("secret"))
    sentences = {
        "gone": "There is no file gone.",
        "big/x": "There is no file big/x.",
        "a\0b": "There is no file a\u2400b.",
        "folder": "folder is a folder; only files can be sent.",
        "empty": "empty is empty; there is nothing to send.",
        "pipe": "pipe is not a regular file.",
        "secret": "secret cannot be read: permission denied.",
        "big": "big is too large: 2.9 KB > 2 KB, the most that this server takes.",
    }
    for path, sentence in sentences.items():
        with pytest.raises(FileProblem) as problem:
            look_at(path, 2048)
        assert str(problem.value) == sentence
    with pytest.raises(FileProblem, match="3000 bytes > 2999 bytes"):
        look_at("big", 2999)


@pytest.mark.parametrize("attack", ATTACKS, ids=ascii)
def test_a_sentence_about_a_path_is_harmless(attack: str) -> None:
    with pytest.raises(FileProblem) as problem:
        look_at(f"no{attack}where")
    assert str(problem.value).isprintable()


def test_a_file_is_read_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "file"
    data = os.urandom(PIECE + 10)
    path.write_bytes(data)
    source = Source(look_at(str(path)))
    assert source.digest(lambda: False) == hashlib.sha256(data).hexdigest()
    assert source.digest(lambda: True) == ""
    assert (source.read(0), source.read(PIECE), source.read(5)) == (data[:PIECE], data[PIECE:], data[5 : PIECE + 5])
    source.close()


@needs_unix
def test_who_deletes_the_file_meanwhile_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    source = Source(look_at(str(path)))
    path.unlink()
    assert source.read(1) == b"2345"
    source.close()


def test_a_file_that_has_changed_is_not_sent_on(tmp_path: Path) -> None:
    """Nor one that was replaced before it was opened, or is gone by then."""
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    local = look_at(str(path))
    source = Source(local)
    path.write_bytes(b"54321")
    os.utime(path, (1, 1))
    with pytest.raises(FileProblem, match=r"^file has changed while it was being sent; send it again\.$"):
        source.read(0)
    source.close()
    path.write_bytes(b"123456")
    with pytest.raises(FileProblem, match="has changed"):
        Source(local)
    path.unlink()
    with pytest.raises(FileProblem, match=r"^There is no file .*file\.$"):
        Source(local)
