"""What the hub does when nobody knows whether something was stored: each text is said once all the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from server_parts.protocol.requests import Hello, Say
from server_parts.storage.records import Draft, Moved, OutcomeUnknown, Run, hashed
from server_parts.storage.session_store import SessionRecord
from server_parts.storage.store import Entry
from tests.peers import codes, of_type
from tests.server.hub import bench as benches
from tests.server.hub.bench import Bench, BenchLog, Seat, ids

pytestmark = pytest.mark.usefixtures("no_threads_left", "chat_log", "errors_expected")


class FarLog(BenchLog):
    """A log on another machine: an append or its answer may be lost on the way, and others append to it too."""

    def __init__(self) -> None:
        super().__init__()
        self.loses = ""  # of the next append: the "request" or the "answer"
        self.taken: list[str] = []
        self.moved: set[str] = set()  # sessions that others have taken

    def write(self, entry: Entry) -> list[Run]:
        loses, self.loses = self.loses, ""
        if loses == "request":
            raise OutcomeUnknown("the connection was lost")
        if moved := self.moved & entry.accepted.keys():
            raise Moved("it has moved", moved)
        runs = super().write(entry)
        if loses == "answer":
            raise OutcomeUnknown("the connection was lost")
        return runs

    def take(self, session: str, seen: SessionRecord | None = None) -> SessionRecord:
        self._check()
        self.taken.append(session)
        self.moved.discard(session)
        return super().take(session, seen)

    def append_elsewhere(self, session: str, seq: int, text: str) -> None:
        """As another server does that has taken the session."""
        super().write(Entry([Draft("lobby", 1.0, "alice", "blue", [text], session, seq)], {session: seq}))
        self.moved.add(session)


@dataclass
class Far:
    """Alice and bob at a hub with such a log."""

    store: FarLog
    bench: Bench
    alice: Seat
    bob: Seat

    @property
    def key(self) -> str:
        assert self.alice.client.session is not None
        return self.alice.client.session.key

    def said(self) -> list[str]:
        """What the log has."""
        return [message.text for message in self.store.after("lobby", 0, 99)]


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> Iterator[Far]:
    monkeypatch.setattr(benches, "BenchLog", FarLog)
    bench = Bench()
    assert isinstance(bench.store, FarLog)
    alice, bob = bench.seat("alice"), bench.seat("bob")
    assert bob.sees_come("bob")
    assert alice.sees_come("bob")
    alice.say("before")
    bob.heard()
    yield Far(bench.store, bench, alice, bob)
    bench.stop()


@pytest.mark.parametrize("loses", ["request", "answer"])
def test_a_text_of_unknown_outcome_is_said_once(far: Far, loses: str) -> None:
    """Its author sends it again, as after any failure; whether it had arrived or not, all hear it once."""
    far.store.loses = loses
    (error,) = of_type(far.alice.ask(Say("lobby", ["maybe"], 2)), "error", "message")
    assert (error["code"], error["seq"]) == ("storage_unavailable", 2)
    assert far.bob.heard("message") == []
    told = far.alice.ask(Say("lobby", ["maybe"], 2))
    assert ids(told) == [2]
    assert codes(told) == []
    assert [(m["id"], m["text"]) for m in far.bob.heard("message")] == [(2, "maybe")]
    assert far.said() == ["before", "maybe"]
    assert ids(far.alice.ask(Say("lobby", ["next"], 3))) == [3]


def test_others_hear_what_was_stored_in_other_rooms_too(far: Far) -> None:
    """As soon as the log says that it has it."""
    far.store.loses = "answer"
    far.alice.ask(Say("lobby", ["maybe"], 2))
    far.alice.ask(Say("lobby", ["maybe"], 2), Say("lobby", ["more"], 3))
    assert [m["text"] for m in far.bob.heard("message")] == ["maybe", "more"]


def test_a_session_is_asked_for_once(far: Far) -> None:
    """When it comes in, and after it was unsure; not with every text."""
    far.alice.say("second")
    assert far.store.taken.count(far.key) == 1
    far.store.loses = "request"
    far.alice.ask(Say("lobby", ["third"], 3))
    far.alice.ask(Say("lobby", ["third"], 3), Say("lobby", ["fourth"], 4))
    assert far.store.taken.count(far.key) == 2
    assert far.said() == ["before", "second", "third", "fourth"]


def test_while_the_log_cannot_be_asked_nothing_is_said(far: Far) -> None:
    """The text that comes again is refused again, and counts for nothing."""
    far.store.loses = "answer"
    far.alice.ask(Say("lobby", ["maybe"], 2))
    far.store.broken = "the database is away"
    (error,) = of_type(far.alice.ask(Say("lobby", ["maybe"], 2)), "error", "message")
    assert (error["code"], error["seq"], error["text"]) == ("storage_unavailable", 2, "the database is away")
    far.store.broken = None
    assert ids(far.alice.ask(Say("lobby", ["maybe"], 2))) == [2]
    assert far.said() == ["before", "maybe"]


def test_a_session_that_was_continued_elsewhere_is_taken_again(far: Far) -> None:
    """What the other server stored of it is known then, and not stored twice."""
    far.store.append_elsewhere(far.key, 2, "by way of another server")
    assert codes(far.alice.ask(Say("lobby", ["by way of another server"], 2))) == ["storage_unavailable"]
    told = far.alice.ask(Say("lobby", ["by way of another server"], 2), Say("lobby", ["third"], 3))
    assert codes(told) == []
    assert far.said() == ["before", "by way of another server", "third"]
    assert [m["text"] for m in far.bob.heard("message")] == ["by way of another server", "third"]


def test_who_may_not_have_a_session_does_not_take_it(far: Far) -> None:
    """To know somebody's session string does not disturb whoever has it."""
    mallory = Seat(far.bench)
    session = "session-of-carol-0001"
    carol = far.bench.seat("carol", session=session, token="c" * 32)
    carol.say("mine")
    taken = far.store.taken.count(hashed(session))
    assert codes(mallory.ask(Hello("mallory", session))) == ["session_taken"]
    assert far.store.taken.count(hashed(session)) == taken == 1
