"""Several servers of one chat: each has to prove to be the same, and only who has gets what opens accounts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from client_parts.kept.audience import OWN_MACHINE, of_key, of_name
from client_parts.kept.known_servers import Known, KnownServers, known_today
from client_parts.link.dialing import places_of
from client_parts.link.distrust import Untrusted
from client_parts.link.link import Patience
from client_parts.link.server import Server, Servers, alike
from client_parts.link.trust import Opened, Trust
from tests.client.fakes import ScriptedServer
from tests.tls.certificates import Pair, der, key_pair, needs_openssl
from tests.tls.relay import Relay
from tls_parts.public_key import digest_of, words

pytestmark = needs_openssl
ELSEWHERE = "127.1"  # this machine, but nobody could know from the name
OLD = "2020-01-01"
SECONDS = 10.0
PATIENCE = Patience(connect=5)


def key_of(pair: Pair) -> bytes:
    return digest_of(der(pair))


@pytest.fixture
def key() -> bytes:
    return key_of(key_pair())


@pytest.fixture
def other_key() -> bytes:
    return key_of(key_pair("impostor"))


@pytest.fixture
def relays(server: ScriptedServer) -> Iterator[Callable[..., Relay]]:
    """Opens servers that encrypt, with the key of the chat or with another one."""
    opened: list[Relay] = []

    def open_one(pair: Pair | None = None) -> Relay:
        opened.append(Relay(server.port, pair))
        return opened[-1]

    yield open_one
    for relay in opened:
        relay.close()


@pytest.fixture
def a(relays: Callable[..., Relay]) -> Server:
    return Server(ELSEWHERE, relays().port)


@pytest.fixture
def b(relays: Callable[..., Relay]) -> Server:
    return Server(ELSEWHERE, relays().port)


@pytest.fixture
def impostor(relays: Callable[..., Relay]) -> Relay:
    return relays(key_pair("impostor"))


@pytest.fixture
def stranger(impostor: Relay) -> Server:
    """Somebody else, whom a list names too."""
    return Server(ELSEWHERE, impostor.port)


@pytest.fixture
def known(tmp_path: Path) -> KnownServers:
    return KnownServers(tmp_path / "known_servers")


@pytest.fixture
def vouched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """An authority of this system has signed the certificate of localhost."""
    monkeypatch.setenv("SSL_CERT_FILE", str(key_pair().certificate))


class Run:
    """One run of a client with these servers."""

    def __init__(self, known: KnownServers, *servers: Server, patience: Patience = PATIENCE) -> None:
        self.trust = Trust(Servers(alike(servers), patience), known)

    def meet(self, server: Server) -> Opened:
        """Connect to one of them and be welcomed."""
        opened = self.connect(server)
        self.told = self.trust.remember()
        return opened

    def connect(self, server: Server) -> Opened:
        self.trust.look_up()
        [it] = [one for one in self.trust.servers.all if one.address == server.address]
        opened = self.trust.open(it, places_of(it.host, it.port)[0], lambda _: None)
        opened.close()
        self.trust.settle(opened)
        return opened

    def refusal(self, server: Server) -> str:
        with pytest.raises(Untrusted) as refused:
            self.meet(server)
        return str(refused.value)


# --- By one key ---


def test_one_key_is_one_chat(known: KnownServers, a: Server, b: Server, key: bytes) -> None:
    """The same token for both; what is remembered of each is the key, and that is said once for each."""
    run = Run(known, a, b)
    assert run.meet(a).audience == of_key(key)
    assert run.told.startswith(f"First connection to {a.address}: its key is {words(key)}. ")
    assert words(key) in run.trust.doubt
    assert run.meet(b).audience == of_key(key)
    assert run.told == f"{b.address} has the key of the other servers; it is remembered."
    assert [known.find(server.address) for server in (a, b)] == [known_today(key)] * 2
    again = Run(known, b, a)
    again.meet(a)
    assert (again.told, again.trust.doubt) == ("", "")


def test_who_used_one_server_alone_keeps_the_account(known: KnownServers, a: Server, b: Server) -> None:
    """A second address changes neither the token nor what is remembered, in any order, and going back does not."""
    alone = Run(known, a).meet(a).audience
    several = Run(known, b, a)
    assert (several.meet(b).audience, several.meet(a).audience) == (alone, alone)
    assert several.trust.doubt == ""
    assert Run(known, b).meet(b).audience == Run(known, a).meet(a).audience == alone


@pytest.mark.parametrize("first", [True, False])
def test_another_key_is_another_chat(
    known: KnownServers, a: Server, stranger: Server, impostor: Relay, key: bytes, other_key: bytes, first: bool
) -> None:
    """Wherever a list names it: whoever made up that list cannot have what opens the account at the known server."""
    Run(known, a).meet(a)
    run = Run(known, *((stranger, a) if first else (a, stranger)))
    sentence = run.refusal(stranger)
    assert f"The server at {stranger.address} is not one of this chat: its key is {words(other_key)}" in sentence
    assert f"the others have {words(key)}" in sentence
    assert run.meet(a).audience == of_key(key)
    assert "not one of this chat" in run.refusal(stranger)
    impostor.close()
    assert impostor.said == b""
    assert known.find(stranger.address) is None


def test_who_is_met_first_is_the_chat(known: KnownServers, a: Server, stranger: Server, other_key: bytes) -> None:
    """Where nothing is known. The other gets nothing, and nothing is remembered of it: it is recognised later."""
    run = Run(known, a, stranger)
    assert run.meet(stranger).audience == of_key(other_key)
    assert "not one of this chat" in run.refusal(a)
    assert known.find(a.address) is None


def test_a_key_in_the_link_is_for_all_of_them(
    known: KnownServers, a: Server, b: Server, stranger: Server, key: bytes, other_key: bytes
) -> None:
    linked = [Server(server.host, server.port, None, key[:12]) for server in (a, b, stranger)]
    run = Run(known, *linked)
    assert f"The link says {words(key)}; the server has {words(other_key)}." in run.refusal(linked[2])
    for server in linked[:2]:
        assert run.meet(server).audience == of_key(key)
        assert run.told == f"{server.address} has the key that your link names; it is remembered."
    link = f"chat://{a.address},{b.address},{stranger.address}#{words(key)}"
    assert (run.trust.invitation, run.trust.doubt) == (f'"{link}"', "")


def test_a_changed_key_is_told_of_that_server(
    known: KnownServers, a: Server, stranger: Server, key: bytes, other_key: bytes
) -> None:
    """With what forgets all of them: they have one key."""
    known.remember(a.address, Known(key, OLD), None)
    known.remember(stranger.address, Known(key, OLD), None)
    run = Run(known, a, stranger)
    sentence = run.refusal(stranger)
    assert f"The key of {stranger.address} has changed. It was {words(key)} (since {OLD});" in sentence
    assert f"{a.address} {stranger.address} --forget-server" in sentence
    assert [told.partition(":")[0] for told in run.trust.forget()] == [
        f"Forgot what was remembered of {server.address.partition(':')[0]}" for server in (a, stranger)
    ]
    assert run.meet(stranger).audience == of_key(other_key)


def test_what_is_remembered_as_two_chats_is_not_mixed(
    known: KnownServers, a: Server, stranger: Server, key: bytes, other_key: bytes
) -> None:
    """Before anybody is asked: no network can change that."""
    Run(known, a).meet(a)
    Run(known, stranger).meet(stranger)
    run = Run(known, a, stranger)
    for server in (a, stranger):
        sentence = run.refusal(server)
        assert f"{a.address} and {stranger.address} are not known as servers of one chat" in sentence
        assert words(key) in sentence
        assert words(other_key) in sentence


def test_a_link_that_contradicts_any_of_them(known: KnownServers, a: Server, stranger: Server, key: bytes) -> None:
    """It is refused as a whole, whoever of them answers."""
    Run(known, a).meet(a)
    false = key_of(key_pair("impostor"))
    run = Run(known, *(Server(server.host, server.port, None, false) for server in (stranger, a)))
    assert f"Your link names another key of {a.address}" in run.refusal(stranger)


# --- By one name ---


@pytest.mark.usefixtures("vouched_for")
def test_one_verified_name_is_one_chat(known: KnownServers, a: Server, relays: Callable[..., Relay]) -> None:
    """That of the first, of which others have a certificate too; it is remembered of that one alone."""
    first = Server("localhost", relays().port, tls=True)
    run = Run(known, first, a)
    assert (run.meet(a).audience, run.told) == (of_name("localhost"), "")
    assert (known.find(first.address), known.find(a.address)) == (known_today(None), None)
    assert run.meet(first).audience == of_name("localhost")
    assert Run(known, a, first).meet(a).audience == of_name("localhost")


@pytest.mark.usefixtures("vouched_for")
def test_a_certificate_for_no_such_name(
    known: KnownServers, stranger: Server, impostor: Relay, relays: Callable[..., Relay]
) -> None:
    """Also a valid one for another name would not do."""
    first = Server("localhost", relays().port, tls=True)
    run = Run(known, first, stranger)
    run.meet(first)
    assert f"The server at {stranger.address} is not one of this chat, which is known by the name localhost" in (
        run.refusal(stranger)
    )
    impostor.close()
    assert impostor.said == b""


@pytest.mark.usefixtures("vouched_for")
def test_servers_that_move_to_a_verified_name(
    known: KnownServers, relays: Callable[..., Relay], b: Server, other_key: bytes
) -> None:
    """The name of one that is known. What is remembered of others stays, for whoever uses them alone."""
    first = Server("localhost", relays().port, tls=True)
    for server in (first, b):
        known.remember(server.address, Known(other_key, OLD), None)
    run = Run(known, first, b)
    assert run.meet(b).audience == of_name("localhost")
    assert f"{first.address} has another key than before" in run.told
    assert [known.find(server.address) for server in (first, b)] == [known_today(None), Known(other_key, OLD)]
    assert Run(known, b, first).meet(first).audience == of_name("localhost")
    assert Run(known, b, first).meet(b).audience == of_name("localhost")


@pytest.mark.usefixtures("vouched_for")
@pytest.mark.parametrize("is_remembered", [True, False])
@pytest.mark.parametrize("first", [True, False])
def test_a_valid_certificate_for_a_name_of_his_own_proves_nothing(
    known: KnownServers,
    stranger: Server,
    other_key: bytes,
    relays: Callable[..., Relay],
    is_remembered: bool,
    first: bool,
) -> None:
    """Whoever makes up a list has a name in it, and a certificate for that. The run has met the chat, which has a key:
    in earlier runs, or only now, when it was turned away. Its token would open the account there.
    """
    chat, relay = stranger, relays()
    owner = Server("localhost", relay.port, tls=True)
    if is_remembered:
        Run(known, chat).meet(chat)
    run = Run(known, *((owner, chat) if first else (chat, owner)))
    assert run.connect(chat).audience == of_key(other_key)
    assert "is not one of this chat" in run.refusal(owner)
    relay.close()
    assert relay.said == b""
    assert known.find(chat.address) == (known_today(other_key) if is_remembered else None)
    assert run.meet(chat).audience == of_key(other_key)


# --- On this machine, and in clear ---


def test_all_on_this_machine_are_in_clear(known: KnownServers, server: ScriptedServer, tmp_path: Path) -> None:
    """With the token that any of them alone gets, and nothing is remembered. Each has to show that it is alive."""
    (tmp_path / "known_servers").mkdir()
    servers = [Server("127.0.0.1", server.port), Server("localhost", server.port)]
    run = Run(known, *servers)
    thread = threading.Thread(target=lambda: server.accept().send_raw(b"{}\n"))
    thread.start()
    assert (run.meet(servers[0]).audience, run.told) == (OWN_MACHINE, "")
    thread.join(SECONDS)
    run = Run(known, *servers, patience=Patience(connect=0.2))
    with pytest.raises(TimeoutError):
        run.meet(servers[0])


def test_one_elsewhere_has_all_of_them_encrypted(known: KnownServers, a: Server, relays: Callable[..., Relay]) -> None:
    """Or the same person would be somebody else on the machine of one of them."""
    here = Server("127.0.0.1", relays().port)
    run = Run(known, here, a)
    assert run.meet(here).audience == run.meet(a).audience != OWN_MACHINE
    assert run.trust.invitation == f'"chat://{a.address}#{words(key_of(key_pair()))}"'


def test_several_elsewhere_in_clear_are_refused(known: KnownServers, server: ScriptedServer) -> None:
    """Nobody there could prove anything."""
    places = [Server(ELSEWHERE, server.port, tls=False), Server("127.0.0.1", server.port, tls=False)]
    assert "in clear nobody could tell that they are one chat" in Run(known, *places).refusal(places[0])
    Run(known, places[0]).meet(places[0])


def test_a_server_that_is_named_twice_is_one(known: KnownServers) -> None:
    servers = alike([Server("Chat.example", 1), Server("chat.example", 1), Server("chat.example", 2)])
    assert [server.address for server in servers] == ["chat.example:1", "chat.example:2"]
