"""A reader may hold back for long what comes too fast: nothing of that reaches the next bearer of a name."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from server_parts.hub import dispatcher as dispatcher_module
from server_parts.hub.dispatcher import Dispatcher
from server_parts.people.knowledge import UNDER_WAY, UNNOTICED
from server_parts.people.rate_limit import BURST, RateLimits
from server_parts.protocol.requests import Bye, Disconnected, Hello, Join, Ping, Request, Say, Who
from tests.peers import codes
from tests.server.hub.bench import Bench, Seat
from tests.server.hub.neighbours.meetings import texts

pytestmark = pytest.mark.usefixtures("no_threads_left")


class Clock:
    """Time that passes only while somebody waits. At a certain time something happens."""

    def __init__(self) -> None:
        self.now = time.monotonic()
        self._begun = self.now
        self._plans: list[tuple[float, Callable[[], object]]] = []

    def monotonic(self) -> float:
        return self.now

    def after(self, seconds: float, what: Callable[[], object]) -> None:
        self._plans.append((self._begun + seconds, what))

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        due = [plan for plan in self._plans if plan[0] <= self.now]
        self._plans = [plan for plan in self._plans if plan not in due]
        for _, what in due:
            what()


class Waiting:
    """What a client's requests come from: `has_more` as long as some have not been read."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.has_more = False

    def readable(self, seconds: float) -> bool:
        return self.has_more

    def is_reset_within(self, seconds: float) -> bool:
        self._clock.sleep(seconds)
        return False


