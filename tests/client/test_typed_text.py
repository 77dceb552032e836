"""What is typed while nobody reads it, or after the chat has ended, never reaches the shell."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.client.conftest import Open
from tests.client.ports import ReservedPort
from tests.client.programs import KNOWS_FIRST, PROGRAM, Terminal
from tests.client.server_in_process import ServerInProcess
from tests.peers import Native
from tests.programs import SERVER

CLIENT = " ".join(PROGRAM)
READER = "sed 's/^/got /'"  # in the shell's place: what it is given, it shows


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that accepts, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def shell(open_terminal: Open, tmp_path: Path) -> Terminal:
    terminal = open_terminal(None, tmp_path / "token", "-i", program=("sh",), PS1="$ ready ", ENV="")
    terminal.wait_for("$ ready")
    return terminal


def start(shell: Terminal, port: int, *arguments: str, typed: str = "") -> None:
    """`typed` is there before the client is."""
    shell.type(f"{CLIENT} --port {port} --name ann --style short {' '.join(arguments)}; echo ended=$?\r{typed}")


def at_the_shell(shell: Terminal) -> None:
    """The client has ended, and the shell has done what it was told."""
    shell.wait_until(lambda: any(row.startswith("ended=") for row in shell.rows))
    shell.type("echo still-here\r")
    shell.wait_until(lambda: any("still-here" in row and "echo" not in row for row in shell.rows))


def test_keys_are_read_while_the_server_is_silent(shell: Terminal, silent: int, tmp_path: Path) -> None:
    """They stand in the input line at once; what was entered is given back in the end, and executed by nobody."""
    trap = tmp_path / "trap"
    start(shell, silent)
    shell.wait_for_status("connecting")
    shell.type(f"touch {trap}\rhalf a li")
    shell.wait_for_prompt("lobby> half a li")
    shell.type("\x15\x03")
    shell.wait_for("press Ctrl+C again to leave")
    shell.type("\x03")
    at_the_shell(shell)
    shell.wait_for("1 text was not confirmed")
    assert not trap.exists()


def test_what_is_typed_before_the_welcome_is_sent_after_it(shell: Terminal, tmp_path: Path) -> None:
    """A text waits; a command waits for what it has to ask, and what comes after it as well."""
    with socket.create_server(("127.0.0.1", 0)) as late, closing(ServerInProcess(tmp_path / "data")) as server:
        start(shell, late.getsockname()[1])
        shell.wait_for_status("connecting")
        shell.type("first\r/join den\rsecond\r")
        shell.wait_for_status("1 waiting")
        with relayed(late, server.port):
            shell.wait_for("ann: first ✓")
            shell.wait_for("#den ann: second ✓")
            shell.type("/exit\r")
            at_the_shell(shell)


@contextmanager
def relayed(listener: socket.socket, port: int) -> Iterator[None]:
    """Whoever waits there talks to the server."""
    with listener.accept()[0] as waiting, socket.create_connection(("127.0.0.1", port)) as server:

        def carry(source: socket.socket, target: socket.socket) -> None:
            with suppress(OSError):
                while data := source.recv(65_536):
                    target.sendall(data)
                target.shutdown(socket.SHUT_WR)

        carriers = [threading.Thread(target=carry, args=ends) for ends in ((waiting, server), (server, waiting))]
        for carrier in carriers:
            carrier.start()
        yield
        for end in (waiting, server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for carrier in carriers:
            carrier.join()


def test_an_end_by_the_server_leaves_nothing_to_the_shell(shell: Terminal, tmp_path: Path) -> None:
    """The sentence goes on in the input line; Enter keeps it, Enter again leaves."""
    trap = tmp_path / "trap"
    with closing(ServerInProcess(tmp_path / "data")) as server:
        start(shell, server.port, "--no-reconnect")
        shell.wait_for_status("online")
        shell.type("I think that you sh")
        shell.wait_for_prompt("lobby> I think that you sh")
        server.stop()
        shell.wait_for("Press Enter to leave.")
        shell.type(f"ould\rtouch {trap}\r")
        shell.wait_for("Not sent: touch")
        shell.type("and then\x03")
        at_the_shell(shell)
    assert [row for row in shell.rows if row.startswith("Not sent: ")] == [
        "Not sent: I think that you should",
        "Not sent: touch",
        "Not sent: and then",
    ]
    assert not trap.exists()


def test_leaving_throws_away_what_was_not_read(shell: Terminal, silent: int, tmp_path: Path) -> None:
    """Keys that came behind the one that leaves."""
    trap = tmp_path / "trap"
    start(shell, silent)
    shell.wait_for_status("connecting")
    shell.type(f"\x04touch {trap}\r")
    shell.wait_until(lambda: any(row.startswith("ended=") for row in shell.rows))
    at_the_shell(shell)
    assert not trap.exists()


def test_a_refused_connection_leaves_nothing_to_the_shell(shell: Terminal, tmp_path: Path) -> None:
    """What was typed while the client was starting is shown, and can be finished."""
    port = ReservedPort()
    trap = tmp_path / "trap"
    start(shell, port.number, typed=f"touch {trap}; ")
    shell.wait_for("No server answers at")
    shell.wait_for("Press Enter to leave.")
    shell.type(f"touch {trap}\r")
    shell.wait_for("Not sent: touch")
    shell.type("\r")
    at_the_shell(shell)
    port.release()
    assert any(row.startswith("ended=1") for row in shell.rows)
    assert not trap.exists()


def test_a_refused_connection_is_one_line_if_nobody_types(open_terminal: Open, tmp_path: Path) -> None:
    """No screen is opened, and nobody has to press a key."""
    port = ReservedPort()
    ann = open_terminal(port.number, tmp_path / "token", "--name", "ann", program=KNOWS_FIRST)
    assert ann.status() == 1
    port.release()
    assert ann.rows == [f"No server answers at 127.0.0.1:{port.number}; start one with: python server.py"]


@pytest.fixture
def full() -> Iterator[int]:
    """A port that answers nobody, as a host behind a wall: all places in its queue are taken."""
    with socket.socket() as listener, ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            queued = waiting.enter_context(socket.socket())
            queued.setblocking(False)
            with suppress(BlockingIOError):
                queued.connect(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.mark.skipif(sys.platform != "linux", reason="others refuse whom their queue has no place for")
def test_keys_are_read_while_a_connection_is_tried(shell: Terminal, full: int, tmp_path: Path) -> None:
    """What is entered waits in sight, and Ctrl+C leaves at once."""
    trap = tmp_path / "trap"
    start(shell, full)
    shell.wait_for_status("connecting")
    shell.type(f"touch {trap}\rhalf a li")
    shell.wait_for("… touch")
    shell.wait_for_prompt("lobby> half a li")
    shell.type("\x03\x03")
    shell.wait_for("press Ctrl+C again to leave")
    shell.type("\x03")
    at_the_shell(shell)
    shell.wait_for("1 text was not confirmed")
    assert not trap.exists()


def test_who_is_kicked_while_typing_leaves_nothing_to_the_shell(
    shell: Terminal, open_terminal: Open, tmp_path: Path
) -> None:
    """The sentence goes on in the input line, and Ctrl+C leaves it on the screen."""
    trap = tmp_path / "trap"
    operator = open_terminal(None, tmp_path / "token", "--port", "0", "--data", ":memory:", program=SERVER)
    operator.wait_for_prompt("server>")
    start(shell, int(operator.rows[0].rsplit(":", 1)[1]))
    shell.wait_for_status("online")
    shell.type("I think that ")
    shell.wait_for_prompt("lobby> I think that")
    operator.type("/kick ann\r")
    shell.wait_for("Press Enter to leave.")
    shell.type("you\r")
    shell.wait_until(lambda: shell.rows.count("Press Enter to leave.") == 2)
    shell.type(f"touch {trap}\rare wr")
    shell.wait_for_prompt("lobby> are wr")
    shell.type("\x03")
    at_the_shell(shell)
    assert [row for row in shell.rows if row.startswith("Not sent")] == [
        "Not sent: I think that you",
        "Not sent: touch",
        "Not sent: are wr",
    ]
    assert not trap.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=str)
def test_a_signal_leaves_nothing_to_the_shell(
    open_terminal: Open, real_server: ServerInProcess, tmp_path: Path, number: int
) -> None:
    """What came in just before it, and is not read yet."""
    pid = tmp_path / "pid"
    client = f"echo $$ >{pid}; exec {CLIENT} --port {real_server.port} --name ann"
    terminal = open_terminal(
        None, tmp_path / "token", "-c", f"sh -c '{client}'; echo ended=$?; {READER}", program=("sh",)
    )
    terminal.wait_for_status("online")
    for stop_and_end in (signal.SIGSTOP, number):
        os.kill(int(pid.read_text()), stop_and_end)
    terminal.type("touch trap\r")
    os.kill(int(pid.read_text()), signal.SIGCONT)
    terminal.wait_until(lambda: any(row.startswith(f"ended={128 + number}") for row in terminal.rows))
    terminal.settle()
    assert not any(row.startswith("got ") for row in terminal.rows)


def test_a_shell_would_have_executed_it(shell: Terminal, tmp_path: Path) -> None:
    """The trap of these tests snaps: what is typed while a program does not read is the shell's."""
    trap = tmp_path / "trap"
    shell.type("sleep 0.3; echo ended=0\r")
    shell.type(f"touch {trap}\r")
    at_the_shell(shell)
    assert trap.exists()


