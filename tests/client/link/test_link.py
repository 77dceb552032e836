"""One connection: frames in and out, silence noticed, every ending named."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any, cast

import pytest

from chat_common import MAX_LINE
from client_parts.link.dialing import places_of
from client_parts.link.link import Link, LinkLost, Patience, Pauses
from client_parts.link.wire import PlainWire
from tests.clock import Clock

PATIENCE = Patience(welcome=10, quiet=15, dead=40)


@pytest.fixture
def pair(clock: Clock) -> Iterator[tuple[Link, socket.socket]]:
    """A link, and the server's end of it."""
    here, there = socket.socketpair()
    there.settimeout(5)
    link = Link(PlainWire(here), PATIENCE, clock)
    yield link, there
    link.close()
    there.close()


def test_frames_arrive_whole_however_they_are_cut(pair: tuple[Link, socket.socket]) -> None:
    """Byte by byte, one line is one frame."""
    link, server = pair
    frames = []
    for byte in '{"type":"notice","text":"grüß"}\r\n'.encode():
        server.sendall(bytes([byte]))
        frames += link.receive()
    assert frames == [{"type": "notice", "text": "grüß"}]


def test_lines_that_are_no_frames_are_passed_over(pair: tuple[Link, socket.socket]) -> None:
    """A greeting in plain text, an empty line or broken JSON do not disturb what follows."""
    link, server = pair
    server.sendall(b'* hello client *\n\n{broken\n{"a":NaN}\n[1]\n{"type":"pong"}\n')
    assert link.receive() == [{"type": "pong"}]


def test_nothing_there_is_no_end(pair: tuple[Link, socket.socket]) -> None:
    """A receive without data returns at once, with nothing."""
    assert pair[0].receive() == []


def test_the_end_of_the_stream_is_told(pair: tuple[Link, socket.socket]) -> None:
    """A server that closes is lost, also in the middle of a line."""
    link, server = pair
    server.sendall(b'{"type":')
    assert link.receive() == []
    server.shutdown(socket.SHUT_WR)
    with pytest.raises(LinkLost, match="closed the connection"):
        link.receive()


def test_a_line_without_end_is_refused(pair: tuple[Link, socket.socket]) -> None:
    """Memory is bounded while the line is still arriving."""
    link, server = pair
    server.setblocking(False)
    for _ in range(MAX_LINE // 4096 - 1):
        server.send(b"{" * 4096)
        assert link.receive() == []
    server.send(b"{" * 4096)
    with pytest.raises(LinkLost, match="too long: 65536 bytes"):
        link.receive()


def test_sending_never_waits_and_keeps_what_does_not_fit(pair: tuple[Link, socket.socket]) -> None:
    """What the kernel does not take stays in order in the link, and goes out when there is room."""
    link, server = pair
    for number in range(3000):
        link.send({"type": "say", "text": "x" * 1000, "seq": number})
    link.flush()
    assert link.has_outgoing
    received = b""
    while link.has_outgoing or received.count(b"\n") < 3000:
        received += server.recv(1 << 20)
        link.flush()
    assert [f'"seq":{number}}}'.encode() in line for number, line in enumerate(received.splitlines())] == [True] * 3000


def test_sending_to_a_server_that_is_gone_is_a_loss(pair: tuple[Link, socket.socket]) -> None:
    """A broken pipe is told like every other ending."""
    link, server = pair
    server.close()
    link.send({"type": "ping"})
    with pytest.raises(LinkLost, match="vanished"):
        link.flush()


def test_a_quiet_server_is_asked_and_then_given_up(pair: tuple[Link, socket.socket], clock: Clock) -> None:
    """After 15 quiet seconds a ping goes out; without any answer the link is dead within 45."""
    link, server = pair
    link.welcomed = True
    link.tend()
    assert not link.has_outgoing
    clock.now += 15
    link.tend()
    link.flush()
    assert server.recv(100) == b'{"type":"ping"}\n'
    clock.now += 24
    link.tend()
    clock.now += 2
    with pytest.raises(LinkLost, match="silent for 41 s"):
        link.tend()


def test_any_byte_is_a_sign_of_life(pair: tuple[Link, socket.socket], clock: Clock) -> None:
    """An answer, even half of one, starts the waiting anew."""
    link, server = pair
    link.welcomed = True
    clock.now += 15
    link.tend()
    clock.now += 20
    server.sendall(b"{")
    link.receive()
    clock.now += 14
    link.tend()
    assert link.next_deadline() == clock.now + 1


def test_whoever_never_welcomes_is_no_chat_server(pair: tuple[Link, socket.socket], clock: Clock) -> None:
    """A web server or a silent port is given up after ten seconds."""
    link, _ = pair
    clock.now += 10
    with pytest.raises(LinkLost, match="no welcome came within 10 s"):
        link.tend()


def test_pauses_grow_to_their_limit_and_start_over() -> None:
    """Half a second doubles up to thirty, never more, a little less at random; success resets it."""
    pauses = Pauses(0.5, 30)
    limits = [0.5, 1, 2, 4, 8, 16, 30, 30]
    for limit in limits:
        assert 0.75 * limit <= pauses.next() <= limit
    pauses.reset()
    assert pauses.next() <= 0.5


def test_an_impossible_host_name_is_an_os_error() -> None:
    """A name that cannot even be asked for fails like one that is not known."""
    with pytest.raises(OSError, match="not a host name"):
        places_of("a" * 80 + ".example", 1)


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 400 Bad Request\r\n", b"<!DOCTYPE HTML>", b"SSH-2.0-OpenSSH_9.6\r\n", b"* OK IMAP4 ready\r\n", b"\x15"],
)
def test_another_program_is_known_by_its_first_bytes(pair: tuple[Link, socket.socket], answer: bytes) -> None:
    """It is given up at once."""
    link, server = pair
    server.sendall(answer)
    with pytest.raises(LinkLost, match="another program answers there, not this chat"):
        link.receive()


