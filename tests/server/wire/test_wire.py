"""What every wire promises, over real connections: each test runs once for every kind of wire."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from server_parts.wire import sockets
from server_parts.wire.wire import LITTLE, MORE, MUCH, Wire
from tests.peers import WAIT, wait_until
from tests.server.wire.encrypted import encrypted_pair
from tests.server.wire.slow_client import read_all
from tests.tls.certificates import needs_openssl

SHORT = 0.1  # seconds that pass without anything
BLOCK = b"x" * 65_536
Pair = tuple[Wire, socket.socket]

pytestmark = pytest.mark.usefixtures("no_threads_left")


# A further kind of wire gets a row; the client's end then speaks what that wire speaks.
KINDS: dict[str, Callable[[socket.socket, socket.socket], Pair]] = {
    "plain": lambda ours, theirs: (Wire(ours), theirs),
    "TLS": lambda ours, theirs: encrypted_pair(ours, theirs),
}


@pytest.fixture(params=["plain", pytest.param("TLS", marks=needs_openssl)])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """A wire, and the client's end of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        theirs = socket.create_connection(listener.getsockname(), timeout=WAIT)
        ours, _ = listener.accept()
    wire, theirs = KINDS[request.param](ours, theirs)
    yield wire, theirs
    with wire.lock:
        wire.close()
    theirs.close()


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """No flag for sending without waiting."""
    monkeypatch.setattr(sockets, "DONTWAIT", None)


def try_send(wire: Wire, block: bytes) -> int:
    with wire.lock:
        return wire.try_send(block)


def stuff(wire: Wire) -> tuple[int, bytes]:
    """Send until nothing more is taken; how much that was, and what has to be sent next."""
    total, rest = 0, BLOCK
    while sent := try_send(wire, rest):
        total += sent
        rest = rest[sent:] or BLOCK
    return total, rest


def reset(theirs: socket.socket) -> None:
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.close()


def raises(send: Callable[[], object]) -> bool:
    try:
        send()
    except OSError:
        return True
    return False


def read(theirs: socket.socket, size: int) -> int:
    """Read so many bytes; how many came."""
    got = 0
    while got < size and (data := theirs.recv(min(size - got, 65_536))):
        got += len(data)
    return got


def in_a_thread(wait: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=wait)
    thread.start()
    return thread


# --- receiving ---


def test_what_the_client_sends_arrives(pair: Pair) -> None:
    """In order and as soon as there is any of it, then the end, however often one asks."""
    wire, theirs = pair
    theirs.sendall(b"hello\n")
    assert wire.receive() == b"hello\n"
    theirs.sendall(b"x" * 100_000)
    theirs.close()
    assert b"".join(iter(wire.receive, b"")) == b"x" * 100_000
    assert wire.receive() == b""


