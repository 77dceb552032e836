"""What a person chooses with /set and its relatives: how it is confirmed, what it changes, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from client_parts.kept.settings import Settings
from tests.client.fakes import message
from tests.client.talk import Talk


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    """A conversation whose choices are kept."""
    talk = Talk()
    talk.it.state.settings = Settings(tmp_path / "config.toml")
    return talk


def test_a_choice_holds_at_once_and_is_kept(talk: Talk, tmp_path: Path) -> None:
    """A style changes what comes next, a theme the screen, a name the next start."""
    assert talk.type("/style classic", "/set theme light") == ["* style: classic", "* theme: light"]
    assert talk.board.theme == "light"
    assert talk.hear(message(1, "hi", "bob")) == ["[COLOR (red)] bob said -> hi"]
    assert talk.type("/set name Zoe") == ["* name: Zoe, from the next start"]
    kept = Settings(tmp_path / "config.toml")
    assert (kept["style"], kept["theme"], kept["name"]) == ("classic", "light", "Zoe")


def test_a_choice_is_taken_back(talk: Talk) -> None:
    """With the word default, of which Tab knows."""
    talk.type("/style short", "/set theme light")
    assert talk.type("/set theme default", "/set name default") == [
        "* theme: dark (default)",
        "* name: not set (default), from the next start",
    ]
    assert talk.board.theme == "dark"
    assert talk.type("/set theme") == ["* theme: dark; there are: dark, light, safe"]
    assert talk.type("/set downloads") == ["* downloads: not set; /set downloads VALUE changes it"]


def test_a_server_gets_a_short_name(talk: Talk, tmp_path: Path) -> None:
    """Which the next start knows; a name that could be an address is refused."""
    assert talk.type("/set servers.work chat://chat.example/builds") == ["* servers.work: chat://chat.example/builds"]
    assert Settings(tmp_path / "config.toml").servers["work"].address == "chat://chat.example/builds"
    assert talk.type("/set servers.a.b x", "/set servers.work") == [
        "A short name is made of a-z 0-9 _ - and has at most 32 characters.",
        "An address is missing; write /set [KEY [VALUE]]",
    ]


def test_all_are_listed(talk: Talk, tmp_path: Path) -> None:
    """With where they are kept, which are chosen, and the servers."""
    talk.type("/set bell off", "/set servers.work a:1")
    [shown] = talk.type("/set")
    rows = shown.splitlines()
    assert rows[0] == f"Settings ({tmp_path / 'config.toml'}):"
    assert "  bell            off" in rows
    assert "  joins           smart (default)" in rows
    assert "  notify_command  not set" in rows
    assert "  servers.work  a:1" in rows


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("/set theme pink", 'theme is "pink"; choose from dark, light, safe.'),
        ("/set them light", "There is no setting them; did you mean theme?"),
        ("/set them", "There is no setting them; did you mean theme?"),
        ("/set them default", "There is no setting them; did you mean theme?"),
        ("/set autoaway soon", 'autoaway is "soon"; use a number of minutes from 1 to 10080, or off.'),
        ("/set \x1b[2J", "There is no setting ␛[2j; /set lists them."),
        ("/set name \x1b]2;x", "name is too long or has characters that cannot be shown."),
    ],
)
def test_what_is_wrong_is_one_sentence(talk: Talk, tmp_path: Path, line: str, sentence: str) -> None:
    """And nothing changes."""
    assert talk.type(line) == [sentence]
    assert not (tmp_path / "config.toml").exists()


def test_what_cannot_be_kept_holds_for_this_run() -> None:
    """As in a program's client."""
    assert Talk().type("/style classic") == ["* style: classic, for this run only"]
