"""One person at several terminals, with the real programs: what was read in one counts as read in the others."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are a Unix thing", allow_module_level=True)

from client_parts.screen.window import FOCUS_IN, FOCUS_OUT
from tests.client.conftest import Open
from tests.client.programs import Terminal
from tests.client.server_in_process import ServerInProcess


def looks_away(terminal: Terminal) -> None:
    """What is said from now on, nobody reads there."""
    terminal.type(FOCUS_OUT)
    terminal.settle()


def goes_to(terminal: Terminal, room: str, how: str = "/switch") -> None:
    terminal.type(f"{how} {room}\r")
    terminal.wait_for_prompt(f"{room}>")


def test_terminals_are_in_step(person: Open, open_terminal: Open, real_server: ServerInProcess, tmp_path: Path) -> None:
    """Unread counts follow, and a terminal without files of its own begins where another one stopped."""
    bob, first, second = person("bob"), person("ann"), person("ann")
    first.type("mine\r")  # which makes the account
    second.wait_for("mine")
    for terminal in (first, second, bob):
        goes_to(terminal, "builds", "/join")
        goes_to(terminal, "lobby")
    looks_away(first)
    looks_away(second)
    bob.type("/msg ann psst\r")
    goes_to(bob, "builds")
    bob.type("done\r")
    for terminal in (first, second):
        terminal.wait_for_status("#builds 1 new")
    second.type(FOCUS_IN)
    goes_to(second, "builds")
    first.wait_until(lambda: "#builds" not in first.status_row and "@bob 1 new" in first.status_row)
    looks_away(second)
    bob.type("one\rtwo\r")
    second.wait_for("two")
    (tmp_path / "phone").mkdir()
    shutil.copy(tmp_path / "token-ann", tmp_path / "phone" / "token")
    third = open_terminal(real_server.port, tmp_path / "phone" / "token", "--name", "ann", "--room", "builds")
    third.wait_for("said -> two")
    found = [[word for word in ("-> done", "2 new messages", "-> one", "-> two") if word in row] for row in third.rows]
    shown = [word for words in found for word in words]
    assert shown == ["-> done", "2 new messages", "-> one", "-> two"]
