"""Who is in, under which name and where; all of it decided without a socket anywhere."""

from __future__ import annotations

import threading
import time

import pytest

from server_parts.hub import hub
from server_parts.hub.comings import PRESENCE_SLICE
from server_parts.hub.hub import GREETING
from server_parts.protocol.native_encoder import NATIVE
from server_parts.protocol.requests import (
    Hello,
    Join,
    Leave,
    Nick,
    Request,
    Rooms,
    Say,
    StartAgain,
    Who,
)
from server_parts.storage.records import Run, hashed
from server_parts.storage.session_store import SessionRecord
from server_parts.storage.store import Entry
from tests.peers import WAIT, codes, of_type
from tests.server.hub.bench import Bench, Remembering, Seat

pytestmark = pytest.mark.usefixtures("no_threads_left", "chat_log")

TOKEN = "0123456789abcdef0123456789abcdef"


# --- coming in ---


def test_a_hello_is_welcomed_into_the_lobby(bench: Bench) -> None:
    """Welcome, joined, history, in this order."""
    seat = Seat(bench)
    told = of_type(seat.ask(Hello("alice", bench.session())), "welcome", "joined", "history")
    assert [frame["type"] for frame in told] == ["welcome", "joined", "history"]
    welcome, joined, history = told
    assert (welcome["name"], welcome["accepted"], welcome["motd"]) == ("alice", 0, "be kind")
    assert welcome["epoch"] == bench.store.epoch
    assert (joined["room"], joined["last"], joined["members"]) == ("lobby", 0, 1)
    assert (history["messages"], history["gap"], history["more"]) == ([], False, False)


@pytest.mark.parametrize("request_", [Say("lobby", ["x"], 1), Join("tea"), Who(), Rooms(), Nick("x"), Leave("lobby")])
def test_hello_comes_first(bench: Bench, request_: Say) -> None:
    """Whoever has not said hello can do nothing."""
    assert codes(Seat(bench).ask(request_)) == ["hello_first"]


def test_a_second_hello_is_refused(alice: Seat, bench: Bench) -> None:
    """And changes nothing."""
    assert codes(alice.ask(Hello("mallory", bench.session()))) == ["bad_field"]
    assert [m["name"] for m in of_type(alice.ask(Who()), "who")[0]["members"]] == ["alice"]


def test_a_guest_that_turns_out_native_gets_its_name(bench: Bench) -> None:
    """Half a second of silence made it a guest; its hello makes it somebody, and the guest's name is free again."""
    seat = Seat(bench)
    seat.submit(Hello(None, bench.session()))
    seat.settle()
    seat.outbox.blocks.clear()
    seat.submit(StartAgain(NATIVE))
    assert of_type(seat.ask(Hello("alice", bench.session())), "welcome")[0]["name"] == "alice"
    assert [m["name"] for m in of_type(seat.ask(Who()), "who")[0]["members"]] == ["alice"]


def test_a_crowd_at_the_door_is_behind_those_who_are_in(bench: Bench, alice: Seat) -> None:
    """What alice says in the same turn is said before any of them is let in."""
    crowd = [Seat(bench) for _ in range(20)]
    hellos: list[tuple[Seat, list[Request]]] = [(one, [Hello(f"c{n}", bench.session())]) for n, one in enumerate(crowd)]
    bench.in_one_turn(*hellos, (alice, [Say("lobby", ["excuse me"], 1)]))
    assert {seat.heard("joined")[0]["last"] for seat in crowd} == {alice.heard("message")[-1]["id"]}


def test_a_slow_crowd_lets_others_have_a_word(bench: Bench, alice: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many wait at the door, a turn has time for a few of them only."""
    begun = threading.Event()
    session = bench.store.session

    def slowly(key: str) -> SessionRecord:
        begun.set()
        time.sleep(GREETING)
        return session(key)

    monkeypatch.setattr(bench.store, "session", slowly)
    crowd = [Seat(bench) for _ in range(20)]
    for number, seat in enumerate(crowd):
        seat.submit(Hello(f"c{number}", bench.session()))
    assert begun.wait(WAIT)
    alice.say("excuse me")
    for seat in crowd:
        seat.settle()
    assert sum(seat.heard("joined")[0]["last"] == 0 for seat in crowd) < 10


def test_a_busy_hub_has_time_for_a_crowd(bench: Bench, alice: Seat, bob: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    """The longer a turn takes, the more of them are let in at its end."""
    write, session = bench.store.write, bench.store.session
    next_turn = [Say("lobby", ["and now to something else"], 1)]
    a_look = 5 * GREETING  # so long that a busy machine does not make much of it

    def write_slowly(entry: Entry) -> list[Run]:
        runs = write(entry)
        time.sleep(80 * a_look)
        return runs

    def session_slowly(key: str) -> SessionRecord:
        if next_turn:
            bob.submit(next_turn.pop())
        time.sleep(a_look)
        return session(key)

    monkeypatch.setattr(bench.store, "write", write_slowly)
    monkeypatch.setattr(bench.store, "session", session_slowly)
    crowd = [Seat(bench) for _ in range(40)]
    alice.submit(Say("lobby", ["first"], 1))
    assert bench.store.appending.wait(WAIT)
    alice.submit(Say("lobby", ["second"], 2))
    for number, seat in enumerate(crowd):
        seat.submit(Hello(f"c{number}", bench.session()))
    for seat in crowd:
        seat.settle()
    assert sum(seat.heard("joined")[0]["last"] == 2 for seat in crowd) > 4


def test_a_crowd_that_speaks_at_once_is_heard_at_once(
    bench: Bench, alice: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they say while they are let in is stored as one batch, and all of them are told of as one before it."""
    monkeypatch.setattr(hub, "GREETING", WAIT)
    bench.store.batches.clear()
    crowd = [Seat(bench) for _ in range(5)]
    names = [f"c{number}" for number in range(5)]
    sessions = [bench.session() for _ in range(5)]
    first_words: list[tuple[Seat, list[Request]]] = [
        (seat, [Hello(name, session), Say("lobby", [name], 1)])
        for seat, name, session in zip(crowd, names, sessions, strict=True)
    ]
    bench.in_one_turn(*first_words)
    assert bench.store.batches[1:] == [(names, dict.fromkeys(map(hashed, sessions), 1))]
    told = of_type(alice.heard(), "presence", "message")
    assert [frame.get("joined") or frame["text"] for frame in told][-6:] == [names, *names]


def test_news_for_many_let_another_room_have_a_word(bench: Bench, alice: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many hear who came, a turn has time to tell a few of them only."""
    told = threading.Event()
    offer = Remembering.offer

    def slowly(outbox: Remembering, block: bytes) -> bool:
        if b'"joined":[' in block and b'"newcomer"' in block:
            told.set()
            time.sleep(PRESENCE_SLICE)
        return offer(outbox, block)

    monkeypatch.setattr(Remembering, "offer", slowly)
    crowd = [bench.seat(f"c{number}") for number in range(20)]
    alice.ask(Join("den"))
    bench.seat("newcomer")
    assert told.wait(WAIT)
    alice.say("excuse me", "den")
    assert sum(heard_of(seat, "newcomer") for seat in crowd) < 10


def heard_of(seat: Seat, name: str) -> bool:
    return any(name in frame.get("joined", ()) for frame in seat.heard("presence"))
