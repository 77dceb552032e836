"""Stand-ins for the two ends of a client: a screen without a terminal, and a server that follows a script."""

from __future__ import annotations

import queue
import re
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from chat_common import Frame, LineDecoder, decode_frame, encode_frame
from client import ChatClient
from client_parts.command_line import Preferences
from client_parts.input.completion import Vocabulary
from client_parts.input.correctable import Correctable
from client_parts.input.reading import Closed
from client_parts.kept.bookmarks import Key
from client_parts.kept.transcript import Transcript
from client_parts.link.link import Patience
from client_parts.screen.status import Status
from client_parts.screen.window import Window
from tests.client.ports import ReservedPort

SECONDS = 10.0  # the longest that any test waits for anything
HASTY = Patience(first_pause=0.02, longest_pause=0.1, hold=0.05, goodbye=0.5, undelivered=0.5)
ATTACKS = [  # what would move, wipe, ring, rename or turn around what others see
    "\x1b[2J\x1b[H",
    "\x1b]2;owned\x07",
    "\x9b31m",
    "\x07",
    "\r\n\n",
    "\x1bc",
    "\x1b[1;1r",
    "\u202e",
    "\u2028",
    "\u200b",
]
SAID = 1795252782.5  # when everything in these tests is said, unless they say otherwise
FILE: Frame = {"id": "A" * 22, "name": "plan.png", "size": 1234, "sha256": "0" * 64, "mime": "image/png"}
_PAINT = re.compile(r"\x1b\[[0-9;]*m")


def message(id: int, text: str = "hello", sender: str = "bob", room: str = "lobby", **more: Any) -> Frame:
    frame = {"type": "message", "room": room, "id": id, "ts": SAID, "from": sender, "color": "red"}
    return {**frame, "text": text, **more}


def unpainted(line: str) -> str:
    return _PAINT.sub("", line)


def timeless(line: str) -> str:
    """A line about the past, without its time."""
    return re.sub(r"^(\d{4}-\d\d-\d\d )?\d\d:\d\d ", "", line)


class Notebook:
    """A board that remembers what a person would have seen."""

    echoes = False
    rich = False
    shows_pictures = False

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.raw: list[str] = []
        self.keys: dict[Key, str] = {}
        self.cleared = 0
        self.rung = 0
        self.theme = ""
        self.links = True
        self.pictures: list[bytes] = []
        self.transcript = Transcript()
        self.notified: list[tuple[str, str, str]] = []
        self.window = Window()

    def show(self, line: str, hang: int = 0, key: Key | None = None) -> None:
        self.raw.append(line)
        self.lines.append(unpainted(line))
        if key is not None:
            self.keys[key] = self.lines[-1]

    def show_delivered(self, line: str, key: Key | None = None) -> None:
        self.show(line, key=key)

    def change(self, key: Key, line: str, instead: str) -> None:
        """What was shown since `lines` was emptied is on the screen, if there is one."""
        if self.rich and (shown := self.keys.get(key)) in self.lines:
            self.lines[self.lines.index(shown)] = self.keys[key] = unpainted(line)
        elif instead:
            self.show(instead)

    def note(self, line: str, hang: int = 0) -> None:
        self.show(line, hang)

    def complain(self, line: str) -> None:
        self.show(line)

    def clear(self) -> None:
        self.cleared += 1

    def ring(self) -> None:
        self.rung += 1

    def notify(self, title: str, text: str, command: str) -> None:
        self.notified.append((title, text, command))

    def set_links(self, *, on: bool) -> None:
        self.links = on

    def picture(self, data: bytes) -> bool:
        self.pictures.append(data)
        return self.shows_pictures

    def set_theme(self, name: str) -> None:
        self.theme = name


