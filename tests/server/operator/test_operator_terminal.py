"""What stands on the operator's screen: the real server in a pseudo-terminal, behind a terminal emulator."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are a Unix thing", allow_module_level=True)

import termios

from tests.client.programs import Shell, Terminal
from tests.peers import Native
from tests.programs import SERVER

FLAGS = ("--port", "0", "--data", ":memory:", "--rate", "0")
LEFT, UP, DOWN = "\x1b[D", "\x1b[A", "\x1b[B"
CTRL_L, HOLD, GO_ON = "\x0c", "\x13", "\x11"


@pytest.fixture
def open_server(open_terminal: Callable[..., Terminal], tmp_path: Path) -> Callable[..., Terminal]:
    def open_one(program: Sequence[str] = SERVER) -> Terminal:
        return open_terminal(None, tmp_path / "token", *FLAGS, program=program)

    return open_one


@pytest.fixture
def operator(open_server: Callable[..., Terminal]) -> Terminal:
    terminal = open_server()
    terminal.wait_for_prompt("server>")
    return terminal


def port_of(terminal: Terminal) -> int:
    found = re.search(rb"Server started on 127\.0\.0\.1:(\d+)", terminal.output)
    assert found
    return int(found[1])


def all_rows(terminal: Terminal) -> list[str]:
    return terminal.history() + terminal.rows


STORM = 1_500


def test_a_typed_line_and_a_storm_of_log_lines_stay_whole(operator: Terminal) -> None:
    """While every key is echoed, 1,500 log lines come: each stands there once and whole, and so does the line."""
    typed = "the quick brown fox jumps over the lazy dog"
    with Native(port_of(operator), "storm-0") as storm:
        for number in range(1, STORM + 1):
            storm.send("nick", name=f"storm-{number}")
            if number % 10 == 0 and number // 10 <= len(typed):
                operator.type(typed[number // 10 - 1])
            if number % 100 == 0:
                operator.watch(0.01)
            if number % 500 == 0:  # what is shown of so many is waited for; a slow one stays close behind
                operator.wait_for(f"storm-{number - 1} is now storm-{number}")
        operator.wait_for_prompt(f"server> {typed}")
        operator.type(LEFT * 8 + "very \r")
        said = "the quick brown fox jumps over the very lazy dog"
        assert storm.until("message")["text"] == said
        operator.wait_until(lambda: f"server> {said}" in operator.rows and operator.prompt == "server>")
    rows = all_rows(operator)
    logged = [re.sub(r"^\d\d:\d\d ", "", row) for row in rows if "is now" in row]
    assert logged == [f"* storm-{number} is now storm-{number + 1} *" for number in range(STORM)]
    assert [row for row in rows if "quick" in row] == [f"server> {said}"]


def test_a_half_typed_line_survives_a_message(operator: Terminal) -> None:
    """The message is shown above it, the cursor stays in its place, and nothing is lost."""
    with Native(port_of(operator), "alice") as alice:
        operator.type("I was just to say" + LEFT * 7)
        operator.wait_for_prompt("server> I was just to say")
        alice.tell("sorry to interrupt")
        operator.wait_for("sorry to interrupt")
        operator.wait_for_prompt("server> I was just to say")
        operator.wait_until(lambda: operator.column == len("server> I was just"))
        operator.type(" about\r")
        assert alice.message_from("server")["text"] == "I was just about to say"


def test_the_keys_of_a_shell_s_line(operator: Terminal) -> None:
    """Earlier lines come back with the arrows and Ctrl+R, and Ctrl+L leaves nothing but the line."""
    with Native(port_of(operator), "alice") as alice:
        for text in ("one", "two"):
            operator.type(f"{text}\r")
            alice.message_from("server")
        operator.type(UP + UP)
        operator.wait_for_prompt("server> one")
        operator.type(DOWN + DOWN + "\x12tw")
        operator.wait_for_prompt("search tw> two")
        operator.type(CTRL_L)
        operator.wait_until(lambda: operator.rows == ["search tw> two"])
        operator.type("\r")
        assert alice.message_from("server")["text"] == "two"


def test_enter_says_nothing_that_a_search_did_not_find(operator: Terminal) -> None:
    """It leaves the search, with the draft of before."""
    with Native(port_of(operator), "alice") as alice:
        operator.type("server stopped\r")
        alice.message_from("server")
        operator.type("draft\x12\x1b[200~server\nstopped\x1b[201~")
        operator.wait_for_prompt("nothing matches server␊stopped> draft")
        operator.type("\r")
        operator.wait_for_prompt("server> draft")
        operator.type("ed\r")
        assert alice.message_from("server")["text"] == "drafted"


def test_a_long_text_takes_a_third_of_the_screen(operator: Terminal) -> None:
    """Wide signs too, in a window that has become narrow; what comes meanwhile stands above, and all of it is said."""
    text = "漢字 and more " * 20
    with Native(port_of(operator), "alice") as alice:
        operator.wait_for(": alice")
        operator.resize(24, 40)
        operator.type(text)
        operator.wait_until(lambda: any(row.startswith("server> ") and row.endswith("↑") for row in operator.rows))
        alice.tell("hello")
        operator.wait_until(lambda: "said -> hello" in " ".join(" ".join(operator.rows).split()))
        operator.wait_until(lambda: sum("and more" in row or "漢" in row for row in operator.rows) == 24 // 3)
        operator.type("\r")
        assert alice.message_from("server")["text"] == text.strip()


def test_what_is_shown_is_broken_between_words(operator: Terminal) -> None:
    """In the width that the window has then; the further rows are moved in, and the line being typed stays."""
    words = "the quick brown fox jumps over the lazy dog"
    with Native(port_of(operator), "alice") as alice:
        operator.resize(24, 30)
        operator.type("draft")
        operator.wait_for_prompt("server> draft")
        alice.tell(words)
        operator.wait_for("lazy dog")
        operator.type("\x15/help\r")
        operator.wait_for("says /text.")
    rows = all_rows(operator)
    assert words in re.sub(r"\n +", " ", "\n".join(rows))  # no row begins or ends within a word


def test_a_pasted_block_is_one_message(operator: Terminal) -> None:
    """Its line breaks do not send it in pieces."""
    with Native(port_of(operator), "alice") as alice:
        operator.type("\x1b[200~one\rtwo\x1b[201~\r")
        assert alice.message_from("server")["text"] == "one\ntwo"


@pytest.mark.parametrize("key", ["\n", "\x1b\r", "\x1b[13;3u"], ids=["Ctrl+J", "Alt+Enter", "kitty"])
def test_several_lines_stand_below_each_other(operator: Terminal, key: str) -> None:
    """They are one message; Up and Down move in them, undo works, and what comes meanwhile leaves them as they are."""
    with Native(port_of(operator), "alice") as alice:
        operator.wait_for(": alice")
        operator.type(f"one{key}two three")
        operator.wait_until(lambda: operator.rows[-2:] == ["server> one", "        two three"])
        alice.tell("hello")
        operator.wait_until(
            lambda: operator.rows[-3].endswith("said -> hello") and operator.rows[-1] == "        two three"
        )
        operator.type(f"{UP}\x01first {DOWN}\x05\x1f")
        operator.wait_until(lambda: operator.rows[-2:] == ["server> one", "        two three"])
        operator.type(f"{DOWN}\x05\x17four\r")
        assert alice.message_from("server")["text"] == "one\ntwo four"
        operator.wait_until(lambda: operator.rows[-3:] == ["server> one", "    two four", "server>"])
        operator.type(UP)
        operator.wait_until(lambda: operator.rows[-2:] == ["server> one", "        two four"])


@pytest.mark.parametrize("columns", [20, 12])
def test_a_small_window_has_one_row_for_all_lines(operator: Terminal, columns: int) -> None:
    """With a sign between them, in a window of 5 rows."""
    operator.resize(5, columns)
    operator.type("a\nb")
    operator.wait_until(lambda: operator.prompt.endswith("a␊b"))
    assert operator.column == len(operator.prompt)


def test_tab_completes_what_the_operator_types(operator: Terminal) -> None:
    """Commands are listed above, names and rooms are offered one after the other."""
    with Native(port_of(operator), "alice") as alice, Native(port_of(operator), "albert"):
        operator.wait_for(": albert")
        operator.type("/re\t")
        operator.wait_for("/re  /react  /recover  /release  /reload  /reports")
        operator.type("\x15/kic\ta\t")
        operator.wait_for_prompt("server> /kick albert")
        operator.type("\t")
        operator.wait_for_prompt("server> /kick alice")
        operator.type("\x15/join te\x15al\t\tyou\r")
        assert alice.message_from("server")["text"] == "alice: you"


def test_the_prompt_names_the_room(operator: Terminal) -> None:
    """So does what was said there; and what comes from the room is shown with its name and its time."""
    with Native(port_of(operator), "alice", rooms={"tea": None}) as alice:
        operator.type("/join tea\rhello, tea\r")
        assert alice.message_from("server")["room"] == "tea"
        operator.wait_for_prompt("#tea>")
        operator.wait_for("#tea> hello, tea")
        alice.tell("hello, server", "tea")
        operator.wait_until(
            lambda: any(re.match(r"\d\d:\d\d #tea \[COLOR .* hello, server$", row) for row in operator.rows)
        )


def test_colours_follow_the_background(operator: Terminal) -> None:
    """The terminal is asked which one it has, and nothing of its answer is typed; what somebody chose stays."""
    operator.wait_until(lambda: b"\x1b]11;?\x1b\\" in operator.output)
    operator.type("dra\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62;22cft")
    operator.wait_for_prompt("server> draft")
    operator.type("\x15/theme\r")
    operator.wait_for("* theme: light; there are dark, light, safe *")
    operator.type("/theme safe\r\x1b]11;rgb:0/0/0\x07/theme\r")
    operator.wait_until(lambda: sum("* theme: safe;" in row for row in operator.rows) == 2)
    with Native(port_of(operator), "alice") as alice:
        alice.tell("hello")
        operator.wait_for("said -> hello")
        assert operator.colour_of("said -> hello") == "0087d7"


LONG_LINES = 120  # of a thousand characters: more than the system keeps for a terminal, and soon drawn


def test_a_held_terminal_does_not_hold_the_chat(operator: Terminal) -> None:
    """After Ctrl+S people go on talking, more than a terminal takes in; Ctrl+Q shows what was said."""
    port, last = port_of(operator), f"said -> {LONG_LINES - 1}"
    with Native(port, "alice") as alice, Native(port, "bob") as bob:
        operator.wait_for(": bob")
        operator.type(HOLD)
        operator.settle()
        for number in range(LONG_LINES):
            alice.say(f"{number} " + "x" * 1_000)
        assert bob.until("message", seq=LONG_LINES)["from"] == "alice"
        operator.settle()
        assert not any(last in row for row in all_rows(operator))
        operator.type(GO_ON)
        operator.wait_for(last)
        operator.wait_for_prompt("server>")


@pytest.mark.parametrize("way", ["half\x03", "half\x1c", signal.SIGINT, signal.SIGQUIT])
def test_ways_to_stop_the_server(operator: Terminal, way: str | int) -> None:
    """Ctrl+C and Ctrl+\\, also on a half-typed line: in order, and the terminal is tidy."""
    assert operator.leave(way) == 0
    assert operator.rows[-1] == "Server stopped"


def test_a_held_terminal_does_not_hold_the_end(operator: Terminal) -> None:
    """The server stops, and lets the terminal go on."""
    operator.type(HOLD)
    operator.settle()
    operator.signal(signal.SIGTERM)
    assert operator.status() == 0
    assert operator.rows[-1] == "Server stopped"


FAULTS = {
    "while a key is waited for": "import terminal_parts.keyboard as k; k.Keyboard.wait = None",
    "while a key is obeyed": "import terminal_parts.editor as e; e.Editor.press = None",
    "while a line is obeyed": "import server_parts.operator.console as c; c.Console._obey = None",
}


def program_with(fault: str) -> tuple[str, ...]:
    return (sys.executable, "-c", f"import sys, server; {fault}; sys.exit(server.main())")


def echoes(terminal: Terminal) -> bool:
    """Whether the terminal is in its own mode."""
    return bool(termios.tcgetattr(terminal._child.fileno())[3] & termios.ECHO)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_of_the_console_does_not_end_the_chat(open_server: Callable[..., Terminal], fault: str) -> None:
    """It is logged, the terminal is given back, and Ctrl+C still stops the server in order."""
    terminal = open_server(program_with(fault))
    terminal.wait_for("Room for")
    terminal.type("hello\r")
    wanted = "the console failed; the server goes on without it"
    terminal.wait_until(lambda: any(wanted in row for row in all_rows(terminal)))  # above a traceback of any length
    terminal.wait_until(lambda: echoes(terminal))
    with Native(port_of(terminal), "alice") as alice:
        terminal.wait_for(": alice")
        terminal.type("\x03")
        assert alice.until("bye")["code"] == "shutdown"
    assert terminal.status() == 0


def test_asked_twice_it_ends_at_once_and_gives_the_terminal_back(open_server: Callable[..., Terminal]) -> None:
    """Even when a command hangs. Signals that wait together are one, so the second comes when the first was heard."""
    # In short waits: a signal that comes just before a long one would not be heard.
    waits = "all(not t.Event().wait(0.05) for _ in iter(int, 1))"
    hanging = f"import server_parts.operator.console as c, threading as t; c.Console._obey = lambda *_: {waits}"
    heard = "stop = server.ChatServer.stop_server; server.ChatServer.stop_server = lambda it: print('heard', stop(it))"
    terminal = open_server(program_with(f"{hanging}; {heard}"))
    terminal.wait_for_prompt("server>")
    terminal.type("hello\r")
    terminal.wait_for("server> hello")
    assert not echoes(terminal)
    terminal.signal(signal.SIGTERM)
    terminal.wait_for("heard")
    terminal.signal(signal.SIGTERM)
    terminal.wait_until(lambda: echoes(terminal))
    assert terminal.status() == 130


@pytest.fixture
def shell(open_terminal: Callable[..., Terminal], tmp_path: Path) -> Shell:
    return Shell(open_terminal, tmp_path, (*SERVER, *FLAGS))


def test_ctrl_z_lends_the_terminal_to_the_shell(shell: Shell) -> None:
    """As it was before; `bg` serves on without a word, and `fg` brings the half-typed line and what was said."""
    terminal = shell.terminal
    terminal.type("job\r")
    terminal.wait_for_prompt("server>")
    with Native(port_of(terminal), "alice") as alice:
        terminal.wait_for(": alice")
        terminal.type("half a line")
        terminal.wait_for_prompt("server> half a line")
        shell.stop_job()
        assert shell.mode() == shell.first_mode
        terminal.type("bg\r")
        assert alice.tell("meanwhile")["id"] == 1
        terminal.settle()
        assert not any("meanwhile" in row for row in terminal.rows)
        terminal.type("fg\r")
        terminal.wait_for("said -> meanwhile")
        terminal.wait_for_prompt("server> half a line")
        terminal.type(" more\r")
        assert alice.message_from("server")["text"] == "half a line more"
    terminal.type("/exit\r")
    terminal.wait_for("Server stopped")
    terminal.wait_for_prompt("$ ready")
    assert shell.mode() == shell.first_mode


def test_a_server_that_starts_in_the_background_serves(shell: Shell) -> None:
    """It leaves the terminal to the shell until `fg`, and a signal stops it there."""
    terminal = shell.terminal
    terminal.type("job &\r")
    terminal.wait_for("In a browser")
    port = port_of(terminal)
    process = int(shell.ask("jobs -p"))  # before anything is said that could stand between this and its answer
    with Native(port, "alice") as alice:
        assert alice.tell("hello")["id"] == 1
        assert not any("server>" in row for row in terminal.rows)
        os.kill(process, signal.SIGTERM)
        assert alice.until("bye")["code"] == "shutdown"
    terminal.wait_for("Server stopped")
    terminal.type("wait\r")
    terminal.wait_for("Done")
    terminal.type("clear\r")
    terminal.wait_until(lambda: terminal.rows == ["$ ready"])
    assert shell.mode() == shell.first_mode


@pytest.mark.parametrize("terminal_type", ["dumb", "xterm"])
def test_without_a_line_to_edit_there_are_lines(
    open_terminal: Callable[..., Terminal], tmp_path: Path, terminal_type: str
) -> None:
    """A dumb terminal, and an output that goes elsewhere: the operator talks all the same, and no code is written."""
    output = tmp_path / "output"
    output.touch()
    elsewhere = f" > {output}" if terminal_type == "xterm" else ""
    script = f"{' '.join((*SERVER, *FLAGS))}{elsewhere}; echo status=$?"
    terminal = open_terminal(None, tmp_path / "token", "-c", script, program=("sh",), TERM=terminal_type)

    def written() -> bytes:
        terminal.watch(0.05)
        return output.read_bytes() if elsewhere else terminal.output

    terminal.wait_until(lambda: b"Room for" in written())
    found = re.search(rb"127\.0\.0\.1:(\d+)", written())
    assert found
    with Native(int(found[1]), "alice") as alice:
        terminal.type("hello, alice\r")
        assert alice.message_from("server")["text"] == "hello, alice"
        alice.tell("hello, server")
        terminal.wait_until(lambda: b"said -> hello, server" in written())
        terminal.type("/join tea\rhello, tea\r/history\r")
        terminal.wait_until(lambda: b"#1 " in written() and b"said -> hello, tea" in written())
        terminal.type("/exit\r")
        assert alice.until("bye")["code"] == "shutdown"
    terminal.wait_for("status=0")
    assert b"\x1b" not in written()
    assert b"Fatal" not in written()
