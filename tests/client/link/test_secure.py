"""An encrypted wire: nothing is lost, nobody waits, and every end has a name."""

from __future__ import annotations

import re
import select
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from chat_common import Frame
from client_parts.link.dialing import Deadline, NotEncrypted
from client_parts.link.link import Link, LinkLost, Patience
from client_parts.link.secure import SecureDialing, SecureWire, shake_hands
from tests.tls import relay
from tests.tls.certificates import der, key_pair, needs_openssl, server_context, trusting_context
from tls_parts.channel import Channel
from tls_parts.public_key import digest_of

pytestmark = needs_openssl
SECONDS = 10.0


class Peer:
    """The server's side of a wire."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.socket.settimeout(SECONDS)
        self.channel = Channel(server_context(), server_side=True)

    def shake_hands(self) -> None:
        relay.shake_hands(self.socket, self.channel)

    def sealed(self, data: bytes) -> bytes:
        rest = memoryview(data)
        while rest:
            rest = rest[self.channel.seal(rest) :]
        return self.channel.outgoing()

    def say(self, data: bytes) -> None:
        self.socket.sendall(self.sealed(data))

    def end(self) -> None:
        self.channel.end()
        self.socket.sendall(self.channel.outgoing())

    def hear(self) -> bytes:
        """The next thing that is said; nothing at the end."""
        while (said := self.channel.read()) is None:
            self.channel.feed(self.socket.recv(1 << 20))
        return said


def pair_of_sockets() -> tuple[socket.socket, socket.socket]:
    """Of TCP: other sockets differ in what they do at an end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        here = socket.create_connection(listener.getsockname(), SECONDS)
        there, _ = listener.accept()
    return here, there


@pytest.fixture
def pair() -> Iterator[tuple[SecureWire, Peer]]:
    """An open wire, and the server's side of it."""
    here, there = pair_of_sockets()
    peer = Peer(there)
    thread = threading.Thread(target=peer.shake_hands)
    thread.start()
    wire = shake_hands(here, trusting_context(), "localhost", Deadline(SECONDS))
    thread.join(SECONDS)
    yield wire, peer
    wire.close()
    there.close()


def receive(wire: SecureWire) -> bytes:
    assert select.select([wire.socket], [], [], SECONDS)[0]
    return wire.recv(65_536)


# --- Both ways ---


def test_what_is_said_arrives_and_cannot_be_read_on_the_way(pair: tuple[SecureWire, Peer]) -> None:
    wire, peer = pair
    assert wire.send(b"a secret") == 8
    raw = peer.socket.recv(65_536)
    assert b"secret" not in raw
    peer.channel.feed(raw)
    assert peer.channel.read() == b"a secret"
    peer.say(b"an answer")
    assert receive(wire) == b"an answer"
    with pytest.raises(BlockingIOError):
        wire.recv(65_536)


def test_the_key_is_the_certificates(pair: tuple[SecureWire, Peer]) -> None:
    assert pair[0].key == digest_of(der(key_pair()))


def test_one_read_gives_everything_that_has_come(pair: tuple[SecureWire, Peer]) -> None:
    """Nothing else would say that there is more."""
    wire, peer = pair
    peer.socket.sendall(b"".join(peer.sealed(b"%d " % number) for number in range(300)))
    assert receive(wire) == b"".join(b"%d " % number for number in range(300))


def test_a_record_may_come_byte_by_byte(pair: tuple[SecureWire, Peer]) -> None:
    wire, peer = pair
    *first, last = peer.sealed(b"hello")
    for byte in first:
        peer.socket.sendall(bytes([byte]))
        with pytest.raises(BlockingIOError):
            receive(wire)
    peer.socket.sendall(bytes([last]))
    assert receive(wire) == b"hello"


def test_what_came_with_the_handshake_is_read_at_once() -> None:
    """Although the socket has nothing more."""
    here, there = pair_of_sockets()
    client, server = Channel(trusting_context(), server_side=False), Channel(server_context(), server_side=True)
    for _ in range(2):
        client.shake_hands()
        server.feed(client.outgoing())
        if not server.shake_hands():
            client.feed(server.outgoing())
    server.seal(b"early")
    client.feed(server.outgoing())
    wire = SecureWire(here, client)
    assert wire.recv(65_536) == b"early"
    with pytest.raises(BlockingIOError):
        wire.recv(65_536)
    wire.close()
    there.close()


