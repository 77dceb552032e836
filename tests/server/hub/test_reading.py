"""How far people have read: noted, told to their other connections, stored; by the hub and its clock."""

from __future__ import annotations

import math
import threading

import pytest

from server_parts.hub import reading
from server_parts.hub.dispatcher import Dispatcher
from server_parts.hub.reading import BREATH, PAUSE, RETRY, SLICE, Reading
from server_parts.hub.state import HubState, new_state
from server_parts.people.clients import Client
from server_parts.people.rate_limit import RateLimits
from server_parts.protocol.moderation_requests import SetRoom
from server_parts.protocol.native_encoder import NATIVE
from server_parts.protocol.requests import Bye, Hello, Join, Nick, Read, Say
from server_parts.settings import Settings
from server_parts.storage.account_records import Release
from server_parts.storage.records import hashed
from tests.peers import WAIT, Frame, codes, of_type, wait_until
from tests.server.hub.bench import Bench, BenchLog, Remembering, Seat
from tests.server.storage.drafts import say

pytestmark = pytest.mark.usefixtures("no_threads_left")

TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits for the next second."""
    monkeypatch.setattr(reading, "PAUSE", 0.0)


def account_of(bench: Bench, name: str, token: str = TOKEN) -> int:
    """Make the account, if there is none."""
    if bench.store.account(name) is None:
        bench.store.claim(name, hashed(token))
    account = bench.store.account(name)
    assert account is not None
    return account.id


def connect(bench: Bench, name: str = "alice", token: str = TOKEN, **hello: object) -> Seat:
    """A terminal of somebody with an account; it remembers what it is told when it comes in."""
    account_of(bench, name, token)
    seat = Seat(bench)
    seat.ask(Hello(name, bench.session(), token=token, shares_name=True, **hello))  # type: ignore[arg-type]
    return seat


def fill(bench: Bench, *texts: str, room: str = "lobby") -> None:
    say(bench.store, *texts, room=room, sender="carol")


def joined(seat: Seat, room: str = "lobby") -> Frame:
    seat.heard()
    return next(f for f in reversed(seat.ever) if (f["type"], f.get("room")) == ("joined", room))


def reads(seat: Seat) -> list[tuple[str, int]]:
    seat.heard()
    return [(f["room"], f["id"]) for f in of_type(seat.ever, "read")]


def event(id: int, room: str = "lobby") -> Frame:
    return {"type": "read", "room": room, "id": id}


def stored(bench: Bench, account: int, **positions: int) -> bool:
    return wait_until(lambda: bench.store.read_positions(account) == positions)


# --- through the hub ---


@pytest.mark.usefixtures("at_once")
def test_what_is_read_at_one_terminal_is_read_at_the_other(bench: Bench) -> None:
    """The other one is told, whoever reads; the reader itself is not, and nobody else hears of it."""
    first, second, bob = connect(bench), connect(bench), bench.seat("bob")
    for text in ("one", "two", "three"):
        bob.say(text)
    first.ask(Read("lobby", 2))
    assert second.hears(event(2))
    second.ask(Read("lobby", 3))
    assert first.hears(event(3))
    assert (reads(first), reads(second), reads(bob)) == ([("lobby", 3)], [("lobby", 2)], [])
    assert stored(bench, account_of(bench, "alice"), lobby=3)


@pytest.mark.usefixtures("at_once")
def test_who_comes_later_starts_there(bench: Bench) -> None:
    """`joined` says how far this person has read; null where that is nothing yet."""
    first, bob = connect(bench), bench.seat("bob")
    bob.say("one")
    bob.say("two")
    assert joined(first)["read"] is None
    first.ask(Read("lobby", 1), Bye())
    assert joined(connect(bench))["read"] == 1


def test_a_position_is_known_before_it_is_stored(bench: Bench) -> None:
    """Also while the log cannot be written: it is said to whoever comes meanwhile, and stored at the end."""
    first, bob = connect(bench), bench.seat("bob")
    bob.say("one")
    bob.say("two")
    bench.store.broken = "disk full"
    first.ask(Read("lobby", 1))
    first.ask(Read("lobby", 2))
    assert bench.store.read_positions(account_of(bench, "alice")) == {}
    second = connect(bench)
    assert joined(second)["read"] == 2
    bench.store.broken = None
    bench.stop()
    assert bench.store.read_positions(account_of(bench, "alice")) == {"lobby": 2}


@pytest.mark.usefixtures("at_once")
def test_only_forward_and_not_beyond_the_newest_message(bench: Bench) -> None:
    """A position above the room's last message is that message; a lower one than before is nothing."""
    first, second, bob = connect(bench), connect(bench), bench.seat("bob")
    bob.say("one")
    bob.say("two")
    first.ask(Read("lobby", 10**9))
    assert second.hears(event(2))
    second.ask(Read("lobby", 1))
    first.ask(Read("lobby", 2))
    bob.say("three")
    first.ask(Read("lobby", 3))
    assert second.hears(event(3))
    assert (reads(first), reads(second)) == ([], [("lobby", 2), ("lobby", 3)])
    assert stored(bench, account_of(bench, "alice"), lobby=3)