@pytest.fixture
def clock(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Of the hub, as far as it matters here, and of the readers."""
    clock = Clock()
    conversations = bench.hub._conversations
    for owner in (conversations, conversations._knowledge, conversations._last_bearers):
        monkeypatch.setattr(owner, "_clock", clock.monotonic)
    monkeypatch.setattr(dispatcher_module, "time", clock)
    return clock


@pytest.fixture
def bob(bench: Bench, clock: Clock) -> Seat:
    return bench.seat("bob")


class Writer:
    """Somebody whose texts are held back."""

    def __init__(self, bench: Bench, clock: Clock, **hello: object) -> None:
        self.seat = bench.seat("alice", **hello)
        self.inlet = Waiting(clock)
        self._dispatcher = Dispatcher(self.seat.client, bench.hub, bench.store, RateLimits(1 / 3), self.inlet)
        self._dispatcher.serve([Ping(number) for number in range(BURST)])
        self.seat.heard()

    def send(self, *requests: Request) -> list[str]:
        """What becomes of all of it, together."""
        self._dispatcher.serve(requests)
        self.seat.settle()
        return codes(self.seat.heard())

    def write(self, *texts: str) -> list[str]:
        return self.send(*self.says(*texts))

    def says(self, *texts: str) -> list[Request]:
        says: list[Request] = []
        for text in texts:
            self.seat.seq += 1
            says.append(Say("@bob", [text], self.seat.seq))
        return says


class Heir:
    """Whoever takes the name of Bob as soon as he has left it."""

    def __init__(self, bench: Bench, bob: Seat) -> None:
        self._bench, self._bob = bench, bob
        self.seat = Seat(bench)

    def come(self) -> None:
        self._bob.ask(Bye())
        self.seat.ask(Hello("bob", self._bench.session()))


@pytest.fixture
def heir(bench: Bench, bob: Seat) -> Heir:
    return Heir(bench, bob)


def test_what_is_held_back_for_long_does_not_reach_the_next_bearer(
    bench: Bench, clock: Clock, bob: Seat, heir: Heir
) -> None:
    """However long that is. It was sent before anybody else bore the name."""
    writer = Writer(bench, clock)
    clock.after(4.0, heir.come)
    assert writer.write(*"123456") == ["no_such_user"] * 5
    assert clock.now > bob.client.came + 4.0 + UNDER_WAY
    assert texts(bob) == ["1"]
    assert texts(heir.seat) == []


def test_nor_what_was_still_to_be_read(bench: Bench, clock: Clock, heir: Heir) -> None:
    """The client had sent it long before its reader came to it."""
    writer = Writer(bench, clock)
    writer.inlet.has_more = True
    clock.after(4.0, heir.come)
    writer.write(*"123456")
    writer.inlet.has_more = False
    assert writer.write("7") == ["no_such_user"]
    assert texts(heir.seat) == []


def test_nor_what_is_sent_again_by_who_came_back(bench: Bench, clock: Clock, heir: Heir) -> None:
    """It was written before this connection was told anything."""
    heir.come()
    clock.sleep(UNDER_WAY)
    writer = Writer(bench, clock, epoch=bench.store.epoch)
    assert writer.write(*"123456") == ["no_such_user"] * 6
    assert texts(heir.seat) == []


def test_nor_what_was_held_back_until_the_link_was_lost(bench: Bench, clock: Clock, heir: Heir) -> None:
    """It is sent again as it was written. How long the client was here meanwhile shows nothing."""
    session = bench.session()
    writer = Writer(bench, clock, session=session)
    clock.after(4.0, heir.come)
    clock.after(4.0 + 2 * (UNNOTICED + UNDER_WAY), writer.seat.outbox.close)
    writer.write(*map(str, range(100)))
    writer.seat.submit(Disconnected())
    writer.seat.settle()
    again = bench.seat("alice", session=session, epoch=bench.store.epoch)
    again.seq = again.client.session.accepted if again.client.session is not None else 0
    assert 0 < again.seq < 100
    assert codes(again.say("psst", "@bob")) == ["no_such_user"]
    assert texts(heir.seat) == []


def test_nor_what_was_sent_behind_much_that_was_read_slowly(
    bench: Bench, clock: Clock, heir: Heir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not only the rate that may hold a text back."""
    alice = bench.seat("alice")
    dispatcher = Dispatcher(alice.client, bench.hub, bench.store, RateLimits(0), Waiting(clock))
    clock.after(1.0, heir.come)
    monkeypatch.setattr(alice.outbox, "drain", lambda: clock.sleep(UNDER_WAY))
    dispatcher.serve([Ping(1), Ping(2), Say("@bob", ["psst"], 1)])
    alice.settle()
    assert codes(alice.heard()) == ["no_such_user"]
    assert texts(heir.seat) == []


@pytest.mark.parametrize("asks", [Join("@bob"), Who()])
def test_what_was_asked_before_shows_nothing(bench: Bench, clock: Clock, heir: Heir, asks: Request) -> None:
    """Who asked for the room, or who is here, did so while the one before bore the name."""
    writer = Writer(bench, clock)
    clock.after(4.0, heir.come)
    assert writer.send(Ping(1), asks, *writer.says(*"123456")) == ["no_such_user"] * 6
    assert texts(heir.seat) == []


@pytest.mark.parametrize("asks", [Join("@bob"), Who()])
def test_what_is_asked_after_all_was_carried_out_does(bench: Bench, clock: Clock, heir: Heir, asks: Request) -> None:
    """Nothing is held back any more: so it means the one who is there."""
    writer = Writer(bench, clock)
    clock.after(4.0, heir.come)
    writer.write(*"123")
    clock.sleep(BURST * 3.0)
    assert writer.send(asks, *writer.says("hello")) == []
    assert texts(heir.seat) == ["hello"]


def test_so_does_time(bench: Bench, clock: Clock, heir: Heir) -> None:
    """What is sent long after the name has changed hands is for whoever bears it."""
    writer = Writer(bench, clock)
    clock.after(4.0, heir.come)
    writer.write(*"123456")
    clock.sleep(UNDER_WAY)
    assert writer.write("hello") == []
    assert texts(heir.seat) == ["hello"]


def test_who_is_held_back_reaches_who_has_been_there_all_the_time(bench: Bench, clock: Clock, bob: Seat) -> None:
    """Nothing is refused without need."""
    writer = Writer(bench, clock)
    assert writer.write(*"123456") == []
    assert texts(bob) == [*"123456"]
