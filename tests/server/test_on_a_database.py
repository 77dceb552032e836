"""A chat on a PostgreSQL database that stops and starts: people stay connected, and everything is said once."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from server_parts.people.roles import Role
from tests.browsers import ask
from tests.conftest import Chat, Serve
from tests.peers import WAIT, Frame, Native, wait_until
from tests.postgres import cluster, needs_postgres
from tests.sending import reserve, send
from tests.server.storage.postgres_logs import execute, postgres_log

pytestmark = [needs_postgres, pytest.mark.usefixtures("no_threads_left")]


@pytest.fixture
def chat(serve: Serve, tmp_path: Path) -> Chat:
    return serve(store=postgres_log(tmp_path), rate=0.0)


@pytest.fixture
def running() -> Iterator[None]:
    """Whatever a test does to the database, it runs for the next one."""
    yield
    cluster().stop()
    cluster().start()


def say_until_confirmed(peer: Native, text: str, seq: int) -> None:
    """Send a text as client.py does: again, whenever it was not stored."""
    deadline = time.monotonic() + 2 * WAIT
    while time.monotonic() < deadline:
        peer.send("say", room="lobby", text=text, seq=seq)
        answer = answer_to(peer, seq)
        if answer["type"] in ("message", "ack"):
            return
        assert answer["code"] in ("storage_unavailable", "bad_seq"), answer
        time.sleep(0.02)
    raise AssertionError(f"{text} is not confirmed")


def answer_to(peer: Native, seq: int) -> Frame:
    while True:
        frame = peer.next()
        if frame.get("seq") == seq and frame.get("from", "alice") == "alice":
            return frame


@pytest.mark.usefixtures("errors_expected", "running")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["stopped", "crashed"])
def test_the_database_restarts_while_people_talk(chat: Chat, how: signal.Signals) -> None:
    """Nobody is disconnected; what is said meanwhile is said once, in order, and everybody hears it."""
    alice, bob = chat.native("alice"), chat.native("bob")
    said = threading.Event()

    def talk() -> None:
        for number in range(1, 201):
            say_until_confirmed(alice, f"text {number}", number)
            if number == 20:
                said.set()

    talking = threading.Thread(target=talk)
    talking.start()
    assert said.wait(WAIT)
    cluster().stop(how)
    cluster().start()
    talking.join(4 * WAIT)
    assert not talking.is_alive()
    heard: list[Frame] = []
    while len(heard) < 200:
        heard += [frame for frame in [bob.next()] if frame["type"] == "message"]
    assert [frame["text"] for frame in heard] == [f"text {number}" for number in range(1, 201)]
    assert [frame["id"] for frame in heard] == list(range(1, 201))


# --- a database that comes back without what was stored last ---

LOSE: Final = """
    UPDATE chat.rooms SET last = 1 WHERE name = 'lobby'; DELETE FROM chat.messages WHERE id > 1;
    UPDATE chat.rooms SET last = 0 WHERE name = '@+'; UPDATE chat.sessions SET accepted = least(accepted, 1);
    DELETE FROM chat.messages USING chat.rooms WHERE rooms.id = room AND name = '@+';
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name LIKE 'chat %' AND datname = current_database()"""
TOKEN: Final = "0123456789abcdef0123456789abcdef"


def comes_back(chat: Chat, peer: Native, name: str, last: int) -> Native:
    """As client.py does, with what it has seen; it tries again until the server lets it in."""
    again: list[Native] = []
    hello = {"session": peer.session, "token": TOKEN, "epoch": peer.welcome["epoch"], "rooms": {"lobby": last}}

    def is_in() -> bool:
        again.append(chat.native())
        again[-1].hello(name, **hello)
        again[-1].welcome = again[-1].next()
        return bool(again[-1].welcome["type"] == "welcome")

    assert wait_until(is_in)
    again[-1].seq = again[-1].welcome["accepted"]
    return again[-1]


@pytest.mark.usefixtures("errors_expected")
def test_everybody_starts_from_what_the_database_has(
    chat: Chat, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a restart: they are let go, see that this is another history, and hear what is said in it from now on."""
    alice, bob = chat.native("alice", token=TOKEN), chat.native("bob")
    for text in "abc":
        alice.tell(text)
    record = next(client for client in chat.server._connections.values() if client.name == "alice")
    record.role = Role.OPERATOR
    alice.ask("room", room="lobby", topic="lost")
    execute(tmp_path, LOSE)
    for peer in (alice, bob):
        bye = peer.until("bye")
        assert (bye["code"], bye["retry"]) == ("moved", True)
        assert "history" in bye["text"]
    again = comes_back(chat, alice, "alice", 3)
    assert again.welcome["epoch"] != alice.welcome["epoch"]
    assert again.welcome["accepted"] == 1
    joined, history = again.until("joined"), again.until("history")
    assert (joined["last"], joined["topic"]) == (1, "")
    assert (history["gap"], [message["text"] for message in history["messages"]]) == (True, ["a"])
    other = chat.native("carol")
    assert again.tell("new")["id"] == 2
    assert other.until("message")["text"] == "new"
    told = [message for message in caplog.messages if "lost stored messages" in message]
    assert len(told) == 1
    assert "has lost stored messages, in 2 rooms: everybody is asked to come in again" in told[0]


