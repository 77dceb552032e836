"""The server's side of RFC 6455, without extensions: bytes to events, and messages to bytes. Text messages only.

It must not know what the messages say. What the other side does wrong is the last event, and nothing is read after it.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
_OPCODES: Final = frozenset((CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG))
NORMAL, GOING_AWAY, PROTOCOL_ERROR, NOT_TEXT = 1000, 1001, 1002, 1003
NO_CODE, NOT_UTF8, POLICY, TOO_LONG = 1005, 1007, 1008, 1009
_FINAL, _MASKED, _RESERVED, _CONTROL = 0x80, 0x80, 0x70, 0x08
MOST_CONTROL: Final = 125  # bytes in a ping, a pong or a Close
_MASK: Final = 4
# Frames that end no message, within one message or in what arrives at once: each costs more than many bytes of text.
MOST_FRAMES: Final = 1_024
# What may stand in a Close: codes of the standard and of its registry, of libraries, and of anybody.
_CODES: Final = frozenset((1000, 1001, 1002, 1003, *range(1007, 1015)))


class Text(NamedTuple):
    """A whole message, which is valid UTF-8."""

    data: bytes


class Ping(NamedTuple):
    data: bytes


class Closed(NamedTuple):
    """The other side wants to end the conversation."""

    code: int  # NO_CODE if it did not say why


class Broken(NamedTuple):
    """The other side has not kept to the rules: the code to close with, and a sentence about it."""

    code: int
    text: str


Event = Text | Ping | Closed | Broken


class _BrokenError(Exception):
    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.event = Broken(code, text)


class MessageReader:
    """Frames of a client, in whatever pieces they arrive."""

    __slots__ = ("_check", "_data", "_frames", "_message", "_needed", "is_over", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit  # bytes of a message
        self.is_over = False  # it was closed, or broken
        self._data = bytearray()  # what has arrived, and is not read yet
        self._needed = 2  # so much of that is the least that makes sense to be looked at
        self._message: bytearray | None = None  # the fragments of a message that is not whole yet
        self._check: codecs.IncrementalDecoder | None = None  # of the fragments, if there ever were any
        self._frames = 0  # of those that end no message

    @property
    def has_begun(self) -> bool:
        """Whether something has come whose end has not."""
        return bool(self._data) or self.is_in_fragments

    @property
    def is_in_fragments(self) -> bool:
        """Whether the first fragment of a message has come, and not the last."""
        return self._message is not None

    def feed(self, data: bytes) -> list[Event]:
        events: list[Event] = []
        if self.is_over:
            return events
        if not self.is_in_fragments:
            self._frames = 0
        self._data += data
        at = 0
        try:
            while not self.is_over and (end := self._end_of_frame(at)):
                at, event = end, self._event(at, end)
                if event is not None:
                    events.append(event)
        except _BrokenError as error:
            self.is_over = True
            events.append(error.event)
        if self.is_over:
            self._data.clear()
        elif at:
            del self._data[:at]
        return events

    def _end_of_frame(self, at: int) -> int:
        """Where the frame ends that begins there; 0 if more of it is to come."""
        data = self._data
        have = len(data) - at
        if have < self._needed:
            return 0
        first, second = data[at], data[at + 1]
        length, extra = second & 0x7F, 0
        self._check_kind(first, second, length)
        if length > MOST_CONTROL:
            extra = 2 if length == 126 else 8
            if have < 2 + extra:
                return self._wait_for(2 + extra)
            length = int.from_bytes(data[at + 2 : at + 2 + extra], "big")
            if length <= (MOST_CONTROL if extra == 2 else 0xFFFF):
                raise _BrokenError(PROTOCOL_ERROR, "the length of a frame is written in more bytes than it needs")
        if not first & _CONTROL:
            begun = 0 if self._message is None else len(self._message)
            if begun + length > self.limit:
                raise _BrokenError(TOO_LONG, f"message too long: {begun + length} > {self.limit} bytes")
        whole = 2 + extra + _MASK + length
        if have < whole:
            return self._wait_for(whole)
        self._needed = 2
        return at + whole

    def _wait_for(self, size: int) -> int:
        self._needed = size
        return 0

    def _check_kind(self, first: int, second: int, length: int) -> None:
        """What two bytes tell about a frame must be in order before the rest of it is waited for."""
        opcode = first & 0x0F
        if first & _RESERVED or opcode not in _OPCODES:
            raise _BrokenError(PROTOCOL_ERROR, "a frame has bits or a kind that were not agreed on")
        if not second & _MASKED:
            raise _BrokenError(PROTOCOL_ERROR, "a frame of a client is masked")
        if opcode & _CONTROL:
            if length > MOST_CONTROL or not first & _FINAL:
                raise _BrokenError(PROTOCOL_ERROR, f"a control frame is whole and has at most {MOST_CONTROL} bytes")
        elif (opcode == CONTINUATION) != (self._message is not None):
            raise _BrokenError(PROTOCOL_ERROR, "the fragments of a message follow each other")
        elif opcode == BINARY:
            raise _BrokenError(NOT_TEXT, "messages here are text")

    def _event(self, at: int, end: int) -> Event | None:
        """What a whole frame says."""
        data = self._data
        first, length = data[at], data[at + 1] & 0x7F
        start = at + 2 + (0 if length <= MOST_CONTROL else 2 if length == 126 else 8)
        payload = _unmasked(data[start : start + _MASK], data[start + _MASK : end])
        opcode = first & 0x0F
        if not first & _CONTROL and first & _FINAL:
            self._frames = 0
            return self._whole(payload)
        self._frames += 1
        if self._frames > MOST_FRAMES:
            raise _BrokenError(POLICY, f"more than {MOST_FRAMES} frames without the end of a message")
        if opcode == PING:
            return Ping(payload)
        if opcode == CLOSE:
            self.is_over = True
            return _closed(payload)
        if opcode != PONG:
            self._add(payload, is_last=False)
        return None

    def _whole(self, payload: bytes) -> Text:
        if self._message is None:  # nearly all of them
            if not payload.isascii():
                _check_text(payload)
            return Text(payload)
        message = self._add(payload, is_last=True)
        self._message = None
        return Text(bytes(message))

    def _add(self, payload: bytes, *, is_last: bool) -> bytearray:
        message = self._message = bytearray() if self._message is None else self._message
        message += payload
        self._check = self._check or codecs.getincrementaldecoder("utf-8")()
        try:
            self._check.decode(payload, final=is_last)
        except UnicodeDecodeError:
            raise _BrokenError(NOT_UTF8, "a message is not valid UTF-8") from None
        return message


def _check_text(payload: bytes) -> None:
    try:
        payload.decode()
    except UnicodeDecodeError:
        raise _BrokenError(NOT_UTF8, "a message is not valid UTF-8") from None


def _unmasked(mask: bytes | bytearray, payload: bytes | bytearray) -> bytes:
    """All bytes at once, as one number."""
    size = len(payload)
    key = (mask * (size // _MASK + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(size, "little")


def _closed(payload: bytes) -> Closed:
    if not payload:
        return Closed(NO_CODE)
    code = int.from_bytes(payload[:2], "big")
    if len(payload) < 2 or not (code in _CODES or 3000 <= code <= 4999):
        raise _BrokenError(PROTOCOL_ERROR, "that is no code to close with")
    _check_text(payload[2:])
    return Closed(code)


# --- what the server sends ---


@lru_cache(maxsize=4_096)
def _head(opcode: int, size: int) -> bytes:
    first = bytes((_FINAL | opcode,))
    if size <= MOST_CONTROL:
        return first + bytes((size,))
    return first + (b"\x7e" + size.to_bytes(2, "big") if size <= 0xFFFF else b"\x7f" + size.to_bytes(8, "big"))


def messages(lines: bytes) -> bytes:
    """Whole lines, each of them as one text message."""
    return b"".join([part for line in lines.split(b"\n")[:-1] for part in (_head(TEXT, len(line)), line)])


def pongs(pings: Iterable[Ping]) -> bytes:
    return b"".join(_head(PONG, len(ping.data)) + ping.data for ping in pings)


def close(code: int, reason: str = "") -> bytes:
    """A Close. Its reason is cut where it does not fit; without a code to say, it is empty."""
    told = b"" if code == NO_CODE else code.to_bytes(2, "big") + _cut(reason)
    return _head(CLOSE, len(told)) + told


def _cut(reason: str) -> bytes:
    return reason.encode("utf-8", "replace")[: MOST_CONTROL - 2].decode("utf-8", "ignore").encode()