def test_both_directions_full_at_once(pair: tuple[SecureWire, Peer]) -> None:
    """Neither side reads before it can write no more; then all arrives whole and in order, both ways."""
    wire, peer = pair
    link = Link(wire, Patience())
    for number in range(6000):
        link.send({"type": "say", "text": "x" * 1000, "seq": number})
    link.flush()
    assert link.has_outgoing
    assert wire.has_unsent
    thread = threading.Thread(target=talk_back, args=(peer, received := bytearray()))
    thread.start()
    frames: list[Frame] = []
    while len(frames) < 6000 or link.has_outgoing:
        writing = [link] if link.has_outgoing else []
        readable, writable, _ = select.select([link], writing, [], SECONDS)
        assert readable or writable
        frames += link.receive() if readable else []
        link.flush()
    thread.join(SECONDS)
    assert [frame["seq"] for frame in frames] == list(range(6000))
    assert [f'"seq":{number}}}'.encode() in line for number, line in enumerate(received.splitlines())] == [True] * 6000


def talk_back(peer: Peer, received: bytearray) -> None:
    """Say as much as the client does, and hear it only then, in one thread."""
    said = b"".join(b'{"type":"notice","text":"%s","seq":%d}\n' % (b"y" * 1000, number) for number in range(6000))
    rest = memoryview(peer.sealed(said))
    peer.socket.setblocking(False)
    while rest or received.count(b"\n") < 6000:
        reading, writing, _ = select.select([peer.socket], [peer.socket] if rest else [], [], SECONDS)
        if writing:
            rest = rest[peer.socket.send(rest[:65_536]) :]
        elif reading:
            peer.channel.feed(peer.socket.recv(65_536))
            received += peer.channel.read() or b""


def test_what_is_sealed_and_not_sent_is_still_to_be_sent(pair: tuple[SecureWire, Peer]) -> None:
    """Or whoever waits for the socket would wait for ever; and no more is sealed behind it."""
    wire, peer = pair
    sent = 0
    with suppress(BlockingIOError):
        while True:
            sent += wire.send(b"z" * 65_536)
    assert wire.has_unsent
    heard = 0
    while heard < sent:
        heard += len(peer.hear())
        wire.flush()
    assert not wire.has_unsent


# --- Ends ---


def test_an_end_that_is_said_is_an_end(pair: tuple[SecureWire, Peer]) -> None:
    """Also if the socket stays open behind it."""
    wire, peer = pair
    data = peer.sealed(b"bye")
    peer.channel.end()
    peer.socket.sendall(data + peer.channel.outgoing())
    assert receive(wire) == b"bye"
    assert receive(wire) == b""


@pytest.mark.parametrize("last", [b"", b"the beginning of"])
def test_an_end_that_nobody_says_is_a_lost_link(pair: tuple[SecureWire, Peer], last: bytes) -> None:
    """Anybody on the way can end a TCP connection; whether the server wanted that is not known."""
    wire, peer = pair
    link = Link(wire, Patience())
    if last:
        peer.say(last)
        assert select.select([link], [], [], SECONDS)[0]
        with pytest.raises(LinkLost, match="another program"):
            link.receive()
    peer.socket.shutdown(socket.SHUT_WR)
    assert select.select([link], [], [], SECONDS)[0]
    with pytest.raises(LinkLost, match="the server vanished"):
        link.receive()


def test_a_record_that_is_cut_off_is_a_lost_link(pair: tuple[SecureWire, Peer]) -> None:
    wire, peer = pair
    peer.socket.sendall(peer.sealed(b"all or nothing")[:-1])
    peer.socket.shutdown(socket.SHUT_WR)
    with pytest.raises(BlockingIOError):
        receive(wire)
    with pytest.raises(ConnectionResetError):
        receive(wire)


def test_closing_says_so(pair: tuple[SecureWire, Peer]) -> None:
    """After everything that was sent."""
    wire, peer = pair
    wire.send(b"bye")
    wire.close()
    assert peer.hear() == b"bye"
    assert peer.hear() == b""
    assert peer.channel.ended


def test_forged_bytes_are_refused(pair: tuple[SecureWire, Peer]) -> None:
    """In words, not in OpenSSL's."""
    wire, peer = pair
    peer.socket.sendall(b"\x17\x03\x03\x00\x20" + b"z" * 32)
    assert select.select([wire.socket], [], [], SECONDS)[0]
    with pytest.raises(LinkLost, match=r"^the encrypted connection broke$"):
        Link(wire, Patience()).receive()
    peer.channel.feed(peer.socket.recv(65_536))
    with pytest.raises(ssl.SSLError, match="BAD_RECORD_MAC"):  # it is told
        peer.channel.read()