def test_what_waits_is_asked_for_once(open_terminal: Open, tmp_path: Path) -> None:
    """A reflex of two Ctrl+C loses nothing: it leaves only after having been told of the texts that wait."""
    with closing(ServerInProcess(tmp_path / "data")) as server:
        ann = open_terminal(server.port, tmp_path / "token", "--name", "ann", "--style", "short")
        ann.wait_for_status("online")
        server.stop()
        ann.wait_for_status("reconnecting")
        ann.type("one\rtwo\rhalf")
        ann.wait_for_status("2 waiting")
        ann.type("\x03\x03")
        ann.wait_for("2 texts are not delivered yet; press Ctrl+C again to leave anyway.")
        ann.type("x\x7f\x03\x03")
        assert ann.status() == 1
    assert sum("press Ctrl+C again" in row for row in ann.history() + ann.rows) == 2


def test_a_plain_terminal_keeps_the_begun_line_from_the_shell(shell: Terminal, tmp_path: Path) -> None:
    """Where the client sees no keys, only lines, it throws away what was begun."""
    trap = tmp_path / "trap"
    with closing(ServerInProcess(tmp_path / "data")) as server:
        shell.type("TERM=dumb ")
        start(shell, server.port, "--no-reconnect")
        shell.wait_for("You are ann")
        shell.type(f"touch {trap}")
        shell.wait_for("touch")
        server.stop()
    shell.wait_until(lambda: any(row.startswith("ended=1") for row in shell.rows))
    shell.type("\r")
    at_the_shell(shell)
    assert not trap.exists()


@pytest.mark.parametrize("kind", ["xterm", "dumb"])
def test_an_operator_leaves_nothing_to_the_shell(shell: Terminal, tmp_path: Path, kind: str) -> None:
    """What is typed while the server stops is thrown away."""
    trap = tmp_path / "trap"
    shell.type(f"TERM={kind} {PROGRAM[0]} server.py --port 0 --data :memory:; echo ended=$?\r")
    shell.wait_for("In a browser:")  # the line after the port
    row = next(row for row in shell.rows if "Server started on" in row)
    with Native(int(row.rsplit(":", 1)[1]), "alice"):
        shell.type(f"exit\rtouch {trap}\r")
        at_the_shell(shell)
    assert not trap.exists()
