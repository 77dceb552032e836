"""Acts of other servers that a server has read before news of them came, as it has done something itself."""

from __future__ import annotations

import pytest

from server_parts.protocol import moderation_requests as order
from server_parts.protocol.requests import Bye, Join, Nick, Who
from server_parts.storage.records import ACTS, Message, StorageError
from tests.peers import of_type, wait_until
from tests.server.hub.bench import Bench, Seat
from tests.server.hub.neighbours.conftest import operator_at
from tests.server.hub.neighbours.meetings import Meeting, Open, deaf, read
from tests.server.hub.neighbours.test_moderation import kick_and_be_lost, rooms_of


@pytest.fixture
def moderator(there: Bench) -> Seat:
    """Somebody who is obeyed at bob's server too."""
    return operator_at(there)


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


def test_a_kick_is_not_mistaken_for_one_that_was_carried_out(
    meeting: Meeting, open_server: Open, operator: Seat, bob: Seat, here: Bench, there: Bench
) -> None:
    """Of the first one bob's server hears when he has another name; the second one's server ends before it asks."""
    bob.ask(Join("tea"))
    assert wait_until(lambda: "tea" in rooms_of(here, "bob"))
    with deaf(there):
        operator.ask(order.Kick("bob", room="tea"))
        assert wait_until(lambda: bool(bob.ask(Who("lobby"))) and "tea" not in bob.client.rooms)
        bob.ask(Nick("robert"))
        operator.ask(order.SetRoom("lobby", topic="heard after the kick"))
    assert wait_until(lambda: topics(bob) == ["heard after the kick"])
    bob.ask(Join("tea"))
    kick_and_be_lost(meeting, open_server(), bob, "tea")
    assert wait_until(lambda: "tea" not in bob.client.rooms)


def test_leaving_a_private_room_is_no_kick(here: Bench, bob: Seat, there: Bench) -> None:
    """Of many guests who go nothing is kept."""
    guest = here.seat("gus")
    guest.ask(Who("lobby"))
    guest.say("psst", room="@bob")
    assert wait_until(lambda: "psst" in read(bob) and len(rooms_of(here, "bob")) == 2)
    guest.ask(Bye())
    assert wait_until(lambda: bob.client.rooms.keys() == {"lobby"})
    assert not there.hub._neighbours._acts.room_kicks._asked
