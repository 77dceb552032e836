"""A log that comes back as another one: everybody has to come in again, and only what it holds holds."""

from __future__ import annotations

import threading

import pytest

from server_parts.moderation import acts
from server_parts.moderation.acts import Act
from server_parts.people.roles import Role
from server_parts.protocol.requests import Hello, Join, Say, Who
from server_parts.storage.memory_exchange import Hall, MemoryExchange
from server_parts.storage.records import Message, StorageError
from server_parts.storage.store import Entry
from tests.peers import of_type, wait_until
from tests.server.hub.bench import Bench, BenchLog, Seat

pytestmark = pytest.mark.usefixtures("no_threads_left")


class Replaceable(BenchLog):
    """Forgets all that it holds when it is told to, as a database does into which an old copy was put."""

    def __init__(self) -> None:
        super().__init__()
        self._is_replaced = False
        self.is_unreadable = threading.Event()

    @property
    def is_replaced(self) -> bool:
        return self._is_replaced

    def replace(self) -> None:
        self._is_replaced = True

    def start_anew(self) -> None:
        new = BenchLog()
        self.epoch = new.epoch
        self.__dict__.update({name: value for name, value in vars(new).items() if name.startswith("_")})
        self._is_replaced = False

    def after(self, room: str, after: int, limit: int, size: float = float("inf")) -> list[Message]:
        if self.is_unreadable.is_set():
            raise StorageError("it is not there yet")
        return super().after(room, after, limit, size)


@pytest.fixture
def log() -> Replaceable:
    return Replaceable()


def test_everybody_is_let_go_but_the_operator(log: Replaceable) -> None:
    """Who talks on in the new history, and hears it from its beginning."""
    bench = Bench(log, MemoryExchange(Hall(log)))
    try:
        owner = Seat(bench, Role.OWNER)
        owner.client.name = "server"
        owner.ask(Hello("server", "session-of-owner!"))
        owner.say("one")
        alice = bench.seat("alice")
        alice.say("two")
        log.replace()
        alice.submit(Who())  # so that there is a turn
        assert wait_until(lambda: alice.outbox.closed)
        assert of_type(alice.heard(), "bye")[0]["code"] == "moved"
        back = comes_in(bench, "alice")
        assert of_type(back.ever, "welcome")[0]["epoch"] == log.epoch
        assert of_type(back.say("three"), "message")[0]["id"] == 1
        owner.submit(Say("lobby", ["four"], 0))
        assert wait_until(lambda: [m["text"] for m in of_type(back.heard(), "message")] == ["four"])
        assert [(m["id"], m["text"]) for m in of_type(owner.heard(), "message")][-2:] == [(1, "three"), (2, "four")]
    finally:
        bench.stop()


def comes_in(bench: Bench, name: str) -> Seat:
    """As soon as it is let in."""
    tries: list[Seat] = []

    def is_in() -> bool:
        tries.append(bench.seat(name))
        return bool(of_type(tries[-1].ever, "welcome"))

    assert wait_until(is_in)
    return tries[-1]


def test_nobody_is_let_in_before_it_is_known_what_holds(log: Replaceable) -> None:
    """What was decided in the old history holds no more, and neither do its settings."""
    bench = Bench(log, MemoryExchange(Hall(log)))
    try:
        alice = bench.seat("alice")
        act = Act(acts.ROOM, room="lobby", text="an old topic")
        log.write(Entry([acts.draft_of("server", act, 1.0)], {}))
        alice.ask(Join("tea"))
        assert wait_until(lambda: bench.hub.rules.about("lobby").topic == "an old topic")
        log.is_unreadable.set()
        log.replace()
        alice.submit(Who())
        assert wait_until(lambda: alice.outbox.closed)
        early = bench.seat("bob")
        assert of_type(early.ever, "error")[0]["code"] == "storage_unavailable"
        log.is_unreadable.clear()
        back = comes_in(bench, "alice")
        assert of_type(back.ever, "joined")[0]["topic"] == ""
    finally:
        bench.stop()


def test_a_log_that_cannot_be_read_yet_is_not_tried_all_the_time(log: Replaceable) -> None:
    """Also at one of several servers, which has to start over when it can."""
    bench = Bench(log, MemoryExchange(Hall(log)))
    try:
        alice = bench.seat("alice")
        log.is_unreadable.set()
        log.replace()
        alice.submit(Who())  # so that there is a turn
        assert wait_until(lambda: alice.outbox.closed)
        assert wait_until(lambda: (bench.hub._patience() or 0.0) > 0.0)
    finally:
        log.is_unreadable.clear()
        bench.stop()
