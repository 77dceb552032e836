"""WebSocket frames, against another implementation, and by the cases of the well-known test suite."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Message, Pong, TextMessage
from wsproto.events import Ping as TheirPing

from server_parts.web import websocket
from server_parts.web.websocket import Broken, Closed, Event, MessageReader, Ping, Text, close, messages, pongs
from tests.browsers import BINARY, CLOSE, PING, PONG, TEXT, closing, frame

LIMIT: Final = 100_000


def read(*pieces: bytes, limit: int = LIMIT) -> list[Event]:
    reader = MessageReader(limit)
    return [event for piece in pieces for event in reader.feed(piece)]


def bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def told(events: Sequence[Event]) -> list[Any]:
    """What was read, with the code alone of what was wrong."""
    return [("broken", event.code) if isinstance(event, Broken) else event for event in events]


# --- the cases of Autobahn's suite, sections 1 to 7 and 10, for a server that takes text alone ---

SIZES: Final = (0, 125, 126, 127, 128, 65_535, 65_536)
FULL: Final = bytes(range(0x20, 0x7F))
MIXED: Final = "κόσμε – ünïcode 👋🏽 日本語".encode()
BAD_UTF8: Final = (
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80\x65\x64",
    b"\xce\xba\xff",
    b"\x80",
    b"\xbf",
    b"\x80\xbf",
    b"\xc0\x20",
    b"\xe0\x80",
    b"\xf0\x80\x80",
    b"\xc0\xaf",
    b"\xe0\x80\xaf",
    b"\xf0\x80\x80\xaf",
    b"\xfe",
    b"\xf8\x80\x80\x80\xaf",
    b"\xfc\x80\x80\x80\x80\xaf",
    b"\xc1\xbf",
    b"\xe0\x9f\xbf",
    b"\xf0\x8f\xbf\xbf",
    b"\xf4\x90\x80\x80",
    b"\xed\xa0\x80",
    b"\xed\xaf\xbf",
    b"\xed\xb0\x80",
    b"\xed\xbf\xbf",
    b"\xed\xa0\x80\xed\xb0\x80",
    b"\xfe",
    b"\xff",
    b"\xce",
)
GOOD_UTF8: Final = (
    MIXED, b"\0", b"\x7f", "\u0080\u07ff\u0800\uffff".encode(), b"\xf4\x8f\xbf\xbf", "\ufffe".encode(),
    "\U0001fffe\U0010ffff".encode(), b"\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbd",
)  # fmt: skip
GOOD_CODES: Final = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3999, 4000, 4999)
BAD_CODES: Final = (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535)
BROKEN: Final = ("broken", 1002)

CASES: Final[dict[str, tuple[bytes, list[Any]]]] = {
    **{f"1.1 text of {size}": (frame(TEXT, b"*" * size), [Text(b"*" * size)]) for size in SIZES},
    **{f"1.2 binary of {size}": (frame(BINARY, b"\xfe" * size), [("broken", 1003)]) for size in SIZES},
    **{f"2 ping of {len(p)}": (frame(PING, p), [Ping(p)]) for p in (b"", b"Hello", b"\0\xff", b"\xfe" * 125)},
    "2.5 ping of 126": (frame(PING, b"\xfe" * 126), [BROKEN]),
    "2.7 unsolicited pong": (frame(PONG) + frame(PING, b"a"), [Ping(b"a")]),
    "2.8 unsolicited pong with data": (frame(PONG, b"x") + frame(TEXT, b"a"), [Text(b"a")]),
    "2.10 ten pings": (b"".join(frame(PING, bytes([n])) for n in range(10)), [Ping(bytes([n])) for n in range(10)]),
    **{
        f"3 reserved bits {bits:#x}": (frame(TEXT, b"a") + frame(TEXT | bits, b"b"), [Text(b"a"), BROKEN])
        for bits in (0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70)
    },
    "3 reserved bits in a ping": (frame(PING | 0x40), [BROKEN]),
    "3 reserved bits in a Close": (frame(CLOSE | 0x10), [BROKEN]),
    **{
        f"4 opcode {opcode}": (frame(TEXT, b"a") + frame(opcode), [Text(b"a"), BROKEN])
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
    },
    "5.1 fragmented ping": (frame(PING, b"a", final=False) + frame(0, b"b"), [BROKEN]),
    "5.2 fragmented pong": (frame(PONG, b"a", final=False) + frame(0, b"b"), [BROKEN]),
    "5.3 two fragments": (frame(TEXT, b"a", final=False) + frame(0, b"b"), [Text(b"ab")]),
    "5.6 a ping in between": (
        frame(TEXT, b"a", final=False) + frame(PING, b"p") + frame(0, b"b"), [Ping(b"p"), Text(b"ab")]
    ),
    "5.9 continuation of nothing": (frame(0, b"a") + frame(TEXT, b"b"), [BROKEN]),
    "5.12 continuation of nothing, not final": (frame(0, b"a", final=False), [BROKEN]),
    "5.15 a continuation too many": (
        frame(TEXT, b"a", final=False) + frame(0, b"b") + frame(0, b"c"), [Text(b"ab"), BROKEN]
    ),
    "5.18 text within text": (frame(TEXT, b"a", final=False) + frame(TEXT, b"b"), [BROKEN]),
    "5.19 five fragments and two pings": (
        frame(TEXT, b"1", final=False) + frame(0, b"2", final=False) + frame(PING, b"a") + frame(0, b"3", final=False)
        + frame(0, b"4", final=False) + frame(PING, b"b") + frame(0, b"5"),
        [Ping(b"a"), Ping(b"b"), Text(b"12345")],
    ),
    "6.1 empty fragments": (frame(TEXT, final=False) + frame(0, final=False) + frame(0), [Text(b"")]),
    "6.1 text between empty ones": (frame(TEXT, final=False) + frame(0, b"a", final=False) + frame(0), [Text(b"a")]),
    "6.2 a character in two fragments": (
        frame(TEXT, MIXED[:4], final=False) + frame(0, MIXED[4:]), [Text(MIXED)]
    ),
    "6.2 each byte a fragment": (
        frame(TEXT, b"", final=False) + b"".join(frame(0, piece, final=False) for piece in bytewise(MIXED)) + frame(0),
        [Text(MIXED)],
    ),
    **{f"6.3 {data!r}": (frame(TEXT, data), [("broken", 1007)]) for data in BAD_UTF8},
    **{
        f"6.4 in fragments {data!r}": (
            frame(TEXT, b"ok", final=False) + frame(0, data, final=False) + frame(0), [("broken", 1007)]
        )
        for data in BAD_UTF8
    },
    **{f"6.5 {data!r}": (frame(TEXT, data), [Text(data)]) for data in GOOD_UTF8},
    "7.1 Close": (frame(CLOSE), [Closed(1005)]),
    "7.1.2 two Closes": (closing(1000) + closing(1000), [Closed(1000)]),
    "7.1.3 a ping behind a Close": (closing(1000) + frame(PING), [Closed(1000)]),
    "7.1.4 text behind a Close": (closing(1000) + frame(TEXT, b"a"), [Closed(1000)]),
    "7.1.5 a Close within a message": (frame(TEXT, b"a", final=False) + closing(1000) + frame(0), [Closed(1000)]),
    "7.3.2 half a code": (frame(CLOSE, b"\x03"), [BROKEN]),
    "7.3.5 the longest reason": (closing(1000, "*" * 123), [Closed(1000)]),
    "7.3.6 too long a reason": (closing(1000, "*" * 124), [BROKEN]),
    "7.5.1 a reason that is no UTF-8": (frame(CLOSE, b"\x03\xe8\xce\xba\xff"), [("broken", 1007)]),
    **{f"7.7 code {code}": (closing(code), [Closed(code)]) for code in GOOD_CODES},
    **{f"7.9 code {code}": (closing(code), [BROKEN]) for code in BAD_CODES},
    "10.1 one message in many pieces": (
        frame(TEXT, FULL * 689, final=True), [Text(FULL * 689)]
    ),
    # what only this suite asks
    "unmasked": (b"\x81\x01a", [BROKEN]),
    "unmasked ping": (b"\x89\x00", [BROKEN]),
    "a length in more bytes than needed": (b"\x81\xfe\x00\x05" + bytes(4) + b"hello", [BROKEN]),
    "a length in many more": (b"\x81\xff" + struct.pack("!Q", 5) + bytes(4) + b"hello", [BROKEN]),
    "a length beyond all": (b"\x81\xff" + b"\xff" * 8, [("broken", 1009)]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_case_of_the_suite(name: str) -> None:
    """In one piece, byte by byte, and in pieces of 997 bytes."""
    data, expected = CASES[name]
    assert told(read(data)) == expected
    assert told(read(*(data[at : at + 997] for at in range(0, len(data), 997)))) == expected
    if len(data) < 2_000:
        assert told(read(*bytewise(data))) == expected


def test_all_codes_and_no_others_are_taken() -> None:
    """The case above has them: those of the standard, of its registry, of libraries and of anybody."""
    taken = [code for code in range(65_536) if told(read(closing(code))) == [Closed(code)]]
    assert taken == [1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)]


def test_bad_text_is_seen_before_the_message_ends() -> None:
    """With the fragment that holds it."""
    assert told(read(frame(TEXT, b"a", final=False), frame(0, b"\xff", final=False))) == [("broken", 1007)]


@pytest.mark.parametrize("size", [10, 200, 70_000])
def test_the_limit_is_exact(size: int) -> None:
    """Whole, in fragments, and by the head of a frame alone."""
    assert read(frame(TEXT, b"x" * size), limit=size) == [Text(b"x" * size)]
    too_long = [("broken", 1009)]
    assert told(read(frame(TEXT, b"x" * (size + 1))[: (8 if size < 60_000 else 14)], limit=size)) == too_long
    halves = frame(TEXT, b"x" * 5, final=False) + frame(0, b"x" * (size - 4))
    assert told(read(halves, limit=size)) == too_long


def test_nothing_is_kept_of_what_is_over() -> None:
    """Behind a Close, or what was wrong, bytes are let go of."""
    for data in (closing(1000), b"\x00\x00"):
        reader = MessageReader(LIMIT)
        assert reader.feed(data)
        assert (reader.feed(frame(TEXT, b"a") * 100), reader.has_begun, reader.is_over) == ([], False, True)


def test_what_has_begun_is_known() -> None:
    """A frame that is not whole, and a message that is not."""
    reader = MessageReader(LIMIT)
    for data, begun in ((b"\x81", True), (frame(TEXT)[1:], False), (frame(TEXT, final=False), True), (frame(0), False)):
        reader.feed(data)
        assert reader.has_begun is begun


# --- another implementation ---


class Theirs:
    """The same bytes as another server takes them."""

    def __init__(self) -> None:
        self._connection = Connection(ConnectionType.SERVER)
        self._message = ""
        self.events: list[Any] = []

    def feed(self, data: bytes) -> None:
        if self._connection.state is not ConnectionState.OPEN or self.is_over:
            return
        self._connection.receive_data(data)
        for event in self._connection.events():
            self._take(event)

    @property
    def is_over(self) -> bool:
        return bool(self.events) and (isinstance(self.events[-1], Closed) or self.events[-1][0] == "broken")

    def _take(self, event: object) -> None:
        if self.is_over:
            return
        if isinstance(event, BytesMessage):
            self.events.append(("broken", 1003))
        elif isinstance(event, TextMessage):
            self._message += event.data
            if event.message_finished:
                self.events.append(Text(self._message.encode()))
                self._message = ""
        elif isinstance(event, TheirPing):
            self.events.append(Ping(bytes(event.payload)))
        elif isinstance(event, CloseConnection):
            bad = self._connection.state is ConnectionState.OPEN  # nothing was closed: so it wants to, with that code
            self.events.append(("broken", int(event.code)) if bad else Closed(int(event.code)))


PAYLOADS: Final = st.one_of(st.binary(max_size=130), st.text(max_size=40).map(str.encode), st.just(b"*" * 300))
FRAMES: Final = st.builds(
    frame,
    st.sampled_from([0, 0, TEXT, TEXT, TEXT, PING, PONG]),
    PAYLOADS,
    final=st.booleans(),
    mask=st.binary(min_size=4, max_size=4),
)
CODES: Final = st.sampled_from([*GOOD_CODES, 1004, 1006, 1015, 999, 2000])
ENDS: Final = st.one_of(st.just(b""), st.just(frame(CLOSE)), st.builds(closing, CODES, st.text(max_size=20)))


def same(mine: list[Any], theirs: list[Any]) -> bool:
    """They may see a wrong thing before another one, but never take what is not taken here, nor the other way."""
    return mine == theirs or (
        mine[:-1] == theirs[:-1] and bool(mine) and bool(theirs) and mine[-1][0] == theirs[-1][0] == "broken"
    )


@given(st.lists(FRAMES, max_size=6).map(b"".join), ENDS, st.integers(1, 400))
def test_frames_mean_the_same_to_another_server(frames: bytes, end: bytes, size: int) -> None:
    """What is read, what is wrong, and how it ends, in whatever pieces it comes."""
    data = frames + end
    theirs = Theirs()
    for at in range(0, len(data), size):
        theirs.feed(data[at : at + size])
    mine = told(read(*(data[at : at + size] for at in range(0, len(data), size))))
    assert same(mine, theirs.events), (mine, theirs.events)


@given(st.binary(max_size=80), st.integers(1, 9))
def test_any_bytes_mean_the_same_in_any_pieces(data: bytes, size: int) -> None:
    """And nothing else comes out than events."""
    assert told(read(data)) == told(read(*(data[at : at + size] for at in range(0, len(data), size))))


@given(st.lists(st.text(max_size=200).map(lambda text: text.replace("\n", "")), max_size=5), st.binary(max_size=125))
def test_another_client_reads_what_is_sent(texts: list[str], ping: bytes) -> None:
    """Lines as messages, pongs and a Close."""
    client = Connection(ConnectionType.CLIENT)
    lines = "".join(f"{text}\n" for text in texts).encode()
    client.receive_data(messages(lines) + pongs([Ping(ping)]) + close(1008, "because"))
    *heard, pong, closed = client.events()
    assert [event.data for event in heard if isinstance(event, Message)] == texts
    assert isinstance(pong, Pong)
    assert bytes(pong.payload) == ping
    assert closed == CloseConnection(1008, "because")


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_messages_of_all_sizes_are_framed(size: int) -> None:
    """By the shortest form of their length."""
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(messages(b"x" * size + b"\n"))
    assert "".join(event.data for event in client.events() if isinstance(event, TextMessage)) == "x" * size


def test_a_reason_is_cut_between_characters() -> None:
    """A Close has 125 bytes, and its reason is UTF-8."""
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(close(1008, "ü" * 100))
    assert list(client.events()) == [CloseConnection(1008, "ü" * 61)]
    assert close(websocket.NO_CODE) == b"\x88\x00"