def test_somebody_who_vanished_while_we_write(pair: tuple[SecureWire, Peer]) -> None:
    wire, peer = pair
    link = Link(wire, Patience())
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.socket.close()
    assert select.select([link], [], [], SECONDS)[0]
    link.send({"type": "ping"})
    with pytest.raises(LinkLost, match="vanished"):
        link.flush()


# --- The handshake ---


def handshake(play: Callable[[socket.socket], None], seconds: float = SECONDS) -> SecureWire:
    """Shake hands with somebody who does something else."""
    here, there = pair_of_sockets()
    thread = threading.Thread(target=play, args=(there,))
    thread.start()
    try:
        return SecureDialing("localhost", lambda: here, Deadline(seconds)).unverified()
    finally:
        assert here.fileno() == -1
        thread.join(SECONDS)
        there.close()


def answer(data: bytes) -> Callable[[socket.socket], None]:
    def play(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)

    return play


@pytest.mark.parametrize("data", [b"", b"* hello client *\n", b'{"type":"error"}\n', b"HTTP/1.1 400 Bad Request\r\n"])
def test_who_does_not_encrypt_is_known_by_the_first_byte(data: bytes) -> None:
    """Nothing of this client's has been sent by then."""
    with pytest.raises(NotEncrypted):
        handshake(answer(data))


def test_who_says_nothing_is_given_up_in_time() -> None:
    """An older server waits for the end of a line."""
    begun = time.monotonic()
    with pytest.raises(NotEncrypted):
        handshake(lambda connection: None, seconds=0.3)
    assert 0.2 < time.monotonic() - begun < SECONDS / 2


def test_a_handshake_that_goes_on_for_ever_is_given_up_in_time() -> None:
    """The deadline is for the whole of it, not for each piece."""

    def trickle(connection: socket.socket) -> None:
        record = b"\x16\x03\x03\x40\x00" + b"\x02" * 16_384
        for byte in record:
            try:
                connection.sendall(bytes([byte]))
            except OSError:
                return
            time.sleep(0.05)

    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        handshake(trickle, seconds=0.4)
    assert 0.3 < time.monotonic() - begun < SECONDS / 2


def test_another_server_with_tls_is_another_program() -> None:
    """This chat's do not speak older versions."""

    def play(connection: socket.socket) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(*key_pair())
        with pytest.raises(ssl.SSLError):
            context.wrap_socket(connection, server_side=True)

    with pytest.raises(OSError, match="another program answers there, not this chat"):
        handshake(play)


def test_a_handshake_that_is_cut_off_is_a_lost_connection() -> None:
    """Who has begun to encrypt is not told to be without encryption."""
    with pytest.raises(ConnectionResetError):
        handshake(answer(b"\x16\x03\x03"))


# --- Another implementation ---


def test_keys_that_are_renewed() -> None:
    """A server may do that, and ask this side for the same; what is said goes on under the new ones."""
    with key_updater() as (program, port):
        connection = socket.create_connection(("127.0.0.1", port), SECONDS)
        wire = shake_hands(connection, trusting_context(), "localhost", Deadline(SECONDS))
        assert program.stdin is not None
        read_until(program, rb"CIPHER is ")
        program.stdin.write(b"K\n")
        with pytest.raises(BlockingIOError):
            receive(wire)
        wire.send(b"under the new keys\n")
        read_until(program, rb"under the new keys")
        wire.close()


@contextmanager
def key_updater() -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A server that renews its keys when it is told, and says what it hears."""
    pair = key_pair()
    command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-tls1_3", "-num_tickets", "0"]
    program = subprocess.Popen(
        [*command, "-cert", str(pair.certificate), "-key", str(pair.key)],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    with program:
        try:
            yield program, int(read_until(program, rb"ACCEPT .*:([0-9]+)")[1])
        finally:
            program.kill()


def read_until(program: subprocess.Popen[bytes], pattern: bytes) -> re.Match[bytes]:
    """A line of its output."""
    assert program.stdout is not None
    while (found := re.match(pattern, line := program.stdout.readline())) is None:
        assert line, "it ended"
    return found
