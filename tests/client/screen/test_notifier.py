"""Notifications: for which terminal, in which form, how often, and that nothing in them is anything but text."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from client_parts.screen import notifier
from client_parts.screen.notifications import Form, arguments, form_for, notification
from client_parts.screen.notifier import Notifier
from tests.client.fakes import ATTACKS

needs_unix = pytest.mark.skipif(sys.platform == "win32", reason="the commands here are those of Unix")


@pytest.mark.parametrize(
    ("environment", "form"),
    [
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, Form.OSC_9),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, Form.OSC_9),
        ({"TERM": "xterm-kitty"}, Form.OSC_9),
        ({"TERM": "tmux-256color", "TERM_PROGRAM": "tmux", "LC_TERMINAL": "iTerm2"}, Form.OSC_9),
        ({"TERM": "foot-extra"}, Form.OSC_777),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7200"}, Form.OSC_777),
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "linux", "VTE_VERSION": "7200"}, None),
        ({"TERM": "screen", "STY": "1.pts", "KITTY_WINDOW_ID": "1"}, None),
        ({}, None),
    ],
)
def test_only_terminals_that_are_known_are_sent_codes(environment: dict[str, str], form: Form | None) -> None:
    """What names itself, or leaves a variable."""
    assert form_for(environment) == form


def test_the_codes() -> None:
    """A title and a text; what divides them is in neither."""
    assert notification(Form.OSC_9, "bob in #lobby", "a;b") == "\x1b]9;bob in #lobby: a,b\x1b\\"
    assert notification(Form.OSC_777, "bob;x", "a;b") == "\x1b]777;notify;bob,x;a,b\x1b\\"
    assert len(notification(Form.OSC_9, "t" * 1_000, "漢" * 1_000_000)) < 340


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("attack", [*ATTACKS, "\x1b\\", "\x9c", "\x07", "\0"], ids=ascii)
def test_nothing_ends_them(form: Form, attack: str) -> None:
    """Between their first and their last sign, everything can be printed."""
    codes = notification(form, f"a{attack}", f"{attack}b")
    assert codes[1:-2].isprintable()
    assert codes[-2:] == "\x1b\\"


@pytest.mark.parametrize("text", ["-x", "--icon=/etc/passwd", "-", "+x", "@file", "/x"])
def test_no_text_is_an_option(text: str) -> None:
    """Whatever it begins with; and there is one word for each."""
    words = arguments(["notify-send", "-a", "chat"], text, text)
    assert len(words) == 5
    assert words[3:] == [f" {text}", f" {text}"]


def test_markup_is_text_where_it_would_be_none() -> None:
    """For the one command that is known to take it."""
    assert arguments(["/usr/bin/notify-send"], "t", '<img src="x">&')[-1] == '&lt;img src="x"&gt;&amp;'
    assert arguments(["say"], "t", "<b>&")[-1] == "<b>&"


class Sent:
    """A notifier, and what came of it."""

    def __init__(self, **environment: str) -> None:
        self.codes: list[str] = []
        self.complaints: list[str] = []
        self.it = Notifier(self.codes.append, self.complaints.append, environment)

    def notify(self, command: str = "") -> bool:
        begun = self.it.notify("bob in #lobby", "hi", command)
        self.it.wait()
        return begun


def test_there_is_one_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are dropped, until the pause is over."""
    sent = Sent(TERM="xterm-kitty")
    assert [sent.notify(), sent.notify(), sent.notify()] == [True, False, False]
    assert sent.codes == ["\x1b]9;bob in #lobby: hi\x1b\\"]
    monkeypatch.setattr(notifier, "PAUSE", 0.0)
    sent = Sent(TERM="xterm-kitty")
    assert [sent.notify(), sent.notify()] == [True, True]


@needs_unix
def test_a_command_gets_both_texts_and_no_shell(tmp_path: Path) -> None:
    """Its own words first, quoted as for a shell, which nobody asks; nothing comes to the terminal."""
    script = tmp_path / "it is"
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{tmp_path}/said"\necho loud; read line && echo "$line"\n')
    script.chmod(0o700)
    sent = Sent(TERM="xterm-kitty")
    assert sent.notify(f"'{script}' -a '$HOME `x`' ;")
    assert (tmp_path / "said").read_text().splitlines() == ["-a", "$HOME `x`", ";", "bob in #lobby", "hi"]
    assert sent.codes == []


@needs_unix
def test_a_command_that_waits_makes_nobody_wait(tmp_path: Path) -> None:
    """And while it does, there is no second one."""
    gate = tmp_path / "gate"
    script = tmp_path / "slow"
    script.write_text(f'#!/bin/sh\nwhile ! [ -e "{gate}" ]; do sleep 0.02; done\n')
    script.chmod(0o700)
    sent = Sent()
    assert sent.it.notify("t", "x", str(script))
    sent.it._next = 0.0
    assert not sent.it.notify("t", "x", str(script))
    gate.touch()
    sent.it.wait()
    assert sent.complaints == []
    assert "notifier" not in {thread.name for thread in threading.enumerate()}


@needs_unix
@pytest.mark.parametrize(
    ("command", "reason"),
    [("/no/such/thing -x", "No such file or directory"), ("false", "it ended with status 1")],
)
def test_a_command_that_does_not_work_is_told_once(command: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one sentence."""
    monkeypatch.setattr(notifier, "PAUSE", 0.0)
    sent = Sent()
    for _ in range(3):
        sent.notify(command)
    assert sent.complaints == [f"The notify_command {command} did not work: {reason}."]


@needs_unix
@pytest.mark.parametrize(("answer", "codes"), [("on", 1), ("all", 1), ("off", 0), ("", 0)])
def test_tmux_passes_them_on_where_it_says_so(
    answer: str, codes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked; without an answer nothing is sent."""
    script = tmp_path / "tmux"
    script.write_text(f"#!/bin/sh\necho {answer}\n")
    script.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    sent = Sent(TERM="tmux-256color", KITTY_WINDOW_ID="1", TMUX="/tmp/x,1,0")
    sent.notify()
    assert sent.codes == ["\x1bPtmux;\x1b\x1b]9;bob in #lobby: hi\x1b\x1b\\\x1b\\"] * codes
