"""Clients for tests, written from the protocol page alone: blocking sockets, and a deadline on every wait.

They share no code with the product, so that a mistake there cannot be repeated here.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import ssl
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, cast

from tests.tls.encrypted_socket import EncryptedSocket

SLOWNESS = float(os.environ.get("CHAT_TEST_SLOWNESS", "1"))  # a slow machine waits longer, and tests the same
WAIT = 8.0 * SLOWNESS
LONGEST_PAUSE = 0.03  # between two looks

Frame = dict[str, Any]


class Ended(Exception):
    """The server has closed the connection."""


class Peer:
    """A connection that is read line by line."""

    tls: ssl.SSLContext | None = None  # for all of them: how to encrypt

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        plain = socket.create_connection((host, port), timeout=WAIT)
        self.socket = plain if self.tls is None else cast(socket.socket, EncryptedSocket(plain, self.tls))
        self._unread = b""

    def send_bytes(self, data: bytes) -> None:
        self.socket.sendall(data)

    def line(self, wait: float = WAIT) -> bytes:
        """The next whole line, without its newline."""
        until = time.monotonic() + wait
        while b"\n" not in self._unread:
            self._unread += self._receive(until)
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def rest(self, wait: float = WAIT) -> bytes:
        """All that comes until the server closes."""
        until = time.monotonic() + wait
        try:
            while True:
                self._unread += self._receive(until)
        except Ended:
            rest, self._unread = self._unread, b""
            return rest

    def ended(self, wait: float = WAIT) -> bool:
        """Whether the server has nothing more to say, and closes."""
        return self.rest(wait) == b""

    def stop_sending(self) -> None:
        if isinstance(self.socket, EncryptedSocket):
            self.socket.end()
        else:
            with contextlib.suppress(OSError):  # ENOTCONN: the server has reset the connection already
                self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _receive(self, until: float) -> bytes:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"nothing more came; unread: {self._unread[-300:]!r}")
        self.socket.settimeout(left)
        try:
            data = self.socket.recv(65_536)
        except TimeoutError:
            raise TimeoutError(f"nothing more came; unread: {self._unread[-300:]!r}") from None
        except ConnectionError:
            data = b""
        finally:
            self.socket.settimeout(WAIT)
        if not data:
            raise Ended
        return data


class Native(Peer):
    """Speaks JSON lines. With a name it comes in at once and has its rooms' history behind it."""

    def __init__(self, port: int, name: str | None = None, host: str = "127.0.0.1", **hello: Any) -> None:
        super().__init__(port, host)
        self.session = secrets.token_urlsafe(16)
        self.seq = 0
        self.welcome: Frame = {}
        self.passed: list[Frame] = []  # what `until` went by
        if name is not None:
            self.enter(name, **hello)

    def hello(self, name: Any, **fields: Any) -> None:
        self.send("hello", **({"protocol": 1, "name": name, "session": self.session} | fields))

    def enter(self, name: str, **fields: Any) -> Frame:
        """Say hello and read as far as the history of every room named (the lobby if none is)."""
        self.hello(name, **fields)
        self.welcome = self.until("welcome")
        self.session = fields.get("session", self.session)
        self.seq = self.welcome["accepted"]
        for _ in fields.get("rooms", ("lobby",)):
            self.until("history", more=False)
        return self.welcome

    def send(self, type: str, **fields: Any) -> None:
        self.send_bytes(json.dumps({"type": type, **fields}).encode() + b"\n")

    def say(self, text: str, room: str = "lobby", **fields: Any) -> int:
        """Say something under the next `seq`, which is returned."""
        self.seq += 1
        self.send("say", **{"room": room, "text": text, "seq": self.seq, **fields})
        return self.seq

    def tell(self, text: str, room: str = "lobby") -> Frame:
        """Say something and wait for its receipt."""
        seq = self.say(text, room)
        return self.until("message", seq=seq, by=self.welcome["tag"])

    def next(self, wait: float = WAIT) -> Frame:
        """The next frame, of any type. Until the welcome, lines that are no frame are skipped."""
        until = time.monotonic() + wait
        line = self.line(wait)
        while not self.welcome and not line.startswith(b"{"):
            line = self.line(until - time.monotonic())
        assert len(line) < 65_536, f"a line of {len(line) + 1} bytes"
        frame = json.loads(line)
        assert isinstance(frame, dict)
        assert isinstance(frame["type"], str)
        return frame

    def until(self, type: str, wait: float = WAIT, **having: Any) -> Frame:
        """The next frame of a type with these fields; others are passed by."""
        deadline = time.monotonic() + wait
        while True:
            frame = self.next(deadline - time.monotonic())
            if frame["type"] == type and all(frame.get(field) == value for field, value in having.items()):
                return frame
            self.passed.append(frame)

    def message_from(self, sender: str) -> Frame:
        """The next message of somebody."""
        while (frame := self.until("message"))["from"] != sender:
            self.passed.append(frame)
        return frame

    def moved(self, what: str, who: Any) -> Frame:
        """The next presence frame in which somebody `joined`, `left` or (as [old, new]) was `renamed`."""
        while who not in (frame := self.until("presence")).get(what, ()):
            self.passed.append(frame)
        return frame

    def leave(self) -> None:
        """Say goodbye and wait until it is answered: then the name is free again."""
        self.send("bye")
        self.rest()

    def sees_off(self, name: str) -> None:
        """Wait until somebody is gone. Whoever leaves before anybody was told of the coming is not told of."""
        until = time.monotonic() + WAIT
        while any(member["name"] == name for frame in self.ask("who") for member in frame.get("members", ())):
            assert time.monotonic() < until, f"{name} is still here"

    def history(self) -> list[Frame]:
        """The messages of the next history, in however many frames it comes."""
        messages: list[Frame] = []
        while True:
            frame = self.until("history")
            messages += frame["messages"]
            if not frame["more"]:
                return messages

    def pending(self) -> list[Frame]:
        """Every frame that was on its way to this client: all before the answer to a ping."""
        mark = secrets.token_hex(4)
        self.send("ping", n=mark)
        frames = []
        while (frame := self.next()) != {"type": "pong", "n": mark}:
            frames.append(frame)
        return frames

    def ask(self, type: str, **fields: Any) -> list[Frame]:
        """Send one request; all that was said up to when it had been answered, but for who came and went."""
        self.send(type, **fields)
        answers = [frame for frame in self.pending() if frame["type"] != "presence"]
        self.passed += answers
        return answers


