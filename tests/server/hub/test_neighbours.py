"""Several hubs on one log: for the people who are connected, they are one chat."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest

from server_parts.hub import announcing, neighbours
from server_parts.hub.announcing import Announcer
from server_parts.hub.asked_elsewhere import AskedElsewhere
from server_parts.moderation import acts
from server_parts.moderation.acts import Act
from server_parts.people.roles import Role
from server_parts.protocol import moderation_requests as order
from server_parts.protocol.account_requests import GiveRole, Whois
from server_parts.protocol.requests import Away, Bye, Hello, Join, Leave, Nick, Rooms, Say, Who
from server_parts.storage.exchange import Post
from server_parts.storage.memory_exchange import Hall, MemoryExchange
from server_parts.storage.records import Message, OutcomeUnknown, Run, StorageError
from server_parts.storage.store import Entry
from tests.peers import WAIT, Frame, of_type, wait_until
from tests.postgres import needs_postgres
from tests.server.hub.bench import Bench, BenchLog, Seat
from tests.server.storage.postgres_logs import address_of, execute, postgres_log

Open = Callable[[], Bench]


class Meeting(Protocol):
    """Where servers of one chat meet."""

    def open(self, label: str) -> Bench:
        """Another server."""

    def give_up(self, server: int) -> None:
        """The servers take one of them for lost, whether it is or not."""


class MemoryMeeting:
    def __init__(self) -> None:
        self._log = BenchLog()
        self._hall = Hall(self._log)

    def open(self, label: str) -> Bench:
        return Bench(self._log, MemoryExchange(self._hall, label))

    def give_up(self, server: int) -> None:
        self._hall.end(server)


class PostgresMeeting:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self, label: str) -> Bench:
        from tests.server.hub.bench_postgres import BenchPostgres

        log = BenchPostgres(address_of(self._folder))
        log.exchange.label = label
        return Bench(log, log.exchange)

    def give_up(self, server: int) -> None:
        execute(self._folder, f"DELETE FROM chat.servers WHERE id = {server}")
        execute(self._folder, f"INSERT INTO chat.posts (server, kind, data) VALUES ({server}, 'over', '{{}}')")


@pytest.fixture(params=["memory", pytest.param("postgres", marks=needs_postgres)])
def meeting(request: pytest.FixtureRequest, tmp_path: Path) -> Meeting:
    return MemoryMeeting() if request.param == "memory" else PostgresMeeting(tmp_path)


@pytest.fixture
def open_server(meeting: Meeting) -> Iterator[Open]:
    """Another server of the chat."""
    opened: list[Bench] = []

    def open_one() -> Bench:
        opened.append(meeting.open(f"server {len(opened)}"))
        return opened[-1]

    yield open_one
    for bench in opened:
        bench.stop()
        bench.store.close()


@pytest.fixture
def here(open_server: Open) -> Bench:
    return open_server()


@pytest.fixture
def there(here: Bench, open_server: Open) -> Bench:
    return open_server()


@pytest.fixture
def alice(here: Bench, there: Bench) -> Seat:
    """At one server, in the lobby."""
    return here.seat("alice", token="a" * 32)


@pytest.fixture
def bob(there: Bench, alice: Seat) -> Seat:
    """At the other one; alice has heard that he came, and asked who is there, so that she can mean nobody else."""
    bob = there.seat("bob", token="b" * 32)
    assert alice.sees_come("bob")
    alice.ask(Who("lobby"))
    return bob


def hears_text(seat: Seat, text: str) -> Frame:
    """The message with that text, when it comes."""
    found: list[Frame] = []

    def has_come() -> bool:
        seat.heard()
        found.extend(frame for frame in of_type(seat.ever, "message") if frame["text"] == text)
        return bool(found)

    assert wait_until(has_come)
    return found[0]


def texts(seat: Seat) -> list[str]:
    seat.heard()
    return [frame["text"] for frame in of_type(seat.ever, "message")]


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


# --- names ---


def test_a_name_belongs_to_one_person_everywhere(alice: Seat, there: Bench) -> None:
    other = Seat(there)
    (error,) = of_type(other.ask(Hello("Alice", there.session(), token="x" * 32)), "error")
    assert error["code"] == "name_taken"
    assert not of_type(alice.heard(), "presence")


def test_many_who_want_one_name_at_once_get_it_once(here: Bench, there: Bench) -> None:
    for round in range(20):
        seats = [Seat(bench) for bench in (here, there)]
        for seat, bench in zip(seats, (here, there), strict=True):
            seat.submit(Hello(f"name{round}", bench.session(), token=bench.session() * 2))
        for seat in seats:
            seat.settle()
        assert sorted(frame["type"] for seat in seats for frame in seat.heard("welcome", "error")) == [
            "error",
            "welcome",
        ]


def test_guests_have_different_numbers(here: Bench, there: Bench) -> None:
    names = set()
    for bench in (here, there, here, there):
        seat = Seat(bench)
        names.add(of_type(seat.ask(Hello(None, bench.session())), "welcome")[0]["name"])
    assert names == {"guest-1", "guest-2", "guest-3", "guest-4"}


def test_one_person_may_be_at_two_servers(alice: Seat, here: Bench, there: Bench) -> None:
    """Both see everything, and count once."""
    first = here.seat("carol", token="c" * 32, shares_name=True)
    second = there.seat("carol", token="c" * 32, shares_name=True)
    (joined,) = of_type(second.ever, "joined")
    assert joined["members"] == 2
    first.say("from the first")
    alice.say("from alice")
    assert [hears_text(second, text)["id"] for text in ("from the first", "from alice")] == [1, 2]
    second.say("from the second")
    assert hears_text(first, "from the second")["id"] == 3  # so `here` knows that she is there too
    first.ask(Leave("lobby"))
    assert of_type(alice.ask(Who("lobby")), "who")[0]["total"] == 2
    assert not [frame for frame in alice.ever if "carol" in frame.get("left", ())]


def test_a_guest_leaves_a_name_to_whoever_has_a_claim(there: Bench, here: Bench) -> None:
    guest = there.seat("carol")
    carol = here.seat("carol", token="c" * 32)
    assert of_type(carol.ever, "welcome")[0]["name"] == "carol"
    assert wait_until(lambda: guest.client.name == "guest-1")


# --- sessions ---


def test_a_session_that_comes_to_another_server_is_ended_at_the_first(alice: Seat, bob: Seat, there: Bench) -> None:
    """What it said there counts."""
    alice.say("one")
    session = "session-of-carol!"
    carol = alice.bench.seat("carol", session=session, token="c" * 32)
    carol.say("two")
    again = there.seat("carol", session=session, token="c" * 32)
    assert of_type(again.ever, "welcome")[0]["accepted"] == 1
    assert of_type(carol.heard(), "bye")[0]["code"] == "replaced"


def test_a_server_that_does_not_answer_is_not_waited_for(
    alice: Seat, bob: Seat, there: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "ANSWER_TIME", 0.05)
    session = "session-of-carol!"
    carol = there.seat("carol", session=session, token="c" * 32)
    there.store.gate.clear()
    bob.submit(Say("lobby", ["holds that hub"], 1))
    again = Seat(alice.bench)
    there.store.gate.set()
    again.ask(Hello("carol", session, token="c" * 32))
    assert of_type(again.ever, "welcome")
    assert wait_until(lambda: carol.outbox.closed)


def test_a_server_that_stood_still_reads_first_what_was_decided_without_it(
    alice: Seat, here: Bench, there: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would say something for somebody whose name is another's by now."""
    if here.store is there.store:
        pytest.skip("these two hubs have one log in memory: both would stand still")
    monkeypatch.setattr(neighbours, "ANSWER_TIME", 0.05)
    guest = there.seat("carol")
    assert alice.sees_come("carol")
    there.store.gate.clear()
    there.store.appending.clear()
    guest.submit(Say("lobby", ["holds that hub"], 1))
    assert there.store.appending.wait(WAIT)
    guest.submit(Say("lobby", ["too late"], 2))
    carol = here.seat("carol", token="c" * 32)
    assert of_type(carol.ever, "welcome")
    carol.say("I am carol now")
    there.store.gate.set()
    assert wait_until(lambda: guest.outbox.closed)
    assert "too late" not in [message.text for message in here.store.after("lobby", 0, 100)]


