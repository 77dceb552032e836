"""How clients are let go, decided without a socket anywhere."""

from __future__ import annotations

import pytest

from server_parts.people.roles import Role
from server_parts.protocol.moderation_requests import Kick
from server_parts.protocol.requests import (
    Announce,
    Bye,
    Disconnected,
    Hello,
    Leave,
    Say,
    Who,
)
from server_parts.storage.records import hashed
from tests.peers import codes, of_type, wait_until
from tests.server.hub.bench import Bench, Remembering, Seat, ids

pytestmark = pytest.mark.usefixtures("no_threads_left", "chat_log", "at_once_and_in_slices")

TOKEN = "0123456789abcdef0123456789abcdef"


# --- letting go ---


def test_goodbye(bench: Bench, alice: Seat, bob: Seat) -> None:
    """It is answered, the name is free, and nothing more is heard."""
    (goodbye,) = of_type(alice.ask(Bye()), "bye")
    assert (goodbye["code"], goodbye["retry"]) == ("exit", False)
    bob.say("gone?")
    assert alice.heard() == []
    assert of_type(Seat(bench).ask(Hello("alice", bench.session())), "welcome")


def test_a_client_that_reads_too_slowly_is_let_go(bench: Bench, alice: Seat, bob: Seat) -> None:
    """It is told why and may come back; what is waiting is dropped, and nobody else notices."""
    alice.outbox.refuses = True
    alice.outbox.backlog = 12345
    assert ids(bob.say("anyone?")) == [1]
    assert wait_until(lambda: alice.outbox.closed)
    (goodbye,) = alice.heard("bye")
    assert (goodbye["code"], goodbye["retry"]) == ("too_slow", True)
    assert "12345" in goodbye["text"]
    assert alice.outbox.at_once
    assert bob.hears({"type": "presence", "room": "lobby", "left": ["alice"], "members": 1})


def test_a_client_whose_own_answers_pile_up_is_let_go(alice: Seat) -> None:
    """Asking for more than it reads is reading too slowly, too."""
    alice.outbox.refuses = True
    alice.ask(Leave("nowhere"))
    assert wait_until(lambda: alice.outbox.closed)


def test_a_broken_connection_is_cut(alice: Seat, bob: Seat) -> None:
    """It could not take its message, and there is nobody to tell why."""
    alice.outbox.is_broken = True
    bob.say("hello?")
    assert wait_until(lambda: alice.outbox.was_cut)


def test_whoever_is_told_goodbye_may_read_it(alice: Seat, bob: Seat) -> None:
    """Nothing more can be offered then, as when a server stops; but nothing is broken."""
    alice.outbox.finish(b"goodbye")
    assert codes(bob.say("meanwhile")) == []
    assert codes(bob.ask(Who("lobby"))) == []
    assert not alice.outbox.was_cut


def test_the_operator_kicks(bench: Bench, alice: Seat) -> None:
    """With a reason, by name in any case; the operator is told, and told when there is nobody."""
    operator = Seat(bench, role=Role.OWNER)
    operator.ask(Hello("server", ""))
    operator.heard()
    assert "alice" in of_type(operator.ask(Kick("ALICE", "shouting")), "notice")[0]["text"]
    (goodbye,) = alice.heard("bye")
    assert (goodbye["code"], goodbye["retry"]) == ("kicked", False)
    assert "shouting" in goodbye["text"]
    assert codes(operator.ask(Kick("alice", "again"))) == ["no_such_user"]


def test_an_announcement_is_a_message_in_the_lobby(alice: Seat, bob: Seat) -> None:
    """Numbered and stored like any other, and it uses up no seq."""
    alice.ask(Announce("hear, hear"))
    (heard,) = bob.heard("message")
    assert (heard["from"], heard["text"], heard["id"]) == ("alice", "hear, hear", 1)
    assert ids(alice.ask(Say("lobby", ["one"], 1))) == [2]


def test_stopping_carries_out_what_waits(bench: Bench, alice: Seat) -> None:
    """Everything asked before is stored; what comes after it is not."""
    alice.submit(Say("lobby", ["before"], 1))
    bench.hub.stop()
    assert bench.hub.closing.wait()
    alice.submit(Say("lobby", ["after"], 2))
    alice.settle()
    assert [m["text"] for m in alice.heard("message")] == ["before"]
    assert bench.store.last("lobby") == 1


def test_figures(bench: Bench, alice: Seat, bob: Seat) -> None:
    """Clients, rooms, messages, deliveries and bytes waiting."""
    alice.say("x")
    bob.outbox.backlog = 7
    assert bench.hub.stats() == (2, 1, 1, 2, 7)


def test_a_remembering_outbox_is_a_way_out() -> None:
    """The bench's outbox keeps the promises that the tests rely on: it refuses once it has overflowed."""
    outbox = Remembering()
    assert outbox.offer(b"a")
    outbox.refuses = True
    assert not outbox.offer(b"b")
    outbox.refuses = False
    assert not outbox.offer(b"c")


def test_what_came_before_a_connection_broke_is_said(alice: Seat, bob: Seat) -> None:
    """She has hung up, and bob's words do not reach her; hers, which were read before that, reach him."""
    alice.outbox.is_broken = True
    bob.say("are you there?")
    assert wait_until(lambda: alice.outbox.was_cut)  # at the end of the turn, when bob has been answered
    alice.submit(Say("lobby", ["my last words"], 1), Disconnected())
    alice.settle()
    assert [frame["text"] for frame in bob.heard("message")] == ["my last words"]
    assert [member["name"] for frame in of_type(bob.ask(Who()), "who") for member in frame["members"]] == ["bob"]


def test_a_session_is_let_go_of_when_its_client_leaves(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """But not when it goes on in another connection."""
    let_go: list[str] = []
    monkeypatch.setattr(bench.store, "let_go", let_go.append)
    session = bench.session()
    carol = bench.seat("carol", session=session)
    again = bench.seat("carol", session=session)
    assert carol.outbox.closed
    assert let_go == []
    again.submit(Bye())
    assert wait_until(lambda: let_go == [hashed(session)])