class Plain(Peer):
    """Speaks lines of text, like nc."""

    def __init__(self, port: int, host: str = "127.0.0.1", *, first: str | None = None) -> None:
        super().__init__(port, host)
        if first is not None:
            self.say(first)

    def say(self, text: str) -> None:
        self.send_bytes(text.encode() + b"\n")

    def text(self, wait: float = WAIT) -> str:
        return self.line(wait).decode()

    def until(self, wanted: str, wait: float = WAIT) -> str:
        """The next line that contains something."""
        deadline = time.monotonic() + wait
        while wanted not in (line := self.text(deadline - time.monotonic())):
            pass
        return line

    def enter(self) -> str:
        """Read the greeting; the name that was given."""
        line = self.until("* you are ")
        return line.removeprefix("* you are ").partition(";")[0]


def wait_until(condition: Callable[[], bool], wait: float = WAIT) -> bool:
    """Whether a condition that no frame announces comes true in time. Who waits long looks less often."""
    until, pause = time.monotonic() + wait, 0.001
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)
    return True


def of_type(frames: list[Frame], *types: str) -> list[Frame]:
    return [frame for frame in frames if frame["type"] in types]


def codes(frames: list[Frame]) -> list[str]:
    """What went wrong, in order."""
    return [frame["code"] for frame in of_type(frames, "error")]
