"""Two channels that are fed with what the other one sends: what is said arrives, and what goes wrong is noticed."""

from __future__ import annotations

import ssl

import pytest

from tests.tls.certificates import der, key_pair, needs_openssl, server_context, trusting_context
from tls_parts.channel import MOST_IDLE_READS, MOST_SEALED, Channel

pytestmark = needs_openssl
Pair = tuple[Channel, Channel]


def carry(sender: Channel, receiver: Channel) -> int:
    """Deliver what is outgoing; how many bytes that was."""
    data = sender.outgoing()
    if data:
        receiver.feed(data)
    return len(data)


def shaken(server: Channel, client: Channel) -> Pair:
    while not (client.shake_hands() & server.shake_hands()):
        carry(client, server)
        carry(server, client)
    carry(server, client)
    assert client.read() is None
    return server, client


@pytest.fixture
def unshaken() -> Pair:
    client = Channel(trusting_context(), server_side=False, host="localhost")
    return Channel(server_context(), server_side=True), client


@pytest.fixture
def pair(unshaken: Pair) -> Pair:
    """The server's and the client's side of an open channel."""
    return shaken(*unshaken)


def test_nothing_is_said_in_clear(pair: Pair) -> None:
    """What is sealed arrives, and cannot be read on the way."""
    server, client = pair
    assert client.seal(b"a secret") == 8
    data = client.outgoing()
    assert b"secret" not in data
    server.feed(data)
    assert server.read() == b"a secret"
    assert server.read() is None


def test_hands_are_shaken_once(unshaken: Pair) -> None:
    """Before that neither side is open, and each says so."""
    server, client = unshaken
    assert not client.shake_hands()
    assert not client.is_open
    assert client.has_outgoing
    shaken(server, client)
    assert client.is_open
    assert server.is_open
    assert client.shake_hands()
    assert not client.has_outgoing


def test_large_texts_are_sealed_in_pieces(pair: Pair) -> None:
    """And read in as few as they arrive in."""
    server, client = pair
    text = b"x" * 3 * MOST_SEALED
    rest = memoryview(text)
    while rest:
        sealed = client.seal(rest)
        assert sealed <= MOST_SEALED
        rest = rest[sealed:]
    carry(client, server)
    assert server.read() == text


@pytest.mark.parametrize("text", [b"hello", b"x" * MOST_SEALED, b"x" * (MOST_SEALED + 1)], ids=len)
def test_what_is_sealed_can_be_had_at_once(pair: Pair, text: bytes) -> None:
    """As much at once as otherwise, and nothing of it is outgoing a second time."""
    server, client = pair
    count, data = client.sealed(text)
    assert count == min(len(text), MOST_SEALED)
    assert not client.has_outgoing
    server.feed(data)
    assert server.read() == text[:count]


def test_what_was_outgoing_before_comes_first(pair: Pair) -> None:
    """Records that change places would end the connection."""
    server, client = pair
    client.seal(b"first, ")
    _, data = client.sealed(b"then")
    assert not client.has_outgoing
    server.feed(data)
    assert server.read() == b"first, then"


def test_a_record_that_is_cut_is_waited_for(pair: Pair) -> None:
    """Byte by byte, and the last one makes it readable."""
    server, client = pair
    client.seal(b"hello")
    data = client.outgoing()
    for byte in data[:-1]:
        server.feed(bytes([byte]))
        assert server.read() is None
    server.feed(data[-1:])
    assert server.read() == b"hello"


def test_an_orderly_end_differs_from_a_lost_link(unshaken: Pair) -> None:
    """Both read as the end; only one of them was said."""
    server, client = shaken(*unshaken)
    client.seal(b"bye")
    client.end()
    carry(client, server)
    assert server.read() == b"bye"
    assert server.read() == b""
    assert server.ended


def test_an_end_that_nobody_said(pair: Pair) -> None:
    """As when somebody on the way cuts the connection."""
    server, _ = pair
    server.feed(b"")
    assert server.read() == b""
    assert not server.ended


def test_one_side_may_end_and_still_read(pair: Pair) -> None:
    """What the other has to say arrives after that."""
    server, client = pair
    client.end()
    carry(client, server)
    assert server.read() == b""
    server.seal(b"last words")
    carry(server, client)
    assert client.read() == b"last words"


def test_garbage_is_an_error(pair: Pair) -> None:
    server, _ = pair
    server.feed(b"\x17\x03\x03\x00\x20" + b"z" * 32)
    with pytest.raises(ssl.SSLError):
        server.read()


def test_an_oversize_record_is_an_error(pair: Pair) -> None:
    """One that says it is longer than a record may be is not waited for."""
    server, _ = pair
    server.feed(b"\x17\x03\x03\xff\xff" + b"z" * 100)
    with pytest.raises(ssl.SSLError):
        server.read()


def test_a_plain_hello_is_an_error(unshaken: Pair) -> None:
    server, _ = unshaken
    server.feed(b'{"type":"hello","protocol":1}\n')
    with pytest.raises(ssl.SSLError):
        server.shake_hands()


def test_records_without_content_are_not_taken_for_ever(pair: Pair) -> None:
    """The protocol allows as many as one likes. Content in between starts the count again."""
    server, client = pair
    for _ in range(3):
        client.seal(b"something")
        data = client.outgoing()
        for byte in data:
            server.feed(bytes([byte]))
        assert server.read() == b"something"
    for _ in range(MOST_IDLE_READS):
        server.feed(b"\x17")
    with pytest.raises(ssl.SSLError, match="without content"):
        server.feed(b"\x17")


def test_older_versions_are_refused() -> None:
    """TLS 1.2 knows renegotiation, and keys that can be read later."""
    context = trusting_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    client, server = Channel(context, server_side=False), Channel(server_context(), server_side=True)
    client.shake_hands()
    carry(client, server)
    with pytest.raises(ssl.SSLError):
        server.shake_hands()
    assert server.has_outgoing  # the alert that says so


def test_the_certificate_is_known_to_the_client_only(pair: Pair) -> None:
    server, client = pair
    assert client.certificate() == der(key_pair())
    assert server.certificate() == b""
