"""One chat on several servers: the client comes to the first that answers, and to the next when one does not."""

from __future__ import annotations

import select
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from client_parts.kept.audience import of_key, token_for
from client_parts.kept.bookmarks import Bookmark, Bookmarks
from client_parts.kept.known_servers import KnownServers, known_today
from client_parts.link import reaching, round
from tests.client.fakes import HASTY, SECONDS, Peer, RunningClient, ScriptedServer, goodbye, message
from tests.client.ports import black_hole
from tests.tls.certificates import Pair, der, key_pair, needs_openssl
from tests.tls.relay import Relay
from tls_parts.public_key import digest_of, words

SOON = 1.0  # seconds within which a client that waits for nothing is somewhere
ELSEWHERE = "127.1"  # this machine, but nobody could know from the name
# Who waits once for the end of a pause or of a silence is not back in time.
HOURS = 3600.0
NEVER = replace(HASTY, connect=HOURS, welcome=HOURS, first_pause=HOURS, longest_pause=HOURS, hurry=HOURS)
FULL = {"type": "bye", "code": "server_full", "text": "this server is full", "retry": True}


class Member(ScriptedServer):
    """One of several: it answers whoever asks whether it is there, and is played for whoever stays then."""

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def accept(self) -> Peer:
        while True:
            peer = super().accept()
            if is_there(peer):
                peer.expect("ping")
                peer.send({"type": "pong"})
                if is_there(peer):
                    return peer

    def reset_all(self) -> None:
        """End all connections as a machine does that knows nothing of them."""
        for peer in self._peers:
            if peer._socket.fileno() != -1:
                peer._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.go_away()


def is_there(peer: Peer) -> bool:
    """Whether it says something, and has not gone to another server instead."""
    assert select.select([peer._socket], [], [], SECONDS)[0]
    try:
        return bool(peer._socket.recv(1, socket.MSG_PEEK))
    except ConnectionResetError:
        return False


@pytest.fixture
def members() -> Iterator[Callable[[], Member]]:
    """Opens servers of a chat on this machine, and closes them."""
    opened: list[Member] = []

    def open_one() -> Member:
        opened.append(Member())
        return opened[-1]

    yield open_one
    for member in opened:
        member.close()


@pytest.fixture
def a(members: Callable[[], Member]) -> Member:
    return members()


@pytest.fixture
def b(members: Callable[[], Member]) -> Member:
    return members()


Enter = Callable[..., RunningClient]


@pytest.fixture
def enter(tmp_path: Path) -> Iterator[Enter]:
    """Starts clients that know several servers."""
    running: list[RunningClient] = []

    def enter_one(*servers: Any, host: str = "127.0.0.1", **options: Any) -> RunningClient:
        (port, *others) = [getattr(server, "port", server) for server in servers]
        options = {"patience": NEVER, **options, "host": host, "other_servers": tuple((host, port) for port in others)}
        running.append(RunningClient(port, tmp_path / "token", **options))
        return running[-1]

    yield enter_one
    for client in running:
        client.stop()


def welcomed(running: RunningClient, member: ScriptedServer, **more: Any) -> Peer:
    peer = member.accept()
    peer.welcome(**more)
    running.screen.wait_until(lambda: running.screen.statuses[-1].online)
    return peer


def links(running: RunningClient, *fields: str) -> list[tuple[object, ...]]:
    events = [event for event in running.screen.events if event["type"] == "link"]
    return [tuple(event.get(field) for field in fields) for event in events]


def pauses(running: RunningClient) -> list[float]:
    return [event["pause"] for event in running.screen.events if event.get("state") == "reconnecting"]


# --- Which one ---


def test_the_first_named_is_the_first(a: Member, b: Member, enter: Enter) -> None:
    """Whichever was used last time. The status row and programs are told which one it is."""
    for _ in range(2):
        running = enter(a, b)
        welcomed(running, a)
        assert running.screen.lines[0] == f"Connected to server at {a.address}"
        assert running.screen.statuses[-1].server == a.address
        a.go_away()
        welcomed(running, b)
        assert running.screen.statuses[-1].server == b.address
        assert any(line == f"Connected again now at {b.address}" for line in running.screen.lines)
        running.stop()
        a.open()
        assert links(running, "state", "server")[:3] == [
            ("online", a.address),
            ("reconnecting", a.address),
            ("online", b.address),
        ]


