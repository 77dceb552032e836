"""The terminal is asked for its background, and what it answers is nobody's text: in a real terminal."""

from __future__ import annotations

import os
import sys
import threading

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are a Unix thing", allow_module_level=True)

import pty

from client_parts.screen.terminal_screen import TerminalScreen
from tests.client.conftest import Open

LIGHT, DARK = "\x1b]11;rgb:ffff/ffff/ffff\x1b\\", "\x1b]11;rgb:1010/1010/1010\x07"
ATTRIBUTES = "\x1b[?62;22c"


def test_a_light_background_has_the_colours_for_it(person: Open) -> None:
    """Also for what is on the screen already; the draft stays, and nothing of the answer is typed."""
    ann = person("ann")
    ann.wait_until(lambda: b"\x1b]11;?\x1b\\" in ann.output)
    ann.type(f"dra{LIGHT}{ATTRIBUTES}ft")
    ann.wait_for_prompt("lobby> draft")
    ann.wait_until(lambda: ann.colour_of("Connected to") == "008700")
    ann.type("\x15/theme\r")
    ann.wait_for("* theme: light; there are")


def test_an_answer_comes_in_pieces(person: Open) -> None:
    """As over a slow line."""
    ann = person("ann")
    for piece in ("\x1b]1", "1;rgb:ffff", "/ffff/ffff\x1b", "\\"):
        ann.type(piece)
        ann.watch(0.1)
    ann.type("/theme\r")
    ann.wait_for("* theme: light")


def test_who_chose_is_not_asked(person: Open) -> None:
    """Neither the terminal, nor does an answer change anything."""
    ann = person("ann")
    ann.type(f"/theme safe\r{LIGHT}/theme\r")
    ann.wait_for("* theme: safe; there are")
    ann.leave()
    again = person("ann")
    again.type("/theme\r")
    again.wait_for("* theme: safe; there are")
    assert b"\x1b]11;?" not in again.output


@pytest.mark.parametrize("variables", [{"TERM": "linux"}, {"TERM": "vt100"}, {"NO_COLOR": "1"}])
def test_who_could_not_answer_is_not_asked(person: Open, variables: dict[str, str]) -> None:
    """Consoles would show the question, and without colours there is none."""
    ann = person("ann", **variables)
    assert b"\x1b]11" not in ann.output


def test_the_background_of_the_terminal_comes_before_what_the_shell_says(person: Open) -> None:
    """The variable may be of another terminal."""
    ann = person("ann", COLORFGBG="0;15")
    ann.type(f"{DARK}/theme\r")
    ann.wait_for("* theme: dark")


def test_an_answer_that_comes_late_is_not_left_to_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who gives the terminal back waits for it, for a moment; keys that a person pressed meanwhile stay."""
    ours, terminal = pty.openpty()
    with open(terminal, "r+b", buffering=0) as file:
        monkeypatch.setattr(sys, "stdin", file)
        monkeypatch.setattr(sys, "stdout", file)
        monkeypatch.setenv("TERM", "xterm")
        screen, told = TerminalScreen(), list[str]()
        screen.ask_background(told.append)
        screen._keyboard.open()
        assert screen.window.background.question()
        typing = threading.Timer(0.1, os.write, (ours, f"x{LIGHT}{ATTRIBUTES}".encode()))
        typing.start()
        screen._hear_answers(screen.window)
        typing.join()
        assert (told, [key.text for key in screen._keys]) == (["light"], ["x"])
        assert not screen._keyboard.has_keys()
        screen._keyboard.close()
    os.close(ours)
