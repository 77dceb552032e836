"""What the file of settings may say, and one sentence with the number of the line for what it may not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_parts.kept.config_file import read_config
from client_parts.kept.settings import Settings
from client_parts.kept.values import Saved, checked

ROOT = Path(__file__).parents[3]
WHOLE = """\
# comment
theme = "Light"
style = "classic"
autoaway = 15
links = false
notify_command = "notify-send -a chat"
server = "work"
name = "ann"

[servers.work]
address = "chat://chat.example:4000/lobby"
rooms = ["#Builds"]
name = "ann-at-work"

[colors]
Ann = "red"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_a_whole_file(path: Path) -> None:
    """Every setting, a server and a colour."""
    path.write_text(WHOLE)
    config = read_config(path)
    assert config.values == {
        "theme": "light",
        "style": "classic",
        "autoaway": "15",
        "links": "off",
        "notify_command": "notify-send -a chat",
        "server": "work",
        "name": "ann",
    }
    assert config.servers == {"work": Saved("chat://chat.example:4000/lobby", ("builds",), "ann-at-work")}
    assert (config.colors, config.obstacle, config.complaints) == ({"ann": "red"}, None, [])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('bell = "on"\ntheme = "pink"', 'line 2: theme is "pink"; choose from dark, light, safe'),
        ("theme = 5", "line 1: theme is 5; choose from dark, light, safe"),
        ("\n\nthem = 5", "line 3: there is no setting them; did you mean theme?"),
        ("xyzzy = 5", "line 1: there is no setting xyzzy"),
        ("autoaway = 0", "line 1: autoaway is 0; use a number of minutes from 1 to 10080, or off"),
        ("autoaway = true", "line 1: autoaway is true; use a number of minutes from 1 to 10080, or off"),
        ("notify_command = 'a \"b'", "line 1: notify_command cannot be split into words: no closing quotation"),
        ("notify_command = ''", 'line 1: notify_command is ""; write a text in quotes'),
        ('[colors]\nann = "mud"', 'line 2: colors.ann is "mud"; choose from '),
        ("servers = 5", "line 1: there is no setting servers"),
    ],
)
def test_wrong_values_are_told_and_stop_nobody(path: Path, text: str, sentence: str) -> None:
    """The others hold."""
    path.write_text(text)
    config = read_config(path)
    assert config.obstacle is None
    assert [found.startswith(f"{path}, {sentence}") for found in config.complaints] == [True], config.complaints


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('bell = "on"\ntheme = pink', ", line 2: invalid value"),
        ('theme = "light', ", at its end: "),
        ("a = 1\na = 2\n", ", line 2: cannot overwrite a value"),
        ('name = "x y"', ", line 1: name: a name is made of"),
        ("server = 5", ", line 1: server is 5; write a text in quotes"),
        ("[servers]\nwork = 'a:1'", ", line 2: servers.work is a table; write [servers.work], and below it address ="),
        ("[servers.work]", ", line 1: servers.work has no address"),
        ("[servers.work]\naddress = 5", ", line 2: servers.work.address is 5; write a text in quotes"),
        ("[servers.work]\naddress = 'a'\nroom = 'x'", ", line 3: there is no servers.work.room; there are address, "),
        ("[servers.work]\naddress = 'a'\nrooms = 'x'", ", line 3: servers.work.rooms is a list of rooms"),
        ("[servers.work]\naddress = 'a'\nrooms = ['a b']", ", line 3: servers.work.rooms: a room name is made of"),
    ],
)
def test_where_to_go_must_be_known(path: Path, text: str, sentence: str) -> None:
    """A file that cannot be read, and what is wrong about servers and the name, stop the client before it starts."""
    path.write_text(text)
    obstacle = read_config(path).obstacle or ""
    assert obstacle.startswith(f"{path}{sentence}"), obstacle
    assert "\n" not in obstacle


def test_no_file_is_an_empty_one(path: Path) -> None:
    """So are a folder and a file in a folder that is none."""
    for place in (path, path.parent, Path(os.devnull) / "config.toml"):
        config = read_config(place)
        assert (config.values, config.obstacle, config.complaints) == ({}, None, [])


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="everything may be read by root")
def test_a_file_that_may_not_be_read_is_told(path: Path) -> None:
    """What it says about servers is not passed over."""
    path.write_text("")
    path.chmod(0)
    assert read_config(path).obstacle == f"the settings in {path} cannot be read: Permission denied"


_WORDS = st.sampled_from(
    [
        *("theme", "servers", "colors", "name", "server", "autoaway", "work", "address", "rooms", "light", "5", "1e9"),
        *(" = ", ".", "[", "]", "{", "}", '"', "'", '"""', ",", "\n", "#", "\\", "true", "1979-05-27", "\x1b", "é"),
    ]
)


@given(st.one_of(st.binary(max_size=60), st.lists(_WORDS, max_size=25).map(lambda words: "".join(words).encode())))
def test_any_file_is_read_or_told(content: bytes) -> None:
    """In lines of which each is one sentence, and with values that are used as they are; nothing is raised."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "config.toml"
        path.write_bytes(content)
        config = read_config(path)
        Settings(path).choose("theme", "light")
    for sentence in filter(None, (config.obstacle, *config.complaints)):
        assert str(path) in sentence
    for key, value in config.values.items():
        assert checked(key, value) == value


def test_nobody_pays_for_a_file_that_is_not_there(tmp_path: Path) -> None:
    """TOML is read by a module that takes a while to load; so does what starts other programs."""
    code = "import sys, client; client.read_command_line([]); print({'tomllib', 'subprocess'} & set(sys.modules))"
    environment = {**os.environ, "CHAT_TOKEN_FILE": str(tmp_path / "token")}
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("set()\n", "")
