"""A new connection becomes a wire, and leaves nothing behind that it does not need."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from server_parts.wire import entrance
from server_parts.wire.entrance import OUTLETS, Entrance
from server_parts.wire.handshakes import CROWD, Handshakes, site_of
from server_parts.wire.tls_wire import TlsWire
from server_parts.wire.wire import Wire
from tests.peers import WAIT
from tests.tls.certificates import needs_openssl, server_context, trusting_context
from tls_parts.outlet import Outlet

pytestmark = pytest.mark.usefixtures("no_threads_left")
Computing = list[threading.Thread]


@pytest.fixture
def computing() -> Computing:
    """By which threads handshakes were computed."""
    return []


@pytest.fixture
def context(computing: Computing) -> ssl.SSLContext:
    context = server_context()
    context.sni_callback = lambda *_: computing.append(threading.current_thread())
    return context


@contextlib.contextmanager
def entrance_of(context: ssl.SSLContext) -> Iterator[Entrance]:
    with contextlib.closing(Entrance(lambda: context)) as entrance:
        yield entrance


def enter(entrance: Entrance) -> None:
    """Come in encrypted, say something, and leave."""
    ours, theirs = socket.socketpair()
    clients: list[socket.socket] = []

    def connect() -> None:
        clients.append(trusting_context().wrap_socket(theirs, server_hostname="localhost"))

    client = threading.Thread(target=connect)
    client.start()
    wire = entrance.wire_of(ours, Wire(ours), None, WAIT)
    client.join(WAIT)
    assert wire is not None
    assert wire.is_encrypted
    with clients[0], ours:
        clients[0].sendall(b"still there\n")
        assert wire.receive() == b"still there\n"


@needs_openssl
def test_handshakes_are_computed_by_a_thread_that_stays(context: ssl.SSLContext, computing: Computing) -> None:
    """Memory stays with each thread that has shaken hands: it must be no reader, nor a new one each time."""
    with entrance_of(context) as entrance:
        for _ in range(3):
            enter(entrance)
        assert len(computing) == 3
        assert {thread.name for thread in computing} == {"handshakes"}
        assert all(thread.is_alive() for thread in computing)


@needs_openssl
def test_handshakes_give_way_to_the_turns_of_the_hub(context: ssl.SSLContext) -> None:
    """Before each of their steps the thread that computes them asks which turn it is."""
    asking: list[threading.Thread] = []

    def turn() -> int:
        asking.append(threading.current_thread())
        return 0

    with contextlib.closing(Entrance(lambda: context, turn)) as entrance:
        enter(entrance)
    assert len(asking) >= 2
    assert {thread.name for thread in asking} == {"handshakes"}


@needs_openssl
def test_connections_share_what_never_shrinks(context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the buffers for what is sent there are so many, whoever comes."""
    outlets: list[Outlet | None] = []

    class Watched(TlsWire):
        def __init__(self, connection: socket.socket, context: ssl.SSLContext, outlet: Outlet | None = None) -> None:
            super().__init__(connection, context, outlet)
            outlets.append(outlet)

    monkeypatch.setattr(entrance, "TlsWire", Watched)
    with entrance_of(context) as only:
        for _ in range(OUTLETS + 2):
            enter(only)
    assert None not in outlets
    assert outlets[OUTLETS:] == outlets[:2]
    assert len(set(outlets)) == OUTLETS


@needs_openssl
def test_no_thread_to_compute_with(context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """That costs this connection, and the reader goes on."""

    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    ours, theirs = socket.socketpair()
    theirs.sendall(b"\x16\x03\x01")
    with ours, theirs, entrance_of(context) as entrance:
        monkeypatch.setattr(threading.Thread, "start", start)
        assert entrance.wire_of(ours, Wire(ours), None, WAIT) is None


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


@needs_openssl
def test_silence_is_nothing_to_compute(
    context: ssl.SSLContext, computing: Computing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that begins to shake hands and stops is let go of."""
    monkeypatch.setattr(entrance, "SECONDS", 0.1)
    ours, theirs = socket.socketpair()
    theirs.sendall(b"\x16\x03\x01")
    with ours, theirs, entrance_of(context) as only:
        assert only.wire_of(ours, Wire(ours), None, WAIT) is None
    assert computing == []


def test_no_more_places_than_there_are() -> None:
    handshakes = Handshakes(most=1)
    with handshakes.place(None) as one, handshakes.place("192.0.2.1", seconds=0.0) as another:
        assert one is not None
        assert another is None
    with handshakes.place("192.0.2.1", seconds=0.0) as another:
        assert another is not None


def test_one_site_takes_only_its_share() -> None:
    """However many of its networks come, somebody from elsewhere finds a place; and so does the site afterwards."""
    handshakes = Handshakes(most=8, per_site=2)
    with ExitStack() as under_way:
        networks = [f"2001:db8:1:{number:x}::/64" for number in range(4)]
        places = [under_way.enter_context(handshakes.place(network, seconds=0.0)) for network in networks]
        assert [place is not None for place in places] == [True, True, False, False]
        for source in ("2001:db8:2::/64", "192.0.2.1", None):
            assert under_way.enter_context(handshakes.place(source, seconds=0.0)) is not None, source
    with handshakes.place("2001:db8:1:9::/64", seconds=0.0) as place:
        assert place is not None
    assert not handshakes._shares


def test_what_a_site_is() -> None:
    """Of IPv6 a /48 network; else the address itself."""
    sources = ("2001:db8:1:2::/64", "2001:db8:1:ffff::/64", "192.0.2.1", "no address")
    assert [site_of(source) for source in sources] == ["2001:db8:1::/48"] * 2 + ["192.0.2.1", "no address"]
