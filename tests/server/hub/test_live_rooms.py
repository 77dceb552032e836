"""Who is told when somebody comes or goes: everybody in time, and nobody all at once."""

from __future__ import annotations

import json
import math
from itertools import count
from types import SimpleNamespace

import pytest

from server_parts.hub.comings import PRESENCE_SHARE
from server_parts.hub.live_rooms import LiveRooms
from server_parts.moderation.rulebook import Rulebook
from server_parts.people.clients import Client
from server_parts.protocol.native_encoder import NATIVE
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import Run
from tests.peers import Frame
from tests.server.hub.bench import Remembering

A_STEP = 1e-9  # seconds: as long as it takes to begin, and then to tell one


class Guest:
    """Somebody in the lobby, and what it was told."""

    def __init__(self, live_rooms: LiveRooms, name: str) -> None:
        self._live_rooms = live_rooms
        self.outbox = Remembering()
        self.client = Client(self.outbox, "the test")
        self.client.encoder = NATIVE
        live_rooms.names.take(name, self.client)
        self.enter()

    def enter(self) -> None:
        self.outbox.offer_pages(self._live_rooms.enter(self.client, "lobby", 0, None, 0))

    def leave(self) -> None:
        self._live_rooms.leave(self.client, self.client.rooms["lobby"])

    def news(self) -> list[Frame]:
        """Of others and itself, since the last time."""
        blocks, self.outbox.blocks = self.outbox.blocks, []
        frames = [json.loads(line) for block in blocks for line in block.splitlines()]
        return [
            {kind: frame[kind] for kind in ("joined", "left", "renamed") if kind in frame}
            for frame in frames
            if frame["type"] == "presence"
        ]


@pytest.fixture
def live_rooms() -> LiveRooms:
    return LiveRooms(MemoryLog(), "server", Rulebook())


SESSION = "f00dcafe" * 8


def guests(live_rooms: LiveRooms, *names: str) -> list[Guest]:
    """In the lobby, where everybody has been told of everybody."""
    some = [Guest(live_rooms, name) for name in names]
    live_rooms.comings.tell()
    for one in some:
        one.news()
    return some


def test_news_goes_round_a_few_at_a_time(live_rooms: LiveRooms) -> None:
    """What is not told within the time goes on the next time, and is due as long as somebody has not heard it."""
    some = guests(live_rooms, "a", "b", "c")
    Guest(live_rooms, "d")
    live_rooms.comings.tell(A_STEP)
    for heard in (1, 2, 3):
        live_rooms.comings.tell(A_STEP)
        assert sum(bool(one.outbox.blocks) for one in some) == heard
        assert live_rooms.comings.due < math.inf
    live_rooms.comings.tell()
    assert [one.news() for one in some] == [[{"joined": ["d"]}]] * 3
    assert live_rooms.comings.due == math.inf


def test_news_on_its_way_is_older_than_what_follows(live_rooms: LiveRooms) -> None:
    """Who comes while others are told is told of next, and then a new name."""
    a, b = guests(live_rooms, "a", "b")
    c = Guest(live_rooms, "c")
    live_rooms.comings.tell(A_STEP)
    live_rooms.comings.tell(A_STEP)
    Guest(live_rooms, "d")
    live_rooms.rename(c.client, "cee")
    assert {"renamed": [["c", "cee"]]} in c.news()  # at once
    live_rooms.comings.tell()
    assert [a.news(), b.news()] == [[{"joined": ["c"]}, {"joined": ["d"]}, {"renamed": [["c", "cee"]]}]] * 2


def test_a_new_name_is_told_a_few_at_a_time(live_rooms: LiveRooms) -> None:
    """Like comings and goings: thousands who hear of it hold up nobody. The renamed client itself is told at once."""
    a, b, c = guests(live_rooms, "a", "b", "c")
    live_rooms.rename(c.client, "cee")
    assert [a.news(), b.news(), c.news()] == [[], [], [{"renamed": [["c", "cee"]]}]]
    live_rooms.comings.tell(A_STEP)
    live_rooms.comings.tell(A_STEP)
    assert sum(bool(one.outbox.blocks) for one in (a, b)) == 1
    live_rooms.comings.tell()
    assert [a.news(), b.news(), c.news()] == [[{"renamed": [["c", "cee"]]}]] * 2 + [[]]


