"""The operator's terminal, as a person sees it: the server runs in a real pseudo-terminal."""

from __future__ import annotations

import re
import signal
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pexpect  # type: ignore[import-untyped]
import pytest

from server_parts.operator.chat import SayError
from server_parts.operator.console import Console
from server_parts.operator.console_encoder import ConsoleEncoder
from server_parts.operator.desk import Desk
from server_parts.storage.records import Message
from tests.peers import WAIT, Native, Plain
from tests.postgres import cluster, needs_postgres
from tests.programs import ROOT, SERVER, environment, server_program
from tests.tls.certificates import needs_openssl

BLUE, RED, END = r"\x1b\[94m", r"\x1b\[31m", r"\x1b\[0m"


class Terminal:
    """A terminal with a server in it."""

    def __init__(self, *flags: str, command: list[str] | None = None, folder: Path = ROOT) -> None:
        program = [*SERVER, "--port", "0", "--data", ":memory:", *flags] if command is None else command
        self.child: Any = pexpect.spawn(
            program[0],
            program[1:],
            env=environment({"FORCE_COLOR": "1", "TERM": "vt100"}),  # of which nothing is asked
            cwd=str(folder),
            timeout=WAIT,
            dimensions=(40, 200),
        )
        self.child.delaybeforesend = None

    def listening(self, prompt: str = "server> ") -> int:
        """The port, once the prompt is there."""
        self.see(r"Server started on 127\.0\.0\.1:(\d+)")
        port = int(self.child.match.group(1))
        self.see(re.escape(prompt))
        return port

    def see(self, pattern: str) -> str:
        """Wait until the terminal shows it; what came before and with it."""
        self.child.expect(pattern)
        shown: bytes = self.child.before + self.child.after
        return shown.decode()

    def type(self, text: str) -> None:
        self.child.send(text)

    def enter(self, line: str) -> None:
        self.child.send(line + "\r")

    def rest(self) -> str:
        """All that is shown until the program ends."""
        self.child.expect(pexpect.EOF)
        return bytes(self.child.before).decode()

    def status(self) -> int:
        """The program's exit status, once it has ended."""
        self.child.expect(pexpect.EOF)
        self.child.wait()
        assert self.child.exitstatus is not None, f"killed by signal {self.child.signalstatus}"
        return int(self.child.exitstatus)


@contextmanager
def terminal(*flags: str, command: list[str] | None = None, folder: Path = ROOT) -> Iterator[Terminal]:
    opened = Terminal(*flags, command=command, folder=folder)
    try:
        yield opened
    finally:
        if opened.child.isalive():
            opened.child.kill(signal.SIGKILL)
            opened.child.wait()
        opened.child.close()


@pytest.fixture
def console() -> Iterator[Terminal]:
    """A server in a terminal, whose operator has the default name."""
    with terminal() as opened:
        yield opened


def test_the_operator_talks_and_hears(console: Terminal) -> None:
    """What the operator types goes to the lobby as `server`; what people say is shown in blue."""
    with Native(console.listening(), "alice") as alice:
        console.see(": alice")
        alice.tell("hello, server")
        console.see(BLUE + r"\d\d:\d\d \[COLOR \(\w+\)\] alice said -> hello, server" + END)
        console.enter("hello, alice")
        heard = alice.message_from("server")
        assert (heard["text"], heard["room"]) == ("hello, alice", "lobby")
        console.enter("/exit")
        assert alice.until("bye")["code"] == "shutdown"
    assert console.status() == 0


def test_the_operator_answers_plain_clients(console: Terminal) -> None:
    """The oldest conversation of all: one line there, one line back."""
    with Plain(console.listening(), first="Hello, Server!") as guest:
        console.see("guest-1 said -> Hello, Server!")
        console.enter("Hi, Client!")
        assert guest.until("Hi, Client!").endswith("server said -> Hi, Client!")