def test_one_server_is_shown_as_ever(server: ScriptedServer, enter: Enter) -> None:
    """Nobody asks which one it is, nor whether it is there."""
    running = enter(server)
    peer = welcomed(running, server)
    assert running.screen.statuses[-1].server == ""
    assert goodbye(running, peer) == 0


def test_who_does_not_answer_is_passed_over(a: Member, b: Member, enter: Enter) -> None:
    """It need not be told of: there is a chat."""
    a.go_away()
    running = enter(a, b)
    peer = welcomed(running, b)
    assert running.screen.lines[0] == f"Connected to server at {b.address}"
    assert not any(a.address in line for line in running.screen.lines)
    assert goodbye(running, peer) == 0


@pytest.mark.parametrize("is_full", [True, False])
def test_a_black_hole_holds_up_nobody(b: Member, enter: Enter, is_full: bool) -> None:
    """Not one that lets nobody in, nor one whose kernel does but that hangs."""
    with black_hole(is_full=is_full) as hole:
        running = enter(hole, b)
        peer = welcomed(running, b)
        assert goodbye(running, peer) == 0


@pytest.mark.parametrize("is_full", [True, False])
def test_a_client_that_waits_is_held_up(
    b: Member, enter: Enter, is_full: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those are holes: who gives the next no head start is nowhere after a second."""
    monkeypatch.setattr(round, "HEAD_START", 60.0)
    with black_hole(is_full=is_full) as hole:
        enter(hole, b)
        assert not select.select([b._socket], [], [], SOON)[0]


def test_nobody_at_all_is_one_sentence(a: Member, b: Member, enter: Enter) -> None:
    """With what is wrong with each."""
    for member in (a, b):
        member.go_away()
    running = enter(a, b)
    assert running.status() == 1
    refused = f"({a.address}: connection refused; {b.address}: connection refused)"
    assert running.screen.lines == [
        f"No server can be reached {refused}. Check the addresses, or start a server: python server.py"
    ]


def test_another_program_is_passed_over_and_told_of(a: Member, b: Member, enter: Enter) -> None:
    """Somebody has mistyped an address."""
    running = enter(a, b)
    ScriptedServer.accept(a).send_raw(b"220 mail.example ESMTP\r\n")
    peer = welcomed(running, b)
    [told] = [line for line in running.screen.lines if "Could not join" in line]
    assert told.startswith(f"Could not join the chat at {a.address}: another program answers there")
    assert goodbye(running, peer) == 0


# --- A loss ---


@pytest.mark.parametrize("how", ["go_away", "reset_all"])
def test_a_lost_server_is_left_at_once(a: Member, b: Member, enter: Enter, how: str) -> None:
    """The conversation goes on at the next: the same session, token, log and positions; what was typed is said once."""
    running = enter(a, b)
    peer = a.accept()
    hello = peer.welcome()
    peer.send(message(1, "before"))
    running.screen.wait_for("before")
    running.screen.type("one")
    assert peer.expect("say")["text"] == "one"
    running.screen.type("two")
    assert peer.expect("say")["text"] == "two"
    getattr(a, how)()
    running.screen.type("three")
    peer = b.accept()
    again = peer.welcome(accepted=1, last=2)
    assert [again[field] for field in ("session", "token", "name")] == [hello[f] for f in ("session", "token", "name")]
    assert (again["epoch"], again["rooms"]) == ("e1", {"lobby": 1})
    for seq, text in ((2, "two"), (3, "three")):
        say = peer.expect("say")
        assert (say["seq"], say["text"]) == (seq, text)
        peer.receipt(say, seq + 1, "ann")
    running.screen.wait_for("said -> three ✓")
    assert goodbye(running, peer) == 0


@pytest.mark.parametrize("code", ["moved", "shutdown", "server_full", "idle"])
def test_who_is_sent_away_goes_to_the_next(a: Member, b: Member, enter: Enter, code: str) -> None:
    """At once; the reason is told."""
    running = enter(a, b)
    peer = welcomed(running, a)
    peer.send({"type": "bye", "code": code, "text": "closed for maintenance", "retry": True})
    peer = welcomed(running, b)
    assert any("closed for maintenance. Reconnecting" in line for line in running.screen.lines)
    assert goodbye(running, peer) == 0


@pytest.mark.parametrize(
    "refusal", [FULL, {"type": "error", "code": "storage_unavailable", "text": "no disk", "fatal": False}]
)
@pytest.mark.parametrize("reconnect", [True, False])
def test_who_is_not_let_in_goes_to_the_next(
    a: Member, b: Member, enter: Enter, refusal: dict[str, Any], reconnect: bool
) -> None:
    """Also without reconnecting: it was not there yet. Then a loss is the end, whoever else there is."""
    running = enter(a, b, reconnect=reconnect)
    a.accept().send(refusal)
    peer = welcomed(running, b)
    assert any(line.startswith(f"{a.address}: {refusal['text']}.") for line in running.screen.lines)
    if reconnect:
        assert goodbye(running, peer) == 0
    else:
        peer.close()
        assert running.status() == 1


@pytest.mark.parametrize(
    ("code", "retry"), [("kicked", False), ("replaced", False), ("banned", True), ("forgotten", True)]
)
def test_what_ends_for_good_ends_everywhere(a: Member, b: Member, enter: Enter, code: str, retry: bool) -> None:
    """They are one chat: the others would say the same."""
    running = enter(a, b)
    peer = welcomed(running, a)
    peer.send({"type": "bye", "code": code, "text": "You must leave.", "retry": retry})
    assert running.status() == 1
    assert running.screen.lines[-1] == "Disconnected: You must leave."
    assert not select.select([b._socket], [], [], 0)[0]


def test_a_refusal_that_is_final_is_final_everywhere(a: Member, b: Member, enter: Enter) -> None:
    running = enter(a, b, password="wrong")
    peer = a.accept()
    peer.expect("hello")
    peer.send({"type": "error", "code": "password_wrong", "text": "wrong", "fatal": False})
    assert running.status() == 1
    assert not select.select([b._socket], [], [], 0)[0]


# --- Rounds ---


def test_pauses_grow_only_after_a_whole_round(a: Member, b: Member, enter: Enter) -> None:
    """The next server is tried without one; and each is told of once."""
    running = enter(a, b, patience=HASTY)
    for _ in range(3):
        for member in (a, b):
            member.accept().send(FULL)
    peer = welcomed(running, a)
    assert pauses(running)[::2] == [0.0] * 3
    first = HASTY.first_pause
    assert all(0.7 * first * 2**n <= pause <= first * 2**n for n, pause in enumerate(pauses(running)[1::2]))
    assert sum("is full" in line for line in running.screen.lines) == 2
    assert goodbye(running, peer) == 0


def test_a_round_begins_behind_the_server_that_was_lost(a: Member, b: Member, members: Any, enter: Enter) -> None:
    """Which is the last to be tried again, in the same round and in those that follow."""
    c = members()
    running = enter(a, b, c, patience=HASTY)
    a.accept().send(FULL)
    welcomed(running, b).close()
    for member in (c, a, b, c, a, b):
        member.accept().send(FULL)
    assert goodbye(running, welcomed(running, c)) == 0


def test_servers_that_break_each_connection_are_not_stormed(a: Member, b: Member, enter: Enter) -> None:
    """A welcome is not enough to go on and on without a pause."""
    running = enter(a, b, patience=replace(HASTY, first_pause=0.5, longest_pause=0.5))
    for _ in range(3):
        for member in (a, b):
            welcomed(running, member).close()
    peer = welcomed(running, a)
    assert len(pauses(running)) == 6
    assert min(pauses(running)[1::2]) >= 0.7 * 0.5
    assert goodbye(running, peer) == 0


def test_a_server_that_lasted_is_left_without_a_pause(
    a: Member, b: Member, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many losses there were before."""
    monkeypatch.setattr(reaching, "LASTED", 0.0)
    running = enter(a, b)
    for member in (a, b, a, b):
        welcomed(running, member).close()
    peer = welcomed(running, a)
    assert running.screen.statuses[-1].server == a.address
    assert goodbye(running, peer) == 0


def test_a_name_with_several_places_is_left_alike(
    a: Member, enter: Enter, monkeypatch: pytest.MonkeyPatch, server: ScriptedServer
) -> None:
    """One server with two addresses, the first of which is silent."""
    with black_hole() as hole:
        places = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port)) for port in (hole, server.port)]
        monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: places)
        running = enter(1, host="localhost")
        peer = welcomed(running, server)
        assert goodbye(running, peer) == 0


