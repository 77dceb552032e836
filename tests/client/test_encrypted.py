"""The client and servers that encrypt: what a person is told, what is never sent, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chat_common import LineDecoder, decode_frame
from client_parts.kept.audience import in_clear, of_key, of_name, token_for
from client_parts.kept.known_servers import Known, KnownServers, known_today
from tests.client.conftest import Start
from tests.client.fakes import HASTY, SECONDS, Peer, RunningClient, ScriptedServer, goodbye
from tests.tls.certificates import Pair, der, key_pair, needs_openssl
from tests.tls.relay import Relay
from tls_parts.public_key import digest_of, words

pytestmark = needs_openssl
ELSEWHERE = "127.1"  # this machine, but nobody could know from the name
SECRET = "x" * 43
TAKEN = {"type": "error", "code": "name_taken", "text": "taken", "fatal": False}


def key_of(pair: Pair) -> bytes:
    return digest_of(der(pair))


@pytest.fixture
def key() -> bytes:
    return key_of(key_pair())


@pytest.fixture
def relays() -> Iterator[Callable[..., Relay]]:
    """Opens servers that encrypt, and closes them."""
    opened: list[Relay] = []

    def open_one(*arguments: Any) -> Relay:
        opened.append(Relay(*arguments))
        return opened[-1]

    yield open_one
    for relay in opened:
        relay.close()


@pytest.fixture
def relay(server: ScriptedServer, relays: Callable[..., Relay]) -> Relay:
    """The scripted server, encrypted."""
    return relays(server.port)


Enter = Callable[..., RunningClient]


@pytest.fixture
def enter(relay: Relay, tmp_path: Path) -> Iterator[Enter]:
    """Starts clients of the encrypted server."""
    running: list[RunningClient] = []

    def enter_one(port: int = relay.port, **options: Any) -> RunningClient:
        running.append(RunningClient(port, tmp_path / "token", **{"host": ELSEWHERE, **options}))
        return running[-1]

    yield enter_one
    for client in running:
        client.stop()


@pytest.fixture
def servers(tmp_path: Path) -> KnownServers:
    return KnownServers(tmp_path / "known_servers")


def welcomed(server: ScriptedServer, running: RunningClient) -> Peer:
    peer = server.accept()
    peer.welcome()
    running.screen.wait_until(lambda: running.screen.statuses[-1].online)
    return peer


# --- The usual course ---


def test_the_first_contact_is_told_once(server: ScriptedServer, relay: Relay, enter: Enter, key: bytes) -> None:
    """The second run knows the server."""
    told = f"First connection to {ELSEWHERE}:{relay.port}: its key is {words(key)}."
    for is_first in (True, False):
        running = enter()
        peer = welcomed(server, running)
        assert running.screen.lines[0] == f"Connected to server at {ELSEWHERE}:{relay.port}, encrypted"
        assert any(told in line for line in running.screen.lines) is is_first
        assert not running.screen.statuses[-1].in_clear
        link = running.client._connection.link
        assert link is not None
        assert link.is_confidential
        if not is_first:
            peer.expect("search")  # for what was missed since the first run
        assert goodbye(running, peer) == 0


def test_a_password_is_not_for_a_server_that_could_be_anybody(
    server: ScriptedServer, relay: Relay, enter: Enter, key: bytes
) -> None:
    """Without a link, the first contact ends before the first word; with the link that is told it goes on."""
    running = enter(password="correct horse")
    assert running.status() == 1
    assert any(f"#{words(key)}" in line for line in running.screen.lines)
    assert relay.said == b""
    running = enter(password="correct horse", key=key)
    peer = server.accept()
    assert peer.welcome()["password"] == "correct horse"
    running.screen.wait_until(lambda: running.screen.statuses[-1].online)
    assert goodbye(running, peer) == 0


def test_a_lost_link_is_not_a_goodbye(server: ScriptedServer, relay: Relay, enter: Enter) -> None:
    """Who comes back is the same: to the same server go the same session and token."""
    running = enter()
    peer = server.accept()
    hello = peer.welcome()
    running.screen.wait_for("You are ann")
    relay.cut()
    running.screen.wait_for("Disconnected: the server vanished.")
    again = server.accept()
    hello_again = again.welcome()
    assert (hello_again["session"], hello_again["token"]) == (hello["session"], hello["token"])
    running.screen.wait_for(f"Connected again to server at {ELSEWHERE}:{relay.port}, encrypted")
    again.close()
    running.screen.wait_for("Disconnected: the server closed the connection.")
    assert goodbye(running, welcomed(server, running)) == 0


def test_programs_are_told_whether_it_is_encrypted(server: ScriptedServer, start: Start, enter: Enter) -> None:
    for begin, encrypted in ((enter, True), (start, False)):
        running = begin(interactive=False)
        peer = welcomed(server, running)
        assert goodbye(running, peer) == 0
        links = [event for event in running.screen.events if event["type"] == "link"]
        assert [(event["state"], event["encrypted"]) for event in links] == [
            ("online", encrypted),
            ("offline", encrypted),
        ]


def test_in_clear_elsewhere_is_shown_all_the_time(server: ScriptedServer, start: Start, tmp_path: Path) -> None:
    """And whoever answers there gets a token for whoever is called that."""
    (tmp_path / "token").write_text(SECRET)
    running = start(host=ELSEWHERE, tls=False)
    peer = server.accept()
    assert peer.welcome()["token"] == token_for(SECRET, in_clear(f"{ELSEWHERE}:{server.port}"))
    running.screen.wait_for("You are ann")
    assert running.screen.lines[0] == f"Connected to server at {ELSEWHERE}:{server.port}"
    assert all(status.in_clear for status in running.screen.statuses[1:])
    assert goodbye(running, peer) == 0


def test_a_server_that_wants_encryption_is_told_of(server: ScriptedServer, start: Start) -> None:
    """With what to do."""
    running = start(host=ELSEWHERE, tls=False)
    peer = server.accept()
    peer.expect("hello")
    peer.send({"type": "bye", "code": "not_encrypted", "text": "use ncat --ssl", "retry": False})
    assert running.status() == 1
    assert running.screen.lines[-1] == "Disconnected: the server accepts only encrypted connections; use --tls."


# --- Tokens ---


def test_an_old_secret_is_not_shown_to_servers_elsewhere(
    server: ScriptedServer, relay: Relay, enter: Enter, start: Start, key: bytes, tmp_path: Path
) -> None:
    """Encrypted or not, a name that is taken there is taken."""
    (tmp_path / "token").write_text(SECRET)
    for begin, options, audience in (
        (enter, {}, of_key(key)),
        (start, {"host": ELSEWHERE, "tls": False}, in_clear(f"{ELSEWHERE}:{server.port}")),
        (enter, {"host": "127.0.0.1", "tls": True}, of_key(key)),
    ):
        running = begin(**options)
        peer = server.accept()
        hello = peer.expect("hello")
        assert (hello["token"], "former_token" in hello) == (token_for(SECRET, audience), False)
        peer.send(TAKEN)
        assert running.status() == 1
        assert "The name ann is taken" in running.screen.lines[-1]
    assert SECRET.encode() not in relay.said


def test_a_server_that_got_a_verified_name_is_shown_no_earlier_token(
    server: ScriptedServer,
    relay: Relay,
    enter: Enter,
    servers: KnownServers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever got a certificate for the name by fraud would be somebody else with it, at the real server."""
    monkeypatch.setenv("SSL_CERT_FILE", str(key_pair().certificate))
    (tmp_path / "token").write_text(SECRET)
    old = key_of(key_pair("before"))
    servers.remember(f"localhost:{relay.port}", Known(old, "2020-01-01"), None)
    running = enter(host="localhost", tls=True)
    peer = server.accept()
    assert peer.expect("hello")["token"] == token_for(SECRET, of_name("localhost"))
    peer.send(TAKEN)
    assert running.status() == 1
    assert token_for(SECRET, of_key(old)).encode() not in relay.said


