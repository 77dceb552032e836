"""The native door, without a socket: framing, and how long a client may take."""

from __future__ import annotations

import pytest

from server_parts.protocol.doorway import Doorway
from server_parts.protocol.native_door import NativeDoor
from server_parts.protocol.requests import EndConnection, Ping, Refusal
from tests.server.knocking import HELLO, asked, frame, last_frame, welcomed_native, whole_and_bytewise

# --- framing ---


@whole_and_bytewise
def test_a_hello_line_has_a_limit(byte_by_byte: bool) -> None:
    """4,096 bytes with the newline pass; one more is told with both numbers, and ends it."""
    padding = 4096 - len(frame(type="ping", n=""))
    assert asked(frame(type="ping", n="x" * padding), byte_by_byte=byte_by_byte) == [Ping("x" * padding)]
    refusal, ending = asked(frame(type="ping", n="x" * (padding + 1)))
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.fatal) == ("too_long", True)
    assert "4097 > 4096" in refusal.text
    assert last_frame(ending)["code"] == "too_long"


def test_a_line_has_a_limit_after_the_welcome() -> None:
    """65,536 bytes with the newline pass; one more does not, and it need not be complete to be refused."""
    padding = 65_536 - len(frame(type="ping", n=""))
    assert welcomed_native().receive(frame(type="ping", n="x" * padding), 1.0) == [Ping("x" * padding)]
    refusal, ending = welcomed_native().receive(b"x" * 65_536, 1.0)
    assert isinstance(refusal, Refusal)
    assert "65536" in refusal.text
    assert last_frame(ending) == {"type": "bye", "code": "too_long", "text": refusal.text, "retry": False}


def test_nothing_comes_after_a_line_that_is_too_long() -> None:
    """The rest of the stream cannot be trusted."""
    doorway = welcomed_native()
    doorway.receive(b"x" * 65_536, 1.0)
    assert not [r for r in doorway.receive(b"\n" + frame(type="ping"), 1.0) if isinstance(r, Ping)]


@whole_and_bytewise
def test_a_bad_frame_is_told_and_forgiven(byte_by_byte: bool) -> None:
    """The conversation goes on, and a good frame clears the count."""
    four = b"{nonsense\n" * 4
    requests = asked(four + frame(type="ping", n=1) + four + frame(type="ping", n=2), byte_by_byte=byte_by_byte)
    assert [r for r in requests if isinstance(r, Ping)] == [Ping(1), Ping(2)]
    assert [r.code for r in requests if isinstance(r, Refusal)] == ["bad_frame"] * 8


@whole_and_bytewise
def test_five_bad_frames_in_a_row_end_it(byte_by_byte: bool) -> None:
    """Whoever speaks something else is not listened to any longer."""
    requests = asked(b"{nonsense\n" * 5, byte_by_byte=byte_by_byte)
    assert [r.code for r in requests if isinstance(r, Refusal)] == ["bad_frame"] * 5
    assert last_frame(requests[-1])["code"] == "bad_frames"


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [
        (b"{}", "bad_field", "type"),
        (b'{"type":7}', "bad_field", "type"),
        (b'{"type":"dance"}', "unknown_type", "type"),
        (b'{"type":"ping","n":NaN}', "bad_frame", None),
        (b'{"type":"ping","n":1e999}', "bad_field", "n"),
        (b'{"type":"ping","n":[[[[[[[[]]]]]]]]}', "bad_field", "n"),
        (b'{"type":"ping","n":1000000000000000}', "bad_field", "n"),
        (b'{"type":"ping","ignored":"\\ud800"}', "bad_field", "ignored"),
    ],
)
def test_a_refusal_names_the_field(line: bytes, code: str, field: str | None) -> None:
    """A frame that cannot be used is told so, with the field at fault, and is not the end."""
    (refusal,) = asked(line + b"\n")
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.field, refusal.fatal) == (code, field, False)


def test_unknown_fields_are_ignored() -> None:
    """A newer client may say more."""
    assert asked(frame(type="ping", n=1, later="x", more=[1])) == [Ping(1)]


# --- time ---


def test_a_hello_has_a_deadline() -> None:
    """Ten seconds from connecting; then the client is told why it is let go."""
    doorway = Doorway(100.0)
    doorway.receive(b"{", 100.1)
    assert doorway.deadline() == 110.0
    assert doorway.silence(109.9) == []
    goodbye = last_frame(doorway.silence(110.0)[0])
    assert (goodbye["type"], goodbye["code"], goodbye["retry"]) == ("bye", "idle", True)


def test_dripping_does_not_extend_the_hello() -> None:
    """A byte now and then is not a hello."""
    doorway = Doorway(100.0)
    for second in range(9):
        doorway.receive(HELLO[second : second + 1], 100.1 + second)
    assert doorway.deadline() == 110.0


def test_a_line_once_begun_has_a_deadline() -> None:
    """Thirty seconds from its first byte, whatever drips in meanwhile; between lines there is none."""
    doorway = welcomed_native()
    assert doorway.deadline() is None
    doorway.receive(b'{"type"', 50.0)
    doorway.receive(b":", 75.0)
    assert doorway.deadline() == 80.0
    assert doorway.silence(79.0) == []
    assert last_frame(doorway.silence(80.0)[0])["code"] == "idle"


def test_a_line_that_ends_in_time_has_no_deadline_any_more() -> None:
    """And the next one begun gets its own."""
    doorway = welcomed_native()
    doorway.receive(b'{"type":"pi', 50.0)
    assert doorway.receive(b'ng"}\n{', 60.0) == [Ping()]
    assert doorway.deadline() == 90.0
    assert doorway.receive(b'"type":"ping"}\n', 61.0) == [Ping()]
    assert doorway.deadline() is None


def test_the_end_in_the_middle_of_a_line_is_no_request() -> None:
    """Half a frame is nothing."""
    doorway = welcomed_native()
    doorway.receive(frame(type="ping")[:-1], 1.0)
    assert doorway.end() == []


def test_a_hello_that_comes_too_late_is_no_hello() -> None:
    """However busily something else was sent until then."""
    door = NativeDoor(0.0)
    assert door.receive(b'{"type":"ping"}\n', 9.9) == [Ping()]
    (ending,) = door.receive(b'{"type":"ping"}\n', 10.0)
    assert isinstance(ending, EndConnection)


def test_a_line_that_drips_without_a_pause_is_cut() -> None:
    """Bytes that keep coming do not extend the time for a line."""
    door = NativeDoor(0.0)
    door.welcomed()
    assert door.receive(b"{", 100.0) == []
    assert door.receive(b" ", 129.9) == []
    (ending,) = door.receive(b" ", 130.0)
    assert isinstance(ending, EndConnection)