class FakeScreen(Notebook):
    """A screen whose keyboard is a queue, and whose lines can be waited for."""

    continues = False
    corrects: Correctable | None = None
    broken = False
    leaving_key = "Esc"

    def __init__(self, *, interactive: bool = True) -> None:
        super().__init__()
        self.interactive = interactive
        self.objection: Callable[[], str] = str
        self.events: list[Frame] = []
        self.statuses: list[Status] = [Status("", "", "red", online=False)]
        self.questions: list[str] = []
        self.reads = 0  # lines read so far
        self.left = False
        self._typed: queue.Queue[str | BaseException] = queue.Queue()
        self._changed = threading.Condition()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *exception: object) -> None:
        with self._changed:
            self.left = True
            self._changed.notify_all()

    def together(self) -> AbstractContextManager[None]:
        return nullcontext()

    def show(self, line: str, hang: int = 0, key: Key | None = None) -> None:
        with self._changed:
            super().show(line, hang, key)
            self._changed.notify_all()

    def ask_background(self, told: Callable[[str], None]) -> None:
        """It has none."""

    def is_typed_to(self) -> bool:
        return False

    def wait_to_leave(self) -> None:
        """Nobody is there who would press Enter."""

    def event(self, frame: Frame) -> None:
        with self._changed:
            self.events.append(frame)
            self._changed.notify_all()

    def set_status(self, status: Status) -> None:
        with self._changed:
            if self.statuses[-1] != status:
                self.statuses.append(status)
                self._changed.notify_all()

    def set_vocabulary(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary

    def read_line(self) -> str:
        typed = self._typed.get(timeout=SECONDS)
        if isinstance(typed, BaseException):
            raise typed
        with self._changed:
            self.reads += 1
            self._changed.notify_all()
        return typed

    def ask_secret(self, question: str) -> str | None:
        """What is typed next; an exception in its place leaves the question."""
        typed = self._typed.get(timeout=SECONDS)
        self.questions.append(question)
        return None if isinstance(typed, BaseException) else typed

    def end_reading(self) -> None:
        self._typed.put(Closed())

    def type(self, *lines: str | BaseException) -> None:
        for line in lines:
            self._typed.put(line)

    def wait_until(self, true: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(true, SECONDS), f"never came true; shown: {self.lines}"

    def stays(self, true: Callable[[], bool]) -> None:
        with self._changed:
            assert not self._changed.wait_for(lambda: not true(), 0.1)

    def wait_for(self, part: str) -> None:
        self.wait_until(lambda: any(part in line for line in self.lines))


class Peer:
    """The server's end of one connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._socket.settimeout(SECONDS)
        self._decoder = LineDecoder()
        self._frames: list[Frame] = []

    def expect(self, kind: str) -> Frame:
        """The next frame, which must be of that type."""
        while not self._frames:
            data = self._socket.recv(65_536)
            assert data, f"the client closed instead of sending {kind}"
            self._frames += map(decode_frame, self._decoder.feed(data))
        frame = self._frames.pop(0)
        assert frame["type"] == kind, frame
        return frame

    def expect_nothing(self) -> None:
        """The client waits for something: nothing comes by itself."""
        assert not self._frames, self._frames
        assert not select.select([self._socket], [], [], 0.15)[0], "the client did not wait"

    def send(self, *frames: Frame) -> None:
        self._socket.sendall(b"".join(map(encode_frame, frames)))

    def send_raw(self, data: bytes) -> None:
        self._socket.sendall(data)

    def welcome(self, *, accepted: int = 0, epoch: str = "e1", last: int = 0, **more: Any) -> Frame:
        """Take the hello, answer as a server does, and return the hello."""
        hello = self.expect("hello")
        self.send(
            {
                "type": "welcome",
                "name": hello["name"],
                "color": hello["color"],
                "epoch": epoch,
                "accepted": accepted,
                "motd": "be kind",
                **more,
            }
        )
        for room in hello["rooms"]:
            self.send(
                {"type": "joined", "room": room, "last": last, "members": 1},
                {"type": "history", "room": room, "messages": [], "gap": False, "more": False},
            )
        return hello

    def receipt(self, say: Frame, id: int, sender: str) -> None:
        self.send(message(id, say["text"], sender, say["room"], seq=say["seq"]))

    def close(self) -> None:
        self._socket.close()


class ScriptedServer:
    """A listening socket whose tests play the server themselves."""

    def __init__(self) -> None:
        self._reserved = ReservedPort()
        self.port = self._reserved.number
        self._peers: list[Peer] = []
        self.open()

    def open(self) -> None:
        """Listen; also again after `go_away`."""
        self._socket = socket.create_server(("127.0.0.1", self.port))
        self._socket.settimeout(SECONDS)

    def accept(self) -> Peer:
        peer = Peer(self._socket.accept()[0])
        self._peers.append(peer)
        return peer

    def go_away(self) -> None:
        for peer in self._peers:
            peer.close()
        self._socket.close()

    def close(self) -> None:
        self.go_away()
        self._reserved.release()


class RunningClient:
    """A ChatClient at work in a thread of its own, on a fake screen."""

    def __init__(self, port: int, token_file: Path, *, interactive: bool = True, **options: Any) -> None:
        self.screen = FakeScreen(interactive=interactive)
        color, patience = options.pop("color", "blue"), options.pop("patience", HASTY)
        host = options.pop("host", "127.0.0.1")
        preferences = Preferences(**{"name": "ann", "token_file": token_file, **options})
        self.client = ChatClient(host, port, color, preferences=preferences, screen=self.screen, patience=patience)
        self._status: int | None = None
        # A daemon, so that a client which does not end fails its test and not the whole run.
        self._thread = threading.Thread(target=self._run, name="client under test", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._status = self.client.connect_to_server()

    def status(self) -> int:
        """Wait for its end: the exit status."""
        self._thread.join(SECONDS)
        assert self._status is not None, f"the client did not end; shown: {self.screen.lines}"
        assert self._no_receiver_left()
        return self._status

    def stop(self) -> None:
        self.screen.type(EOFError(), EOFError())
        self._thread.join(SECONDS)

    @staticmethod
    def _no_receiver_left() -> bool:
        deadline = time.monotonic() + SECONDS
        while any(thread.name == "receiver" for thread in threading.enumerate()):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True


def in_the_lobby(
    server: ScriptedServer, start: Callable[..., RunningClient], **options: object
) -> tuple[RunningClient, Peer]:
    """A client that has been welcomed."""
    running = start(**options)
    peer = server.accept()
    peer.welcome()
    running.screen.wait_until(lambda: running.screen.statuses[-1].online)
    return running, peer


def goodbye(running: RunningClient, peer: Peer) -> int:
    running.screen.type("/exit")
    peer.expect("bye")
    peer.send({"type": "bye", "code": "exit", "text": "goodbye", "retry": False})
    return running.status()