def test_commands(console: Terminal) -> None:
    """Each does its work and none is ever said."""
    with Native(console.listening(), "alice") as alice, Native(alice.socket.getpeername()[1], "bob") as bob:
        alice.moved("joined", "bob")
        console.enter("/who")
        console.see(r"\* here: .*alice, bob")
        alice.tell("hi", "@bob")
        console.enter("/rooms")
        assert "@alice" not in console.see(r"\* lobby: 3 here, last message #0 \*")
        console.enter("/msg alice just for you")
        heard = alice.until("message", room="@alice+server")
        assert (heard["from"], heard["text"]) == ("server", "just for you")
        console.enter("/stats")
        console.see(
            r"\* 2 clients, 3 rooms in use \(private ones too\), 2 messages, \d+ deliveries .*, 0 bytes waiting \*"
        )
        console.enter("/servers")
        console.see(r"\* this is the only server of this chat")
        console.enter("/help")
        for command in ("/msg", "/rooms", "/who", "/kick", "/stats", "/help", "/exit"):
            console.see(command)
        console.enter("/kick BOB too loud")
        console.see("bob was kicked: too loud")
        goodbye = bob.until("bye")
        assert (goodbye["code"], goodbye["retry"]) == ("kicked", False)
        assert "too loud" in goodbye["text"]
        assert alice.moved("left", "bob")
        console.enter("/kick bob")
        console.see("nobody called bob")
        console.enter("//shrug")
        assert alice.until("message", room="lobby")["text"] == "/shrug"
        assert [f for f in bob.passed + alice.passed if f["type"] == "message" and f["room"] == "lobby"] == []


@needs_postgres
def test_all_servers_of_a_chat_are_shown(tmp_path: Path) -> None:
    """Each with its own people, whichever server is asked."""
    address = cluster().address(cluster().database(tmp_path))
    program = [*SERVER, "--port", "0", "--store", address]
    with terminal(command=program) as console, server_program("--no-console", env={"CHAT_STORE": address}) as other:
        port = console.listening()
        with Native(port, "alice") as alice, Native(other.port, "bob"), Native(other.port, "carol"):
            alice.moved("joined", "carol")
            console.enter("/servers")
            shown = console.see(r"this chat has 2 servers \*[^\n]*\n[^\n]*\n[^\n]*\n")
            since = r"since \d\d:\d\d:\d\d UTC"
            assert re.search(rf":{port}: 1 client, {since}, this one", shown)
            assert re.search(rf":{other.port}: 2 clients, {since}, answers", shown)


def test_one_is_counted_as_one(console: Terminal) -> None:
    """One client in one room, to whom one message was delivered; and the operator is no client."""
    with Native(console.listening(), "alice") as alice:
        alice.tell("hi")
        console.enter("/stats")
        console.see(r"\* 1 client, 1 room in use \(private ones too\), 1 message, 2 deliveries .*, 0 bytes waiting \*")


@pytest.mark.parametrize(
    "line", ["/dance", "/msg", "/msg alice", "/msg nobody hi", "/kick", "/kick nobody", "/kick a b"]
)
def test_what_is_wrong_is_told(console: Terminal, line: str) -> None:
    """In one error line, and it is not said to anybody."""
    with Native(console.listening(), "alice") as alice:
        console.enter(line)
        console.see(r"\* error: [^\r\n]+ \*")
        console.enter("now it is said")
        assert alice.until("message")["text"] == "now it is said"


def test_an_empty_room_is_answered_for(console: Terminal) -> None:
    """With a line that says so, as a room with people is."""
    console.listening()
    console.enter("/who Nowhere")
    console.see(r"\* nobody is in #nowhere \*")
    console.enter("/who")
    console.see(r"\* here: server \*")


def test_the_operator_looks_after_accounts(console: Terminal) -> None:
    """Who somebody is, what they may do, codes that open an account or make one; a wrong line is explained."""
    with Native(console.listening(), "alice", token="t" * 32) as alice:
        alice.tell("mine")
        console.enter("/whois alice")
        console.see(r"\* alice: member, an account since \d{4}-\d\d-\d\d, here \*")
        console.see(r"devices: 1; addresses: 127\.0\.0\.1:\d+")
        console.enter("/role alice operator")
        console.see("alice is now an operator of this server")
        assert alice.until("notice")["text"] == "you are now an operator of this server"
        console.enter("/recover alice")
        console.see(r"the code [0-9a-z-]{19} recovers the account alice once, until ")
        console.enter("/invite-code 5 2h")
        console.see(r"the code [0-9a-z-]{19} lets 5 people in, until ")
        console.enter("/invite-code soon")
        console.see("write how many people")
        console.enter("/release alice")
        console.see("the account alice is gone: the name is free")
        assert alice.until("bye")["code"] == "forgotten"
        console.enter("/recover alice")
        console.see("there is no account called alice")