# --- in private ---


def test_a_private_message_finds_its_reader_at_another_server(alice: Seat, bob: Seat) -> None:
    alice.say("psst", room="@bob")
    assert wait_until(lambda: "psst" in _read(bob))
    bob.say("yes?", room="@alice")
    hears_text(alice, "yes?")


@contextmanager
def held(bench: Bench) -> Iterator[None]:
    """Meanwhile that server's hub does nothing, and reads nothing of what the others post."""
    holder, is_held, goes_on = Seat(bench), threading.Event(), threading.Event()
    holder.ask(Hello("holder", bench.session()))
    tell = holder.outbox.offer

    def offer(block: bytes) -> bool:
        is_held.set()
        return goes_on.wait(WAIT) and tell(block)

    holder.outbox.offer = offer  # type: ignore[method-assign]
    holder.submit(Leave("nowhere"))  # which is answered by the hub itself
    assert is_held.wait(WAIT)
    try:
        yield
    finally:
        goes_on.set()
        holder.settle()


def test_two_who_write_to_each_other_at_once_hear_all_of_it_once(alice: Seat, bob: Seat, there: Bench) -> None:
    """The second one's server hears of the first text when somebody has written there already."""
    with held(there):
        alice.say("one", room="@bob")
        alice.say("two", room="@bob")
        bob.submit(Say("@alice", ["three"], 1))
    for seat in (alice, bob):
        assert wait_until(lambda seat=seat: "three" in _read(seat))  # type: ignore[misc]
        assert sorted(_read(seat)) == ["one", "three", "two"]


