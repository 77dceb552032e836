"""Lists of people and rooms, however many ask for them at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from server_parts.hub import lists
from server_parts.moderation.rulebook import Rulebook
from server_parts.people.clients import Client
from server_parts.people.roles import Role
from server_parts.protocol.native_encoder import NATIVE, NativeEncoder
from server_parts.protocol.requests import Rooms, Who
from tests.peers import WAIT, Frame
from tests.server.hub.bench import Remembering


class Gated(NativeEncoder):
    """Waits before it writes a page."""

    def __init__(self) -> None:
        self.begun, self.gate = threading.Event(), threading.Event()

    def pages(self, frame: Frame, field: str, items: Sequence[Any]) -> bytes:
        self.begun.set()
        assert self.gate.wait(WAIT)
        return super().pages(frame, field, items)


def client(encoder: NativeEncoder = NATIVE, role: Role = Role.GUEST) -> Client:
    one = Client(Remembering(), "the test", role)
    one.encoder = encoder
    return one


@pytest.fixture
def slow() -> Iterator[Gated]:
    """A list that is being made, by a thread of its own."""
    encoder = Gated()
    asker = threading.Thread(target=list, args=(lists.room_list(client(encoder), Rooms(), {}, {}, Rulebook()),))
    asker.start()
    assert encoder.begun.wait(WAIT)
    yield encoder
    encoder.gate.set()
    asker.join(WAIT)
    assert not asker.is_alive()


@pytest.mark.usefixtures("no_threads_left")
def test_one_list_is_made_at_a_time(slow: Gated) -> None:
    """The next one begins when it is made."""
    people = [(f"p{number}", "blue", None) for number in range(3)]
    pages: list[bytes] = []
    second = threading.Thread(target=lambda: pages.extend(lists.member_list(client(), "lobby", people, Who("lobby"))))
    second.start()
    second.join(0.05)
    assert pages == []
    slow.gate.set()
    second.join(WAIT)
    assert [person["name"] for page in pages for person in json.loads(page)["members"]] == ["p0", "p1", "p2"]


@pytest.mark.usefixtures("no_threads_left", "slow")
def test_the_operators_list_waits_for_nobody() -> None:
    """The hub makes it."""
    assert list(lists.room_list(client(role=Role.OWNER), Rooms(), {}, {"tea": 1}, Rulebook()))


def test_lists_take_a_fifth_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """After each thousand that were looked at, all who make lists rest four times as long as that took."""
    now, rests = 1_000.0, list[float]()
    computed = count(0.0, 0.5)  # so each step takes as long

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        rests.append(seconds)

    monkeypatch.setattr(
        lists, "time", SimpleNamespace(monotonic=lambda: now, thread_time=lambda: next(computed), sleep=sleep)
    )
    monkeypatch.setattr(lists, "_resting_until", 0.0)
    crowd = [(f"p{number:04}", "blue", None) for number in range(2_500)]
    (page,) = lists.member_list(client(), "lobby", crowd, Who("lobby"))
    found = json.loads(page)
    assert rests == [2.0] * 3
    assert [person["name"] for person in found["members"]] == [name for name, _, _ in crowd[:200]]
    assert found["total"] == 2_500


def test_the_first_names_are_found_in_any_order() -> None:
    """Without case, and behind the one that was listed last."""
    crowd = [(f"{'Pp'[number % 2]}{number * 7 % 2_500:04}", "blue", None) for number in range(2_500)]
    (page,) = lists.member_list(client(), None, crowd, Who(None, "p1199", 3))
    assert [person["name"].lower() for person in json.loads(page)["members"]] == ["p1200", "p1201", "p1202"]
    (page,) = lists.room_list(
        client(), Rooms("p", "p1199", 3), {}, {name.lower(): 1 for name, _, _ in crowd}, Rulebook()
    )
    assert [room["room"] for room in json.loads(page)["rooms"]] == ["p1200", "p1201", "p1202"]
