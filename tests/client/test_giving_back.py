"""Every way to leave a terminal, for a while or for good: it is given back as it was found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are a Unix thing", allow_module_level=True)

import termios

from tests.client.conftest import Open
from tests.client.programs import PROGRAM, Pipe, Shell, Terminal
from tests.client.server_in_process import ServerInProcess


@pytest.fixture
def server(real_server: ServerInProcess) -> ServerInProcess:
    return real_server


@pytest.fixture
def shell(open_terminal: Open, server: ServerInProcess, tmp_path: Path) -> Shell:
    """With a client that is online in front."""
    shell = Shell(open_terminal, tmp_path, (*PROGRAM, "--port", str(server.port), "--name", "ann", "--style", "short"))
    start(shell)
    return shell


def start(shell: Shell, *arguments: str) -> None:
    terminal = shell.terminal
    terminal.type(" ".join(["job", *arguments]) + "\r")
    terminal.wait_until(lambda: "online" in terminal.status_row and terminal.prompt == "lobby>")


def say(server: ServerInProcess, tmp_path: Path, *texts: str) -> None:
    pipe = Pipe(server.port, tmp_path / "token-bob", "--name", "bob")
    assert pipe.finish("".join(f"{text}\n" for text in texts))[0] == 0


def is_clean(terminal: Terminal) -> bool:
    modes_are_the_shells = not terminal.has_region and not terminal.pastes_whole and terminal.title == ""
    return modes_are_the_shells and not any("online" in row for row in terminal.rows)


def test_a_client_in_the_background_comes_back_with_its_draft(
    shell: Shell, server: ServerInProcess, tmp_path: Path
) -> None:
    """Ctrl+Z gives the shell a clean terminal; after `fg` the draft, the cursor and all that was said are there."""
    terminal = shell.terminal
    terminal.type("hello world" + "\x1b[D" * 5)
    terminal.wait_for_prompt("lobby> hello world")
    shell.stop_job()
    assert is_clean(terminal)
    assert shell.mode() == shell.first_mode
    say(server, tmp_path, *(f"meanwhile {number}" for number in range(40)))
    terminal.type("fg\r")
    terminal.wait_for("bob: meanwhile 39")
    terminal.wait_until(lambda: terminal.prompt == "lobby> hello world" and terminal.column == len("lobby> hello "))
    assert terminal.has_region
    seen = [row for row in terminal.history() + terminal.rows if "bob: meanwhile" in row]
    assert [int(row.rsplit(" ", 1)[1]) for row in seen] == list(range(40))
    terminal.type("dear \r")
    terminal.wait_for("ann: hello dear world ✓")


def test_a_secret_is_not_left_in_the_shells_terminal(shell: Shell) -> None:
    """Stopped while a password is typed, the client goes on with it after `fg`, and nobody has seen a piece of it."""
    terminal = shell.terminal
    terminal.type("/password\r\rhunter2")
    terminal.wait_for_prompt(f"New password (at least 8)> {'•' * 7}")
    shell.stop_job()
    assert is_clean(terminal)
    terminal.type("fg\r")
    terminal.wait_for_prompt(f"New password (at least 8)> {'•' * 7}")
    terminal.type("\x03")
    terminal.wait_for("Nothing was changed.")
    terminal.wait_for_prompt("lobby>")
    assert b"hunter" not in terminal.output


def test_a_mode_that_is_not_given_back_would_be_noticed(shell: Shell) -> None:
    """The comparison of modes in these tests can fail."""
    shell.stop_job()
    shell.ask("stty -ixon")
    assert shell.mode() != shell.first_mode


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_client_can_be_ended(shell: Shell, number: int) -> None:
    """As any program: the signal waits, and is obeyed when the program goes on; the shell keeps its terminal."""
    process = shell.stop_job()
    os.kill(process, number)
    os.kill(process, signal.SIGCONT)
    shell.terminal.wait_until(lambda: not is_alive(process))
    shell.terminal.settle()
    assert is_clean(shell.terminal)
    assert shell.mode() == shell.first_mode


def test_a_client_sent_on_in_the_background_waits_there(shell: Shell, server: ServerInProcess, tmp_path: Path) -> None:
    """It does not draw over the shell's work, hears what is said, and `fg` shows it."""
    terminal = shell.terminal
    process = shell.stop_job()
    terminal.type("bg\r")
    terminal.wait_until(lambda: not state_of(process).startswith("T"))
    say(server, tmp_path, "meanwhile")
    terminal.settle()
    assert is_clean(terminal)
    assert not any("meanwhile" in row for row in terminal.rows)
    terminal.type("fg\r")
    terminal.wait_for("bob: meanwhile")
    terminal.wait_for_prompt("lobby>")
    terminal.type("/exit\r")
    terminal.wait_for_prompt("$ ready")
    assert shell.mode() == shell.first_mode