@pytest.mark.usefixtures("errors_expected")
def test_servers_that_share_it_meet_again(serve: Serve, tmp_path: Path) -> None:
    """Each lets its people go; those who come back to one hear those at the other."""
    here, there = (serve(store=postgres_log(tmp_path), rate=0.0) for _ in range(2))
    alice, bob = here.native("alice", token=TOKEN), there.native("bob", token=TOKEN)
    alice.moved("joined", "bob")
    for text in "abc":
        alice.tell(text)
    for _ in "abc":
        bob.until("message")
    execute(tmp_path, LOSE)
    for peer in (alice, bob):
        assert peer.until("bye")["code"] == "moved"
    alice, bob = comes_back(here, alice, "alice", 3), comes_back(there, bob, "bob", 3)
    assert alice.tell("from here")["id"] == 2
    assert bob.until("message", text="from here")["id"] == 2
    bob.tell("from there")
    assert alice.until("message", text="from there")["id"] == 3


@pytest.mark.usefixtures("errors_expected")
def test_the_lost_numbers_of_a_database_that_was_restarted_with_its_servers(serve: Serve, tmp_path: Path) -> None:
    """Nobody can know that anything is missing. Who has heard more than there is starts from the recent messages."""
    first = serve(store=postgres_log(tmp_path), rate=0.0)
    alice = first.native("alice", token=TOKEN)
    for text in "abc":
        alice.tell(text)
    first.stop()
    execute(tmp_path, LOSE)
    second = serve(store=postgres_log(tmp_path), rate=0.0)
    again = comes_back(second, alice, "alice", 3)
    assert again.welcome["epoch"] == alice.welcome["epoch"]
    assert again.until("joined")["last"] == 1
    history = again.until("history")
    assert (history["gap"], [message["id"] for message in history["messages"]]) == (True, [1])


FILE: Final = bytes(range(256)) * 1500


def test_a_file_goes_through_two_servers(serve: Serve, tmp_path: Path) -> None:
    """Each knows the tickets of the other, and has the bytes that came to it."""
    one, other = (serve(store=postgres_log(tmp_path)) for _ in range(2))
    assert one.server._hub.desk.tickets is not other.server._hub.desk.tickets
    alice, bob = one.native("alice", token="a" * 20), other.native("bob")
    alice.moved("joined", "bob")
    place = reserve(alice, "plan.bin", len(FILE), "@bob")
    assert send(one.port, place["url"], FILE[:300_000]).fields["upload-offset"] == "300000"
    assert send(other.port, place["url"], FILE[300_000:], 300_000).status == 201
    alice.until("message", seq=alice.say("the plan", "@bob", file=place["id"]))
    assert bob.message_from("alice")["file"]["name"] == "plan.bin"
    alice.send("file", id=place["id"])
    url = alice.until("file")["url"]
    for server in (one, other):
        assert ask(server.port, url, Range="bytes=299990-300009").body == FILE[299_990:300_010]
        assert ask(server.port, url.partition("?")[0]).status == 404