def test_a_new_name_is_told_to_its_bearer_once(live_rooms: LiveRooms) -> None:
    """At once and by itself. What else happened is told later, without it."""
    a, b = guests(live_rooms, "a", "b")
    Guest(live_rooms, "c")
    live_rooms.rename(a.client, "ay")
    live_rooms.rename(b.client, "bee")
    assert [a.news(), b.news()] == [[{"renamed": [["a", "ay"]]}], [{"renamed": [["b", "bee"]]}]]
    live_rooms.comings.tell()
    assert a.news() == [{"joined": ["c"]}, {"renamed": [["b", "bee"]]}]
    assert b.news() == [{"joined": ["c"]}, {"renamed": [["a", "ay"]]}]


def test_the_name_one_has_is_no_new_one(live_rooms: LiveRooms) -> None:
    """Whoever asks for it is answered; nobody else hears of it."""
    a, b = guests(live_rooms, "a", "b")
    live_rooms.rename(a.client, "a")
    live_rooms.comings.tell()
    assert [a.news(), b.news()] == [[{"renamed": [["a", "a"]]}], []]


def test_who_takes_a_name_that_somebody_gave_up_hears_of_that_first(live_rooms: LiveRooms) -> None:
    """Or there would be two of that name, as far as it knows."""
    a, b = guests(live_rooms, "a", "b")
    live_rooms.rename(b.client, "bee")
    live_rooms.rename(a.client, "B")
    assert a.news() == [{"renamed": [["b", "bee"]]}, {"renamed": [["a", "B"]]}]
    b.news()
    live_rooms.comings.tell()
    assert [a.news(), b.news()] == [[], [{"renamed": [["a", "B"]]}]]


def test_who_comes_and_changes_names_is_not_told_of_the_old_one(live_rooms: LiveRooms) -> None:
    """Its own coming is told first, then its new name."""
    a, b = guests(live_rooms, "a", "b")
    c = Guest(live_rooms, "c")
    live_rooms.rename(c.client, "cee")
    live_rooms.comings.tell()
    assert c.news() == [{"joined": ["c"]}, {"renamed": [["c", "cee"]]}]
    assert a.news() == b.news() == [{"joined": ["cee"]}]


def test_a_new_name_in_many_rooms_is_one_block(live_rooms: LiveRooms) -> None:
    """Whoever is in hundreds of rooms costs the hub one call."""
    (a,) = guests(live_rooms, "a")
    for number in range(20):
        live_rooms.enter(a.client, f"room-{number}", 0, None, 0)
    live_rooms.comings.tell()
    a.outbox.blocks.clear()
    live_rooms.rename(a.client, "ay")
    assert len(a.outbox.blocks) == 1
    assert len(a.news()) == 21


def test_a_room_hears_of_a_new_name_before_it_hears_from_it(live_rooms: LiveRooms) -> None:
    """What is said under the new name waits for nobody, but comes after it."""
    a, b = guests(live_rooms, "a", "b")
    live_rooms.rename(b.client, "bee")
    live_rooms.publish("lobby", [Run("lobby", 1, 0.5, "bee", "blue", ["hello"], SESSION, 1)])
    assert [json.loads(block)["type"] for block in a.outbox.blocks] == ["presence", "message"]


def test_who_asks_is_brought_up_to_date_alone(live_rooms: LiveRooms) -> None:
    """The others are told when it is their turn, and nobody twice."""
    a, b = guests(live_rooms, "a", "b")
    Guest(live_rooms, "c")
    live_rooms.comings.bring_up_to_date(a.client, live_rooms.rooms["lobby"])
    assert [a.news(), b.news()] == [[{"joined": ["c"]}], []]
    live_rooms.comings.tell()
    assert [a.news(), b.news()] == [[], [{"joined": ["c"]}]]


def test_all_in_a_room_hear_everything_in_one_order(live_rooms: LiveRooms) -> None:
    """What is said there comes after the news for everyone; what is said elsewhere does not wait for it."""
    a, b = guests(live_rooms, "a", "b")
    c = Guest(live_rooms, "c")
    live_rooms.enter(c.client, "den", 0, None, 0)
    live_rooms.comings.tell(A_STEP)
    live_rooms.comings.tell(A_STEP)
    assert sum(bool(one.outbox.blocks) for one in (a, b)) == 1
    live_rooms.publish("den", [Run("den", 1, 0.5, "a", "blue", ["hello"], SESSION, 1)])
    assert sum(bool(one.outbox.blocks) for one in (a, b)) == 1
    live_rooms.publish("lobby", [Run("lobby", 1, 0.5, "a", "blue", ["hello"], SESSION, 1)])
    assert a.outbox.blocks == b.outbox.blocks
    assert [json.loads(block)["type"] for block in a.outbox.blocks] == ["presence", "message"]


