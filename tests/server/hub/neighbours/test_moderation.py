"""Several hubs on one log: what an operator does at one holds at all."""

from __future__ import annotations

import time

from server_parts.moderation import acts
from server_parts.moderation.acts import Act
from server_parts.people.clients import Session
from server_parts.people.restraint import keys_of
from server_parts.people.roles import Role
from server_parts.protocol import moderation_requests as order
from server_parts.protocol.account_requests import GiveRole
from server_parts.protocol.requests import Hello, Join, Who
from server_parts.storage.store import Entry
from tests.peers import of_type, wait_until
from tests.server.hub.bench import Bench, Seat
from tests.server.hub.neighbours.meetings import Meeting, Open, hears_text


def test_a_kick_reaches_another_server(operator: Seat, alice: Seat, bob: Seat) -> None:
    operator.ask(order.Kick("bob", "enough"))
    assert wait_until(lambda: bob.outbox.closed)
    assert of_type(bob.heard(), "bye")[0]["code"] == "kicked"
    assert alice.hears({"type": "presence", "room": "lobby", "left": ["bob"], "members": 2})


def test_a_mute_holds_at_another_server(operator: Seat, alice: Seat, bob: Seat) -> None:
    operator.ask(order.Mute("bob"))
    assert bob.hears({"type": "notice", "text": "server: you are muted"})
    assert wait_until(lambda: any(error["code"] == "muted" for error in of_type(bob.say("let me"), "error")))


def test_the_settings_of_a_room_are_told_everywhere(operator: Seat, bob: Seat) -> None:
    operator.ask(order.SetRoom("lobby", topic="spring"))
    assert wait_until(lambda: any(f.get("topic") == "spring" for f in of_type(bob.heard(), "room")))


def test_what_is_changed_about_a_room_is_an_entry_everywhere(operator: Seat, alice: Seat, bob: Seat) -> None:
    """One, with one number, in one order with what is said; at both servers, whoever sets it."""
    bob.say("before")
    hears_text(alice, "before")
    operator.ask(order.SetRoom("lobby", topic="spring"))
    hears_text(bob, "/me changed the topic to: spring")
    alice.say("behind")
    hears_text(bob, "behind")
    told = [
        [(one["id"], one["text"], one.get("change")) for one in of_type(seat.ever, "message")] for seat in (alice, bob)
    ]
    assert told[0] == told[1] == [
        (1, "before", None),
        (2, "/me changed the topic to: spring", {"topic": "spring"}),
        (3, "behind", None),
    ]  # fmt: skip


def test_a_deleted_text_is_deleted_everywhere(operator: Seat, alice: Seat, bob: Seat) -> None:
    bob.say("oops")
    hears_text(alice, "oops")
    operator.ask(order.Delete("lobby", 1))
    assert bob.hears({"type": "deleted", "room": "lobby", "id": 1, "by": "server"})
    assert alice.hears({"type": "deleted", "room": "lobby", "id": 1, "by": "server"})


def test_a_ban_keeps_somebody_out_everywhere(operator: Seat, bob: Seat, there: Bench) -> None:
    operator.ask(order.Ban("bob", sure=True))
    assert wait_until(lambda: bob.outbox.closed)
    again = there.seat("bob", token="b" * 32)
    assert of_type(again.ever, "bye")[0]["code"] == "banned"


def test_who_is_banned_from_a_room_elsewhere_is_told_once(operator: Seat, alice: Seat, bob: Seat) -> None:
    """By whom, and then that they have left."""
    bob.ask(Join("tea"))
    alice.ask(Join("tea"))
    assert wait_until(lambda: of_type(alice.ask(Who("tea")), "who")[0]["total"] == 2)
    operator.ask(order.Ban("bob", room="tea", reason="noise", sure=True))
    assert bob.hears({"type": "presence", "room": "tea", "left": ["bob"], "members": 1})
    assert alice.hears({"type": "presence", "room": "tea", "left": ["bob"], "members": 1})
    alice.say("and nothing more comes")
    hears_text(bob, "and nothing more comes")
    notices = [frame["text"] for frame in of_type(bob.ever, "notice")]
    assert notices == ["you were banned from tea by server: noise"]


