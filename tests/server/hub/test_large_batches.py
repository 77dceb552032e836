"""Much that is said at once is written beside the hub: what may happen meanwhile, and what may not."""

from __future__ import annotations

import threading

import pytest

from server_parts.hub.batch import LARGE
from server_parts.people.clients import Session
from server_parts.people.roles import Role
from server_parts.protocol.requests import Announce, Hello, Join, Nick, Say, Who
from server_parts.storage.records import Run
from server_parts.storage.store import Entry
from tests.conftest import ChatLog
from tests.peers import WAIT, of_type, wait_until
from tests.server.hub.bench import Bench, Seat, ids

pytestmark = pytest.mark.usefixtures("no_threads_left", "chat_log", "at_once_and_in_slices")

MUCH = [f"text {number}" for number in range(LARGE)]


def begin(bench: Bench, seat: Seat, room: str = "lobby", seq: int = 1) -> None:
    """Have much said, and the log hold its breath over it."""
    bench.store.gate.clear()
    bench.store.appending.clear()
    seat.submit(Say(room, MUCH, seq))
    assert bench.store.appending.wait(WAIT)


def let_one_through(bench: Bench) -> None:
    """The batch that the log holds is stored, and the next one is held."""
    write = bench.store.write

    def hold(entry: Entry) -> list[Run]:
        bench.store.write = write  # type: ignore[method-assign]
        bench.store.gate.clear()
        return write(entry)

    bench.store.write = hold  # type: ignore[method-assign]
    bench.store.appending.clear()
    bench.store.gate.set()
    assert bench.store.appending.wait(WAIT)


def test_much_at_once_is_told_once_and_in_order(alice: Seat, bob: Seat) -> None:
    """To its author and to everybody else."""
    told = alice.ask(Say("lobby", MUCH, 1), Say("lobby", MUCH, LARGE + 1), Say("lobby", ["last"], 2 * LARGE + 1))
    assert ids(told) == ids(bob.heard()) == list(range(1, 2 * LARGE + 2))


def test_much_is_not_told_before_it_is_stored(bench: Bench, alice: Seat, bob: Seat) -> None:
    """Nor does its author get a credit back, who would take it for done."""
    begin(bench, alice)
    assert alice.client.credits.qsize() == 1
    assert alice.outbox.blocks == bob.outbox.blocks == []
    bench.store.gate.set()
    alice.settle()
    assert ids(alice.heard()) == ids(bob.heard()) == list(range(1, LARGE + 1))


def test_the_hub_tells_one_batch_while_the_next_is_written(bench: Bench, alice: Seat, bob: Seat) -> None:
    """Bob's batch waits for the disk, and alice's is told meanwhile."""
    begin(bench, alice)
    bob.submit(Say("lobby", MUCH, 1))
    let_one_through(bench)
    alice.settle()  # she has her credits back, so hers is told
    assert ids(alice.heard()) == list(range(1, LARGE + 1))
    assert len(bench.store.batches) == 1
    bench.store.gate.set()
    bob.settle()
    assert ids(alice.heard()) == list(range(LARGE + 1, 2 * LARGE + 1))


def test_what_fails_is_taken_back_before_more_is_counted(
    bench: Bench, alice: Seat, bob: Seat, chat_log: ChatLog
) -> None:
    """What alice said behind it, of which nothing is stored either, is out of turn; then all of it is said again."""
    chat_log.expects_errors = True
    begin(bench, alice)
    alice.submit(Say("lobby", MUCH, LARGE + 1))
    bench.store.broken = "the disk is full"
    bench.store.gate.set()
    alice.settle()
    codes = [(frame["code"], frame["seq"]) for frame in of_type(alice.heard(), "error")]
    assert codes == [("storage_unavailable", 1), *(("bad_seq", LARGE + 1 + number) for number in range(LARGE))]
    bench.store.broken = None
    assert ids(alice.ask(Say("lobby", MUCH, 1))) == ids(bob.heard()) == list(range(1, LARGE + 1))


def test_whoever_comes_in_meanwhile_hears_it_once(bench: Bench, alice: Seat) -> None:
    """As history or as it is said, but not as both."""
    begin(bench, alice)
    carol = Seat(bench)
    carol.submit(Hello("carol", bench.session()))
    bench.store.gate.set()
    carol.settle()
    alice.settle()
    told = carol.heard()
    past = [message["id"] for frame in of_type(told, "history") for message in frame["messages"]]
    assert past + ids(told) == list(range(LARGE - 20 + 1, LARGE + 1))


