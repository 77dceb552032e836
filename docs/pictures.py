"""Make the README's pictures from a real run: `python docs/pictures.py`.

It starts the server and three clients in pseudo-terminals, types what people would type, waits until their screens show
what came of it, and draws the screens. It needs tests/requirements.txt, bash, and port 3030.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pexpect  # type: ignore[import-untyped]
import pyte

sys.path.insert(0, str(Path(__file__).parents[1]))

from docs.drawing import DARK, LIGHT, FaintScreen, Shot, draw, shoot
from tests.client.programs import Emulator

ROOT = Path(__file__).parents[1]
THEMES = {"dark": DARK, "light": LIGHT}
BACKGROUNDS = {"dark": "15;0", "light": "0;15"}  # as a terminal tells the programs in it
CLIENT = "python client.py --name {}"
SERVER_SIZE, CLIENT_SIZE = (18, 108), (17, 52)  # rows, columns
SECONDS = 20.0  # that anything may take


@dataclass(frozen=True, slots=True)
class Picture:
    """What becomes a file: its name, a sentence for those who cannot see it, and rows of windows."""

    name: str
    label: str
    windows: tuple[tuple[Shot, ...], ...]


class FaintEmulator(FaintScreen, Emulator):
    """An xterm, as far as this chat uses one."""


class Terminal:
    """A program in a pseudo-terminal, and what it shows."""

    def __init__(self, home: Path, theme: str, command: str, size: tuple[int, int]) -> None:
        rows, columns = size
        self.screen = FaintEmulator(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._child = pexpect.spawn(
            command, cwd=str(ROOT), env=_environment(home, theme), dimensions=(rows, columns), timeout=SECONDS
        )
        self._child.delaybeforesend = None

    def type(self, keys: str) -> None:
        self._child.send(keys)

    def wait_for(self, *parts: str) -> None:
        """Until each of these stands on the screen."""
        self.wait_until(lambda: all(part in "\n".join(self.screen.display) for part in parts))

    def wait_for_prompt(self, prompt: str) -> None:
        """Until the cursor stands in a row that begins so."""
        self.wait_until(lambda: self.screen.display[self.screen.cursor.y].startswith(prompt))

    def wait_for_last(self, part: str) -> None:
        """Until it stands right above the prompt."""
        self.wait_until(lambda: part in self.screen.display[self.screen.cursor.y - 1])

    def wait_until(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SECONDS
        while not true():
            if time.monotonic() > deadline:
                raise SystemExit("\n".join(["This does not become what it should:", *self.screen.display]))
            try:
                self._stream.feed(self._child.read_nonblocking(65_536, 0.1))
            except (pexpect.TIMEOUT, pexpect.EOF):
                pass

    def signal(self, number: int) -> None:
        """To the program that has the terminal, be it the shell's child."""
        os.killpg(os.tcgetpgrp(self._child.child_fd), number)

    def shot(self, title: str) -> Shot:
        return shoot(self.screen, title)

    def close(self) -> None:
        self._child.close(force=True)


def _environment(home: Path, theme: str) -> dict[str, str]:
    """A new user's, in whose shell `python` is this Python."""
    home.mkdir()
    python = home / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return {
        "PATH": f"{home}:{os.environ.get('PATH', os.defpath)}",
        "LC_ALL": "C.UTF-8",
        "HOME": str(home),
        "PS1": "$ ",
        "TERM": "xterm-256color",
        "COLORFGBG": BACKGROUNDS[theme],
        "CHAT_DATA": str(home / "data"),
    }


class Session:
    """A server in a shell, and three people."""

    def __init__(self, folder: Path, theme: str, closing: ExitStack) -> None:
        self.folder = folder
        self._theme = theme
        self._closing = closing
        self.server = self._open("server", "bash --norc --noprofile", SERVER_SIZE)
        self.server.wait_for_prompt("$")
        self.start_server()
        self.ada = self._enter("ada")
        self.ben = self._enter("ben")
        self.ada.wait_for("ben joined")
        self.carol = self._enter("carol")
        self.ada.wait_for("carol joined")
        self.ben.wait_for("carol joined")

    def start_server(self) -> None:
        self.server.type("python server.py\r")
        self.server.wait_for_prompt("server>")

    def _open(self, name: str, command: str, size: tuple[int, int]) -> Terminal:
        terminal = Terminal(self.folder / name, self._theme, command, size)
        self._closing.callback(terminal.close)
        return terminal

    def _enter(self, name: str) -> Terminal:
        client = self._open(name, CLIENT.format(name), CLIENT_SIZE)
        client.wait_for(f"{name} · online", "lobby>")
        self.server.wait_for_last(f": {name} (")
        return client


