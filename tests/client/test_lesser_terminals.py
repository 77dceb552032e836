"""What is left of the rich screen where a terminal can do less, or there is none to speak of."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are a Unix thing", allow_module_level=True)

from terminal_parts.width import PAINT
from tests.client.conftest import Open
from tests.client.server_in_process import ServerInProcess

WITHOUT_TERMIOS = "import sys; sys.modules['termios'] = None; import client; sys.exit(client.main())"


@pytest.fixture
def server(real_server: ServerInProcess) -> ServerInProcess:
    return real_server


def test_no_color_means_none(person: Open) -> None:
    """NO_COLOR is respected, and the terminal is still kept tidy."""
    ann = person("ann", NO_COLOR="1")
    ann.type("hello\r")
    ann.wait_for("said -> hello ✓")
    assert not re.search(rb"\x1b\[[0-9;]*[1-9][0-9;]*m", ann.output)


@pytest.mark.parametrize("options", [{"TERM": "dumb"}, {"program": (sys.executable, "-c", WITHOUT_TERMIOS)}], ids=str)
def test_where_no_line_can_be_edited_there_are_plain_lines(
    open_terminal: Open, server: ServerInProcess, tmp_path: Path, options: dict[str, Any]
) -> None:
    """Colours at most, and a typed line, which stays visible, is confirmed without being repeated."""
    ann = open_terminal(server.port, tmp_path / "token", "--name", "ann", **options)
    ann.wait_for("You are ann")
    ann.type("a text\r")
    ann.wait_for("* delivered [1] *")
    ann.type("over\r")
    assert ann.status() == 0
    assert "\x1b" not in (ann.output.decode() if "TERM" in options else PAINT.sub("", ann.output.decode()))
    assert ann.output.count(b"a text") == 1


def test_a_tiny_terminal_has_a_prompt_and_lines(person: Open) -> None:
    """Nothing is reserved where there is no room for it."""
    ann, bob = person("ann"), person("bob")
    ann.resize(4, 40)
    ann.type("hi\r")
    bob.wait_for("ann said -> hi")
    ann.wait_for("said -> hi")
    ann.wait_until(lambda: not ann.has_region and ann.prompt == "lobby>")
