"""What the commands for files ask of the client, and what Tab makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from client_parts.input.commands import Text, understand_piped
from client_parts.input.completion import Vocabulary, complete
from client_parts.input.file_commands import FILE_COMMANDS
from tests.client.input.recorder import asked


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two files."""
    (tmp_path / "plan.png").touch()
    (tmp_path / "my plan.png").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


ROWS = [
    ("/send plan.png", ("send", "plan.png", "", "")),
    ("/send my plan.png @bob look\nat it", ("send", "my plan.png", "@bob", "look\nat it")),
    ('/send "~/plan.png" #builds', ("send", "~/plan.png", "#builds", "")),
    ("/send ~/my plan.png", ("send", "~/my plan.png", "", "")),
    ("/files", ("list_all", "")),
    ("/files #Builds", ("list_all", "builds")),
    ("/files @Bob", ("list_all", "@Bob")),
    ("/get 3", ("get", "3", "")),
    ("/get 3 ~/a folder/", ("get", "3", "~/a folder/")),
    ("/get 3 'a b'", ("get", "3", "a b")),
    ("/view 3", ("view", "3")),
    ("/cancel", ("cancel", "")),
    ("/cancel 3", ("cancel", "3")),
]


@pytest.mark.parametrize(("line", "call"), ROWS, ids=[line for line, _ in ROWS])
def test_each_row_asks_for_one_thing(line: str, call: tuple[str, ...]) -> None:
    assert asked(line) == [call]


def test_every_row_is_tried_here() -> None:
    assert {line.split()[0][1:] for line, _ in ROWS} == {command.name for command in FILE_COMMANDS}


@pytest.mark.parametrize("line", ["/send", '/send ""', "/get", "/view", "/view 1 2", "/cancel 1 2", "/files a b"])
def test_what_cannot_be_meant_is_corrected(line: str) -> None:
    [(call, sentence)] = asked(line)
    assert call == "tell"
    assert line.split()[0] in sentence


@pytest.mark.parametrize("command", FILE_COMMANDS, ids=lambda command: command.name)
def test_a_pipe_can_send_and_save_nothing(command: object) -> None:
    """What a program passes on may come from anybody."""
    line = f"/{command.name} plan.png"  # type: ignore[attr-defined]
    assert understand_piped(line) == Text(line)


VOCABULARY = Vocabulary(
    names=("bob",), rooms=("lobby", "builds"), files=((12, "plan.png"), (3, "notes.txt")), on_their_way=(12,)
)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("/send pl", ["/send plan.png "]),
        ("/send my p", ["/send my plan.png "]),
        ("/send plan.png @", ["/send plan.png @bob "]),
        ("/send plan.png #b", ["/send plan.png #builds "]),
        ("/send nothing", []),
        ("/get ", ["/get 12 ", "/get 3 "]),
        ("/get 1", ["/get 12 "]),
        ("/get no", ["/get 3 "]),
        ("/get 3 pl", ["/get 3 plan.png "]),
        ("/view Plan", ["/view 12 "]),
        ("/cancel ", ["/cancel 12 "]),
        ("/files b", ["/files builds "]),
    ],
)
def test_tab_knows_paths_files_and_where_they_go(line: str, found: list[str]) -> None:
    assert complete(line, VOCABULARY) == found
