"""One connection to a server: bytes in, frames out; frames in, bytes out; nobody ever waits here.

It must not know rooms, texts or screens. One thread owns a link.
"""

from __future__ import annotations

import random
import socket
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from chat_common import Frame, FrameError, LineDecoder, decode_frame, encode_frame, lasting
from client_parts.link.dialing import Place
from client_parts.link.wire import Wire

_CHUNK = 65_536
_BEGINNINGS = (b"{", b"* hello client *")  # of all that this chat's server may say first
_LINGER = "hh" if sys.platform == "win32" else "ii"  # the form of SO_LINGER


class LinkLost(Exception):
    """The connection is over, and why, in words for a person."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long this client waits for what, in seconds."""

    connect: float = 7.0
    welcome: float = 10.0
    quiet: float = 15.0  # silence after which to ask whether anybody is there
    dead: float = 40.0  # silence after which nobody is
    first_pause: float = 0.5
    longest_pause: float = 30.0
    hurry: float = 1.0  # the shortest pause between tries that a person's lines bring forward
    hold: float = 1.0  # before a text that the server could not store is sent again
    goodbye: float = 1.0
    undelivered: float = 3.0  # the same, while texts are on their way


AMONG_SEVERAL: Final = Patience(quiet=5.0, dead=12.0)  # where there is another server to go to


class Pauses:
    """Growing pauses between tries, jittered so that a thousand clients do not come back at the same instant."""

    def __init__(self, first: float, longest: float) -> None:
        self._first, self._longest = first, longest
        self._next = first

    def next(self) -> float:
        pause, self._next = self._next, min(self._next * 2, self._longest)
        return pause * random.uniform(0.75, 1.0)

    def reset(self) -> None:
        self._next = self._first


class Link:
    """A connected wire and what is on its way in and out of it."""

    def __init__(
        self,
        wire: Wire,
        patience: Patience,
        clock: Callable[[], float] = time.monotonic,
        *,
        is_encrypted: bool = False,
    ) -> None:
        self.welcomed = False
        self.is_confidential = is_encrypted or _is_loopback(wire.socket)  # nobody else can read what goes over it
        self._wire = wire
        self._patience = patience
        self._clock = clock
        self._decoder = LineDecoder()
        self._outgoing = bytearray()
        self._opened = self._heard = clock()
        self._asked = False
        self._is_chat: bool | None = None  # not known yet

    def fileno(self) -> int:
        return self._wire.socket.fileno()

    def place(self) -> Place:
        """Where the other end is. OSError if it is gone."""
        return Place(self._wire.socket.family, self._wire.socket.getpeername())

    @property
    def connection(self) -> socket.socket:
        """To look at: what is sent and received goes through the link."""
        return self._wire.socket

    @property
    def has_outgoing(self) -> bool:
        return bool(self._outgoing) or self._wire.has_unsent

    def send(self, frame: Frame) -> None:
        self._outgoing += encode_frame(frame)

    def flush(self) -> None:
        """Write what the kernel takes at once."""
        try:
            self._wire.flush()
            while self._outgoing:
                sent = self._wire.send(memoryview(self._outgoing)[:_CHUNK])
                del self._outgoing[:sent]
        except (BlockingIOError, InterruptedError):
            pass
        except OSError as problem:
            raise LinkLost(_reason(problem)) from None

    def receive(self) -> list[Frame]:
        """The frames that have arrived since; LinkLost at the end of the stream."""
        try:
            data = self._wire.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return []
        except OSError as problem:
            raise LinkLost(_reason(problem)) from None
        if not data:
            silent = "" if self._is_chat else " without a word; check the host and the port"
            raise LinkLost(f"the server closed the connection{silent}")
        self._check_beginning(data)
        self._heard, self._asked = self._clock(), False
        frames = [frame for line in self._decoder.feed(data) if (frame := self._decode(line)) is not None]
        if self._decoder.overlong is not None and not frames:
            raise LinkLost(f"the server sent a line that is too long: {self._decoder.overlong} bytes")
        return frames

    def _check_beginning(self, data: bytes) -> None:
        """LinkLost if the first bytes are not this chat's: a frame, or the greeting for people."""
        if self._is_chat is None:
            begun = self._decoder.tail + data
            self._is_chat = True if begun.startswith(_BEGINNINGS) else None
            if not self._is_chat and not any(beginning.startswith(begun) for beginning in _BEGINNINGS):
                raise LinkLost("another program answers there, not this chat; check the host and the port")

    def _decode(self, line: bytes) -> Frame | None:
        # Before `welcome`, a server that took us for a person greets in plain text; later nothing of the kind
        # comes, and if a message should be cut out by this, its room's numbers show the hole.
        if not line.startswith(b"{"):
            return None
        try:
            return decode_frame(line)
        except FrameError:
            return None

    def next_deadline(self) -> float:
        """When `tend` has something to do next."""
        if not self.welcomed:
            return self._opened + self._patience.welcome
        return self._heard + (self._patience.dead if self._asked else self._patience.quiet)

    def tend(self) -> None:
        """Ask a quiet server whether it is there; LinkLost if it does not answer."""
        if self._clock() < self.next_deadline():
            return
        if not self.welcomed:
            raise LinkLost(f"no welcome came within {lasting(self._patience.welcome)}; check the host and the port")
        if self._asked:
            raise LinkLost(f"the server has been silent for {lasting(round(self._clock() - self._heard))}")
        self._asked = True
        self.send({"type": "ping"})

    def cut_when_closed(self) -> None:
        """What is not sent yet is dropped then, and the server sees a reset. Any thread may ask for it."""
        with suppress(OSError):  # closed already
            self._wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(_LINGER, 1, 0))

    def close(self) -> None:
        self._wire.close()


def _is_loopback(connection: socket.socket) -> bool:
    """Whether the other end is on this machine."""
    try:
        address = ip_address(connection.getpeername()[0])
    except (OSError, ValueError, IndexError):  # gone already, or no address at all
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _reason(problem: OSError) -> str:
    if isinstance(problem, (ConnectionResetError, BrokenPipeError, ConnectionAbortedError)):
        return "the server vanished"
    return (problem.strerror or str(problem)).lower()