@pytest.mark.parametrize("request_", [Nick("anna"), Join("tea"), Who()])
def test_what_its_author_asks_next_is_answered_after_it(bench: Bench, alice: Seat, request_: object) -> None:
    """Though it was asked while that was being written."""
    begin(bench, alice)
    alice.submit(request_)  # type: ignore[arg-type]
    bench.store.gate.set()
    alice.settle()
    types = [frame["type"] for frame in alice.heard()]
    assert types[:LARGE] == ["message"] * LARGE
    assert len(types) > LARGE


def test_a_private_word_in_it_is_for_whoever_had_the_name(bench: Bench, alice: Seat, bob: Seat) -> None:
    """Bob goes and somebody else comes by his name; the words were for bob."""
    begin(bench, alice, "@bob")
    bob.submit(Nick("robert"))
    carol = Seat(bench)
    carol.submit(Hello("bob", bench.session()))
    bench.store.gate.set()
    for seat in (bob, carol, alice):
        seat.settle()
    assert len(of_type(bob.heard(), "message")) == LARGE
    assert of_type(carol.heard(), "message") == []


def test_words_to_an_empty_room_come_once_to_who_enters_it(bench: Bench) -> None:
    """The operator says something in the lobby, where nobody is, in one batch with what alice says elsewhere."""
    alice, carol = (bench.seat(name, rooms={"tea": None}) for name in ("alice", "carol"))
    operator = Seat(bench, role=Role.OWNER)
    operator.client.session = Session("", 0)
    begin(bench, alice, "tea")
    operator.submit(Announce("anybody?"))
    alice.submit(Say("tea", MUCH, LARGE + 1))
    let_one_through(bench)
    carol.submit(Join("lobby"))
    bench.store.gate.set()
    carol.settle()
    alice.settle()
    assert "anybody?" in bench.store.batches[1][0]
    told = [frame for frame in carol.heard() if frame.get("room") == "lobby"]
    assert [message["id"] for frame in of_type(told, "history") for message in frame["messages"]] == [1]
    assert ids(told) == []


def test_stopping_waits_for_what_is_being_written(bench: Bench, alice: Seat, bob: Seat) -> None:
    """Nobody is told goodbye before all that was said is told."""
    begin(bench, alice)
    bench.hub.stop()
    assert not bench.hub.closing.wait(0.05)
    bench.store.gate.set()
    assert bench.hub.closing.wait(WAIT)
    assert ids(alice.heard()) == ids(bob.heard()) == list(range(1, LARGE + 1))


def test_the_credits_come_back_when_it_could_not_be_stored(bench: Bench, alice: Seat, chat_log: ChatLog) -> None:
    """Though nobody says anything else: her reader may wait for them, to answer a ping."""
    chat_log.expects_errors = True
    begin(bench, alice)
    bench.store.broken = "the disk is full"
    bench.store.gate.set()
    alice.settle()
    assert [frame["code"] for frame in of_type(alice.heard(), "error")] == ["storage_unavailable"]


def test_the_credits_come_back_when_stop_comes_right_behind_it(bench: Bench, alice: Seat) -> None:
    """In the same turn of the hub, which is its last for a while."""
    begin(bench, alice)
    alice.submit(Say("lobby", MUCH, LARGE + 1))
    bench.hub.stop()
    bench.store.gate.set()
    alice.settle()
    assert ids(alice.heard()) == list(range(1, 2 * LARGE + 1))


def test_who_said_nothing_does_not_wait_for_the_disk(bench: Bench, alice: Seat, bob: Seat) -> None:
    """Bob asks who is there, in the turn in which alice says much."""
    begin(bench, alice)
    bob.submit(Who())
    alice.submit(Say("lobby", MUCH, LARGE + 1))
    let_one_through(bench)
    bob.settle()
    assert bob.heard("who")
    assert wait_until(lambda: alice.client.credits.qsize() == 1)  # of the first lot, when everybody is told


def test_nobody_is_let_go_while_it_is_written(bench: Bench, alice: Seat, bob: Seat, chat_log: ChatLog) -> None:
    """She reads too slowly, and what she said cannot be stored: one after the other, and the hub goes on."""
    chat_log.expects_errors = True
    alice.outbox.overflowed = True
    begin(bench, alice)
    bench.store.broken = "the disk is full"
    bench.store.gate.set()
    alice.settle()
    assert wait_until(lambda: alice.client.gone)
    assert of_type(bob.ask(Who()), "who")


def test_no_thread_need_be_had_for_it(bench: Bench, alice: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    """By then the clients may have them all."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert len(ids(alice.ask(Say("lobby", MUCH, 1)))) == LARGE