@pytest.mark.usefixtures("at_once")
def test_a_private_room_is_read_as_any_other(bench: Bench) -> None:
    """By each of the two for themselves, under both of its names."""
    first, second = connect(bench), connect(bench)
    bob = connect(bench, "bob", TOKEN[::-1])
    bob.say("psst", "@alice")
    first.ask(Read("@bob", 1))
    assert second.hears(event(1, "@alice+bob"))
    assert reads(bob) == []
    assert stored(bench, account_of(bench, "alice"), **{"@alice+bob": 1})
    assert bench.store.read_positions(account_of(bench, "bob")) == {}


@pytest.mark.usefixtures("at_once")
def test_others_private_rooms_are_denied_and_guests_are_passed_over(bench: Bench) -> None:
    """Whoever has no account has no position; nothing is answered but an error."""
    alice, bob = connect(bench), bench.seat("bob")
    bob.say("one")
    assert codes(alice.ask(Read("@bob+carol", 1))) == ["denied"]
    assert [f for f in bob.ask(Read("lobby", 1), Read("nowhere", 5)) if f["type"] != "presence"] == []
    alice.ask(Read("nowhere", 5), Read("lobby", 1))
    assert "read" not in joined(bob)
    assert stored(bench, account_of(bench, "alice"), lobby=1)


@pytest.mark.usefixtures("at_once")
def test_a_room_that_is_hidden_has_no_positions(bench: Bench) -> None:
    """Who may not see it cannot find out by this whether it is there."""
    alice, bob = connect(bench), connect(bench, "bob", TOKEN[::-1])
    bob.ask(Join("den"))
    bob.say("mine", "den")
    bob.ask(SetRoom("den", mode="invite"))
    alice.ask(Read("den", 1))
    alice.ask(Read("lobby", 1))
    bob.ask(Read("den", 1))
    assert reads(alice) == []
    assert stored(bench, account_of(bench, "bob"), den=1)
    assert bench.store.read_positions(account_of(bench, "alice")) == {}


@pytest.mark.usefixtures("at_once")
def test_who_becomes_an_account_is_told_how_far_it_has_read(bench: Bench) -> None:
    """Of the rooms that it is in already."""
    first, bob = connect(bench), bench.seat("bob")
    bob.say("one")
    first.ask(Read("lobby", 1), Bye())
    assert stored(bench, account_of(bench, "alice"), lobby=1)
    late = Seat(bench)
    late.ask(Hello("other", bench.session(), token=TOKEN, shares_name=True))
    assert reads(late) == []
    late.ask(Nick("alice"))
    assert late.client.account
    assert reads(late) == [("lobby", 1)]


@pytest.mark.usefixtures("at_once")
def test_join_says_it_anew(bench: Bench) -> None:
    """As the log has it then: another server may have heard more than this one."""
    alice = connect(bench)
    fill(bench, "one", "two", room="den")
    bench.store.note_read({(account_of(bench, "alice"), "den"): 1})
    alice.ask(Join("den"))
    assert joined(alice, "den")["read"] == 1
    bench.store.note_read({(account_of(bench, "alice"), "den"): 2})
    alice.ask(Join("den"))
    assert joined(alice, "den")["read"] == 2


def test_what_is_gone_counts_as_read(bench: Bench) -> None:
    """So that nobody waits for messages which nobody has any more."""
    fill(bench, "one", "two", "three")
    bench.store.note_read({(account_of(bench, "alice"), "lobby"): 1})
    last = bench.store.last("lobby")
    bench.store.trim(keep_messages=1)
    assert joined(connect(bench))["read"] == last - 1


# --- by its clock ---


@pytest.fixture
def log() -> BenchLog:
    return BenchLog()


@pytest.fixture
def state(log: BenchLog) -> HubState:
    return new_state(log, Settings(console=False))


