"""How a person may write which file goes where, and what Tab makes of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from client_parts.files.paths import Written, complete_path, read_send

THERE = {"plan.png", "my plan.png", "my", "a\\ b"}


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("plan.png", Written("plan.png")),
        ("plan.png here it is", Written("plan.png", "", "here it is")),
        ("plan.png @bob here  it\nis", Written("plan.png", "@bob", "here  it\nis")),
        ("plan.png #builds", Written("plan.png", "#builds")),
        ("plan.png # 1", Written("plan.png", "", "# 1")),
        ("my plan.png of today", Written("my plan.png", "", "of today")),
        ("my plans", Written("my", "", "plans")),
        ("my\\ plan.png of today", Written("my plan.png", "", "of today")),
        ("a\\ b c", Written("a\\ b", "", "c")),
        ('"my plan.png" @bob', Written("my plan.png", "@bob")),
        ("'it's there", Written("it", "", "s there")),
        ('"not there.png" x', Written("not there.png", "", "x")),
        ('"no end', Written("no end")),
        ("not\\ there.png x", Written("not there.png", "", "x")),
        ("gone.png x", Written("gone.png", "", "x")),
    ],
)
def test_the_longest_path_that_is_there_is_meant(words: str, meant: Written) -> None:
    """Quotes and backslashes say it plainly."""
    assert read_send(words, THERE.__contains__) == meant


def test_many_words_are_not_all_looked_up() -> None:
    asked: list[str] = []

    def is_there(path: str) -> bool:
        asked.append(path)
        return False

    read_send("word " * 1000, is_there)
    assert 0 < len(asked) < 100


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files."""
    for name in ("plan.png", "my plan.png", "Plans", ".hidden", "bell\a"):
        (tmp_path / name).touch()
    (tmp_path / "play").mkdir()
    (tmp_path / "play" / "one").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_tab_completes_files_and_folders(here: Path) -> None:
    """A folder is to be gone on from; what is hidden is offered to those who ask for it."""
    assert complete_path("pla") == ["plan.png ", "play/"]
    assert complete_path("play/") == ["play/one "]
    assert complete_path("my p") == ["my plan.png "]
    assert complete_path("my\\ p") == ["my plan.png "]
    assert complete_path('"my') == ['"my plan.png" ']
    assert complete_path("") == ["Plans ", "my plan.png ", "plan.png ", "play/"]
    assert complete_path(".h") == [".hidden "]
    assert complete_path("PLAN") == ["Plans ", "plan.png "]
    assert complete_path("~") == ["~/"]
    assert complete_path("~/play/o") == ["~/play/one "]
    assert complete_path(f"{here}/pla") == [f"{here}/plan.png ", f"{here}/play{os.sep}"]


def test_tab_finds_nothing_where_there_is_nothing(here: Path) -> None:
    for written in ("nowhere/x", "plan.png/x", "x\0/y", '"my plan.png" x', "zzz"):
        assert complete_path(written) == []
