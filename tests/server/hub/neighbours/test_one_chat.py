"""Several hubs on one log: for the people who are connected, they are one chat."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import pytest

from server_parts.hub.announcing import Announcer
from server_parts.protocol.requests import Away, Hello, Join, Leave, Nick, Rooms, Say, Who
from server_parts.storage.records import OutcomeUnknown, Run
from server_parts.storage.store import Entry
from tests.peers import WAIT, of_type, wait_until
from tests.postgres import needs_postgres
from tests.server.hub.bench import Bench, Seat
from tests.server.hub.neighbours.meetings import Meeting, Open, PostgresMeeting, hears_text, texts
from tests.server.storage.postgres_logs import postgres_log

# --- what is said ---


def test_what_is_said_at_one_server_is_heard_at_the_other(alice: Seat, bob: Seat) -> None:
    """With one number everywhere, once."""
    alice.say("from here")
    bob.say("from there")
    for seat in (alice, bob):
        assert [hears_text(seat, text)["id"] for text in ("from here", "from there")] == [1, 2]
        assert sorted(texts(seat)) == ["from here", "from there"]


def test_a_room_without_anybody_here_is_not_followed(here: Bench, alice: Seat, bob: Seat) -> None:
    bob.ask(Join("tea"))
    bob.say("quiet", room="tea")
    bob.say("loud")
    hears_text(alice, "loud")
    assert here.hub._feed.positions().keys() == {"lobby", "@+"}
    assert here.hub._feed.wanted("tea", 1) is None


def test_who_enters_such_a_room_reads_what_was_said(alice: Seat, bob: Seat) -> None:
    bob.ask(Join("tea"))
    bob.say("before", room="tea")
    bob.say("seen")
    hears_text(alice, "seen")
    frames = alice.ask(Join("tea"))
    joined, history = of_type(frames, "joined")[0], of_type(frames, "history")[0]
    assert (joined["last"], joined["members"]) == (1, 2)
    assert [message["text"] for message in history["messages"]] == ["before"]
    bob.say("after", room="tea")
    assert hears_text(alice, "after")["id"] == 2


def test_what_may_have_been_stored_is_not_told_where_only_others_are(
    alice: Seat, bob: Seat, here: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its author has left the room; the hub goes on."""
    write = here.store.write

    def write_and_lose_touch(entry: Entry) -> list[Run]:
        write(entry)
        raise OutcomeUnknown("the connection was lost")

    for seat in (alice, bob):
        seat.ask(Join("den"))
    assert wait_until(lambda: of_type(alice.ask(Who("den")), "who")[0]["total"] == 2)
    with monkeypatch.context() as patched:
        patched.setattr(here.store, "write", write_and_lose_touch)
        alice.say("one", room="den")
    alice.ask(Leave("den"))
    alice.say("two")
    hears_text(bob, "two")


# --- who is there ---


def test_somebody_is_known_before_they_are_heard(alice: Seat, there: Bench) -> None:
    """Also if both happen in one turn of the other server."""
    there.seat("dave")  # by then it knows who is at the other server, and waits for nothing
    carol = Seat(there)
    carol.submit(Hello("carol", there.session()), Say("lobby", ["at once"], 1))
    hears_text(alice, "at once")
    kinds = [
        ("carol" in f.get("joined", ()), f.get("text")) for f in alice.ever if f["type"] in ("presence", "message")
    ]
    assert kinds.index((True, None)) < kinds.index((False, "at once"))


