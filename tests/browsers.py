"""A WebSocket client for tests, and single HTTP requests: written from the RFC alone, like the other peers.

It shares no code with the product, so that a mistake there cannot be repeated here.
"""

from __future__ import annotations

import base64
import hashlib
import os
import struct
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.peers import WAIT, Ended, Native, Peer

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(opcode: int, payload: bytes = b"", *, final: bool = True, mask: bytes = b"\x11\x22\x33\x44") -> bytes:
    """A frame as a client sends it."""
    size = len(payload)
    first = opcode | (0x80 if final else 0)
    if size < 126:
        head = struct.pack("!BB", first, 0x80 | size)
    elif size < 65_536:
        head = struct.pack("!BBH", first, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, size)
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


def closing(code: int, reason: str = "") -> bytes:
    return frame(CLOSE, struct.pack("!H", code) + reason.encode())


class Answer(NamedTuple):
    """What a request got."""

    status: int
    fields: dict[str, str]
    body: bytes


def request_head(path: str, method: str = "GET", fields: Mapping[str, str | None] | None = None) -> bytes:
    """A request of a browser; a field that is None is left out."""
    lines = [f"{name}: {value}" for name, value in (fields or {}).items() if value is not None]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode()


def read_answer(data: bytes) -> Answer:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.split(": ", 1) for line in lines)
    return Answer(int(first.split()[1]), {name.lower(): value for name, value in pairs}, body)


def ask(
    port: int, path: str, method: str = "GET", *, connect: str = "127.0.0.1", host: str | None = None, **fields: Any
) -> Answer:
    """One request, and all that comes of it. Fields are named with underscores."""
    named = {"Host": host or f"{connect}:{port}", **{name.replace("_", "-"): value for name, value in fields.items()}}
    with Peer(port, connect) as peer:
        peer.send_bytes(request_head(path, method, named))
        return read_answer(peer.rest())


class Web(Native):
    """A browser's page, once it is loaded: a native client over a WebSocket."""

    def __init__(self, port: int, name: str | None = None, host: str = "127.0.0.1", **hello: Any) -> None:
        """`fields` in the hello are those of the upgrade request."""
        fields = hello.pop("fields", {})
        super().__init__(port, None, host)
        self.closed: tuple[int, str] | None = None  # how the server closed it
        self.pongs: list[bytes] = []
        self._frames = b""
        self.upgrade = self._open(f"{host}:{port}", fields)
        if name is not None and self.upgrade.status == 101:
            self.enter(name, **hello)

    def _open(self, authority: str, fields: Mapping[str, str | None]) -> Answer:
        key = base64.b64encode(os.urandom(16)).decode()
        scheme = "http" if self.tls is None else "https"
        named: dict[str, str | None] = {
            "Host": authority,
            "Origin": f"{scheme}://{authority}",
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": key,
        }
        self.send_raw(request_head("/chat", fields={**named, **fields}))
        until = time.monotonic() + WAIT
        data = b""
        while b"\r\n\r\n" not in data:
            data += Peer._receive(self, until)
        head, _, self._frames = data.partition(b"\r\n\r\n")
        answer = read_answer(head + b"\r\n\r\n")
        if answer.status == 101:
            accept = base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()
            assert answer.fields["sec-websocket-accept"] == accept
        return answer

    def send_raw(self, data: bytes) -> None:
        super().send_bytes(data)

    def send_bytes(self, data: bytes) -> None:
        """Lines, each as a message."""
        self.send_raw(b"".join(frame(TEXT, line) for line in data.split(b"\n") if line))

    def ping(self, data: bytes = b"") -> None:
        self.send_raw(frame(PING, data))

    def _receive(self, until: float) -> bytes:
        """The messages that come next, as lines."""
        while not (lines := self._lines()):
            self._frames += super()._receive(until)
        return lines

    def _lines(self) -> bytes:
        lines = []
        while (found := self._next_frame()) is not None:
            opcode, payload = found
            if opcode == TEXT:
                assert b"\n" not in payload
                lines.append(payload + b"\n")
            elif opcode == PONG:
                self.pongs.append(payload)
            elif opcode == CLOSE:
                assert self.closed is None, "closed twice"
                code = struct.unpack("!H", payload[:2])[0] if payload else 1005
                self.closed = (code, payload[2:].decode())
                self._answer_close(payload)
        return b"".join(lines)

    def _answer_close(self, payload: bytes) -> None:
        try:
            self.send_raw(frame(CLOSE, payload))
        except OSError:
            pass  # it does not wait for that, where it was closed for what this client did

    def _next_frame(self) -> tuple[int, bytes] | None:
        data = self._frames
        if len(data) < 2:
            return None
        assert data[0] & 0x80, "servers here do not fragment"
        assert not data[1] & 0x80, "a server does not mask"
        size, at = data[1], 2
        if size >= 126:
            at = 4 if size == 126 else 10
            if len(data) < at:
                return None
            size = int.from_bytes(data[2:at], "big")
        if len(data) < at + size:
            return None
        self._frames = data[at + size :]
        return data[0] & 0x0F, data[at : at + size]

    def ended(self, wait: float = WAIT) -> bool:
        """Whether the server has nothing more to say, and closes."""
        try:
            return self.rest(wait) == b""
        except Ended:
            return True