def test_the_help_tells_all_that_stops_the_server(console: Terminal) -> None:
    """A word alone on a line and a key do it too, for everyone."""
    console.listening()
    console.enter("/help")
    console.see(r"/exit +stop the server for everyone")
    console.see(r"exit, quit and over alone on a line stop the server too, and so does Ctrl\+D")


@pytest.mark.parametrize("word", ["/exit", "/quit", "exit", "QUIT", "over"])
def test_exit_words_stop_the_server(console: Terminal, word: str) -> None:
    """Any of them, with status 0."""
    console.listening()
    console.enter(word)
    assert console.status() == 0


@pytest.mark.parametrize(
    ("typed", "key"),
    [("", "\x03"), ("half a line", "\x03"), ("", "\x04")],
    ids=["Ctrl+C", "Ctrl+C in a line", "Ctrl+D"],
)
def test_keys_that_stop_the_server(console: Terminal, typed: str, key: str) -> None:
    """Ctrl+C at any time, Ctrl+D on an empty line; status 0 and no traceback."""
    console.listening()
    console.type(typed)
    if typed:
        console.see(typed)
    console.type(key)
    assert "Traceback" not in console.rest()
    assert console.status() == 0


@pytest.mark.parametrize("leave", ["/exit\r", "\x03", "half a line\x03"], ids=["exit", "Ctrl+C", "Ctrl+C in a line"])
def test_the_terminal_is_left_as_it_was(leave: str) -> None:
    """A shell goes on in it: echo and line editing are as before, and it starts on a line of its own."""
    script = f"""
        trap '' INT  # the shell ignores Ctrl+C; the server sets its own handler
        before=$(stty -g)
        {" ".join(SERVER)} --port 0 --data :memory:
        echo status=$? same=$([ "$before" = "$(stty -g)" ] && echo yes)
        read line
        echo got=$line
    """
    with terminal(command=["/bin/sh", "-c", script]) as shell:
        shell.listening()
        if leave.startswith("half"):
            shell.type("half a line")
            shell.see("half a line")
            leave = "\x03"
        shell.type(leave)
        assert "status=0 same=yes" in shell.see(r"same=\w*")
        attributes = termios.tcgetattr(shell.child.fileno())
        assert attributes[3] & termios.ECHO
        assert attributes[3] & termios.ICANON
        shell.enter("typed afterwards")
        shell.see("got=typed afterwards")


def test_a_message_cannot_steer_the_operator_s_terminal(console: Terminal) -> None:
    """Names, texts and everything else arrive without controls."""
    with Native(console.listening(), "alice", client="\x1b]0;owned\x07") as alice:
        console.see(": alice")
        alice.tell("a\x1b]0;owned\x07b\x9b2Jc\rd")
        shown = console.see("said -> a.*d" + END)
        assert "\x1b]" not in shown
        assert "\x07" not in shown
        assert "\u009b" not in shown


def test_the_operator_s_name(console: Terminal) -> None:
    """--name is what people see, and nobody else can have it meanwhile."""
    with terminal("--name", "boss") as named:
        port = named.listening("boss> ")
        with Native(port, "alice") as alice, Native(port) as impostor:
            named.enter("work!")
            assert alice.until("message")["from"] == "boss"
            impostor.hello("Boss")
            assert impostor.until("error")["code"] == "name_taken"


@needs_postgres
def test_operators_of_several_servers_hear_each_other(tmp_path: Path) -> None:
    """What one says or writes is shown to the other, and is no receipt there; one's own is not shown again."""
    address = cluster().address(cluster().database(tmp_path))
    command = [*SERVER, "--port", "0", "--store", address]
    with (
        terminal(command=command, folder=tmp_path) as here,
        terminal(command=command, folder=tmp_path) as there,
        Native(here.listening(), "alice") as alice,
    ):
        there.listening()
        there.enter("hello from there")
        alice.message_from("server")
        there.enter("/who")  # now it is clear which alice is meant
        there.see(r"\* here: .*alice")
        there.enter("/msg alice for you")
        there.see(r"\* delivered #1 \*")
        shown = here.see(r"\(private\) \[COLOR \(\w+\)\] server said -> for you" + END)
        assert "server said -> hello from there" in shown
        assert "delivered" not in shown
        here.enter("and from here")
        assert "said -> and from here" not in here.see("and from here")
        assert "delivered" not in there.see("server said -> and from here")