def test_posts_that_come_too_late_would_be_noticed(alice: Seat, there: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a server stored what somebody says without having told who that is."""
    there.seat("dave")
    carol = Seat(there)
    with monkeypatch.context() as patched:
        patched.setattr(Announcer, "flush", lambda _: None)
        carol.submit(Hello("carol", there.session()), Say("lobby", ["at once"], 1))
        hears_text(alice, "at once")
        assert not any("carol" in frame.get("joined", ()) for frame in alice.ever)


def test_somebody_is_heard_before_they_are_gone(alice: Seat, bob: Seat) -> None:
    bob.submit(Say("lobby", ["the last word"], 1), Leave("lobby"))
    assert alice.hears({"type": "presence", "room": "lobby", "left": ["bob"], "members": 1})
    kinds = [f.get("text") or f.get("left") for f in alice.ever if f["type"] in ("presence", "message")]
    assert kinds.index("the last word") < kinds.index(["bob"])


def test_lists_and_counts_are_of_all_servers(alice: Seat, bob: Seat) -> None:
    (who,) = of_type(alice.ask(Who("lobby")), "who")
    assert [member["name"] for member in who["members"]] == ["alice", "bob"]
    (rooms,) = of_type(bob.ask(Rooms()), "rooms")
    assert [(room["room"], room["members"]) for room in rooms["rooms"]] == [("lobby", 2)]


def test_a_new_name_is_known_everywhere(alice: Seat, bob: Seat) -> None:
    bob.ask(Nick("robert"))
    assert alice.hears({"type": "presence", "room": "lobby", "renamed": [["bob", "robert"]], "members": 2})
    bob.say("me")
    assert hears_text(alice, "me")["from"] == "robert"


def test_somebody_who_is_away_is_away_everywhere(alice: Seat, here: Bench, there: Bench) -> None:
    first = here.seat("carol", token="c" * 32, shares_name=True)
    second = there.seat("carol", token="c" * 32, shares_name=True)
    first.ask(Away("tea"))
    assert second.hears({"type": "away", "text": "tea"})
    assert second.client.away == "tea"


# --- servers ---


def test_a_server_that_comes_later_learns_who_is_there(alice: Seat, bob: Seat, open_server: Open) -> None:
    third = open_server()
    carol = third.seat("carol")
    (who,) = of_type(carol.ask(Who("lobby")), "who")
    assert {member["name"] for member in who["members"]} == {"alice", "bob", "carol"}


def test_people_of_a_lost_server_are_gone(meeting: Meeting, there: Bench, alice: Seat, bob: Seat) -> None:
    """Theirs are let go, and asked to come again."""
    meeting.give_up(there.exchange.server)
    assert alice.hears({"type": "presence", "room": "lobby", "left": ["bob"], "members": 1})
    assert wait_until(lambda: bob.outbox.closed)
    assert of_type(bob.heard(), "bye")[0] | {"text": ""} == {"type": "bye", "code": "moved", "text": "", "retry": True}
    back = _comes_back(there)
    back.say("again")
    hears_text(alice, "again")


def _comes_back(bench: Bench) -> Seat:
    """As a client does: it tries again while the server cannot let it in."""
    tries: list[Seat] = []

    def is_in() -> bool:
        tries.append(bench.seat("bob", token="b" * 32))
        return bool(of_type(tries[-1].ever, "welcome"))

    assert wait_until(is_in)
    return tries[-1]


def test_the_servers_are_known(here: Bench, there: Bench, alice: Seat, bob: Seat) -> None:
    """At each of them, with those who are connected to it; whoever looks for news answers."""
    for bench in (here, there):
        expected = {"server 0": (1, bench is here), "server 1": (1, bench is there)}
        assert wait_until(partial(_knows, bench, expected))
        assert wait_until(lambda bench=bench: all(one.seen.silence < 1 for one in bench.hub.servers()))  # type: ignore[misc]
        assert all(one.answers for one in bench.hub.servers())
        assert all(abs(time.time() - one.seen.since) < WAIT for one in bench.hub.servers())


def _knows(bench: Bench, expected: dict[str, tuple[int, bool]]) -> bool:
    """Whether it knows these servers, how many clients each has, and which is this one."""
    return {one.seen.label: (one.clients, one.is_this) for one in bench.hub.servers()} == expected


@needs_postgres
def test_a_server_that_looks_for_nothing_does_not_answer(tmp_path: Path) -> None:
    """It is there, and holds its lock; but nobody can say that it goes on."""
    here, silent = PostgresMeeting(tmp_path).open("here"), postgres_log(tmp_path)
    try:
        assert wait_until(lambda: [one.answers for one in here.hub.servers()] == [True, False])
        silent.exchange.start_over()
        assert wait_until(lambda: [one.answers for one in here.hub.servers()] == [True, True])
    finally:
        here.stop()
        here.store.close()
        silent.exchange.close()
        silent.close()
