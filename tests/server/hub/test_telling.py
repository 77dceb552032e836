"""A crowd is told a few members at a time, others have their turns between, and nobody notices but by the clock."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import count
from types import SimpleNamespace
from typing import Any, Final
from unittest import mock

import pytest

from server_parts.hub import telling
from server_parts.hub.live_rooms import LiveRooms
from server_parts.hub.telling import Telling
from server_parts.moderation.rulebook import Rulebook
from server_parts.people.clients import Client, Session
from server_parts.people.roles import Role
from server_parts.protocol.events import notice
from server_parts.protocol.moderation_requests import Kick
from server_parts.protocol.native_encoder import NATIVE
from server_parts.protocol.requests import Hello, Say
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import Draft
from tests.peers import WAIT, Frame, of_type
from tests.server.hub.bench import Bench, Remembering, Seat
from tests.slices import told_in_slices

pytestmark = [pytest.mark.usefixtures("no_threads_left", "chat_log", "three_are_a_crowd"), pytest.mark.once]

TELL: Final = Telling.tell


@pytest.fixture
def three_are_a_crowd() -> Iterator[None]:
    with told_in_slices(3):
        yield


class House:
    """Rooms without a hub: it is the test that goes on with what is owed."""

    def __init__(self) -> None:
        self.store = MemoryLog()
        self.rooms = LiveRooms(self.store, "server", Rulebook())
        self.outboxes: dict[str, Remembering] = {}
        self.clients: dict[str, Client] = {}

    def come(self, name: str, room: str = "lobby") -> Client:
        if name not in self.clients:
            outbox = self.outboxes[name] = Remembering()
            client = self.clients[name] = Client(outbox, "the test")
            client.encoder, client.session = NATIVE, Session(f"session of {name}", 0)
            self.rooms.sessions[f"session of {name}"] = client
            self.rooms.names.take(name, client)
        client = self.clients[name]
        client.outbox.offer_pages(self.rooms.enter(client, room, 0, None, 0))
        return client

    def settle(self) -> None:
        """Everybody knows of everybody, and has heard everything."""
        self.rooms.comings.tell()
        self.rooms.telling.tell()
        for outbox in self.outboxes.values():
            outbox.blocks.clear()

    def say(self, name: str, text: str, room: str = "lobby") -> None:
        runs = self.store.append([Draft(room, 0.5, name, "blue", [text], f"session of {name}", 0)], {})
        self.rooms.publish(room, runs)

    def who_has_heard(self, text: str) -> str:
        has_heard = [name for name, outbox in self.outboxes.items() if text.encode() in b"".join(outbox.blocks)]
        return "".join(sorted(has_heard))

    def order(self, name: str, *texts: str) -> list[str]:
        """Those texts as somebody heard them."""
        heard = b"".join(self.outboxes[name].blocks).decode()
        return sorted((text for text in texts if text in heard), key=heard.index)


@pytest.fixture
def house() -> House:
    """Five in the lobby."""
    house = House()
    for name in "abcde":
        house.come(name)
    house.settle()
    return house


def test_few_are_told_at_once(house: House) -> None:
    """Nothing is owed to anybody."""
    for name in "ab":
        house.come(name, "den")
    house.settle()
    house.say("a", "hello", "den")
    assert house.who_has_heard("hello") == "ab"
    assert not house.rooms.telling


def test_a_crowd_is_told_one_after_the_other(house: House) -> None:
    """Its author first, for whom it is the receipt."""
    house.say("c", "hello")
    for heard in ("c", "ac", "abc", "abcd", "abcde"):
        assert house.who_has_heard("hello") == heard
        assert bool(house.rooms.telling) == (heard != "abcde")
        house.rooms.telling.tell(0.0)


def test_an_author_waits_until_everybody_is_told(house: House) -> None:
    """That is, for its next turn; others do not."""
    house.say("c", "hello")
    owed = house.rooms.telling
    number = owed.last_of(house.clients["c"])
    assert not owed.has_told(number)
    assert owed.has_told(owed.last_of(house.clients["a"]))
    owed.tell()
    assert owed.has_told(number)
    assert owed.last_of(house.clients["c"]) == -1


def test_what_is_said_meanwhile_is_told_along(house: House) -> None:
    """To each as one block; those who have heard the first of it hear the rest behind all others."""
    house.say("a", "one")
    house.rooms.telling.tell(0.0)
    house.say("a", "two")
    house.rooms.telling.tell(0.0)
    assert [len(house.outboxes[name].blocks) for name in "abcde"] == [2, 1, 1, 0, 0]
    assert house.order("c", "one", "two") == ["one", "two"]
    house.rooms.telling.tell()
    assert [len(house.outboxes[name].blocks) for name in "abcde"] == [2, 2, 1, 1, 1]


def test_long_texts_are_no_long_blocks(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is owed much is told a part of it when its turn comes, and is behind all others then."""
    monkeypatch.setattr(telling, "A_BLOCK", 100)
    for text in ("one", "two"):
        house.say("a", text)
    house.rooms.telling.tell(0.0)
    house.rooms.telling.tell(0.0)
    assert (house.order("b", "one", "two"), house.order("c", "one", "two")) == (["one"], ["one"])
    house.rooms.telling.tell()
    assert {tuple(house.order(name, "one", "two")) for name in "abcde"} == {("one", "two")}
    assert len(house.outboxes["b"].blocks) == 2


