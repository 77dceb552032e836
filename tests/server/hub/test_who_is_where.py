"""Lists of people and rooms, away notes, joining and leaving; without a socket anywhere."""

from __future__ import annotations

import inspect
from collections.abc import Generator

import pytest

from server_parts.hub.dispatcher import Dispatcher
from server_parts.people.rate_limit import RateLimits
from server_parts.people.roles import Role
from server_parts.protocol.requests import (
    LIST_LIMIT,
    Away,
    Disconnected,
    Hello,
    Join,
    Leave,
    Nick,
    Rooms,
    Say,
    Who,
)
from server_parts.storage.records import Draft
from tests.peers import codes, of_type
from tests.server.hub.bench import Bench, Seat

pytestmark = pytest.mark.usefixtures("no_threads_left", "chat_log", "at_once_and_in_slices")

TOKEN = "0123456789abcdef0123456789abcdef"


# --- who is where ---


def test_comings_and_goings_are_told(bench: Bench, alice: Seat) -> None:
    """With the number of members there are now."""
    bob = bench.seat("bob")
    assert alice.hears({"type": "presence", "room": "lobby", "joined": ["bob"], "members": 2})
    bob.ask(Disconnected())
    assert alice.hears({"type": "presence", "room": "lobby", "left": ["bob"], "members": 1})


def test_who_comes_and_speaks_at_once_is_heard_to_come_first(bench: Bench, alice: Seat) -> None:
    """In each room, by everybody there; also who is gone again at once."""
    alice.ask(Join("den"))
    for room in ("lobby", "den"):
        assert alice.hears({"type": "presence", "room": room, "joined": ["alice"], "members": 1})
    bob = Seat(bench)
    bob.submit(
        Hello("bob", bench.session()), Join("den"), Say("den", ["one"], 1), Say("lobby", ["two"], 2), Disconnected()
    )
    bob.settle()
    assert alice.hears({"type": "presence", "room": "den", "left": ["bob"], "members": 1})
    assert alice.hears({"type": "presence", "room": "lobby", "left": ["bob"], "members": 1})
    for room, text in (("den", "one"), ("lobby", "two")):
        heard = [frame for frame in of_type(alice.ever, "presence", "message") if frame["room"] == room]
        assert [frame.get("joined") or frame.get("text") for frame in heard][-3:] == [["bob"], text, None]


def test_a_leaver_is_told_itself(alice: Seat) -> None:
    """It is no member any more when the others hear."""
    alice.ask(Join("tea"))
    assert {"type": "presence", "room": "tea", "left": ["alice"], "members": 0} in alice.ask(Leave("tea"))
    assert codes(alice.ask(Leave("tea"))) == ["not_in_room"]


def test_away_is_seen_by_those_who_ask(alice: Seat, bob: Seat) -> None:
    """In the list, and by whoever writes in private; until it is over."""
    bob.ask(Away("at lunch"))
    assert of_type(alice.ask(Who("lobby")), "who")[0]["members"][1]["away"] == "at lunch"
    assert "at lunch" in of_type(alice.say("psst", "@bob"), "notice")[0]["text"]
    bob.ask(Away(None))
    assert "away" not in of_type(alice.ask(Who("lobby")), "who")[0]["members"][1]


def test_rooms_are_listed_with_members_and_last(alice: Seat, bob: Seat) -> None:
    """A room that has emptied keeps its log; one that never had a message is gone."""
    alice.ask(Join("tea"), Join("empty"))
    alice.say("x", "tea")
    alice.ask(Leave("tea"), Leave("empty"))
    (rooms,) = of_type(bob.ask(Rooms()), "rooms")
    assert rooms["rooms"] == [{"room": "lobby", "members": 2, "last": 0}, {"room": "tea", "members": 0, "last": 1}]


def test_a_long_list_of_rooms_comes_page_by_page(bench: Bench, alice: Seat) -> None:
    """Two hundred, with how many there are; the next page begins behind the last room, and is made while it is sent."""
    rooms = [f"room-{number:04}" for number in range(450)]
    bench.store.append([Draft(room, 0.5, "zoe", "blue", ["x"], "", 0) for room in rooms], {})
    alice.outbox.pages.clear()
    listed: list[str] = []
    for number in (200, 200, 51):
        (page,) = of_type(alice.ask(Rooms(after=listed[-1] if listed else None)), "rooms")
        assert (len(page["rooms"]), page["total"], page["more"]) == (number, 451, False)
        listed += [room["room"] for room in page["rooms"]]
    assert listed == ["lobby", *rooms]
    assert [len(pages) for pages in alice.outbox.pages] == [1, 1, 1]