# --- Whom to trust ---


def key_of(pair: Pair) -> bytes:
    return digest_of(der(pair))


@pytest.fixture
def relays(server: ScriptedServer) -> Iterator[Callable[..., Relay]]:
    """Opens servers that encrypt, with the key of the chat or with another one; all of them lead to the same log."""
    opened: list[Relay] = []

    def open_one(*arguments: Any) -> Relay:
        opened.append(Relay(server.port, *arguments))
        return opened[-1]

    yield open_one
    for relay in opened:
        relay.close()


@needs_openssl
def test_a_wrong_certificate_on_the_second(
    server: ScriptedServer,
    relays: Callable[..., Relay],
    enter: Enter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It hears nothing, it is told of once, and the client waits for the first; what was typed is not lost."""
    monkeypatch.setattr(round, "HEAD_START", SECONDS)  # nothing is known yet: the chat is whoever answers first
    first, impostor = relays(), relays(key_pair("impostor"))
    running = enter(first, impostor, host=ELSEWHERE, patience=HASTY)
    peer = welcomed(running, server)
    first.close()
    running.screen.wait_for("is not one of this chat")
    running.screen.type("my very private text")
    running.screen.wait_until(lambda: len(links(running, "state")) > 6)  # it has tried several times
    relays(key_pair(), first.port)
    peer = welcomed(running, server)
    say = peer.expect("say")
    assert say["text"] == "my very private text"
    peer.receipt(say, 1, "ann")
    running.screen.wait_for("my very private text ✓")
    assert goodbye(running, peer) == 0
    assert sum("is not one of this chat" in line for line in running.screen.lines) == 1
    impostor.close()
    assert impostor.said == b""
    assert KnownServers(tmp_path / "known_servers").find(f"{ELSEWHERE}:{impostor.port}") is None


@needs_openssl
def test_a_wrong_certificate_on_the_first(server: ScriptedServer, relays: Callable[..., Relay], enter: Enter) -> None:
    """The others are the chat that the link names."""
    impostor, second = relays(key_pair("impostor")), relays()
    running = enter(impostor, second, host=ELSEWHERE, key=key_of(key_pair()))
    peer = welcomed(running, server)
    assert "is not the one that your link names" in running.screen.lines[0]
    assert running.screen.lines[1] == f"Connected to server at {ELSEWHERE}:{second.port}, encrypted"
    assert goodbye(running, peer) == 0


@needs_openssl
@pytest.mark.parametrize("other", ["impostor", "nobody"])
def test_no_right_server_is_status_3(relays: Callable[..., Relay], a: Member, enter: Enter, other: str) -> None:
    """Also if the rest cannot be reached."""
    a.go_away()
    impostor = relays(key_pair("impostor"))
    second = relays(key_pair("impostor")) if other == "impostor" else a
    running = enter(impostor, second, host=ELSEWHERE, key=key_of(key_pair()))
    assert running.status() == 3
    assert f"the server has {words(key_of(key_pair('impostor')))}" in running.screen.lines[0]
    assert running.screen.lines[-1].startswith("None of the servers is" if other == "impostor" else "No server answers")
    impostor.close()
    assert impostor.said == b""


@needs_openssl
def test_a_second_address_loses_nothing(
    server: ScriptedServer, relays: Callable[..., Relay], enter: Enter, tmp_path: Path
) -> None:
    """Who used one server alone comes with the same token, reads on where it stopped, and compares no key again."""
    first, second = relays(), relays()
    running = enter(first, host=ELSEWHERE)
    peer = welcomed(running, server)
    peer.send(message(1, "read"))
    running.screen.wait_for("read")
    assert goodbye(running, peer) == 0
    running = enter(first, second, host=ELSEWHERE)
    first.close()
    peer = server.accept()
    hello = peer.welcome(last=1)
    secret = (tmp_path / "token").read_text().strip()
    assert hello["token"] == token_for(secret, of_key(key_of(key_pair())))
    peer.expect("search")
    running.screen.wait_for("has the key of the other servers; it is remembered.")
    assert not any("First connection" in line for line in running.screen.lines)
    assert goodbye(running, peer) == 0
    assert Bookmarks(tmp_path / "seen.json").find("e1", "ann") == Bookmark({"lobby": 1})
    known = KnownServers(tmp_path / "known_servers")
    both = [known.find(f"{ELSEWHERE}:{relay.port}") for relay in (first, second)]
    assert both == [known_today(key_of(key_pair()))] * 2
