"""A new connection becomes a wire, and leaves nothing behind that it does not need."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack

from server_parts.wire.entrance import Entrance
from server_parts.wire.handshakes import CROWD, Handshakes
from server_parts.wire.wire import Wire
from tests.peers import WAIT
from tests.tls.certificates import needs_openssl, server_context, trusting_context


@needs_openssl
def test_the_thread_of_a_handshake_ends_with_it() -> None:
    """OpenSSL keeps memory for each thread that has shaken hands, so that must not be the one that stays."""
    ours, theirs = socket.socketpair()
    clients: list[socket.socket] = []
    computing: set[str] = set()
    context = server_context()
    context.sni_callback = lambda *_: computing.add(threading.current_thread().name)

    def connect() -> None:
        clients.append(trusting_context().wrap_socket(theirs, server_hostname="localhost"))

    client = threading.Thread(target=connect)
    client.start()
    wire = Entrance(lambda: context).wire_of(ours, Wire(ours), None, WAIT)
    client.join(WAIT)
    assert wire is not None
    assert wire.is_encrypted
    assert computing == {"handshake"}
    assert "handshake" not in {thread.name for thread in threading.enumerate()}
    with clients[0], ours:
        clients[0].sendall(b"still there\n")
        assert wire.receive() == b"still there\n"


def test_handshakes_are_many_only_while_they_are_under_way() -> None:
    """Whoever accepts connections asks for that: many that only wait for a client's hello hold up nobody."""
    handshakes = Handshakes()
    with ExitStack() as under_way:
        places = [under_way.enter_context(handshakes.place(None)) for _ in range(2 * CROWD)]
        for place in places[:CROWD]:
            assert not handshakes.are_many
            assert place is not None
            place.begin()
        assert handshakes.are_many
    assert not handshakes.are_many


def test_no_more_places_than_there_are() -> None:
    handshakes = Handshakes(most=1)
    with handshakes.place(None) as one, handshakes.place("192.0.2.1", seconds=0.0) as another:
        assert one is not None
        assert another is None
    with handshakes.place("192.0.2.1", seconds=0.0) as another:
        assert another is not None
