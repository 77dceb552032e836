"""What a real terminal tells of what happens elsewhere, or happened meanwhile."""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are a Unix thing", allow_module_level=True)

from tests.client.conftest import Open
from tests.client.programs import ROOT, Terminal
from tests.client.server_in_process import ServerInProcess


@pytest.fixture
def operator(open_terminal: Open, tmp_path: Path) -> Terminal:
    """The server's own terminal."""
    flags = ("--data", ":memory:", "--rate", "0")
    terminal = open_terminal(0, tmp_path / "token", *flags, program=(sys.executable, "server.py"))
    terminal.wait_for_prompt("server>")
    return terminal


def test_the_first_evening_is_as_the_readme_shows_it(operator: Terminal, open_terminal: Open, tmp_path: Path) -> None:
    """Line by line, but for the port, the times and the length of a rule; the operator is one of those here."""
    started = re.search(rb"Server started on 127\.0\.0\.1:(\d+)", operator.output)
    assert started
    port = int(started[1])
    alice = open_terminal(port, tmp_path / "token-alice", "--name", "alice", style=None)
    alice.wait_for_status("online")
    alice.type("hello\r")
    alice.wait_for("hello ✓")
    bob = open_terminal(port, tmp_path / "token-bob", "--name", "bob", style=None)
    bob.wait_for_status("online")
    bob.type("hi alice\r")
    alice.wait_for("hi alice")
    alice.wait_for_status("(3 here)")
    lines = [line for line in as_in_print(alice.rows, port) if line]
    [shown] = re.findall(
        r"\$ python client.py --name alice\n(.*?)```", (ROOT / "docs" / "client.md").read_text(), re.DOTALL
    )
    assert lines == as_in_print(shown.splitlines(), 3030)


def as_in_print(lines: list[str], port: int) -> list[str]:
    return [re.sub(r"^\d\d:\d\d |─+$", "", line.replace(f":{port}", "")) for line in lines]


def test_the_title_counts_what_is_unread_elsewhere(person: Open) -> None:
    """A message in another room is counted in the status and in the title until one goes there."""
    ann, bob = person("ann", "--room", "lobby", "--room", "builds"), person("bob", "--room", "builds")
    bob.type("done\r")
    ann.wait_for_status("#builds 1 new")
    ann.wait_until(lambda: ann.title == "(1) lobby - chat")
    ann.type("/switch builds\r")
    ann.wait_for_prompt("builds>")
    ann.wait_until(lambda: ann.title == "builds - chat")


def test_a_mention_rings_once_and_stands_out(person: Open) -> None:
    """One's name as a whole word rings the bell when it is said, in bold, and not when it is history."""
    ann, bob = person("ann", "--style", "short"), person("bob", "--style", "short")
    bob.type("annual report\rhello Ann!\rbye\r")
    ann.wait_for("bob: bye")
    assert ann.bells == 1
    assert ann.colour_of("Ann!") == "brown"  # as pyte calls yellow
    ann.type("/mentions\r")
    ann.wait_for("* No new mentions; earlier ones:")
    ann.settle()
    assert sum("annual" in row for row in ann.rows) == 1
    ann.leave()
    again = person("ann", "--style", "short")
    again.wait_for("bob: hello Ann!")
    assert again.bells == 0
    again.type("/bell on\r")
    again.wait_for("* bell: on")
    bob.type("anybody\r")
    again.wait_for("bob: anybody")
    again.wait_until(lambda: again.bells == 1)


def test_a_quick_return_is_no_news(person: Open) -> None:
    """Who leaves and comes right back is not told; who stays away is."""
    ann, bob = person("ann"), person("bob")
    ann.wait_for("* bob joined (2 here)")
    bob.type("/leave lobby\r/join lobby\r")
    bob.wait_for("you left #lobby")
    eve = person("eve")
    ann.wait_for("* eve joined (3 here)")
    eve.type("/exit\r")
    ann.wait_for("* eve left (2 here)")
    assert sum("bob" in row for row in ann.rows) == 1


def test_unread_lines_after_a_loss_and_while_away(person: Open, server: ServerInProcess) -> None:
    """A line stands before what is new, and /back counts it."""
    ann, bob = person("ann", "--style", "short"), person("bob", "--style", "short")
    ann.type("/away\r")
    ann.wait_for("* you are marked as away")
    bob.type("one\rtwo\r")
    ann.wait_for("── new while you are away ──")
    ann.wait_for("bob: two")
    ann.type("/back\r")
    ann.wait_for("── 2 new messages while you were away ──")
    ann.signal(signal.SIGSTOP)
    server.stop()
    server.start()
    bob.wait_for("Connected again")
    bob.type("three\r")
    bob.wait_for("three ✓")
    ann.signal(signal.SIGCONT)
    ann.wait_for("bob: three")
    news = next(number for number, row in enumerate(ann.rows) if "bob: three" in row)
    assert ann.rows[news - 1] == "── 1 new message ──"


def test_a_refused_text_is_marked_and_given_back(person: Open) -> None:
    """In red, so that it can be copied; what was said before it stays as it is."""
    ann = person("ann", "--style", "short")
    ann.type("before\r/msg nobody a secret\r")
    ann.wait_for("Not delivered: There is nobody called nobody to talk to. Your text was: a secret")
    assert ann.colour_of("Not delivered") == "red"
    ann.wait_for("ann: before ✓")
    ann.wait_until(lambda: not any("…" in row for row in ann.rows))


def test_the_terminal_keeps_its_own_mouse_and_scrollback(person: Open) -> None:
    """No second screen, no mouse; what scrolls out at the top is the terminal's, whole and in order."""
    ann = person("ann", "--style", "short")
    ann.type("".join(f"line {number}\r" for number in range(40)))
    ann.wait_for("ann: line 39 ✓")
    lines = [row.partition("line ")[2] for row in ann.history() + ann.messages if "ann: line" in row]
    assert lines == [f"{number} ✓" for number in range(40)]
    assert not re.search(rb"\x1b\[\?(47|9|100[0-35-9]|10[1-9]\d)h", ann.output)


def test_a_text_that_waits_is_shown_dim_above_the_status(person: Open, server: ServerInProcess) -> None:
    """Offline it stands below the messages; delivered, it is a message."""
    ann = person("ann", "--style", "short")
    server.stop()
    ann.wait_for_status("reconnecting")
    ann.type("patience\r")
    ann.wait_until(lambda: ann.rows[-3:-2] == ["… patience"])
    assert b"\x1b[2m\xe2\x80\xa6 patience" in ann.output  # dim: the emulator does not know it
    server.start()
    ann.wait_for("ann: patience ✓")
    ann.wait_until(lambda: not any("… patience" in row for row in ann.rows))


def test_the_next_try_is_counted_down(person: Open, server: ServerInProcess) -> None:
    """The status row changes by itself, while nothing comes and nobody types."""
    ann = person("ann")
    server.stop()
    for seconds in (2, 1):
        ann.wait_for_status(f"reconnecting in {seconds} s")
