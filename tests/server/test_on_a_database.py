"""A chat on a PostgreSQL database that stops and starts: people stay connected, and everything is said once."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Chat, Serve
from tests.peers import WAIT, Frame, Native
from tests.postgres import cluster, needs_postgres
from tests.server.storage.postgres_logs import postgres_log

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
