"""Encrypted connections by the hundred, which check all that they are told: that it is whole, in order and complete.

A crew is a thread that goes round its own connections, reads and writes each without waiting, and lets newcomers in as
others leave. An SSLSocket must never be used by two threads, not even by one that reads and one that writes: that
crashes the interpreter, and it would be the tests' fault then. Whoever is in a crew is touched by its thread alone.
Written from docs/protocol.md, without any code of the product.
"""

from __future__ import annotations

import contextlib
import json
import random
import secrets
import selectors
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from tests.peers import WAIT

WINDOW: Final = 16  # texts of one connection that are not confirmed yet
LONGEST: Final = 5_000  # characters of a text
SMALL: Final = 8_192  # bytes that the kernel keeps for some who read: their records arrive in pieces
NAPS: Final = 0.2  # of the times that one of these could read it does not, and the server has to keep what is sealed
ROUND: Final = 0.002  # seconds that a crew waits for something to read

Frame = dict[str, Any]


def text_of(name: str, seq: int) -> str:
    """What that name says under that number; mostly short, now and then more than fits in one record of TLS."""
    mark = f"{name}·{seq}·"
    choice = zlib.crc32(mark.encode())
    filler, longest = ("😀", LONGEST) if choice % 16 == 0 else ("x", 300)
    return mark + filler * min(choice // 16 % longest, LONGEST - len(mark))


class Room:
    """What is said in it, as whoever heard it first did. Any thread may ask."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._said: dict[int, tuple[str, int]] = {}

    def agrees(self, id: int, sender: str, seq: int) -> bool:
        return self._said.setdefault(id, (sender, seq)) == (sender, seq)


class Guest:
    """One connection from its handshake to its end. `failure` says what was wrong with it."""

    def __init__(self, name: str, room: Room, texts: int, everything: int = 0) -> None:
        """It leaves when its texts are confirmed, and it has heard `everything`: that many messages, from the first."""
        self.name = name
        self.heard = 0
        self.failure = ""
        self.is_over = False
        self._room, self._texts, self._everything = room, texts, everything
        self._unsaid, self._confirmed = texts, 0
        self._last = 0 if everything else None  # the newest message it knows of
        self._random = random.Random(zlib.crc32(name.encode()))
        self._naps = NAPS if self._random.random() < 0.3 else 0.0
        self._is_in = self._leaves = self._parted = False
        self._unread = b""
        hello = {"type": "hello", "protocol": 1, "name": name, "session": secrets.token_hex(16)}
        self._unsent = self._line({**hello, "rooms": {room.name: self._last}, "history": 50})

    def connect(self, port: int, context: ssl.SSLContext) -> ssl.SSLSocket:
        plain = socket.socket()
        if self._naps:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        plain.settimeout(WAIT)
        try:
            plain.connect(("127.0.0.1", port))
        except OSError:
            plain.close()
            raise
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # An end without TLS's own end is a lost link, and must be seen as one.
        self._tls = context.wrap_socket(plain, do_handshake_on_connect=False, suppress_ragged_eofs=False)
        self._tls.setblocking(False)
        self._since = time.monotonic()
        return self._tls

    @property
    def may_say(self) -> bool:
        return self._is_in and self._unsaid > 0 and self._texts - self._unsaid - self._confirmed < WINDOW

    def say(self) -> None:
        self._unsaid -= 1
        seq = self._texts - self._unsaid
        text = text_of(self.name, seq)
        self._unsent += self._line({"type": "say", "room": self._room.name, "text": text, "seq": seq})

    def step(self, now: float, *, readable: bool) -> None:
        """Whatever can be done without waiting."""
        try:
            if readable or self._unsent:
                self._send()
            if readable and self._random.random() >= self._naps:
                self._since = now
                self._receive()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError as error:
            self.fail(f"broken: {type(error).__name__} {error}")
        if now - self._since > 2 * WAIT:
            self.fail(f"incomplete: nothing comes any more after {self.heard} messages")

    def fail(self, why: str) -> None:
        self.failure = self.failure or f"{why} ({self.name}, {self._confirmed} of {self._texts} confirmed)"
        self.is_over = True

    @staticmethod
    def _line(frame: Frame) -> bytes:
        return json.dumps(frame, ensure_ascii=False).encode() + b"\n"

    def _send(self) -> None:
        while self._unsent:
            self._unsent = self._unsent[self._tls.send(self._unsent) :]

    def _receive(self) -> None:
        while not self.is_over:
            if not (data := self._tls.recv(65_536)):
                self._ended()
                return
            *lines, self._unread = (self._unread + data).split(b"\n")
            for line in lines:
                self._read(line)

    def _read(self, line: bytes) -> None:
        if not self._is_in and not line.startswith(b"{"):
            return  # what the server says to whom it takes for a person
        try:
            frame = json.loads(line)
        except ValueError:
            self.fail(f"torn: {line[:80]!r}")
            return
        self._hear(frame)
        if self._is_in and not self._leaves and self._confirmed == self._texts and self.heard >= self._everything:
            self._leaves = True
            self._unsent += self._line({"type": "bye"})

    def _hear(self, frame: Frame) -> None:
        match frame["type"]:
            case "joined":
                self._newest = frame["last"]
            case "history":
                for message in frame["messages"]:
                    self._take(message)
                if not frame["more"]:
                    self._last = self._newest if self._last is None else self._last
                    self._is_in = True
            case "message":
                self._take(frame)
            case "bye":
                self._parted = frame["code"] == "exit"
            case "error":
                self.fail(f"refused: {frame}")

    def _take(self, message: Frame) -> None:
        id, sender, seq, text = (message[field] for field in ("id", "from", "seq", "text"))
        if self._last is not None and id != self._last + 1:
            self.fail(f"order: {id} follows {self._last}")
        if text != text_of(sender, seq) or not self._room.agrees(id, sender, seq):
            self.fail(f"changed: {id} is {text[:40]!r} for {seq} of {sender}")
        if sender == self.name:
            self._confirmed += 1
            if seq != self._confirmed:
                self.fail(f"order: receipt {seq} in the place of {self._confirmed}")
        self._last = id
        self.heard += 1

    def _ended(self) -> None:
        if not self._parted or self._unread:
            self.fail(f"incomplete: it ended after {self.heard} messages, unread {self._unread[-80:]!r}")
        self.is_over = True


class Crew:
    """A thread that lets guests in, so many at a time, until no more come or too many have failed."""

    def __init__(self, port: int, guests: Iterator[Guest], most: int, seed: int, pace: float | None = None) -> None:
        """`pace`: texts a second; without it, all that they can."""
        self.served = self.heard = 0
        self.failures: list[str] = []
        self.most_failures = 20
        self._port, self._guests, self._most, self._pace = port, guests, most, pace
        self._random = random.Random(seed)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._context.check_hostname, self._context.verify_mode = False, ssl.CERT_NONE
        self._here: dict[ssl.SSLSocket, Guest] = {}
        self._selector = selectors.DefaultSelector()
        self._due = 0.0
        self.thread = threading.Thread(target=self._run, name="crew")

    def _run(self) -> None:
        self._due = time.monotonic()
        with self._selector:
            while self._let_in() and len(self.failures) < self.most_failures:
                self._go_round()
            for connection in self._here:
                connection.close()

    def _let_in(self) -> bool:
        """Whether anybody is here, or tried to be."""
        tried = 0
        for guest in islice(self._guests, self._most - len(self._here)):
            tried += 1
            try:
                connection = guest.connect(self._port, self._context)
            except OSError as error:
                self.failures.append(f"refused: {guest.name} {error}")
                break
            self._here[connection] = guest
            self._selector.register(connection, selectors.EVENT_READ)
            guest.step(time.monotonic(), readable=True)
        return bool(self._here) or tried > 0

    def _go_round(self) -> None:
        readable = {key.fileobj for key, _ in self._selector.select(ROUND)}
        now = time.monotonic()
        self._talk(now)
        for connection, guest in list(self._here.items()):
            guest.step(now, readable=connection in readable)
            if guest.is_over:
                self._let_go(connection, guest)

    def _talk(self, now: float) -> None:
        able = [guest for guest in self._here.values() if guest.may_say]
        if self._pace is None:
            for guest in able:
                guest.say()
            return
        while self._due < now:
            self._due += self._random.expovariate(self._pace)
            if able := [guest for guest in able if guest.may_say]:
                self._random.choice(able).say()

    def _let_go(self, connection: ssl.SSLSocket, guest: Guest) -> None:
        self._selector.unregister(connection)
        with contextlib.suppress(OSError):
            connection.close()
        del self._here[connection]
        self.served += 1
        self.heard += guest.heard
        if guest.failure:
            self.failures.append(guest.failure)
