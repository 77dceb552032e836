"""What a person chose survives the run, and nothing about its file can stop a client."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from client_parts.kept import json_file
from client_parts.kept.settings import CHOICES, Settings

FIRST = {"theme": "dark", "bell": "mentions", "joins": "smart"}
DAMAGED = [
    b"",
    b"{",
    b"\xff\xfe",
    b"[]",
    b"null",
    b'{"theme": "pink", "bell": 5, "joins": ["off"], "else": {}}',
    b"[" * 100_000,
    b'{"theme": "light", "rest": "' + b"x" * 2_000_000 + b'"}',
]


def values(settings: Settings) -> dict[str, str]:
    return {name: settings[name] for name in CHOICES}


@pytest.fixture(autouse=True)
def no_word_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLORFGBG", raising=False)


def test_a_choice_is_known_to_the_next_run(tmp_path: Path) -> None:
    """In a file and a folder that only its owner can read, with nothing else left beside it."""
    path = tmp_path / "folder" / "settings.json"
    assert values(Settings(path)) == FIRST
    assert Settings(path).choose("bell", "off")
    assert values(Settings(path)) == {**FIRST, "bell": "off"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert os.listdir(path.parent) == ["settings.json"]


def test_a_colour_belongs_to_a_name(tmp_path: Path) -> None:
    """Colours tell names apart: each has its own, whatever the case; so many are kept, and nonsense is none."""
    path = tmp_path / "settings.json"
    assert Settings(path).choose_color("Ann", "green")
    assert Settings(path).choose_color("bob", "red")
    assert [Settings(path).color_of(name) for name in ("ann", "BOB", "eve")] == ["green", "red", None]
    for number in range(30):
        Settings(path).choose_color(f"n{number}", "blue")
    assert Settings(path).color_of("ann") is None
    assert len(json_file.load(path)["colors"]) == 20
    for nonsense in ({"ann": ["red"]}, {"ann": "mud"}, ["ann"], 5):
        path.write_text(json.dumps({"colors": nonsense}))
        assert Settings(path).color_of("ann") is None


def test_without_a_path_a_choice_is_for_this_run() -> None:
    """A program's client keeps nothing."""
    settings = Settings()
    assert not settings.choose("theme", "safe")
    assert settings["theme"] == "safe"


@pytest.mark.parametrize("content", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    """The first values hold, and a choice makes it whole again."""
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    settings = Settings(path)
    assert values(settings) == FIRST
    assert settings.choose("theme", "light")
    assert Settings(path)["theme"] == "light"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    """A pipe would keep the client waiting."""
    os.mkfifo(tmp_path / "settings.json")
    assert values(Settings(tmp_path / "settings.json")) == FIRST


def test_a_file_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    """The choice holds for this run, and nothing is left behind."""
    (tmp_path / "settings.json").mkdir()
    (tmp_path / "file").touch()
    for path in (tmp_path / "settings.json", tmp_path / "file" / "settings.json"):
        settings = Settings(path)
        assert not settings.choose("joins", "off")
        assert settings["joins"] == "off"
    assert sorted(os.listdir(tmp_path)) == ["file", "settings.json"]


def test_two_clients_keep_each_others_choices(tmp_path: Path) -> None:
    """Each changes what it was asked to change; what a newer version keeps there stays too."""
    path = tmp_path / "settings.json"
    path.write_text('{"newer": [1]}')
    one, other = Settings(path), Settings(path)
    assert one.choose("theme", "light")
    assert other.choose("bell", "off")
    assert values(Settings(path)) == {**FIRST, "theme": "light", "bell": "off"}
    assert json_file.load(path)["newer"] == [1]


def test_a_reader_sees_a_whole_file_at_every_instant(tmp_path: Path) -> None:
    """While one writes again and again, nobody ever reads half of it."""
    path = tmp_path / "settings.json"
    whole = {"text": "x" * 50_000}
    assert json_file.update(path, lambda _: whole)
    writer = threading.Thread(target=lambda: [json_file.update(path, lambda _: whole) for _ in range(100)])
    writer.start()
    read = 0
    while writer.is_alive() or read == 0:
        assert json_file.load(path) == whole
        read += 1
    writer.join()