def test_the_greeting_for_people_may_come_in_pieces(pair: tuple[Link, socket.socket]) -> None:
    """A server that took this client for a person is this chat all the same."""
    link, server = pair
    for piece in (b"*", b" hello cl", b'ient *\nWelcome.\n{"type":"pong"}\n'):
        server.sendall(piece)
        frames = link.receive()
    assert frames == [{"type": "pong"}]


@pytest.mark.parametrize("is_encrypted", [True, False])
def test_encryption_makes_a_link_confidential(pair: tuple[Link, socket.socket], is_encrypted: bool) -> None:
    """Whoever is at its other end."""
    wire = PlainWire(pair[0].connection)
    assert Link(wire, PATIENCE, is_encrypted=is_encrypted).is_confidential is is_encrypted


def test_a_port_that_closes_without_a_word_is_told(pair: tuple[Link, socket.socket]) -> None:
    """It may be another program's."""
    link, server = pair
    server.shutdown(socket.SHUT_WR)
    with pytest.raises(LinkLost, match="closed the connection without a word; check the host and the port"):
        link.receive()


@pytest.mark.parametrize(
    ("address", "confidential"),
    [
        (("127.0.0.1", 1), True),
        (("127.8.8.8", 1), True),
        (("::1", 1, 0, 0), True),
        (("::ffff:127.0.0.1", 1, 0, 0), True),
        (("192.0.2.1", 1), False),
        (("::ffff:192.0.2.1", 1, 0, 0), False),
        (("fe80::1%eth0", 1, 0, 2), False),
        ("", False),
    ],
)
def test_what_stays_on_this_machine_is_confidential(address: Any, confidential: bool) -> None:
    """By the address of the other end, in all its forms."""

    class Connection:
        def getpeername(self) -> Any:
            return address

        def setblocking(self, _: bool) -> None: ...

    assert Link(PlainWire(cast(socket.socket, Connection())), Patience()).is_confidential is confidential


def test_a_connection_that_is_gone_is_not_confidential() -> None:
    """It has no other end."""
    with socket.socket() as unconnected:
        assert not Link(PlainWire(unconnected), Patience()).is_confidential


def test_a_real_connection_to_this_machine_is_confidential() -> None:
    """As the operating system names its other end."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as here:
        assert Link(PlainWire(here), Patience()).is_confidential