def test_what_a_message_finishes_counts_as_telling(live_rooms: LiveRooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a room where somebody talks, comings and goings take no more than their tenth of the time either."""
    guests(live_rooms, "a", "b")
    Guest(live_rooms, "c")
    live_rooms.comings.tell(A_STEP)
    live_rooms.comings.tell(A_STEP)
    Guest(live_rooms, "d")
    clock = count(1_000_000)  # a second more whenever somebody looks
    monkeypatch.setattr("server_parts.hub.comings.time", SimpleNamespace(monotonic=lambda: next(clock)))
    live_rooms.publish("lobby", [Run("lobby", 1, 0.0, "a", "blue", ["hi"], SESSION, 1)])
    assert live_rooms.comings.due == next(clock) - 1 + PRESENCE_SHARE


def test_a_room_hears_of_somebody_before_it_hears_from_them(live_rooms: LiveRooms) -> None:
    """Of all who came with them too, and of what was on its way before; the news of other rooms waits on."""
    a, b = guests(live_rooms, "a", "b")
    Guest(live_rooms, "c")
    live_rooms.comings.tell(A_STEP)
    live_rooms.comings.tell(A_STEP)
    d, _ = Guest(live_rooms, "d"), Guest(live_rooms, "e")
    live_rooms.enter(d.client, "den", 0, None, 0)
    live_rooms.comings.introduce(live_rooms.rooms["lobby"], ["a", "d"])
    assert [a.news(), b.news()] == [[{"joined": ["c"]}, {"joined": ["d", "e"]}]] * 2
    assert d.news() == [{"joined": ["d", "e"]}]
    live_rooms.comings.tell()
    assert d.news() == [{"joined": ["d"]}]
    assert live_rooms.comings.due == math.inf


def test_who_came_in_silence_waits_to_be_told_of(live_rooms: LiveRooms) -> None:
    """While those speak who have been told of, in whatever room a newcomer else is."""
    a, b = guests(live_rooms, "a", "b")
    Guest(live_rooms, "c")
    live_rooms.enter(b.client, "den", 0, None, 0)
    live_rooms.comings.introduce(live_rooms.rooms["lobby"], ["a", "b"])
    live_rooms.comings.introduce(live_rooms.rooms["den"], ["c"])
    assert [a.news(), b.news()] == [[], []]


def test_who_leaves_meanwhile_hears_no_more(live_rooms: LiveRooms) -> None:
    """It has been told that it left; what the room is told is not for it."""
    a, b = guests(live_rooms, "a", "b")
    Guest(live_rooms, "c")
    live_rooms.comings.tell(A_STEP)
    live_rooms.comings.tell(A_STEP)
    b.leave()
    live_rooms.comings.tell()
    assert a.news() == [{"joined": ["c"]}, {"left": ["b"]}]
    assert b.news() == []


def test_who_comes_back_meanwhile_does_not_hear_that_it_left(live_rooms: LiveRooms) -> None:
    """Those who have been told that it left are told that it is back; for the others it was always there."""
    a, b, c = guests(live_rooms, "a", "b", "c")
    c.leave()
    live_rooms.comings.tell(A_STEP)
    live_rooms.comings.tell(A_STEP)
    c.enter()
    live_rooms.comings.tell()
    assert [a.news(), b.news()] == [[{"left": ["c"]}, {"joined": ["c"]}]] * 2
    assert c.news() == [{"joined": ["c"]}]


def test_who_comes_back_before_anybody_was_told_was_always_there(live_rooms: LiveRooms) -> None:
    """Only who came in between hears that it is there."""
    a, b, c = guests(live_rooms, "a", "b", "c")
    c.leave()
    d = Guest(live_rooms, "d")
    c.enter()
    live_rooms.comings.tell()
    assert [a.news(), b.news()] == [[{"joined": ["d"]}]] * 2
    assert d.news() == [{"joined": ["d", "c"]}]
