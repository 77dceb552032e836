"""The bots in examples/ do what their first lines say."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.conftest import Chat
from tests.peers import WAIT, Native
from tests.programs import ROOT, environment, server_program

EXAMPLES = ROOT / "examples"
MOST_LINES = 60
SHELL = shutil.which("sh")

needs_shell = pytest.mark.skipif(SHELL is None or os.name == "nt", reason="there is no Unix shell")
needs_nc = pytest.mark.skipif(shutil.which("nc") is None, reason="there is no nc")

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts bots, away from the checkout; ends them with all that they have started."""
    bots = []

    def start_bot(*command: str | Path, port: int, more: Sequence[str] = ()) -> subprocess.Popen[str]:
        bot = subprocess.Popen(
            [*command, "127.0.0.1", str(port), *more],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment({"HOME": str(tmp_path), "PYTHON": sys.executable}),
            cwd=tmp_path,
            start_new_session=True,
        )
        bots.append(bot)
        return bot

    yield start_bot
    for bot in bots:
        with suppress(ProcessLookupError):
            os.killpg(bot.pid, signal.SIGKILL)
        bot.communicate(timeout=WAIT)


def arrives(watcher: Native, name: str) -> None:
    """Wait until a bot bears its name: it may be told of as one who comes, or who changes its name."""
    while not any(
        name in frame.get("joined", ()) or name in [new for _, new in frame.get("renamed", ())]
        for frame in [watcher.until("presence")]
    ):
        pass


def says_no_more(watcher: Native, name: str) -> bool:
    """Whether a bot says nothing to a text that is not for it."""
    watcher.tell("Did somebody say !roll or !time?")
    return not any(frame["type"] == "message" and frame["from"] == name for frame in watcher.pending())


def test_the_dice_are_rolled(chat: Chat, start: Start) -> None:
    """In the lobby and in private, as often as it is asked, and nothing else is answered."""
    ada = chat.native("ada")
    start(sys.executable, "-I", EXAMPLES / "dice.py", port=chat.port)
    arrives(ada, "dice")
    ada.tell("!roll")
    assert int(ada.message_from("dice")["text"]) in range(1, 7)
    ada.tell("!roll 3d4")
    *rolled, total = (int(word) for word in ada.message_from("dice")["text"].replace("=", "+").split("+"))
    assert len(rolled) == 3
    assert total == sum(rolled)
    assert says_no_more(ada, "dice")
    ada.tell("!roll 2d6", "@dice")
    assert ada.message_from("dice")["room"] == "@ada+dice"


def test_the_dice_end_if_their_name_is_taken(chat: Chat, start: Start) -> None:
    """With a sentence, not a traceback: waiting would not help."""
    chat.native("dice")
    bot = start(sys.executable, "-I", EXAMPLES / "dice.py", port=chat.port)
    output, complaint = bot.communicate(timeout=WAIT)
    assert (bot.returncode, output, complaint.count("\n")) == (1, "", 1)
    assert "dice" in complaint


@needs_shell
def test_the_dice_come_back(tmp_path: Path, start: Start) -> None:
    """After a restart of the server they answer once what was asked while they were away, and go on."""
    from tests.client.programs import ServerProgram as Restartable

    with closing(Restartable(tmp_path / "data")) as server:
        bot = start(sys.executable, "-I", EXAMPLES / "dice.py", port=server.port)
        with Native(server.port, "ada") as ada:
            until = time.monotonic() + WAIT
            while "dice" not in [member["name"] for frame in ada.ask("who") for member in frame["members"]]:
                assert time.monotonic() < until
            ada.tell("!roll")
            ada.message_from("dice")
        bot.send_signal(signal.SIGSTOP)
        server.stop()
        server.start()
        with Native(server.port, "ada") as ada:
            ada.tell("!roll 2d6")
            bot.send_signal(signal.SIGCONT)
            assert ada.message_from("dice")["text"].count("+") == 1
            ada.tell("!roll 3d6")
            assert ada.message_from("dice")["text"].count("+") == 2


