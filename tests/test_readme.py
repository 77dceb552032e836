"""What the README and the pages say is what the programs do: commands, options and the two set-up lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from client_parts.command_line import read_command_line
from client_parts.input.account_commands import ACCOUNT_COMMANDS
from client_parts.input.command import Command
from client_parts.input.commands import COMMANDS, help_text
from client_parts.input.file_commands import FILE_COMMANDS
from client_parts.input.keys import KEYS
from client_parts.input.message_commands import MESSAGE_COMMANDS
from client_parts.input.moderation_commands import MODERATION_COMMANDS
from client_parts.input.settings_commands import SETTINGS_COMMANDS
from server_parts.operator.commands import ROWS
from server_parts.settings import parse

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
CLIENT = (ROOT / "docs" / "client.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(ROOT.glob("docs/*.md"))


def table_rows(text: str) -> dict[str, str]:
    """First cell → last cell of every row of every table."""
    rows = [line.replace("\\|", "\0") for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip().replace("\0", "|") for cell in row.strip("|").split("|")] for row in rows]
    return {row[0]: row[-1] for row in cells}


def options_of(help_page: str) -> set[str]:
    return set(re.findall(r"--[a-z][a-z-]+", help_page))


def section(page: str, title: str) -> str:
    return page.split(f"\n## {title}\n")[1].split("\n## ")[0]


OTHERS = (*MESSAGE_COMMANDS, *FILE_COMMANDS, *SETTINGS_COMMANDS, *ACCOUNT_COMMANDS, *MODERATION_COMMANDS)
EVERYDAY = [command for command in COMMANDS if command not in OTHERS]


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        (README, EVERYDAY),
        (section(CLIENT, "Answering and correcting"), MESSAGE_COMMANDS),
        (section(CLIENT, "Sending files"), FILE_COMMANDS),
        (section(CLIENT, "Settings"), SETTINGS_COMMANDS),
        (section(CLIENT, "Accounts"), ACCOUNT_COMMANDS),
        (section(CLIENT, "Keeping order"), MODERATION_COMMANDS),
    ],
    ids=["every day", "messages", "files", "settings", "accounts", "moderation"],
)
def test_every_command_is_documented_as_it_stands_in_help(text: str, commands: Sequence[Command]) -> None:
    """A command's row, its /help line and its line in the README, or on the client's page, say the same."""
    documented = {first: last for first, last in table_rows(text).items() if first.startswith("`/")}
    expected = {}
    for command in commands:
        aliases = "".join(f" `/{alias}`" for alias in command.aliases)
        expected[f"`{command.usage}`{aliases}"] = command.help
        assert command.usage in help_text()
        assert command.help in help_text()
    assert documented == expected


def test_every_key_is_documented_as_it_stands_in_help() -> None:
    """The table and /help keys say the same, in the same order."""
    rows = {key: does.replace("`", "").replace("$", "") for key, does in table_rows(section(README, "Keys")).items()}
    assert list(rows.items())[2:] == list(KEYS)


def test_a_changed_row_is_noticed() -> None:
    """The comparison above can fail: a row that says something else is another row."""
    changed = README.replace("Change your name in", "Change your hat in")
    assert table_rows(changed) != table_rows(README)


def test_every_option_of_the_server_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    """--help and the page name the same options."""
    with pytest.raises(SystemExit):
        parse(["--help"])
    offered = options_of(capsys.readouterr().out)
    documented = options_of(OPERATIONS.split("`python server.py` takes")[1].split("\n## ")[0])
    assert offered - {"--help"} == documented


def test_every_option_of_the_client_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    """--help and the page name the same options."""
    with pytest.raises(SystemExit):
        read_command_line(["--help"])
    offered = options_of(capsys.readouterr().out)
    documented = options_of(CLIENT.split("## Options")[1].split("\n## ")[0])
    assert offered - {"--help"} == documented


def test_every_command_of_the_operator_is_documented() -> None:
    """The console's rows all stand in the operator's section."""
    section = OPERATIONS.split("## The operator's commands")[1].replace("\\|", "|")
    assert [row.usage for row in ROWS if row.usage not in section] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_files_that_a_page_points_to_exist(page: Path) -> None:
    """No link leads nowhere."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert links or page.name != "README.md"
    assert [link for link in links if not (page.parent / link).exists()] == []


def anchors(page: str) -> set[str]:
    """How the headings of a page are pointed to."""
    text = re.sub(r"^```.*?^```", "", page, flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def lost_anchors(page: Path, text: str) -> list[str]:
    """Links into a page, its own too, that has no such heading."""
    links = re.findall(r"\]\(([^)#:]*)#([^)]+)\)", text)
    pages = {name: page.parent / name if name else page for name, _ in links}
    return [f"{name}#{anchor}" for name, anchor in links if anchor not in anchors(pages[name].read_text())]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_headings_that_a_page_points_to_exist(page: Path) -> None:
    """No link leads to the top of a page because its heading has another name now."""
    assert lost_anchors(page, page.read_text()) == []


def test_a_heading_that_does_not_exist_is_noticed() -> None:
    """The comparison above can fail, in the page itself and in another one."""
    text = "[a](#the-start) [b](docs/web.md#speed) [c](docs/web.md#haste)"
    assert lost_anchors(ROOT / "README.md", text) == ["#the-start", "docs/web.md#haste"]


def test_the_two_set_up_commands_are_single_lines() -> None:
    """One line sets up and starts the server, one sets up and passes the tests."""
    lines = [line for line in README.splitlines() if line.startswith("python3 -m venv .venv && ")]
    assert [line.rsplit("/", 1)[-1] for line in lines] == ["python server.py", "python -m pytest"]