def test_a_ban_of_an_address_spares_operators_elsewhere(operator: Seat, alice: Seat, there: Bench) -> None:
    """As it does at the server where it is made; everybody else from there has to go."""
    people = {name: Seat(there) for name in ("bob", "carol")}
    for name, seat in people.items():
        seat.client.address = "192.0.2.7:5000"
        seat.ask(Hello(name, there.session(), token=name[0] * 32))
        seat.say(f"{name} is here")
        hears_text(alice, f"{name} is here")
    operator.ask(GiveRole("bob", "operator"))
    assert wait_until(lambda: people["bob"].client.role is Role.OPERATOR)
    operator.ask(order.Ban(address="192.0.2.0/24", sure=True))
    assert wait_until(lambda: people["carol"].outbox.closed)
    people["bob"].say("still here")
    hears_text(alice, "still here")
    assert not people["bob"].outbox.closed


def test_a_ban_finds_whoever_came_in_meanwhile(open_server: Open, bob: Seat) -> None:
    """Its server did not know yet that they are here."""
    act = Act(acts.BAN, "bob", keys=("bob",))
    open_server().store.write(Entry([acts.draft_of("server", act, time.time())], {}))
    assert wait_until(lambda: bob.outbox.closed)
    assert of_type(bob.heard(), "bye")[0]["code"] == "banned"


def kicked(seat: Seat, *, ago: float = 0.0, room: str = "") -> Entry:
    """What a server stores that kicks somebody, and ends before it can ask theirs to let them go."""
    assert seat.client.session is not None
    keys = keys_of(seat.client, "bob", seat.client.session)
    act = Act(acts.KICK, seat.client.name, room=room, reason="enough", keys=keys)
    return Entry([acts.draft_of("server", act, time.time() - ago)], {})


def kick_and_be_lost(meeting: Meeting, server: Bench, seat: Seat, room: str) -> None:
    """A server ends between its act and what it was to ask of the others."""
    server.seat("carol")
    server.store.write(kicked(seat, room=room))
    meeting.give_up(server.exchange.server)


def test_a_kick_is_carried_out_although_its_server_is_gone(open_server: Open, bob: Seat) -> None:
    """It had no time to ask for it."""
    open_server().store.write(kicked(bob))
    assert wait_until(lambda: bob.outbox.closed)
    (bye,) = of_type(bob.heard(), "bye")
    assert (bye["code"], bye["text"]) == ("kicked", "you were removed by server: enough")


def test_a_kick_from_a_room_is_carried_out_when_its_server_is_gone(
    meeting: Meeting, open_server: Open, bob: Seat
) -> None:
    """Not before: it may ask yet, and that counts."""
    bob.ask(Join("tea"))
    kick_and_be_lost(meeting, open_server(), bob, "tea")
    assert wait_until(lambda: "tea" not in bob.client.rooms)
    bob.heard()
    assert [frame["text"] for frame in of_type(bob.ever, "notice")] == ["you were removed from tea by server: enough"]


def test_a_kick_from_a_room_that_was_asked_for_is_not_carried_out_again(
    meeting: Meeting, operator: Seat, here: Bench, there: Bench, bob: Seat
) -> None:
    """Whoever is in the room again has come after it."""
    bob.ask(Join("tea"))
    assert wait_until(lambda: any(room == "tea" for room in rooms_of(here, "bob")))
    operator.ask(order.Kick("bob", room="tea"))
    assert wait_until(lambda: "tea" not in bob.client.rooms)
    bob.ask(Join("tea"))
    operator.ask(order.SetRoom("tea", topic="heard after the kick"))
    assert wait_until(lambda: bool(of_type([*bob.ever, *bob.heard()], "room")))
    former = here.exchange.server
    meeting.give_up(former)
    assert wait_until(lambda: former not in there.hub._neighbours.elsewhere.labels)
    assert "tea" in bob.client.rooms


def rooms_of(bench: Bench, name: str) -> list[str]:
    found = bench.hub._live_rooms.names.find(name)
    return list(found.rooms) if found is not None else []


def test_a_kick_spares_who_came_after_it_and_who_bears_the_name_now(
    open_server: Open, alice: Seat, bob: Seat, there: Bench
) -> None:
    """Their server hears late of it."""
    store = open_server().store
    store.write(kicked(bob, ago=60))
    stranger = Seat(there)
    stranger.client.name = "bob"
    stranger.client.session = Session("another", 0)
    store.write(kicked(stranger))
    store.write(Entry([acts.draft_of("server", Act(acts.ROOM, room="lobby", text="heard"), time.time())], {}))
    assert wait_until(lambda: bool(of_type([*bob.ever, *bob.heard()], "room")))
    assert not bob.outbox.closed
