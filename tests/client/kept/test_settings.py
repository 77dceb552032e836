"""What a person chose survives the run, and nothing about its file can stop a client."""

from __future__ import annotations

import json
import os
import stat
import threading
import tomllib
from pathlib import Path

import pytest

from client_parts.kept import json_file
from client_parts.kept.settings import Settings
from client_parts.kept.values import CHOICES

FIRST = {
    "theme": "dark",
    "style": "classic",
    "bell": "mentions",
    "joins": "smart",
    "only": "off",
    "notify": "mentions",
    "links": "on",
}
DAMAGED = [
    b"theme = ",
    b"{",
    b"\xff\xfe",
    b"theme = [" + b"[" * 100_000,
    b'theme = "light"\n#' + b"x" * 2_000_000,
]


def values(settings: Settings) -> dict[str, str]:
    return {name: settings[name] for name in CHOICES}


@pytest.fixture(autouse=True)
def no_word_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLORFGBG", raising=False)


def test_a_choice_is_known_to_the_next_run(tmp_path: Path) -> None:
    """In a file and a folder that only its owner can read, with nothing else left beside it."""
    path = tmp_path / "folder" / "config.toml"
    assert values(Settings(path)) == FIRST
    assert Settings(path).choose("bell", "off")
    assert values(Settings(path)) == {**FIRST, "bell": "off"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert os.listdir(path.parent) == ["config.toml"]


def test_a_colour_belongs_to_a_name(tmp_path: Path) -> None:
    """Colours tell names apart: each has its own, whatever the case; so many are kept, and nonsense is none."""
    path = tmp_path / "config.toml"
    assert Settings(path).choose_color("Ann", "green")
    assert Settings(path).choose_color("bob", "red")
    assert [Settings(path).color_of(name) for name in ("ann", "BOB", "eve")] == ["green", "red", None]
    for number in range(30):
        Settings(path).choose_color(f"n{number}", "blue")
    assert Settings(path).color_of("ann") is None
    assert len(tomllib.loads(path.read_text())["colors"]) == 20
    for nonsense in ('ann = ["red"]', 'ann = "mud"'):
        path.write_text(f"[colors]\n{nonsense}\n")
        assert Settings(path).color_of("ann") is None
        assert len(Settings(path).complaints) == 1


def test_without_a_path_a_choice_is_for_this_run() -> None:
    """A program's client keeps nothing."""
    settings = Settings()
    assert not settings.choose("theme", "safe")
    assert settings["theme"] == "safe"


@pytest.mark.parametrize("content", DAMAGED, ids=range(len(DAMAGED)))
def test_a_file_that_cannot_be_read_is_not_changed(tmp_path: Path, content: bytes) -> None:
    """It is a person's: the first values hold, a sentence says what is wrong, and a choice is for this run."""
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    settings = Settings(path)
    assert values(settings) == FIRST
    assert [str(path) in sentence for sentence in settings.complaints] == [True]
    assert not settings.choose("theme", "light")
    assert settings["theme"] == "light"
    assert path.read_bytes() == content


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    """A pipe would keep the client waiting."""
    os.mkfifo(tmp_path / "config.toml")
    assert values(Settings(tmp_path / "config.toml")) == FIRST


def test_a_file_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    """The choice holds for this run, and nothing is left behind."""
    (tmp_path / "config.toml").mkdir()
    (tmp_path / "file").touch()
    for path in (tmp_path / "config.toml", tmp_path / "file" / "config.toml"):
        settings = Settings(path)
        assert not settings.choose("joins", "off")
        assert settings["joins"] == "off"
    assert sorted(os.listdir(tmp_path)) == ["config.toml", "file"]


def test_two_clients_keep_each_others_choices(tmp_path: Path) -> None:
    """Each changes what it was asked to change; what a newer version keeps there stays too, and so do comments."""
    path = tmp_path / "config.toml"
    path.write_text("newer = [1] # comment\n")
    one, other = Settings(path), Settings(path)
    assert one.choose("theme", "light")
    assert other.choose("bell", "off")
    assert values(Settings(path)) == {**FIRST, "theme": "light", "bell": "off"}
    assert path.read_text().startswith("newer = [1] # comment\n")


def test_a_choice_can_be_taken_back(tmp_path: Path) -> None:
    """Then it is as before anybody chose."""
    path = tmp_path / "config.toml"
    settings = Settings(path)
    assert settings.choose("theme", "light")
    assert settings.is_chosen("theme")
    assert settings.take_back("theme")
    assert not settings.is_chosen("theme")
    assert values(settings) == values(Settings(path)) == FIRST


def test_the_style_of_this_run_comes_before_the_kept_one(tmp_path: Path) -> None:
    """Until somebody chooses in this run."""
    path = tmp_path / "config.toml"
    assert Settings(path, usual_style="short")["style"] == "short"
    assert Settings(path).choose("style", "short")
    settings = Settings(path, style="classic")
    assert settings["style"] == "classic"
    assert settings.choose("style", "short")
    assert settings["style"] == "short"


def test_the_settings_of_an_earlier_version_move(tmp_path: Path) -> None:
    """Into the new file, once; nonsense among them does not."""
    path, before = tmp_path / "config.toml", tmp_path / "settings.json"
    kept = {"theme": "light", "bell": 5, "joins": "loud", "colors": {"ann": "red", "bob": ["x"], "a.b": "blue"}}
    before.write_text(json.dumps(kept))
    settings = Settings(path)
    assert values(settings) == {**FIRST, "theme": "light"}
    assert [settings.color_of(name) for name in ("Ann", "bob", "a.b")] == ["red", None, "blue"]
    assert os.listdir(tmp_path) == ["config.toml"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before.write_text(json.dumps({"theme": "safe"}))  # an older client, started again
    assert Settings(path)["theme"] == "light"


def test_a_link_to_a_file_elsewhere_stays_one(tmp_path: Path) -> None:
    """People keep such files together with others of theirs."""
    (tmp_path / "mine").mkdir()
    path, real = tmp_path / "config.toml", tmp_path / "mine" / "config.toml"
    real.write_text("# mine\n")
    path.symlink_to(real)
    assert Settings(path).choose("bell", "off")
    assert path.is_symlink()
    assert real.read_text() == '# mine\nbell = "off"\n'


def test_a_reader_sees_a_whole_file_at_every_instant(tmp_path: Path) -> None:
    """While one writes again and again, nobody ever reads half of it."""
    path = tmp_path / "config.toml"
    whole = {"text": "x" * 50_000}
    assert json_file.update(path, lambda _: whole)
    writer = threading.Thread(target=lambda: [json_file.update(path, lambda _: whole) for _ in range(100)])
    writer.start()
    read = 0
    while writer.is_alive() or read == 0:
        assert json_file.load(path) == whole
        read += 1
    writer.join()
