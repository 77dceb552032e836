"""Whom the client talks to: by its key, by its name, or not at all, and never in clear instead."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from client_parts.kept.audience import OWN_MACHINE, in_clear, of_key, of_name
from client_parts.kept.known_servers import Known, KnownServers, known_today
from client_parts.link.dialing import Hold, NotEncrypted, places_of
from client_parts.link.distrust import Untrusted
from client_parts.link.link import Patience
from client_parts.link.reconnecting import no_connection
from client_parts.link.server import Server, Servers
from client_parts.link.trust import Opened, Trust
from tests.client.fakes import ScriptedServer
from tests.tls.certificates import Pair, der, key_pair, needs_openssl
from tests.tls.relay import Relay
from tls_parts.public_key import digest_of, words

pytestmark = needs_openssl
ELSEWHERE = "127.1"  # this machine, but nobody could know from the name
OLD = "2020-01-01"


def key_of(pair: Pair) -> bytes:
    return digest_of(der(pair))


@pytest.fixture
def key() -> bytes:
    return key_of(key_pair())


@pytest.fixture
def other_key() -> bytes:
    return key_of(key_pair("impostor"))


@pytest.fixture
def relay(server: ScriptedServer) -> Iterator[Relay]:
    """A server that encrypts."""
    relay = Relay(server.port)
    yield relay
    relay.close()


@pytest.fixture
def impostor(server: ScriptedServer) -> Iterator[Relay]:
    """Somebody with another key in its place."""
    relay = Relay(server.port, key_pair("impostor"))
    yield relay
    relay.close()


@pytest.fixture
def servers(tmp_path: Path) -> KnownServers:
    return KnownServers(tmp_path / "known_servers")


Ask = Callable[..., Trust]


@pytest.fixture
def ask(servers: KnownServers) -> Ask:
    """Whom one run trusts at a port."""

    def ask_one(port: int, host: str = ELSEWHERE, *, tls: bool | None = None, link: bytes | None = None) -> Trust:
        return Trust(Servers((Server(host, port, tls, link),), Patience(connect=5)), servers)

    return ask_one


def opened(trust: Trust) -> Opened:
    """A connection, to look at who was recognised and how."""
    opened = open_first(trust)
    opened.close()
    trust.settle(opened)
    return opened


def open_first(trust: Trust, hold: Hold = lambda _: None) -> Opened:
    """A connection to the only server."""
    trust.look_up()
    server = trust.servers.first
    return trust.open(server, places_of(server.host, server.port)[0], hold)


def refusal(trust: Trust) -> str:
    with pytest.raises(Untrusted) as refused:
        open_first(trust)
    return str(refused.value)


@pytest.fixture
def vouched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """An authority of this system has signed the certificate of localhost."""
    monkeypatch.setenv("SSL_CERT_FILE", str(key_pair().certificate))


# --- When to encrypt ---


@pytest.mark.parametrize(
    ("host", "is_own"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("127.1", False),
        ("127.example", False),
        ("127.0.0.1.example", False),
        ("localhost.example", False),
        ("0.0.0.0", False),
        ("::ffff:127.0.0.1", False),
        ("192.168.1.7", False),
        ("", False),
    ],
)
def test_the_name_alone_decides(host: str, is_own: bool) -> None:
    """Unless somebody says otherwise; what a name leads to is for others to say."""
    server = Server(host, 3030)
    assert (server.is_own, server.is_encrypted) == (is_own, not is_own)
    assert Server(host, 3030, tls=True).is_encrypted
    assert not Server(host, 3030, tls=False).is_encrypted
    assert Server(host, 3030, key=bytes(32)).is_encrypted


def test_on_this_machine_nothing_is_encrypted_or_remembered(ask: Ask, server: ScriptedServer, tmp_path: Path) -> None:
    """Also if the list of known servers cannot be used."""
    (tmp_path / "known_servers").mkdir()
    trust = ask(server.port, "localhost")
    assert (opened(trust).audience, opened(trust).known) == (OWN_MACHINE, None)
    assert trust.remember() == ""


def test_in_clear_elsewhere_only_if_that_is_wanted(ask: Ask, server: ScriptedServer, servers: KnownServers) -> None:
    """Then nobody has confirmed who answers: tokens are for whoever is called that."""
    trust = ask(server.port, tls=False)
    assert opened(trust).audience == in_clear(f"{ELSEWHERE}:{server.port}")
    assert trust.remember() == ""
    assert servers.find(f"{ELSEWHERE}:{server.port}") is None


# --- By its key ---


def test_the_first_contact_is_remembered_after_the_welcome(
    ask: Ask, relay: Relay, servers: KnownServers, key: bytes
) -> None:
    """And told once, with the words to compare."""
    address = f"{ELSEWHERE}:{relay.port}"
    trust = ask(relay.port)
    assert opened(trust).audience == of_key(key)
    assert servers.find(address) is None
    assert words(key) in trust.doubt
    told = f"First connection to {address}: its key is {words(key)}. "
    assert trust.remember() == told + "If you can, compare it with the key that the server shows."
    assert servers.find(address) == known_today(key)
    assert (trust.remember(), bool(trust.doubt)) == ("", True)
    again = ask(relay.port)
    assert opened(again).audience == of_key(key)
    assert (again.remember(), again.doubt) == ("", "")


def test_a_changed_key_is_refused(
    ask: Ask, impostor: Relay, servers: KnownServers, key: bytes, other_key: bytes
) -> None:
    """With both keys, what it may mean and what to do; nothing was said to it, and nothing is forgotten."""
    address = f"{ELSEWHERE}:{impostor.port}"
    servers.remember(address, Known(key, OLD), None)
    sentence = refusal(ask(impostor.port))
    assert (
        f"The key of {address} has changed. It was {words(key)} (since {OLD}); now it is {words(other_key)}. "
        in sentence
    )
    assert "another server pretends to be it. Nothing was sent. Ask the operator" in sentence
    assert f"{address} --forget-server" in sentence
    impostor.close()
    assert impostor.said == b""
    assert servers.find(address) == Known(key, OLD)


def test_forgetting_makes_the_next_contact_the_first(
    ask: Ask, impostor: Relay, servers: KnownServers, key: bytes, other_key: bytes
) -> None:
    """It is said which key that was."""
    servers.remember(f"{ELSEWHERE}:{impostor.port}", Known(key, OLD), None)
    trust = ask(impostor.port)
    told = f"Forgot what was remembered of {ELSEWHERE}:{impostor.port}: its key {words(key)} (since {OLD})."
    assert trust.forget() == [told]
    assert opened(trust).audience == of_key(other_key)
    assert trust.remember().startswith("First connection")
    assert ask(1).forget() == [f"Nothing was remembered of {ELSEWHERE}:1."]


@pytest.mark.parametrize("length", [12, 32])
def test_a_link_verifies_the_first_contact(
    ask: Ask, relay: Relay, servers: KnownServers, key: bytes, length: int
) -> None:
    """With the words, or the whole key; the whole key is remembered."""
    address = f"{ELSEWHERE}:{relay.port}"
    trust = ask(relay.port, link=key[:length])
    assert opened(trust).audience == of_key(key)
    assert trust.remember() == f"{address} has the key that your link names; it is remembered."
    assert trust.doubt == ""
    assert servers.find(address) == known_today(key)
    assert opened(ask(relay.port, link=key[:length])).audience == of_key(key)


def test_another_key_than_the_links_is_refused(
    ask: Ask, impostor: Relay, servers: KnownServers, key: bytes, other_key: bytes
) -> None:
    sentence = refusal(ask(impostor.port, link=key[:12]))
    assert f"The link says {words(key)}; the server has {words(other_key)}." in sentence
    assert "Nothing was sent. Ask the operator" in sentence
    assert servers.find(f"{ELSEWHERE}:{impostor.port}") is None


def test_a_link_cannot_replace_what_is_remembered(
    ask: Ask, impostor: Relay, servers: KnownServers, key: bytes, other_key: bytes
) -> None:
    """It may come from anybody. That is refused even where the server would have its key."""
    servers.remember(f"{ELSEWHERE}:{impostor.port}", Known(key, OLD), None)
    sentence = refusal(ask(impostor.port, link=other_key))
    assert f"The link says {words(other_key)}; remembered is {words(key)} (since {OLD})." in sentence
    assert "repeat the command with --forget-server" in sentence
    trust = ask(impostor.port, link=other_key)
    trust.forget()
    assert opened(trust).audience == of_key(other_key)


def test_a_run_stays_with_whom_it_met(ask: Ask, server: ScriptedServer, key: bytes) -> None:
    """From its first hello on, whatever other clients remember and forget."""
    first = Relay(server.port)
    trust = ask(first.port)
    assert opened(trust).audience == of_key(key)
    first.close()
    second = Relay(server.port, key_pair("impostor"), first.port)
    assert "has changed" in refusal(trust)
    second.close()
    assert second.said == b""


def test_what_cannot_be_remembered_is_told(ask: Ask, relay: Relay, tmp_path: Path) -> None:
    """The chat goes on."""
    trust = ask(relay.port)
    opened(trust)
    (tmp_path / "known_servers").mkdir()
    told = trust.remember()
    assert told.startswith("First connection")
    assert "Cannot use" in told


def test_a_list_that_cannot_be_read_is_refused(ask: Ask, relay: Relay, tmp_path: Path) -> None:
    """Perhaps this server is known, and by another key."""
    (tmp_path / "known_servers").mkdir()
    assert "known_servers" in refusal(ask(relay.port))
    assert "known_servers" in refusal(ask(relay.port, tls=False))


def test_two_clients_that_met_two_servers(ask: Ask, relay: Relay, servers: KnownServers, other_key: bytes) -> None:
    """At the same time, for the first time: one of them is the wrong one, and that is said."""
    trust = ask(relay.port)
    opened(trust)
    servers.remember(f"{ELSEWHERE}:{relay.port}", Known(other_key, OLD), None)
    with pytest.raises(Untrusted, match=f"at the same time, with the key {words(other_key)}"):
        trust.remember()


# --- By its name ---


@pytest.mark.usefixtures("vouched_for")
def test_a_verified_name_needs_no_key(ask: Ask, relay: Relay, servers: KnownServers) -> None:
    """What is remembered is that it was verified. There is nothing to compare, and nothing is said."""
    trust = ask(relay.port, "localhost", tls=True)
    assert opened(trust).audience == of_name("localhost")
    assert (trust.remember(), trust.doubt) == ("", "")
    assert servers.find(f"localhost:{relay.port}") == known_today(None)
    assert opened(ask(relay.port, "localhost", tls=True)).audience == of_name("localhost")


@pytest.mark.usefixtures("vouched_for")
def test_a_certificate_for_another_name_verifies_nothing(ask: Ask, relay: Relay, key: bytes) -> None:
    trust = ask(relay.port)
    assert opened(trust).audience == of_key(key)
    assert trust.remember().startswith("First connection")


@pytest.mark.usefixtures("vouched_for")
def test_a_server_whose_name_was_verified_is_not_recognised_by_a_key(
    ask: Ask, impostor: Relay, servers: KnownServers
) -> None:
    """Or anybody could come with one."""
    servers.remember(f"localhost:{impostor.port}", Known(None, OLD), None)
    sentence = refusal(ask(impostor.port, "localhost", tls=True))
    assert f"The certificate of localhost:{impostor.port} is not valid: self" in sentence
    assert f"vouched for it (since {OLD})" in sentence
    assert "--forget-server" in sentence


@pytest.mark.usefixtures("vouched_for")
def test_a_link_to_a_verified_name(ask: Ask, relay: Relay, servers: KnownServers, key: bytes, other_key: bytes) -> None:
    """Both must be right: whoever made the link cannot take the place of the authority."""
    servers.remember(f"localhost:{relay.port}", Known(None, OLD), None)
    assert opened(ask(relay.port, "localhost", tls=True, link=key)).audience == of_name("localhost")
    assert f"The link says {words(other_key)}" in refusal(ask(relay.port, "localhost", tls=True, link=other_key))


@pytest.mark.usefixtures("vouched_for")
def test_a_known_server_moves_to_a_verified_name(
    ask: Ask, relay: Relay, servers: KnownServers, other_key: bytes
) -> None:
    """With another key: its name counts from then on, which is said."""
    address = f"localhost:{relay.port}"
    servers.remember(address, Known(other_key, OLD), None)
    trust = ask(relay.port, "localhost", tls=True)
    assert opened(trust).audience == of_name("localhost")
    told = trust.remember()
    assert f"{address} has another key than before ({words(other_key)})" in told
    assert servers.find(address) == known_today(None)


@pytest.mark.usefixtures("vouched_for")
def test_a_known_key_is_enough(ask: Ask, relay: Relay, servers: KnownServers, key: bytes) -> None:
    """It is still the one that tokens were made for."""
    servers.remember(f"localhost:{relay.port}", Known(key, OLD), None)
    trust = ask(relay.port, "localhost", tls=True)
    assert (opened(trust).audience, trust.remember()) == (of_key(key), "")


# --- Never in clear instead ---


@pytest.mark.parametrize("known", [None, b"k" * 32])
def test_who_was_reached_encrypted_is_not_talked_to_in_clear(
    ask: Ask, server: ScriptedServer, servers: KnownServers, known: bytes | None
) -> None:
    """Not if somebody asks for it; not before it is forgotten."""
    servers.remember(f"{ELSEWHERE}:{server.port}", Known(known, OLD), None)
    trust = ask(server.port, tls=False)
    assert "was encrypted before, so --no-tls is refused; leave it out" in refusal(trust)
    trust.forget()
    assert opened(trust).known is None


@pytest.mark.parametrize("is_known", [True, False])
def test_a_server_without_encryption_is_one_sentence(
    ask: Ask, server: ScriptedServer, servers: KnownServers, is_known: bool
) -> None:
    """With what to do, where that is allowed."""
    address = f"{ELSEWHERE}:{server.port}"
    if is_known:
        servers.remember(address, Known(b"k" * 32, OLD), None)

    with pytest.raises(NotEncrypted) as failed:
        open_first(ask(server.port), answer_when_connected(server))
    sentence = no_connection(address, failed.value)
    assert sentence.startswith(f"{address} does not answer with encryption")
    assert ("use --no-tls to connect" in sentence) is not is_known


def answer_when_connected(server: ScriptedServer) -> Callable[[socket.socket], None]:
    """Lets the server greet in clear whoever is about to connect."""

    def play(_: socket.socket) -> None:
        threading.Thread(target=lambda: server.accept().send_raw(b"* hello client *\n"), daemon=True).start()

    return play