def test_little_memory_is_set_aside_to_wait_with(set_aside: list[int]) -> None:
    """More only after more has come at once; and that is received at once nevertheless."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire = Wire(ours)
        for size, asked in ((100, [LITTLE]), (1_000, [LITTLE, MUCH]), (100, [MORE]), (100, [LITTLE]),
                            (MORE, [LITTLE, MUCH]), (100, [MUCH]), (LITTLE, [LITTLE, MUCH])):  # fmt: skip
            set_aside.clear()
            theirs.sendall(b"x" * size)
            assert (len(wire.receive()), set_aside) == (size, asked)


def test_what_is_little_ends_as_well_as_what_is_more() -> None:
    """Nothing is lost where the end comes just behind it."""
    ours, theirs = socket.socketpair()
    with ours:
        theirs.sendall(b"x" * LITTLE)
        theirs.close()
        wire = Wire(ours)
        assert [len(wire.receive()) for _ in range(3)] == [LITTLE, 0, 0]


def test_a_reset_is_an_end(pair: Pair) -> None:
    """Nothing is raised."""
    wire, theirs = pair
    reset(theirs)
    assert wire.receive() == b""


def test_readable_waits_until_there_is_something(pair: Pair) -> None:
    """Not longer than it was told, and for no time that is already over."""
    wire, theirs = pair
    begun = time.monotonic()
    assert not wire.readable(SHORT)
    assert SHORT * 0.9 < time.monotonic() - begun < WAIT
    assert not wire.readable(-1.0)
    theirs.sendall(b"hello\n")
    assert wire.readable(WAIT)
    assert wire.receive() == b"hello\n"
    assert not wire.readable(0.0)


def test_receiving_within_some_time(pair: Pair) -> None:
    """Nothing, after that time; else what has arrived, the end and a reset included."""
    wire, theirs = pair
    begun = time.monotonic()
    assert wire.receive_within(SHORT) is None
    assert SHORT * 0.9 < time.monotonic() - begun < WAIT
    assert wire.receive_within(-1.0) is None
    waiting = in_a_thread(lambda: theirs.sendall(b"hello\n"))
    assert wire.receive_within(WAIT) == b"hello\n"
    waiting.join(WAIT)
    theirs.sendall(b"x" * MORE)
    received = b""
    while len(received) < MORE:
        received += wire.receive_within(WAIT) or b""
    assert (received, wire.receive_within(0.0)) == (b"x" * MORE, None)
    reset(theirs)
    assert [wire.receive_within(WAIT), wire.receive_within(WAIT)] == [b"", b""]


def test_the_end_is_readable(pair: Pair) -> None:
    """Nobody waits for a client that is gone."""
    wire, theirs = pair
    theirs.close()
    assert wire.readable(WAIT)
    assert wire.receive() == b""


# --- sending ---


def test_what_is_sent_arrives(pair: Pair) -> None:
    """Whether it was tried or waited for."""
    wire, theirs = pair
    assert try_send(wire, b"tried\n") == 6
    assert read(theirs, 6) == 6
    assert wire.send(memoryview(b"waited for\n"), WAIT) == 11
    assert theirs.recv(100) == b"waited for\n"


def test_trying_never_waits(pair: Pair) -> None:
    """It takes what there is room for, in the end nothing; the client gets exactly that, and then there is room."""
    wire, theirs = pair
    total, rest = stuff(wire)
    assert total > 0
    assert try_send(wire, rest) == 0
    assert read(theirs, total) == total
    assert wait_until(lambda: try_send(wire, rest) > 0)


def test_sending_waits_for_room(pair: Pair) -> None:
    """So long at most; it returns as soon as the client reads, with the bytes still to be sent."""
    wire, theirs = pair
    total, rest = stuff(wire)
    begun = time.monotonic()
    assert wire.send(rest, SHORT) == 0
    assert SHORT * 0.9 < time.monotonic() - begun < WAIT
    reader = in_a_thread(lambda: read(theirs, total))
    while not wire.send(rest, WAIT):
        assert time.monotonic() - begun < WAIT
    reader.join(WAIT)


def test_one_direction_does_not_hold_up_the_other(pair: Pair) -> None:
    """A reader that waits holds no lock, and a client that does not read can still be read."""
    wire, theirs = pair
    received: list[bytes] = []
    reader = in_a_thread(lambda: received.append(wire.receive()))
    stuff(wire)
    theirs.sendall(b"still here\n")
    reader.join(WAIT)
    assert received == [b"still here\n"]


def test_a_broken_wire_says_so(pair: Pair) -> None:
    """Both ways of sending raise OSError, as soon as the system knows."""
    wire, theirs = pair
    theirs.close()
    assert wait_until(lambda: raises(lambda: try_send(wire, b"anyone there?")))
    assert raises(lambda: wire.send(b"anyone there?", SHORT))


def test_windows_cannot_try(windows: None, pair: Pair) -> None:
    """Nothing is taken by trying; sending takes some of the block, however large it is."""
    wire, theirs = pair
    if wire.is_encrypted:
        pytest.skip("an encrypted wire sets its socket so that it never waits, there too")
    assert try_send(wire, b"hello\n") == 0
    assert wire.send(b"hello\n", WAIT) == 6
    received: list[bytes] = []
    reader = in_a_thread(lambda: received.append(read_all(theirs)))
    sent = wire.send(b"x" * 2 * sockets.SEND_BUFFER, WAIT)
    assert 0 < sent <= sockets.SEND_BUFFER
    with wire.lock:
        wire.half_close()
    reader.join(WAIT)
    assert received == [b"hello\n" + b"x" * sent]


# --- a client that resets ---


def test_a_quiet_client_has_reset_nothing(pair: Pair) -> None:
    """Nor one that sends, or ends in order."""
    wire, theirs = pair
    assert not wire.is_reset_within(SHORT)
    theirs.sendall(b"hello\n")
    assert not wire.is_reset_within(SHORT)
    theirs.shutdown(socket.SHUT_WR)
    assert not wire.is_reset_within(SHORT)


@pytest.mark.skipif(not hasattr(select, "poll"), reason="without poll() nobody is told")
def test_a_reset_is_seen_at_once(pair: Pair) -> None:
    """Without reading, and long before the time is over."""
    wire, theirs = pair
    reset(theirs)
    begun = time.monotonic()
    assert wire.is_reset_within(WAIT)
    assert time.monotonic() - begun < WAIT / 2


@pytest.mark.parametrize("way", ["tried", "waited for"])
def test_a_reset_that_a_sender_met_is_remembered(pair: Pair, way: str) -> None:
    """The system reports it once only, to whoever asks first."""
    wire, theirs = pair
    reset(theirs)
    send = (lambda: try_send(wire, b"hello\n")) if way == "tried" else (lambda: wire.send(b"hello\n", SHORT))
    assert wait_until(lambda: raises(send))
    assert wire.is_reset_within(0.0)


# --- the end ---


def test_a_half_closed_wire_still_receives(pair: Pair) -> None:
    """The client gets all that was sent, then the end, and may still answer."""
    wire, theirs = pair
    with wire.lock:
        assert wire.try_send(b"bye\n") == 4
        wire.half_close()
    assert read_all(theirs) == b"bye\n"
    theirs.sendall(b"thanks\n")
    assert wire.receive() == b"thanks\n"
    theirs.close()
    assert wire.receive() == b""


@pytest.mark.usefixtures("lane")
def test_waking_ends_whoever_waits(pair: Pair) -> None:
    """A reader and a sender both come back, and the client sees the end."""
    wire, theirs = pair

    def send_on() -> None:
        with contextlib.suppress(OSError):
            while True:
                wire.send(BLOCK, WAIT)

    threads = [in_a_thread(wire.receive), in_a_thread(send_on)]
    threads[0].join(SHORT)
    assert all(thread.is_alive() for thread in threads)
    with wire.lock:
        wire.wake()
    for thread in threads:
        thread.join(WAIT)
        assert not thread.is_alive()
    assert read_all(theirs).strip(b"x") == b""


def test_ending_twice_is_harmless(pair: Pair) -> None:
    """In any order, also after it is closed."""
    wire, theirs = pair
    with wire.lock:
        for end in (wire.wake, wire.half_close, wire.close) * 2:
            end()
    assert wire.receive() == b""
    assert theirs.recv(100) == b""