def test_a_conversation_that_began_elsewhere_is_shown() -> None:
    """What was said at another server before this one had the room comes as history."""
    message = Message("@alice+server", 1, 0.0, "alice", "blue", "for you", "", 1)
    shown = ConsoleEncoder().pages({"type": "history", "room": message.room}, "messages", [message])
    assert b"(private) [COLOR (blue)] alice said -> for you" in shown


def test_a_start_shows_nothing_of_what_was_said_before(tmp_path: Path) -> None:
    """Each would show it again; /history does when it is wanted."""
    flags = ("--data", str(tmp_path))
    with terminal(*flags) as first:
        first.listening()
        first.enter("of yesterday")
        first.enter("/exit")
        first.rest()
    with terminal(*flags) as again:
        again.listening()
        again.enter("/who")
        assert "yesterday" not in again.see(r"\* here: server \*")
        again.enter("/history")
        again.see("said -> of yesterday")


def test_no_console_wants_no_terminal() -> None:
    """With --no-console nothing typed is said, and Ctrl+C stops it."""
    with terminal("--no-console") as headless:
        headless.see(r"Server started on 127\.0\.0\.1:(\d+)")
        with Native(int(headless.child.match.group(1)), "alice") as alice:
            headless.enter("is this thing on?")
            assert alice.ask("ping", n=1) == [{"type": "pong", "n": 1}]
            headless.type("\x03")
            assert alice.until("bye")["code"] == "shutdown"
            assert [frame for frame in alice.passed if frame["type"] == "message"] == []
        assert headless.status() == 0


def test_no_terminal_is_no_console() -> None:
    """`< /dev/null` runs headless: the end of input is not the end of the server."""
    with server_program() as program:
        with Native(program.port, "alice") as alice:
            assert alice.tell("still running")["id"] == 1
        assert program.stop() == 0
        assert "server>" not in program.output()


def test_what_the_operator_says_too_late_is_answered() -> None:
    """While the server stops nobody hears it: a sentence says so, and the thread that reads goes on."""

    lines, chat, screen, leave = iter(["too late", "exit"]), Mock(), Mock(), Mock()
    chat.say.side_effect = SayError("the server is not running")
    screen.ask = lambda: next(lines)
    Console(Desk("server", chat, screen, Mock(), leave)).run()
    screen.show.assert_called_once()
    assert "the server is not running" in screen.show.call_args[0][0]
    leave.assert_called_once()


def test_loading_the_certificate_again() -> None:
    """The owner of the certificate logs the outcome, and the log is shown; without one, the reason is shown."""
    reload, screen = Mock(), Mock()
    for given in (reload, None):
        lines = iter(["/reload", "exit"])
        screen.ask = lambda lines=lines: next(lines)
        Console(Desk("server", Mock(), screen, Mock(), Mock(), given)).run()
    reload.assert_called_once_with()
    screen.show.assert_called_once()
    assert "no certificate" in screen.show.call_args[0][0]


@needs_openssl
def test_the_operator_loads_the_certificate_again(tmp_path: Path) -> None:
    """What came of it is shown once, and stands in the log file."""
    with terminal("--data", str(tmp_path / "data"), "--log-file", str(tmp_path / "log")) as screen:
        screen.listening()
        screen.enter("/reload")
        screen.see("is the same as before")
        screen.enter("/exit")
        assert "same as before" not in screen.rest()
    assert (tmp_path / "log").read_text().count("is the same as before") == 1


def test_the_operator_keeps_order() -> None:
    """A ban with its audit, from the terminal; and the settings of rooms, each shown once."""
    with terminal() as screen:
        port = screen.listening()
        with Native(port, "bob") as bob:
            screen.enter("/mode -r tea read-only")
            screen.see(r"server set #tea: mode: read-only")
            screen.enter("/topic -r lobby Cups")
            screen.see(r"\* server changed the topic to: Cups \*")
            assert bob.until("message")["change"] == {"topic": "Cups"}
            screen.enter("/ban bob 10m flood")
            assert "Cups" not in screen.see(r"\* bob is banned from this server until .*\d\d:\d\d:\d\d \w+")
            assert bob.until("bye")["code"] == "banned"
        screen.enter("/bans")
        screen.see(r"\* ban of bob until .*\d\d:\d\d:\d\d \w+, by server: flood \*")
        screen.enter("/unban bob")
        screen.see(r"the ban of bob is lifted")
        screen.enter("/audit 1")
        screen.see(r"server lifted the ban of bob")
        screen.enter("/mode readonly")
        screen.see(r"error: usage: /mode \[-r ROOM\] open\|moderated\|read-only\|invite")
