"""Notifications and the focus, in a real terminal with the real programs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are a Unix thing", allow_module_level=True)

from client_parts.screen.window import FOCUS_IN, FOCUS_OUT
from tests.client.conftest import Open


def test_who_looks_elsewhere_is_notified(person: Open) -> None:
    """By the terminal, and with a line where they left; who looks is not. The draft stays."""
    ann, bob = person("ann", TERM_PROGRAM="WezTerm", TMUX=""), person("bob")
    ann.type(f"dra{FOCUS_OUT}ft")
    ann.wait_for_prompt("lobby> draft")
    bob.type("hello ann\r")
    ann.wait_for("hello ann")
    ann.wait_until(lambda: b"\x1b]9;bob in #lobby: hello ann\x1b\\" in ann.output)
    assert "── new since you left ──" in ann.rows
    ann.type(FOCUS_IN)
    bob.type("ann again\r")
    ann.wait_for("ann again")
    ann.settle()
    assert ann.output.count(b"\x1b]9;") == 1
    assert ann.prompt == "lobby> draft"
    assert (ann.bells, 1004 << 5 in ann._screen.mode) == (2, True)
    ann.type("\x15/exit\r")
    ann.status()
    assert 1004 << 5 not in ann._screen.mode


def test_a_command_of_ones_own_is_started(person: Open, tmp_path: Path) -> None:
    """With what is kept in the file, quotes and all."""
    said = tmp_path / "said"
    (tmp_path / "config.toml").write_text(f"""notify_command = "sh -c 'echo \\"$1: $2\\" > {said}' x"\n""")
    ann, bob = person("ann"), person("bob")
    ann.type(FOCUS_OUT)
    ann.settle()
    bob.type("ann: -rf $HOME\r")
    ann.wait_until(lambda: said.exists() and said.read_text() == "bob in #lobby: ann: -rf $HOME\n")