def test_a_client_whose_chat_ends_in_the_background_ends(shell: Shell, server: ServerInProcess) -> None:
    """It does not wait for `fg`, and says why it ended."""
    terminal = shell.terminal
    terminal.type("/exit\r")
    terminal.wait_for_prompt("$ ready")
    start(shell, "--no-reconnect")
    process = shell.stop_job()
    terminal.type("bg\r")
    terminal.wait_until(lambda: not state_of(process).startswith("T"))
    server.stop()
    terminal.wait_until(lambda: not is_alive(process))
    terminal.wait_for("Disconnected: ")
    assert is_clean(terminal)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the terminal by way of /proc")
def test_a_held_terminal_does_not_hold_the_end(person: Open) -> None:
    """A signal ends the program although nothing more can be shown, and what is typed is treated as before."""
    ann = person("ann")
    with ann.shared() as terminal:
        termios.tcflow(terminal, termios.TCOOFF)
        ann.type("x")
        ann.signal(signal.SIGTERM)
        ann.wait_for_end()
        assert termios.tcgetattr(terminal)[3] & (termios.ICANON | termios.ISIG) == termios.ICANON | termios.ISIG
        termios.tcflow(terminal, termios.TCOON)
    assert ann.status() == 128 + signal.SIGTERM


def is_alive(process: int) -> bool:
    return state_of(process)[:1] not in ("", "Z")


def state_of(process: int) -> str:
    """As `ps` names it: T is stopped, Z dead, and nothing is gone."""
    command = ["ps", "-o", "stat=", "-p", str(process)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


FAULTS = {
    "while a line is read": "import terminal_parts.editor as e; e.Editor.press = None",
    "while a line is understood": "client.understand = None",
    "while a frame is heard": "import client_parts.conversation.incoming as h; client.Conversation.heard = None",
    "while a key is waited for": "import terminal_parts.keyboard as k; k.Keyboard.wait = None",
    "while a message is painted": "import client_parts.screen.rows as r; r.wrap = None",
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_ends_in_one_clear_line(
    open_terminal: Open, server: ServerInProcess, tmp_path: Path, fault: str
) -> None:
    """In either thread: the terminal is given back, a sentence says what happened, and the status is not 0."""
    code = f"import sys, client; {fault}; sys.exit(client.main())"
    program = (sys.executable, "-c", code)
    terminal = open_terminal(server.port, tmp_path / "token", "--name", "ann", program=program)
    terminal.type("hello\r")
    if fault in (FAULTS["while a frame is heard"], FAULTS["while a line is understood"]):  # keys are still read
        terminal.wait_for("The client has failed and must stop: ")
        terminal.wait_for("Press Enter to leave.")
        terminal.type("\r")
    assert terminal.status() == 1
    assert is_clean(terminal)
    assert b"Traceback" not in terminal.output
    assert sum("The client has failed and must stop: " in row for row in terminal.rows) == 1


def test_a_closed_window_ends_the_program(person: Open) -> None:
    """Nobody can see it any more; the others see that it left."""
    ann, bob = person("ann"), person("bob")
    bob.wait_for_status("lobby (2 here)")
    ann.hang_up()
    assert ann.status() in (0, 128 + signal.SIGHUP)  # whichever is noticed first: the end of input, or the signal
    bob.wait_for_status("lobby (1 here)")
