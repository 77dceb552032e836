"""Acts of other servers that a server has read before news of them came, as it has done something itself."""

from __future__ import annotations

import pytest

from server_parts.people.roles import Role
from server_parts.protocol import moderation_requests as order
from server_parts.protocol.requests import Hello, Join
from server_parts.storage.records import ACTS, Message, StorageError
from tests.peers import of_type, wait_until
from tests.server.hub.bench import Bench, Seat
from tests.server.hub.neighbours.meetings import deaf


@pytest.fixture
def moderator(there: Bench) -> Seat:
    """Somebody who is obeyed at bob's server too."""
    seat = Seat(there, Role.OWNER)
    seat.client.name = "server"
    seat.ask(Hello("server", ""))
    return seat


def topics(seat: Seat, room: str = "lobby") -> list[str]:
    seat.heard()
    return [frame["topic"] for frame in of_type(seat.ever, "room") if frame["room"] == room]


def test_they_are_told_although_no_news_comes(operator: Seat, moderator: Seat, bob: Seat, there: Bench) -> None:
    """What comes from the feed begins behind the newest act that is known."""
    with deaf(there):
        operator.ask(order.SetRoom("lobby", topic="spring"))
        moderator.ask(order.SetRoom("tea", topic="of its own"))
        assert wait_until(lambda: topics(bob) == ["spring"])


def test_they_are_carried_out_although_no_news_comes(operator: Seat, moderator: Seat, bob: Seat, there: Bench) -> None:
    bob.ask(Join("tea"))
    with deaf(there):
        operator.ask(order.Ban("bob", room="tea", sure=True))
        moderator.ask(order.SetRoom("lobby", topic="of its own"))
        assert wait_until(lambda: "tea" not in bob.client.rooms)


def test_they_are_told_while_the_others_cannot_be_reached(
    operator: Seat, moderator: Seat, bob: Seat, there: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are in the log, which is another matter."""
    tries: list[None] = []

    def fail(*_: object) -> None:
        tries.append(None)
        raise StorageError("nothing answers")

    with deaf(there), monkeypatch.context() as patched:
        for call in ("post", "read", "start_over"):
            patched.setattr(there.exchange, call, fail)
        bob.ask(Join("tea"))  # which cannot be posted
        assert wait_until(lambda: len(tries) > 2)
        operator.ask(order.SetRoom("lobby", topic="spring"))
        moderator.ask(order.SetRoom("cups", topic="of its own"))
        assert wait_until(lambda: topics(bob) == ["spring"])


def test_an_act_holds_as_soon_as_those_before_it_can_be_read(
    operator: Seat, moderator: Seat, bob: Seat, there: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is kept, whatever cannot be read then: whoever has done it is not refused, and nothing is told twice."""
    after, failed = there.store.after, list[None]()

    def fail(room: str, *which: int) -> list[Message]:
        if room == ACTS:
            failed.append(None)
            raise StorageError("it cannot be read")
        return after(room, *which)

    with deaf(there):
        with monkeypatch.context() as patched:
            patched.setattr(there.store, "after", fail)
            operator.ask(order.SetRoom("lobby", topic="spring"))
            heard = moderator.ask(order.SetRoom("lobby", slow=5))
            assert not of_type(heard, "error")
            assert wait_until(lambda: len(failed) > 1)
        assert wait_until(lambda: there.hub.rules.about("lobby").slow == 5)
        assert wait_until(lambda: topics(bob)[-1:] == ["spring"])
        assert len(topics(bob)) == 2