def member(state: HubState, log: BenchLog, name: str) -> Client:
    """A connection of somebody with an account, without a hub."""
    if log.account(name) is None:
        log.claim(name, hashed(name))
    account = log.account(name)
    assert account is not None
    client = Client(Remembering(), "bench")
    client.encoder = NATIVE
    client.token_hash = hashed(name)
    state.live_rooms.names.take(name, client, account)
    return client


def told(client: Client) -> int:
    outbox = client.outbox
    assert isinstance(outbox, Remembering)
    return len(outbox.blocks)


def test_nothing_is_told_or_stored_more_than_once_a_second(state: HubState, log: BenchLog) -> None:
    """However often somebody says it: others hear the furthest."""
    one, two = (member(state, log, "alice") for _ in range(2))
    say(log, *map(str, range(100)))
    positions = Reading(state)
    assert positions.due == math.inf
    positions.read(one, Read("lobby", 1))
    assert positions.due <= 0
    positions.run(10.0)
    assert (told(two), log.read_positions(one.account)) == (1, {"lobby": 1})
    assert positions.due == math.inf
    for id in range(2, 90):
        positions.read(one if id % 2 else two, Read("lobby", id))
    assert positions.due == 10.0 + PAUSE
    assert (told(one), told(two)) == (0, 1)
    positions.run(positions.due)
    assert (told(one), told(two), log.read_positions(one.account)) == (0, 2, {"lobby": 89})


def test_much_is_stored_in_slices(state: HubState, log: BenchLog) -> None:
    """The hub has its turn between them; at the end all of it is stored."""
    one = member(state, log, "alice")
    rooms = [f"room-{number}" for number in range(2 * SLICE + 1)]
    for room in rooms:
        say(log, "one", room=room)
    positions = Reading(state)
    for room in rooms:
        positions.read(one, Read(room, 1))
    positions.run(10.0)
    assert (len(log.read_positions(one.account)), positions.due) == (SLICE, 10.0 + BREATH)
    positions.finish()
    assert len(log.read_positions(one.account)) == len(rooms)
    assert positions.due == math.inf


def test_a_log_that_fails_is_asked_again(state: HubState, log: BenchLog, caplog: pytest.LogCaptureFixture) -> None:
    """Later, and without a word to the reader."""
    one = member(state, log, "alice")
    say(log, "one")
    positions = Reading(state)
    log.broken = "disk full"
    positions.read(one, Read("lobby", 1))
    positions.run(10.0)
    assert positions.due == 10.0 + RETRY
    assert [record.getMessage() for record in caplog.records] == [
        "how far people have read cannot be stored: disk full"
    ]
    positions.finish()  # which does not wait for it
    log.broken = None
    positions.run(20.0)
    assert (told(one), log.read_positions(one.account)) == (0, {"lobby": 1})


def test_a_log_that_has_lost_messages_keeps_no_position_above_its_last(state: HubState, log: BenchLog) -> None:
    """Their numbers will be given to other messages, which nobody has read."""
    one = member(state, log, "alice")
    say(log, "one", "two", "three")
    positions = Reading(state)
    positions.read(one, Read("lobby", 3))
    log._last["lobby"] = 2
    positions.run(10.0)
    assert log.read_positions(one.account) == {"lobby": 2}


def test_an_account_that_is_gone_takes_its_positions_along(state: HubState, log: BenchLog) -> None:
    """Also those that are not stored yet."""
    one = member(state, log, "alice")
    say(log, "one")
    positions = Reading(state)
    positions.read(one, Read("lobby", 1))
    log.change(Release(one.account))
    positions.run(10.0)
    assert log.read_positions(one.account) == {}


def test_a_reader_does_not_wait_for_the_hub(bench: Bench) -> None:
    """It is told nothing of how far its person has read; of what it asks for next it is."""
    fill(bench, "one")
    alice, bob = connect(bench), bench.seat("bob")
    dispatcher = Dispatcher(alice.client, bench.hub, bench.store, RateLimits(0))
    bench.store.appending.clear()
    bench.store.gate.clear()
    bob.submit(Say("lobby", ["the hub waits for the log"], 1))
    assert bench.store.appending.wait(WAIT)
    asked = threading.Thread(target=dispatcher.serve, args=([Read("lobby", 1)],))
    asked.start()
    asked.join(WAIT / 4)
    was_free = not asked.is_alive()
    bench.store.gate.set()
    asked.join(WAIT)
    assert was_free
    dispatcher.serve([Nick("alice")])
    assert alice.client.read == {"lobby": 1}