def test_rooms_can_be_listed_by_their_beginning(bench: Bench, alice: Seat) -> None:
    """Only those are counted, too."""
    bench.store.append([Draft(room, 0.5, "zoe", "blue", ["x"], "", 0) for room in ("tea", "team", "work")], {})
    (page,) = of_type(alice.ask(Rooms("te")), "rooms")
    assert ([room["room"] for room in page["rooms"]], page["total"]) == (["tea", "team"], 2)


def test_many_people_come_page_by_page(bench: Bench, alice: Seat) -> None:
    """In the order of their names; few people come all at once, in the order in which they came."""
    zoe = bench.seat("Zoe")
    (page,) = of_type(alice.ask(Who("lobby")), "who")
    assert ([member["name"] for member in page["members"]], page["total"]) == (["alice", "Zoe"], 2)
    crowd = [bench.seat(f"p{number:03}") for number in range(250)]
    listed: list[str] = []
    for number in (200, 52):
        (page,) = of_type(zoe.ask(Who("lobby", listed[-1] if listed else None)), "who")
        assert (len(page["members"]), page["total"]) == (number, 252)
        listed += [member["name"] for member in page["members"]]
    assert listed == ["alice", *(seat.client.name for seat in crowd), "Zoe"]


def test_the_list_of_rooms_is_made_by_its_reader(alice: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub only notes what there is: it has no time for 50,000 rooms."""
    kept: list[Generator[bytes, None, None]] = []
    monkeypatch.setattr(alice.outbox, "offer_pages", kept.append)
    alice.ask(Rooms())
    assert [inspect.getgeneratorstate(pages) for pages in kept] == [inspect.GEN_CREATED]
    alice.ask(Join("later"))
    assert b'"lobby"' in (page := next(kept[0]))
    assert b"later" not in page


def test_what_whoever_enters_is_told_is_made_by_its_reader(alice: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who enters hundreds of rooms at once holds up nobody with that; the number of members is that of its coming."""
    kept: list[Generator[bytes, None, None]] = []
    monkeypatch.setattr(alice.outbox, "offer_pages", kept.append)
    alice.ask(Join("den"))
    assert [inspect.getgeneratorstate(pages) for pages in kept] == [inspect.GEN_CREATED]
    assert b'"type":"joined","room":"den","last":0,"members":1' in next(kept[0])


def test_the_list_of_people_is_made_by_its_reader(alice: Seat, bob: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they were called when it was asked for: of a later name alice is told behind the list."""
    kept: list[Generator[bytes, None, None]] = []
    monkeypatch.setattr(alice.outbox, "offer_pages", kept.append)
    alice.ask(Who("lobby"))
    assert [inspect.getgeneratorstate(pages) for pages in kept] == [inspect.GEN_CREATED]
    bob.ask(Nick("later"))
    page = next(kept[0])
    assert b'"bob"' in page
    assert b"later" not in page


def test_the_operators_list_of_rooms_is_made_in_one_go(bench: Bench) -> None:
    """By the hub itself, and whole: nothing else is shown there meanwhile."""
    rooms = [f"room-{number:04}" for number in range(2 * LIST_LIMIT + 1)]
    bench.store.append([Draft(room, 0.5, "zoe", "blue", ["x"], "", 0) for room in rooms], {})
    operator = Seat(bench, role=Role.OWNER)
    operator.ask(Hello("server", ""))
    (listing,) = of_type(operator.ask(Rooms()), "rooms")
    assert [room["room"] for room in listing["rooms"]] == ["lobby", *rooms]


def test_long_lists_are_sent_one_at_a_time(bench: Bench, alice: Seat) -> None:
    """However many are asked for at once: what waits to be made counts for no bound."""
    rooms = [f"room-{number:04}" for number in range(2 * LIST_LIMIT + 1)]
    bench.store.append([Draft(room, 0.5, "zoe", "blue", ["x"], "", 0) for room in rooms], {})
    alice.outbox.drain()
    alice.outbox.pages.clear()
    alice.outbox.most_unsent = 0
    Dispatcher(alice.client, bench.hub, bench.store, RateLimits(0)).serve([Rooms(), Rooms(), Who(), Rooms()])
    assert len(alice.outbox.pages) == 4
    assert alice.outbox.most_unsent == 1
    assert [frame["type"] for frame in alice.heard("rooms", "who") if not frame["more"]] == ["rooms"] * 2 + [
        "who",
        "rooms",
    ]