def test_who_is_let_go_while_they_say_something_has_not_said_it(
    alice: Seat, bob: Seat, here: Bench, there: Bench
) -> None:
    """Another server has asked for that; their client says it there again."""
    with held(here):
        alice.submit(Say("@bob", ["one"], 1))
        of_alice = {"server": here.exchange.server, "id": alice.client.number}
        there.exchange.post([Post(there.exchange.server, announcing.DROPPED, of_alice)])
    assert wait_until(lambda: alice.outbox.closed)
    assert here.seat("carol").say("the hub goes on")
    hears_text(bob, "the hub goes on")
    assert "one" not in _read(bob)


def test_who_is_brought_into_a_room_that_cannot_be_read_is_cut_off(
    alice: Seat, bob: Seat, there: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would hear what is said in a room of which they know nothing; when they come back, they are told all."""

    def fail(*_: object) -> list[Message]:
        raise StorageError("it cannot be read")

    with held(there):
        alice.say("one", room="@bob")
        monkeypatch.setattr(there.store, "after", fail)
    assert wait_until(lambda: bob.outbox.was_cut)


def test_who_comes_in_while_somebody_writes_to_them_hears_it(alice: Seat, here: Bench, there: Bench) -> None:
    """The writer's server did not know yet that they are there, and theirs not what was written."""
    token = "c" * 32
    there.seat("carol", token=token).ask(Say("lobby", ["claims the name"], 1), Bye())
    hears_text(alice, "claims the name")
    with held(here):
        alice.submit(Say("@carol", ["one"], 1))
        carol = there.seat("carol", token=token)
    assert wait_until(lambda: "one" in _read(carol))
    alice.seq = 1
    alice.say("two", room="@carol")
    assert wait_until(lambda: "two" in _read(carol))
    assert sorted(text for text in _read(carol) if text in ("one", "two")) == ["one", "two"]


def test_who_comes_back_at_another_server_may_write_to_whom_they_knew(
    bob: Seat, here: Bench, there: Bench, open_server: Open
) -> None:
    """When somebody has left is known there, and to a server that starts soon after."""
    session = "session-of-carol!"
    here.seat("carol", session=session, token="c" * 32).ask(Say("@bob", ["one"], 1), Bye())
    there.seat("carol", session=session, token="c" * 32).ask(Say("@bob", ["two"], 2), Bye())
    open_server().seat("carol", session=session, token="c" * 32).ask(Say("@bob", ["three"], 3), Bye())
    assert wait_until(lambda: sorted(_read(bob)) == ["one", "three", "two"])


def _read(seat: Seat) -> list[str]:
    """All texts that somebody was told, live or as something missed."""
    seat.heard()
    missed = [m["text"] for frame in of_type(seat.ever, "history") for m in frame["messages"]]
    return [*texts(seat), *missed]


def test_a_private_room_closes_when_its_guest_leaves(alice: Seat, there: Bench) -> None:
    guest = there.seat("carol")
    assert alice.sees_come("carol")
    alice.say("psst", room="@carol")
    assert wait_until(lambda: "psst" in _read(guest))
    guest.ask(Nick("dora"))
    assert wait_until(lambda: "@alice+carol" not in alice.client.rooms)


# --- moderation ---


@pytest.fixture
def operator(here: Bench) -> Seat:
    seat = Seat(here, Role.OWNER)
    seat.client.name = "server"
    seat.ask(Hello("server", ""))
    return seat


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


# --- accounts ---


def test_a_role_given_at_one_server_holds_at_the_other(operator: Seat, bob: Seat) -> None:
    bob.say("I exist")
    hears_text(operator, "I exist")
    operator.ask(GiveRole("bob", "operator"))
    assert wait_until(lambda: bob.client.role is Role.OPERATOR)
    assert of_type(bob.ask(Whois("bob")), "whois")[0]["role"] == "operator"
    assert wait_until(lambda: _sees_role(operator, "bob") == "operator")


def _sees_role(seat: Seat, name: str) -> str:
    return str(of_type(seat.ask(Whois(name)), "whois")[0]["role"])


def test_a_private_message_claims_a_name_at_another_server_once(here: Bench, alice: Seat, bob: Seat) -> None:
    """Its bearer knows, and does not claim it again."""
    alice.say("psst", room="@bob")
    assert wait_until(lambda: not bob.client.claiming)
    account = here.store.account("bob")
    bob.say("hello")
    assert here.store.account("bob") == account
    assert bob.client.role is Role.MEMBER


def test_somebody_who_is_away_is_away_everywhere(alice: Seat, here: Bench, there: Bench) -> None:
    first = here.seat("carol", token="c" * 32, shares_name=True)
    second = there.seat("carol", token="c" * 32, shares_name=True)
    first.ask(Away("tea"))
    assert second.hears({"type": "away", "text": "tea"})
    assert second.client.away == "tea"


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


def test_who_was_asked_to_come_into_a_room_is_asked_again(
    alice: Seat, bob: Seat, here: Bench, there: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first time was lost with the database; what was said meanwhile is not."""
    with held(there):
        alice.say("one", room="@bob")
        monkeypatch.setattr(AskedElsewhere, "carry_out", lambda *_: None)
    there.seat("carol")  # when she is in, that server has read it
    monkeypatch.undo()
    alice.say("two", room="@bob")
    assert wait_until(lambda: sorted(_read(bob)) == ["one", "two"])


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
