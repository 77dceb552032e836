"""Encrypted connections as others make them: their programs, their mistakes, and what they do on purpose."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from pathlib import Path

import pytest

from server_parts.wire import entrance, sockets
from server_parts.wire.certificate import Certificate
from tests.conftest import Chat, Serve
from tests.peers import WAIT, Native, Peer, Plain, wait_until
from tests.server.foreign import installed, running
from tests.tls.certificates import der, key_pair, needs_openssl, trusting_context
from tests.tls.encrypted_socket import EncryptedSocket

pytestmark = needs_openssl

PROGRAMS = {
    "openssl": [
        "s_client",
        "-quiet",
        "-connect",
        "127.0.0.1:{port}",
        "-CAfile",
        "{certificate}",
        "-verify_return_error",
    ],
    "ncat": ["--ssl", "--ssl-verify", "--ssl-trustfile", "{certificate}", "-4", "localhost", "{port}"],
    "socat": ["-", "OPENSSL:localhost:{port},verify=1,cafile={certificate}"],
}
CLIENT_HELLO_BEGUN = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"


@pytest.fixture
def encrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    """All peers of the test encrypt."""
    monkeypatch.setattr(Peer, "tls", trusting_context())


@pytest.fixture
def elsewhere() -> str:
    """An address of this machine that is not its own alone: who comes over it counts as another machine."""
    addresses = sockets.own_addresses()
    if not addresses:
        pytest.skip("this machine has no address but its own")
    return addresses[0]


# --- programs that nobody here wrote ---


@pytest.mark.parametrize("program", PROGRAMS)
def test_another_program_talks(chat: Chat, program: str) -> None:
    """It verifies the certificate, says something, hears an answer, and leaves with a goodbye."""
    words = [word.format(port=chat.port, certificate=key_pair().certificate) for word in PROGRAMS[program]]
    alice = chat.native("alice")
    with running(installed(program), *words) as stranger:
        stranger.until("* hello client *")
        stranger.type("grüß dich")
        message = alice.until("message")
        assert (message["text"], message["from"]) == ("grüß dich", "guest-1")
        alice.tell("and you")
        stranger.until("alice said -> and you")
        stranger.type("/exit")
        stranger.until("* goodbye *")
        stranger.end_of_input()
        stranger.ended()


def test_a_program_that_looks_is_shown_the_certificate(chat: Chat) -> None:
    """It is the same for everybody, and nothing older than TLS 1.3 is spoken."""
    with (
        socket.create_connection(("127.0.0.1", chat.port), WAIT) as plain,
        trusting_context().wrap_socket(plain) as seen,
    ):
        assert seen.getpeercert(binary_form=True) == der(key_pair())
        assert seen.version() == "TLSv1.3"


# --- in clear from another machine ---


def test_in_clear_only_this_machine_is_heard(serve: Serve, elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is told so in its own form, in one line, and let go; encrypted it may come in."""
    chat = serve(host="0.0.0.0")
    native = chat.admit(Native(chat.port, host=elsewhere))
    native.hello("bob")
    bye = json.loads(native.rest())
    assert (bye["type"], bye["code"], bye["retry"]) == ("bye", "not_encrypted", False)
    for first in (b"hello\n", b""):  # who is silent is told after a moment
        with monkeypatch.context() as moment:
            moment.setattr("server.TLS_WAIT", 0.1)
            plain = chat.admit(Peer(chat.port, elsewhere))
            plain.send_bytes(first)
            told = plain.rest()
        assert told.count(b"\n") == 1
        assert b"ncat --ssl" in told
    web = chat.admit(Peer(chat.port, elsewhere))
    web.send_bytes(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"403 Forbidden" in web.rest()
    assert chat.native("alice").tell("from here")["id"] == 1  # nobody else was let in
    chat.admit(_EncryptedNative(chat.port, "carol", elsewhere)).tell("encrypted")


@pytest.mark.parametrize(("plain", "here", "there"), [("everyone", True, True), ("nobody", False, False)])
def test_who_may_talk_in_clear_can_be_chosen(serve: Serve, elsewhere: str, plain: str, here: bool, there: bool) -> None:
    """Behind a proxy or a tunnel everybody comes from this machine: then nobody may."""
    chat = serve(host="0.0.0.0", plain=plain)
    for host, may in (("127.0.0.1", here), (elsewhere, there)):
        peer = chat.admit(Native(chat.port, host=host))
        peer.hello(f"from-{host}")
        assert peer.next()["type"] == ("welcome" if may else "bye")
    chat.admit(_EncryptedNative(chat.port, "carol", "127.0.0.1")).tell("encrypted")


class _EncryptedNative(Native):
    tls = trusting_context()

    def __init__(self, port: int, name: str, host: str) -> None:
        super().__init__(port, name, host)


def test_a_server_that_cannot_encrypt_says_so(serve: Serve) -> None:
    """In clear text, to a client that cannot understand anything else yet, and then the end."""
    peer = serve(encrypts=False).peer()
    peer.send_bytes(CLIENT_HELLO_BEGUN + b"\x00" * 100)
    answer = peer.rest()
    assert b"TLS" in answer
    assert answer.count(b"\n") == 1


# --- handshakes that go wrong ---


def test_a_slow_handshake_ends(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever begins one and does not go on is let go, and nobody else notices."""
    monkeypatch.setattr(entrance, "SECONDS", 0.3)
    slow = chat.peer()
    slow.send_bytes(CLIENT_HELLO_BEGUN)
    alice = chat.native("alice")
    begun = time.monotonic()
    assert slow.rest() == b""
    assert time.monotonic() - begun < WAIT / 2
    assert alice.tell("still here")["id"] == 1


def shakes_hands() -> bool:
    return any(thread.name == "handshakes" for thread in threading.enumerate())


def test_a_server_that_stops_says_nothing_in_clear_into_a_handshake(chat: Chat) -> None:
    """Whoever expects a handshake there would take it for garbage; others are told goodbye."""
    halfway, plain = chat.peer(), chat.plain("hello")
    plain.enter()
    halfway.send_bytes(CLIENT_HELLO_BEGUN)
    assert wait_until(shakes_hands)
    chat.server.stop_server()
    assert halfway.rest() == b""
    halfway.close()
    assert plain.until("goodbye") == "* goodbye: the server is stopping *"


def test_a_dripping_handshake_ends(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is for all of it: a byte now and then does not extend it."""
    monkeypatch.setattr(entrance, "SECONDS", 0.5)
    slow = chat.peer()
    hello = CLIENT_HELLO_BEGUN + b"\x00" * 500
    begun = time.monotonic()
    sent = 0
    with contextlib.suppress(ConnectionError):
        for byte in hello:
            slow.send_bytes(bytes([byte]))
            sent += 1
            time.sleep(0.02)
    assert sent < len(hello)
    assert time.monotonic() - begun < WAIT


@pytest.mark.parametrize(
    "garbage",
    [b"\x16" + b"\xff" * 2_000, b"\x16\x03\x01\xff\xff" + b"x" * 70_000, b"\x16\x03\x01\x00\x00" * 2_000, b"\x16"],
    ids=["noise", "an oversize record", "empty records", "one byte and the end"],
)
def test_garbage_ends_its_own_connection_only(chat: Chat, garbage: bytes) -> None:
    """The server says an alert at most."""
    alice = chat.native("alice")
    peer = chat.peer()
    try:
        peer.send_bytes(garbage)
        peer.stop_sending()
        assert len(peer.rest()) < 100
    except ConnectionError:
        pass  # it was let go before all of it was sent
    assert alice.tell("still here")["id"] == 1
    assert wait_until(lambda: len(chat.server.clients) == 1)


def test_one_address_cannot_hold_up_all_others(serve: Serve, elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a few of its handshakes are under way at once; this machine's own are not counted with them."""
    monkeypatch.setattr(entrance, "SECONDS", 30.0)
    chat = serve(host="0.0.0.0", plain="nobody", per_address=0)
    for _ in range(8):
        chat.admit(Peer(chat.port, elsewhere)).send_bytes(CLIENT_HELLO_BEGUN)
    chat.admit(_EncryptedNative(chat.port, "alice", "127.0.0.1")).tell("in at once")
    assert len(chat.server.clients) == 9


# --- what ends ---


@pytest.mark.usefixtures("encrypted")
def test_a_goodbye_is_said_in_the_channel_too(chat: Chat) -> None:
    """Without that the client would take it for a lost link: its TLS raises an error then."""
    alice = chat.native("alice")
    alice.send("bye")
    alice.until("bye")
    assert alice.ended()
    assert isinstance(alice.socket, EncryptedSocket)
    assert not alice.socket.was_cut


@pytest.mark.usefixtures("encrypted")
def test_who_leaves_first_is_told_the_end_too(chat: Chat) -> None:
    """Its TLS waits for that, and would raise an error without it."""
    alice = chat.native("alice")
    alice.stop_sending()
    alice.rest()
    assert isinstance(alice.socket, EncryptedSocket)
    assert not alice.socket.was_cut


@pytest.mark.usefixtures("encrypted")
def test_a_client_may_end_in_order_and_still_read(chat: Chat) -> None:
    """What it said last is said, and answered."""
    plain = chat.plain("my last words")
    plain.stop_sending()
    assert b"* delivered #1 *" in plain.rest()


@pytest.mark.usefixtures("encrypted")
@pytest.mark.parametrize("way", ["cut", "reset"])
def test_a_client_that_vanishes_has_left(chat: Chat, way: str) -> None:
    """Whether its link is cut in the middle of a record or reset."""
    bob = chat.native("bob")
    alice = chat.native("alice")
    bob.moved("joined", "alice")
    raw = socket.socket(fileno=alice.socket.detach())
    with raw:
        if way == "cut":
            raw.sendall(b"\x17\x03\x03\x00\x40" + b"x" * 10)
        else:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    bob.moved("left", "alice")


@pytest.mark.usefixtures("encrypted")
def test_a_broken_record_ends_the_connection(chat: Chat) -> None:
    """Nothing that was changed on the way is taken for a text."""
    bob = chat.native("bob")
    alice = chat.native("alice")
    bob.moved("joined", "alice")
    raw = socket.socket(fileno=alice.socket.detach())
    with raw:
        raw.sendall(b"\x17\x03\x03\x00\x40" + b"x" * 64)
        bob.moved("left", "alice")
    assert bob.tell("still here")["id"] == 1


def test_renewing_keys_without_end_is_not_answered_for_ever(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenSSL sets no limit to records that say nothing; we do. Once or twice is anybody's right."""
    monkeypatch.setattr("tls_parts.channel.MOST_IDLE_READS", 20)
    alice = chat.native("alice")
    with running(installed("openssl"), "s_client", "-connect", f"127.0.0.1:{chat.port}") as stranger:
        stranger.until("* hello client *")
        for times in range(1, 4):
            stranger.type("k")
            stranger.until("KEYUPDATE", times)
        stranger.type("still here")
        alice.until("message", text="still here")
        with contextlib.suppress(BrokenPipeError):
            while stranger.process.poll() is None:
                stranger.type("k")
                time.sleep(0.01)  # it takes what comes at once for one
    alice.moved("left", "guest-1")


# --- many, slow, and while the certificate changes ---


@pytest.mark.usefixtures("encrypted")
def test_a_slow_reader_gets_whole_lines_in_order(serve: Serve) -> None:
    """Up to where it was let go; others do not wait for it."""
    chat = serve(backlog=65_536)
    alice, bob, slow = chat.native("alice"), chat.native("bob"), chat.native("slow")
    said = 0
    while not any("slow" in frame.get("left", ()) for frame in bob.passed):
        said += 1
        assert said < 5_000
        assert alice.tell("x" * 4_000)["id"] == said
        bob.until("message", id=said)
    lines = slow.rest().splitlines()
    ids = [frame["id"] for frame in map(json.loads, lines) if frame["type"] == "message"]
    assert ids == list(range(1, len(ids) + 1))
    assert json.loads(lines[-1])["code"] == "too_slow"


@pytest.mark.usefixtures("encrypted")
def test_a_new_certificate_disturbs_nobody(serve: Serve, tmp_path: Path) -> None:
    """Who is connected goes on with the old one; who comes from now on sees the new one."""
    pair = key_pair("localhost")
    certificate, key = tmp_path / "server.crt", tmp_path / "server.key"

    def put(name: str) -> None:
        for source, target in zip(key_pair(name), (certificate, key), strict=True):
            target.write_bytes(source.read_bytes())
            target.chmod(0o600)

    put("localhost")
    kept = Certificate(certificate, key)
    chat = serve(encrypts=False)
    chat.server._entrance = entrance.Entrance(lambda: kept.context)
    before = [chat.native(f"n{number}") for number in range(20)]
    put("renewed")
    kept.reload()
    after = chat.native("after")
    assert isinstance(after.socket, EncryptedSocket)
    assert after.socket.tls.getpeercert(binary_form=True) == der(key_pair("renewed")) != der(pair)
    after.tell("hello")
    for one in before:
        assert one.until("message")["text"] == "hello"
        one.tell("hello back")


@pytest.mark.usefixtures("encrypted")
def test_both_directions_at_once(chat: Chat) -> None:
    """Everybody sends and is sent to without a pause: nothing is lost, and no record comes out of order."""
    people = [chat.native(f"p{number}") for number in range(4)]
    for number in range(200):
        for one in people:
            one.say(f"{number} " + "x" * 500)
    for one in people:
        ids: list[int] = []
        while len(ids) < 800:
            ids.append(one.until("message")["id"])
        assert ids == list(range(1, 801))


def test_plain_text_people_meet_encrypted_ones(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """One room for all doors."""
    clear = chat.plain("hello from clear text")
    monkeypatch.setattr(Peer, "tls", trusting_context())
    native, plain = chat.native("alice"), chat.admit(Plain(chat.port, first="hello from nc"))
    assert native.message_from("guest-2")["text"] == "hello from nc"
    native.tell("hello all")
    for one in (clear, plain):
        one.until("alice said -> hello all")