def test_crowds_take_turns(house: House) -> None:
    """What is said to one of them does not wait for another one."""
    for name in "vwxyz":
        house.come(name, "den")
    house.settle()
    house.say("a", "hello")
    house.rooms.telling.tell(0.0)
    house.say("v", "hi", "den")
    house.rooms.telling.tell(0.0)
    assert (house.who_has_heard("hello"), house.who_has_heard("hi")) == ("abc", "vw")


def test_a_slice_is_as_long_as_the_turn_was(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within bounds: others do not wait for long, and the crowd is told at last."""
    lengths: list[float] = []
    monkeypatch.setattr(Telling, "tell", lambda _, seconds: lengths.append(seconds))
    for took in (0.001, 0.015, 3.0):
        house.rooms.telling.go_on(took)
    assert lengths == [telling.SLICE, 0.015, telling.LONGEST_SLICE]


def test_a_slice_has_an_end() -> None:
    """With more to be told, when its time is up; here each look at the clock takes a millisecond."""
    clock = count()
    house = House()
    for number in range(100):
        house.come(f"n{number}")
    house.settle()
    house.say("n0", "hello")
    with (
        mock.patch.object(telling, "time", SimpleNamespace(monotonic=lambda: next(clock) / 1000)),
        mock.patch.object(telling, "STEP", 1),
    ):
        TELL(house.rooms.telling, 0.008)
    assert sum(bool(outbox.blocks) for outbox in house.outboxes.values()) == 1 + 8


def test_too_much_is_not_owed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a bound everybody waits until it is told."""
    monkeypatch.setattr(telling, "MOST_OWED", 1_000)
    house.say("a", "x" * 900)
    house.rooms.telling.tell(0.0)
    assert house.who_has_heard("x" * 900) == "abcde"


def test_who_is_told_something_newer_is_told_what_it_is_owed_first(house: House) -> None:
    """Of whatever room: an answer, what a small room is told, an event."""
    for name in "de":
        house.come(name, "den")
    house.settle()
    house.say("a", "early")
    house.say("d", "later", "den")
    assert house.order("d", "early", "later") == house.order("e", "early", "later") == ["early", "later"]
    house.clients["c"].tell(notice("answer"))
    assert house.order("c", "early", "answer") == ["early", "answer"]
    house.rooms.tell_room("lobby", notice("event"), house.clients["b"])
    assert house.order("b", "early", "event") == ["early", "event"]


def test_who_comes_or_goes_meanwhile_hears_what_is_meant_for_it(house: House) -> None:
    """Who leaves has heard what was said before, and who comes finds it in the history."""
    house.say("a", "hello")
    house.rooms.leave(house.clients["e"], house.clients["e"].rooms["lobby"])
    house.come("f")
    house.rooms.telling.tell()
    assert house.who_has_heard("hello") == "abcde"
    assert b'"type":"joined","room":"lobby","last":1' in b"".join(house.outboxes["f"].blocks)


def test_a_crowd_hears_of_somebody_before_it_hears_from_them(house: House) -> None:
    """Also if some have been told already who came, and of what followed."""
    house.come("f")
    house.rooms.comings.tell(1e-9)
    house.rooms.comings.tell(1e-9)
    house.come("g")
    house.say("f", "hello")
    house.rooms.leave(house.clients["f"], house.clients["f"].rooms["lobby"])
    house.rooms.telling.tell(0.0)
    house.rooms.comings.tell()
    house.rooms.telling.tell()
    for name in "abcde":
        order = house.order(name, '"joined":["f"]', "hello", '"left":["f"]')
        assert order == ['"joined":["f"]', "hello", '"left":["f"]'], name


def test_who_is_new_is_told_of_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much they say before all know them; and anew, if others have come."""
    added: list[str] = []
    add = Telling.add

    def note(self: Telling, piece: Any, authors: Any = ()) -> None:
        added.append(type(piece).__name__)
        add(self, piece, authors)

    monkeypatch.setattr(Telling, "add", note)
    house.come("f")
    house.say("f", "one")
    house.say("f", "two")
    assert added == ["_Round", "Texts", "Texts"]
    house.come("g")
    house.say("f", "three")
    assert added[3:] == ["_Round", "Texts"]
    house.rooms.telling.tell()
    assert house.order("a", '"joined":["f"]', "one", "two", '"joined":["g"]', "three")[::3] == [
        '"joined":["f"]',
        '"joined":["g"]',
    ]


def test_who_reads_too_slowly_is_noted(house: House) -> None:
    """And everybody else is told."""
    house.outboxes["b"].refuses = True
    house.say("a", "hello")
    house.rooms.telling.tell()
    assert house.who_has_heard("hello") == "acde"
    assert list(house.rooms.telling.slow) == [house.clients["b"]]


# --- with a hub ---


@pytest.fixture
def crowd(bench: Bench, alice: Seat) -> list[Seat]:
    """Four beside alice, of whom one is told in each turn of the hub."""
    seats = [bench.seat(name) for name in ("bob", "carol", "dave", "erin")]
    assert all(seat.sees_come("erin") for seat in (alice, *seats))
    return seats


class Door:
    """Holds the hub while it offers something to one of the seats."""

    def __init__(self, seat: Seat, text: bytes) -> None:
        self._text = text
        self._offer = seat.outbox.offer
        self.reached, self.opened = threading.Event(), threading.Event()
        seat.outbox.offer = self._hold  # type: ignore[method-assign]

    def _hold(self, block: bytes) -> bool:
        if self._text in block:
            self.reached.set()
            assert self.opened.wait(WAIT)
        return self._offer(block)


def told(seat: Seat) -> list[Frame]:
    return of_type(seat.heard(), "message")


def test_another_room_has_its_turn_between(bench: Bench, alice: Seat, crowd: list[Seat]) -> None:
    """Somebody who talks there is answered before the crowd has heard everything."""
    zoe = bench.seat("zoe", rooms={"den": None})
    door, last = Door(crowd[0], b"hello"), Door(crowd[3], b"hello")
    alice.submit(Say("lobby", ["hello"], 1))
    assert door.reached.wait(WAIT)
    zoe.submit(Say("den", ["excuse me"], 1))
    door.opened.set()
    assert last.reached.wait(WAIT)  # the hub is with the last of the crowd, and waits there
    assert [frame["text"] for frame in told(zoe)] == ["excuse me"]
    last.opened.set()
    for seat in (zoe, alice):
        seat.settle()
    assert [frame["text"] for seat in (alice, *crowd) for frame in told(seat)] == ["hello"] * 5


def test_an_author_is_settled_when_the_crowd_is(alice: Seat, crowd: list[Seat]) -> None:
    """Its credit comes back when everybody has heard what it said."""
    alice.say("hello")
    assert [frame["text"] for seat in crowd for frame in told(seat)] == ["hello"] * 4


def test_who_stops_tells_everybody_first(bench: Bench, alice: Seat, crowd: list[Seat]) -> None:
    """What was said before the server stops is heard by all."""
    door = Door(crowd[0], b"hello")
    alice.submit(Say("lobby", ["hello"], 1))
    assert door.reached.wait(WAIT)
    bench.hub.stop()
    door.opened.set()
    assert bench.hub.closing.wait(WAIT)
    assert [frame["text"] for seat in crowd for frame in told(seat)] == ["hello"] * 4


def test_who_is_kicked_has_heard_what_was_said_before(bench: Bench, alice: Seat, crowd: list[Seat]) -> None:
    """The goodbye comes last."""
    operator = Seat(bench, role=Role.OWNER)
    operator.ask(Hello("server", ""))
    assert all(seat.sees_come("server") for seat in crowd)  # with that news, they would be told the text too
    door = Door(crowd[0], b"hello")
    alice.submit(Say("lobby", ["hello"], 1))
    assert door.reached.wait(WAIT)
    operator.submit(Kick("erin", "shouting"))
    last = Door(crowd[2], b"hello")
    door.opened.set()
    assert last.reached.wait(WAIT)
    assert [frame["type"] for frame in of_type(crowd[3].heard(), "message", "bye")] == ["message", "bye"]
    last.opened.set()
    for seat in (alice, operator):
        seat.settle()


def test_who_reads_too_slowly_is_let_go(alice: Seat, crowd: list[Seat]) -> None:
    """Nobody else notices."""
    crowd[1].outbox.refuses = True
    alice.say("hello")
    alice.say("again")
    assert crowd[1].client.gone
    assert [frame["text"] for seat in (crowd[0], *crowd[2:]) for frame in told(seat)] == ["hello", "again"] * 3