def conversation(chat: Session) -> Picture:
    """Everybody is there: public and private words, another room, a name called, and a half-typed answer."""
    server, ada, ben, carol = chat.server, chat.ada, chat.ben, chat.carol
    lines = (
        (server, "good morning! tea is in the kitchen"),
        (ada, "the new parser is in 🎉"),
        (ben, "nice! is it faster?"),
        (carol, "greetings from 京都 🍵"),
        (carol, "ben, can you look at my branch today?"),
    )
    for speaker, text in lines:
        _say(chat, speaker, text)
        if "faster" in text:
            _answer(chat)
    carol.type("/join builds\r")
    carol.wait_for("builds>")
    ada.type("/join builds\r")
    ada.wait_for("you are in #builds (2 here)", "builds>")
    ada.type("/switch lobby\r")
    ada.wait_for("lobby>")
    carol.type("all green\r")
    ada.wait_for("#builds carol: all green", "#builds 1 new")
    ada.type("/msg ben lunch at one?\r")
    ada.wait_for("lunch at one? ✓")
    ada.wait_for_prompt("lobby>")
    ben.wait_for("@ada ada: lunch at one?", "@ada 1 new")
    ben.type("/reply sure! I only want to")
    ben.wait_for("only want to")
    server.wait_for_prompt("server>")
    label = "The server's terminal above, and below it two of the three people who talk."
    clients = (ada.shot(CLIENT.format("ada")), ben.shot(CLIENT.format("ben")))
    return Picture("conversation", label, ((server.shot("the server's terminal"),), clients))


def _say(chat: Session, speaker: Terminal, text: str, command: str = "") -> None:
    speaker.type(f"{command}{text}\r")
    for listener in (chat.server, chat.ada, chat.ben, chat.carol):
        listener.wait_for(text)


def _answer(chat: Session) -> None:
    """Ada answers the last message; two react to that, and she sends what she has measured."""
    _say(chat, chat.ada, "twice as fast, on the big file", "/re ")
    for number, reader in enumerate((chat.carol, chat.ben), 1):
        reader.type("/react :rocket:\r")
        for listener in (chat.ada, chat.ben, chat.carol):
            listener.wait_for(f"[🚀 {number}]")
    (chat.folder / "ada" / "timing.pdf").write_bytes(bytes(48_000))
    chat.ada.type("/send ~/timing.pdf\r")
    for listener in (chat.server, chat.ben, chat.carol):
        listener.wait_for("timing.pdf")
    chat.ada.wait_for("file 1: timing.pdf, 46.9 KB] ✓")


def comeback(chat: Session) -> Picture:
    """The server is killed and started again, and nothing is lost."""
    server, ada, ben, carol = chat.server, chat.ada, chat.ben, chat.carol
    server.signal(signal.SIGKILL)
    server.wait_for("Killed")
    for client in (ada, ben, carol):
        client.wait_for("Reconnecting")
    ada.type("is it me, or is the server gone?\r")
    ada.type("ben, noodles or rice?\r")
    ada.wait_for("… is it me", "… ben, noodles", "2 waiting")
    ada.type("and what is half typed stays")
    ada.wait_for("typed stays")
    before = ada.shot("ada, while the server is gone")
    for sleeper in (carol, ada):  # so that they come back one after the other, in every run alike
        sleeper.signal(signal.SIGSTOP)
    chat.start_server()
    ben.wait_for("Connected again")
    carol.signal(signal.SIGCONT)
    carol.wait_for("Connected again")
    server.wait_for_last(": carol (")
    server.type("sorry, that was the wrong plug\r")
    carol.wait_for("wrong plug")
    carol.type("/switch lobby\rno harm done, it is all here\r")
    carol.wait_for("all here ✓")
    ben.type(" finish this\r")
    ben.wait_for("finish this ✓")
    ada.signal(signal.SIGCONT)
    ada.wait_for("Connected again", "all here", "finish this", "gone? ✓", "rice? ✓", "online · @ben 1 new")
    server.wait_for_last("rice?")
    label = "The server is killed and started again; a client waits, comes back, and has missed nothing."
    moments = (before, ada.shot("ada, when it is back"))
    return Picture("comeback", label, ((server.shot("the server's terminal"),), moments))


@contextmanager
def session(theme: str) -> Iterator[Session]:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as closing:
        yield Session(Path(folder), theme, closing)


def main() -> int:
    for theme, look in THEMES.items():
        with session(theme) as chat:
            pictures = [conversation(chat), comeback(chat)]
        for picture in pictures:
            file = ROOT / "docs" / f"{picture.name}-{theme}.svg"
            file.write_text(draw(picture.windows, look, picture.label), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