def test_a_session_keeps_the_token_that_it_began_with(
    server: ScriptedServer,
    relay: Relay,
    relays: Callable[..., Relay],
    enter: Enter,
    servers: KnownServers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Or the server would take the session for somebody else's, when its name is verified in the middle of a run."""
    running = enter(host="localhost", tls=True)
    peer = server.accept()
    hello = peer.welcome()
    running.screen.wait_for("First connection")
    monkeypatch.setenv("SSL_CERT_FILE", str(key_pair("localhost", "rsa").certificate))
    relay.close()
    relays(server.port, key_pair("localhost", "rsa"), relay.port)
    again = server.accept()
    hello_again = again.welcome()
    assert (hello_again["session"], hello_again["token"]) == (hello["session"], hello["token"])
    running.screen.wait_for("has another key than before")
    assert servers.find(f"localhost:{relay.port}") == known_today(None)
    assert goodbye(running, again) == 0


# --- Somebody else in its place ---


def test_a_changed_key_ends_the_chat(
    server: ScriptedServer, relay: Relay, relays: Callable[..., Relay], enter: Enter, key: bytes
) -> None:
    """Also in the middle of a run: status 3, why, and what was typed is given back. The other one hears nothing."""
    running = enter()
    peer = welcomed(server, running)
    running.screen.type("my very private text")
    peer.expect("say")
    relay.close()
    impostor = relays(server.port, key_pair("impostor"), relay.port)
    assert running.status() == 3
    other = words(key_of(key_pair("impostor")))
    assert any(f"It was {words(key)}" in line and f"now it is {other}" in line for line in running.screen.lines)
    assert running.screen.lines[-2:] == ["1 text was not confirmed, and may be lost.", "  my very private text"]
    impostor.close()
    assert impostor.said == b""


def test_a_server_that_sends_away_is_the_one_to_come_back_to(
    server: ScriptedServer, relay: Relay, enter: Enter, servers: KnownServers
) -> None:
    """It is remembered, and told of, when it has welcomed somebody."""
    running = enter()
    for _ in range(2):
        peer = server.accept()
        peer.expect("hello")
        peer.send({"type": "error", "code": "server_full", "text": "The server is full.", "fatal": True})
        peer.close()
        running.screen.wait_for("The server is full.")
    assert servers.find(f"{ELSEWHERE}:{relay.port}") is None
    peer = welcomed(server, running)
    running.screen.wait_for("First connection")
    assert servers.find(f"{ELSEWHERE}:{relay.port}") is not None
    assert goodbye(running, peer) == 0


def test_nobody_else_hears_of_a_run_that_was_sent_away(
    server: ScriptedServer, relay: Relay, relays: Callable[..., Relay], enter: Enter
) -> None:
    """Nothing is remembered yet, but the one who sent it away has its session."""
    running = enter()
    peer = server.accept()
    peer.expect("hello")
    peer.send({"type": "error", "code": "server_full", "text": "The server is full.", "fatal": True})
    running.screen.wait_for("The server is full.")
    relay.close()
    impostor = relays(server.port, key_pair("impostor"), relay.port)
    assert running.status() == 3
    assert not any("Disconnected" in line for line in running.screen.lines)
    assert impostor.said == b""


def test_another_client_has_met_another_server_meanwhile(
    server: ScriptedServer, relay: Relay, enter: Enter, servers: KnownServers
) -> None:
    """One of the two is wrong: nothing is said to this one."""
    running = enter()
    running.screen.type("my very private text")
    peer = server.accept()
    hello = peer.expect("hello")
    servers.remember(f"{ELSEWHERE}:{relay.port}", Known(bytes(32), "2020-01-01"), None)
    peer.send({"type": "welcome", "name": "ann", "color": hello["color"], "epoch": "e1", "accepted": 0})
    assert running.status() == 3
    assert any("Another client of yours has met" in line for line in running.screen.lines)
    assert b"private" not in relay.said


def test_what_is_no_chat_is_not_remembered(server: ScriptedServer, relay: Relay, enter: Enter, tmp_path: Path) -> None:
    """The login page of an inn encrypts too, with a key of its own."""
    running = enter()
    server.accept().send_raw(b"HTTP/1.1 302 Found\r\nLocation: https://inn.example/login\r\n\r\n")
    assert running.status() == 1
    assert "another program answers there, not this chat" in running.screen.lines[-1]
    assert not (tmp_path / "known_servers").exists()
    assert not any("First connection" in line for line in running.screen.lines)


def test_a_list_of_known_servers_that_cannot_be_read_ends_it(enter: Enter, tmp_path: Path) -> None:
    (tmp_path / "known_servers").mkdir()
    running = enter()
    assert running.status() == 3
    assert str(tmp_path / "known_servers") in running.screen.lines[-1]


def test_forgetting_a_server_is_said_and_goes_on(
    server: ScriptedServer, relay: Relay, enter: Enter, servers: KnownServers, key: bytes
) -> None:
    address = f"{ELSEWHERE}:{relay.port}"
    servers.remember(address, Known(bytes(32), "2020-01-01"), None)
    assert enter().status() == 3
    running = enter(forget_server=True)
    peer = welcomed(server, running)
    assert running.screen.lines[0].startswith(f"Forgot what was remembered of {address}: its key {words(bytes(32))}")
    assert servers.find(address) == known_today(key)
    assert goodbye(running, peer) == 0


def test_a_known_server_is_not_talked_to_in_clear(
    server: ScriptedServer, start: Start, servers: KnownServers, key: bytes
) -> None:
    servers.remember(f"{ELSEWHERE}:{server.port}", Known(key, "2020-01-01"), None)
    running = start(host=ELSEWHERE, tls=False)
    assert running.status() == 3
    assert "so --no-tls is refused; leave it out" in running.screen.lines[-1]
    running = start(host=ELSEWHERE, tls=False, forget_server=True)
    assert goodbye(running, welcomed(server, running)) == 0


def test_a_silent_server_is_given_up_in_time(server: ScriptedServer, enter: Enter) -> None:
    """An older one waits for the end of a line. To connect to it is part of that time, and that takes a while, too."""
    running = enter(server.port, patience=replace(HASTY, connect=2.0))
    assert running.status() == 1
    assert running.screen.lines == [
        f"{ELSEWHERE}:{server.port} does not answer with encryption; use --no-tls to connect to it without."
    ]


# --- The programs, as people run them ---

if sys.platform != "win32":  # pseudo-terminals are a Unix thing
    from tests.client.conftest import Open
    from tests.client.programs import KNOWS_FIRST, Pipe
    from tests.client.server_in_process import ServerInProcess

    def hellos(relay: Relay) -> list[dict[str, Any]]:
        frames = map(decode_frame, LineDecoder().feed(bytes(relay.said)))
        return [frame for frame in frames if frame["type"] == "hello"]

    def say_in_a_pipe(port: int, token: Path, text: str, *arguments: str) -> tuple[int, str, str]:
        return Pipe(port, token, "--host", ELSEWHERE, "--name", "ann", *arguments).finish(text)

    def test_an_impostor_in_between_learns_nothing(
        real_server: ServerInProcess, relays: Callable[..., Relay], tmp_path: Path
    ) -> None:
        """Neither on a first contact nor later: the token that he gets opens nothing, and no text comes to him."""
        token = tmp_path / "token"
        real = relays(real_server.port)
        assert say_in_a_pipe(real.port, token, "my name is mine\n")[0] == 0
        between = relays(real_server.port, key_pair("impostor"))
        status, _, err = say_in_a_pipe(between.port, token, "/msg bob my very private text\n")
        assert (status, "The name ann is taken" in err) == (1, True)  # by what he passes on, he is not ann
        tokens = {hello["token"] for hello in hellos(between)}
        assert tokens
        assert not tokens & {hello["token"] for hello in hellos(real)}
        assert b"private" not in between.said
        assert token.read_text().strip().encode() not in between.said + real.said
        real.close()
        instead = relays(real_server.port, key_pair("impostor"), real.port)
        assert say_in_a_pipe(instead.port, token, "/msg bob my very private text\n")[0] == 3
        instead.close()
        assert instead.said == b""

    def test_a_conversation_with_the_real_server(
        real_server: ServerInProcess, relays: Callable[..., Relay], open_terminal: Open, tmp_path: Path
    ) -> None:
        """In a terminal, with much to read at once."""
        address = f"{ELSEWHERE}:{relays(real_server.port).port}"
        ann = open_terminal(None, tmp_path / "ann", program=(sys.executable, "client.py", address, "--name", "ann"))
        ann.wait_for("First connection to")
        ann.wait_for_status("online")
        assert "not encrypted" not in ann.status_row
        lines = "".join(f"{number} {'x' * 200}\n" for number in range(200))
        assert say_in_a_pipe(int(address.split(":")[1]), tmp_path / "bob", lines, "--name", "bob")[0] == 0
        ann.wait_for("bob: 199")
        ann.type("hello\r")
        ann.wait_for("hello ✓")
        assert ann.leave() == 0

    def test_a_changed_key_in_a_terminal_and_in_a_pipe(
        real_server: ServerInProcess, relays: Callable[..., Relay], open_terminal: Open, tmp_path: Path, key: bytes
    ) -> None:
        """The same explanation and status; nobody is asked anything."""
        relay = relays(real_server.port)
        KnownServers(tmp_path / "known_servers").remember(f"{ELSEWHERE}:{relay.port}", Known(bytes(32), ""), None)
        status, out, err = say_in_a_pipe(relay.port, tmp_path / "token", "hello\n")
        assert (status, out) == (3, "")
        for part in (words(bytes(32)), words(key), "--forget-server"):
            assert part in err
        ann = open_terminal(relay.port, tmp_path / "token", "--host", ELSEWHERE, program=KNOWS_FIRST)
        assert ann.status() == 3
        shown = " ".join(" ".join(ann.rows).split())
        for part in (words(bytes(32)), words(key), "--forget-server"):
            assert part in shown
        relay.close()
        assert relay.said == b""

    def test_no_encryption_is_seen_at_a_glance(
        real_server: ServerInProcess, open_terminal: Open, tmp_path: Path
    ) -> None:
        """In the colour of warnings, as long as it lasts."""
        ann = open_terminal(real_server.port, tmp_path / "token", "--host", ELSEWHERE, "--no-tls")
        ann.wait_for_status("online · not encrypted")
        assert ann.colour_of("not encrypted") == "brown"  # as pyte calls yellow
        assert ann.leave() == 0

    def test_a_link_is_all_that_one_needs(
        real_server: ServerInProcess, relays: Callable[..., Relay], tmp_path: Path, key: bytes
    ) -> None:
        """Address, room and key; also in the environment."""
        port = relays(real_server.port).port
        link = f"chat://{ELSEWHERE}:{port}/builds#{words(key)}"
        pipe = Pipe(None, tmp_path / "token", "--name", "ann", "--json", CHAT_HOST=link)
        status, out, err = pipe.finish("hello\n")
        rooms = [event["room"] for event in map(json.loads, out.splitlines()) if event["type"] == "message"]
        assert (status, rooms) == (0, ["builds"])
        assert "has the key that your link names" in err

    @pytest.mark.parametrize("in_terminal", [True, False])
    def test_leaving_while_hands_are_shaken(open_terminal: Open, tmp_path: Path, in_terminal: bool) -> None:
        """With somebody who never ends that: at once, as always."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(SECONDS)
            port = listener.getsockname()[1]
            if in_terminal:
                ann = open_terminal(port, tmp_path / "token", "--host", ELSEWHERE)
                silent, _ = listener.accept()
                assert silent.recv(1) == b"\x16"
                ann.wait_for_status("connecting")
                ann.type("\x03")
                assert ann.status() == 0
            else:
                pipe = Pipe(port, tmp_path / "token", "--host", ELSEWHERE)
                silent, _ = listener.accept()
                assert silent.recv(1) == b"\x16"
                os.kill(pipe.process.pid, signal.SIGINT)
                assert pipe.finish()[0] == 130
            silent.close()