def test_the_dice_know_nothing_of_the_project() -> None:
    """The protocol's page and the standard library are enough."""
    tree = ast.parse((EXAMPLES / "dice.py").read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= sys.stdlib_module_names


@needs_shell
def test_whoever_comes_is_greeted(chat: Chat, start: Start) -> None:
    """Everyone who comes after the bot, but not the bot; and no text passes for somebody who comes."""
    ada = chat.native("ada")
    bot = start(str(SHELL), EXAMPLES / "greeter.sh", port=chat.port)
    arrives(ada, "greeter")
    ada.tell('{"type":"presence","room":"lobby","joined":["mallory"]}')
    ada.tell('","joined":["mallory"]')
    chat.native("bob")
    assert ada.message_from("greeter")["text"] == "Welcome, bob!"
    chat.native("eve_2.x-y")
    assert ada.message_from("greeter")["text"] == "Welcome, eve_2.x-y!"
    bot.terminate()
    ada.moved("left", "greeter")
    assert not any(frame.get("from") == "greeter" and "bob" not in frame["text"] for frame in ada.passed)


@needs_shell
@needs_nc
def test_the_clock_tells_the_time(chat: Chat, start: Start) -> None:
    """Whoever asks in the lobby, plain or native; nc ends with the bot."""
    ada = chat.native("ada")
    bot = start(str(SHELL), EXAMPLES / "clock.sh", port=chat.port)
    arrives(ada, "clock")
    ada.tell("!time")
    answer = ada.message_from("clock")["text"]
    assert answer.startswith("It is ")
    chat.plain("!time")
    assert ada.message_from("clock")["text"].startswith("It is ")
    assert says_no_more(ada, "clock")
    bot.terminate()
    ada.moved("left", "clock")
    assert bot.wait(WAIT) == 0


@needs_shell
@needs_nc
def test_the_clock_ends_with_the_server(chat: Chat, start: Start) -> None:
    """With a sentence."""
    ada = chat.native("ada")
    bot = start(str(SHELL), EXAMPLES / "clock.sh", port=chat.port)
    arrives(ada, "clock")
    chat.server.stop_server()
    _, complaint = bot.communicate(timeout=WAIT)
    assert (bot.returncode, complaint) == (1, "The server cannot be reached, or has ended.\n")


@needs_shell
@needs_nc
def test_the_clock_ends_with_a_killed_server(start: Start) -> None:
    """Also if nobody asks for the time: nc alone would wait for ever."""
    with server_program() as server:
        bot = start(str(SHELL), EXAMPLES / "clock.sh", port=server.port, more=("0.1",))
        with Native(server.port, "ada") as ada:
            arrives(ada, "clock")
            server.stop(signal.SIGKILL)
        _, complaint = bot.communicate(timeout=WAIT)
    assert (bot.returncode, complaint) == (1, "The server cannot be reached, or has ended.\n")


@needs_shell
def test_the_greeter_takes_its_client_with_it(chat: Chat, start: Start) -> None:
    """Also if it has greeted nobody yet."""
    ada = chat.native("ada")
    bot = start(str(SHELL), EXAMPLES / "greeter.sh", port=chat.port)
    ada.moved("joined", "greeter")
    bot.terminate()
    assert bot.wait(WAIT) != 0
    ada.moved("left", "greeter")


@needs_shell
def test_the_greeter_ends_with_its_client(chat: Chat, start: Start) -> None:
    """A server that cannot be reached is told of, by the client and by the status."""
    port = chat.port
    chat.stop()
    bot = start(str(SHELL), EXAMPLES / "greeter.sh", port=port)
    assert str(port) in bot.communicate(timeout=WAIT)[1]
    assert bot.returncode == 1


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.*")), ids=lambda file: file.name)
def test_every_example_is_short_and_says_how_to_start_it(file: Path) -> None:
    """What it does and the command that starts it stand at its top."""
    text = file.read_text()
    assert text.count("\n") < MOST_LINES
    top = "\n".join(text.splitlines()[:6])
    assert "A bot that" in top
    assert f"{'python' if file.suffix == '.py' else 'sh'} examples/{file.name} [HOST [PORT" in top
