"""A list of servers of which the first is hostile or broken: it learns nothing, and holds up neither chat nor typing.

Who has the key of the chat and is broken may have the hello, which is for whoever has that key; never what is said.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from chat_common import encode_frame
from tests.client.fakes import HASTY, SECONDS, RunningClient, ScriptedServer, goodbye
from tests.tls.certificates import der, key_pair, needs_openssl, server_context
from tests.tls.relay import Relay, hear_first, shake_hands
from tls_parts.channel import Channel
from tls_parts.public_key import digest_of

pytestmark = needs_openssl

ELSEWHERE = "127.1"  # this machine, but nobody could know from the name
PATIENCE = replace(HASTY, connect=5.0, welcome=2.0)  # also the right one has no more than that
SECRET = "my very private text"
WELCOME = {"type": "welcome", "name": "ann", "color": "red", "epoch": "e9", "accepted": 0}
Behaviour = Callable[["Hostile", socket.socket], None]


class Hostile:
    """Does something to each client in a thread of its own. `heard` is what they said that it could read."""

    def __init__(self, behave: Behaviour, *, has_the_key: bool) -> None:
        self.heard = bytearray()
        self.has_ended = threading.Event()
        self._behave = behave
        self._context = server_context(key_pair() if has_the_key else key_pair("impostor"))
        self._connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def shaken(self, connection: socket.socket) -> Channel:
        channel = Channel(self._context, server_side=True)
        shake_hands(connection, channel)
        return channel

    def hear(self, connection: socket.socket, channel: Channel) -> None:
        """All that a client says, until it is gone."""
        while True:
            self.heard += hear_first(connection, channel)

    def wait(self, connection: socket.socket) -> None:
        """Until the client has said something, or is gone."""
        select.select([connection], [], [])

    def close(self) -> None:
        self.has_ended.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join(SECONDS)
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(SECONDS)
            assert not thread.is_alive()

    def _start(self, run: Callable[..., None], *arguments: object) -> None:
        self._threads.append(threading.Thread(target=run, args=arguments, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self._behave(self, connection)


# --- Who cannot prove to be the chat ---


def ends_at_once(_: Hostile, connection: socket.socket) -> None:
    connection.close()


def resets(hostile: Hostile, connection: socket.socket) -> None:
    hostile.wait(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def is_silent(hostile: Hostile, _: socket.socket) -> None:
    hostile.has_ended.wait(6 * SECONDS)


def talks_for_ever(_: Hostile, connection: socket.socket) -> None:
    while True:
        connection.sendall(b'{"type":"welcome"}\n' * 1_000)


def shakes_hands_for_ever(_: Hostile, connection: socket.socket) -> None:
    """Each record holds the beginning of a message that is longer."""
    while True:
        connection.sendall(b"\x16\x03\x03\x40\x00\x02\xff\xff\xff" + b"z" * 16_380)


def sends_records_without_content(_: Hostile, connection: socket.socket) -> None:
    while True:
        connection.sendall(b"\x16\x03\x03\x00\x00" * 1_000)


def is_a_web_server(hostile: Hostile, connection: socket.socket) -> None:
    hostile.wait(connection)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def answers_byte_by_byte(hostile: Hostile, connection: socket.socket) -> None:
    """What it says is right, and takes longer than anybody waits."""
    channel = Channel(hostile._context, server_side=True)
    channel.feed(connection.recv(65_536))
    channel.shake_hands()
    for byte in channel.outgoing():
        connection.sendall(bytes([byte]))
        if hostile.has_ended.wait(0.02):
            return


def has_another_key(hostile: Hostile, connection: socket.socket) -> None:
    hostile.hear(connection, hostile.shaken(connection))


def welcomes_unasked(hostile: Hostile, connection: socket.socket) -> None:
    channel = hostile.shaken(connection)
    channel.seal(encode_frame(WELCOME) + encode_frame({"type": "error", "code": "name_taken", "text": "again"}))
    connection.sendall(channel.outgoing())
    hostile.hear(connection, channel)


STRANGERS = [
    ends_at_once,
    resets,
    is_silent,
    talks_for_ever,
    shakes_hands_for_ever,
    sends_records_without_content,
    is_a_web_server,
    answers_byte_by_byte,
    has_another_key,
    welcomes_unasked,
]

# --- Who has its key, and is broken ---


def leaves_before_the_hello(hostile: Hostile, connection: socket.socket) -> None:
    hostile.shaken(connection)


def leaves_after_the_hello(hostile: Hostile, connection: socket.socket) -> None:
    hostile.heard += hear_first(connection, hostile.shaken(connection))


def says_nothing_more(hostile: Hostile, connection: socket.socket) -> None:
    hostile.hear(connection, hostile.shaken(connection))


def never_ends_a_line(hostile: Hostile, connection: socket.socket) -> None:
    channel = hostile.shaken(connection)
    channel.seal(b'{"type":"')
    while True:
        channel.seal(b"x" * 65_536)
        connection.sendall(channel.outgoing())


def repeats_what_is_no_welcome(hostile: Hostile, connection: socket.socket) -> None:
    channel = hostile.shaken(connection)
    while True:
        channel.seal(encode_frame({**WELCOME, "accepted": "all"}) * 500)
        connection.sendall(channel.outgoing())


def breaks_the_encryption(hostile: Hostile, connection: socket.socket) -> None:
    hostile.heard += hear_first(connection, hostile.shaken(connection))
    connection.sendall(b"\x17\x03\x03\x00\x20" + b"z" * 32)


BROKEN = [
    leaves_before_the_hello,
    leaves_after_the_hello,
    says_nothing_more,
    never_ends_a_line,
    repeats_what_is_no_welcome,
    breaks_the_encryption,
]


@pytest.fixture
def right(server: ScriptedServer) -> Iterator[Relay]:
    """The server of the chat."""
    relay = Relay(server.port)
    yield relay
    relay.close()


Meet = Callable[..., tuple[Hostile, RunningClient]]


@pytest.fixture
def meet(right: Relay, tmp_path: Path) -> Iterator[Meet]:
    """Starts a client that knows a hostile server and then the right one, with something typed already."""
    hostiles: list[Hostile] = []
    clients: list[RunningClient] = []

    def start(behave: Behaviour, *, has_the_key: bool = False, has_link: bool = True) -> tuple[Hostile, RunningClient]:
        hostiles.append(Hostile(behave, has_the_key=has_the_key))
        link = digest_of(der(key_pair())) if has_link else None
        others = ((ELSEWHERE, right.port),)
        token = tmp_path / "token"
        client = RunningClient(
            hostiles[0].port, token, host=ELSEWHERE, other_servers=others, key=link, patience=PATIENCE
        )
        clients.append(client)
        return hostiles[0], clients[0]

    yield start
    for client in clients:
        client.stop()
    for hostile in hostiles:
        hostile.close()


def come_to_the_right_one(running: RunningClient, server: ScriptedServer) -> None:
    """What is typed is taken before anybody has answered, and said there."""
    running.screen.type(SECRET)
    running.screen.wait_until(lambda: running.screen.reads == 1)
    peer = server.accept()
    peer.welcome()
    say = peer.expect("say")
    assert say["text"] == SECRET
    peer.receipt(say, 1, "ann")
    running.screen.wait_for(f"{SECRET} ✓")
    assert goodbye(running, peer) == 0


@pytest.mark.parametrize("behave", STRANGERS)
def test_who_cannot_prove_it_hears_nothing(meet: Meet, server: ScriptedServer, behave: Behaviour) -> None:
    hostile, running = meet(behave)
    come_to_the_right_one(running, server)
    hostile.close()
    assert hostile.heard == b""


@pytest.mark.parametrize("behave", BROKEN)
def test_who_is_broken_hears_no_text(meet: Meet, server: ScriptedServer, behave: Behaviour) -> None:
    hostile, running = meet(behave, has_the_key=True)
    come_to_the_right_one(running, server)
    hostile.close()
    assert SECRET.encode() not in hostile.heard


def test_somebody_who_is_believed_would_hear_something(meet: Meet) -> None:
    """Without a link whoever answers first is the chat: so what is said to these servers would be seen here."""
    hostile, running = meet(has_another_key, has_link=False)
    running.screen.wait_until(lambda: b'"hello"' in hostile.heard)
