"""One address may begin only so many rooms a day, since what was said in them is kept."""

from __future__ import annotations

import pytest

from server_parts.people import new_rooms
from server_parts.people.new_rooms import MOST, TIME, NewRooms
from server_parts.storage.memory_log import MemoryLog
from tests.conftest import Serve

FAR = "192.0.2.7:4000"


def begin(rooms: NewRooms, address: str, names: range, now: float = 0.0) -> list[bool]:
    """Whether each of the rooms could be begun."""
    return [rooms.refusal(address, f"room-{name}", now) is None for name in names]


def test_so_many_a_day() -> None:
    """The next one is refused with a sentence; a day after the first there is room for one again."""
    rooms = NewRooms()
    assert all(begin(rooms, FAR, range(MOST)))
    refusal = rooms.refusal(FAR, "one-more", 1.0)
    assert refusal is not None
    assert (refusal.code, refusal.field) == ("too_many", "room")
    assert str(MOST) in refusal.text
    assert all(begin(rooms, FAR, range(1), TIME + 1.0))


def test_the_first_texts_of_a_room_count_once() -> None:
    """Several may be under way before the room has its first message."""
    rooms = NewRooms()
    assert all(begin(rooms, FAR, range(1)) for _ in range(3 * MOST))
    assert all(begin(rooms, FAR, range(1, MOST)))
    assert begin(rooms, FAR, range(MOST, MOST + 1)) == [False]


def test_addresses_are_counted_apart() -> None:
    """An IPv6 network is one address, and this machine's own people are not limited."""
    rooms = NewRooms()
    assert begin(rooms, "[2001:db8::1]:1", range(MOST + 1))[-1] is False
    assert begin(rooms, "[2001:db8::2]:9", range(MOST, MOST + 1)) == [False]
    assert begin(rooms, "[2001:db8:0:1::1]:1", range(MOST, MOST + 1)) == [True]
    assert all(begin(rooms, "127.0.0.1:5", range(3 * MOST)))


def test_few_addresses_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that began nothing for longest are forgotten."""
    monkeypatch.setattr(new_rooms, "MOST_REMEMBERED", 10)
    rooms = NewRooms()
    for number in range(50):
        rooms.refusal(f"192.0.2.{number}:1", "room", 0.0)
    assert len(rooms._begun) == 10


def test_over_a_connection(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text uses up its seq, rooms that exist are open, and an empty room leaves nothing in the log."""
    monkeypatch.setattr(new_rooms, "is_own", lambda source: False)
    monkeypatch.setattr(new_rooms, "MOST", 3)
    store = MemoryLog()
    alice = serve(store=store).native("alice", rooms=dict.fromkeys("abcd"))
    for name in "aabbc":
        alice.tell("first", name)
    alice.say("no", "d")
    assert alice.until("error")["code"] == "too_many"
    assert alice.tell("still open", "a")["seq"] == 7
    assert store.rooms() == {"a": 3, "b": 2, "c": 1}
