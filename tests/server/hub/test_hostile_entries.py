"""What somebody may try with texts that speak of others' messages: to pass for their author, to find out, to flood."""

from __future__ import annotations

from typing import Any

import pytest

from chat_common import MAX_LINE, MAX_NAME, MAX_ROOM, MAX_TEXT
from server_parts.people.roles import Role
from server_parts.protocol.entries import MAX_REACTION
from server_parts.protocol.moderation_requests import SetRoom
from server_parts.protocol.native_encoder import NATIVE
from server_parts.protocol.plain_encoder import PLAIN
from server_parts.protocol.requests import Disconnected, Hello, Join, Leave, Nick, Request, Say
from server_parts.storage.amending import MOST_REACTIONS
from server_parts.storage.records import DELETE, EDIT, KINDS, REACT, REPLY, About, Fate, Message, Run
from server_parts.storage.store import Entry
from tests.peers import codes, of_type
from tests.server.hub.bench import Bench, Seat
from tests.server.hub.test_amending import history, own, speak

pytestmark = pytest.mark.usefixtures("no_threads_left", "chat_log")


# --- to pass for somebody ---


def test_a_name_that_was_given_up_gives_nothing(bench: Bench, alice: Seat, bob: Seat) -> None:
    """Whoever takes it while its bearer goes on under another one; who said it keeps it."""
    alice.say("mine")
    alice.ask(Nick("alison"))
    bob.ask(Nick("alice"))
    before = history(bench)
    assert codes(speak(bob, "x", edit=1)) == codes(speak(bob, delete=1)) == ["not_yours"]
    assert history(bench) == before
    own(speak(alice, "still mine", edit=1))


def test_who_has_left_a_room_has_left_their_messages(bench: Bench, alice: Seat, bob: Seat) -> None:
    """Until they are in it again."""
    for seat in (alice, bob):
        seat.ask(Join("tea"))
    alice.say("mine", "tea")
    alice.ask(Leave("tea"))
    for kind in KINDS:
        assert codes(speak(alice, "x", "tea", **{kind: 1})) == ["not_in_room"], kind
    alice.ask(Join("tea"))
    own(speak(alice, "x", "tea", edit=1))


# --- to find out ---


def told(seat: Seat, kind: str, room: str, id: int) -> list[Any]:
    """The error without its number, and without the names that were asked for."""
    (error,) = of_type(speak(seat, "x", room, **{kind: id}), "error")
    return [error["code"], error["text"].replace(room, "ROOM").replace(f"#{id}", "#ID"), error.get("field")]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_told_of_hidden_rooms(bench: Bench, bob: Seat, kind: str) -> None:
    """Neither that they are there, nor how far they have come."""
    owner = Seat(bench, Role.OWNER)
    owner.ask(Hello("server", bench.session()))
    owner.ask(Join("vault"))
    owner.say("secret", "vault")
    owner.ask(SetRoom("vault", mode="invite"))
    assert told(bob, kind, "vault", 1) == told(bob, kind, "vault", 9) == told(bob, kind, "nowhere", 1)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_told_of_private_rooms(bench: Bench, alice: Seat, bob: Seat, kind: str) -> None:
    """Of others: whether they talk. Of one's own: what was said to somebody who bore the name before."""
    carol = bench.seat("carol")
    speak(alice, "psst", "@carol")
    assert told(bob, kind, "@alice+carol", 1) == told(bob, kind, "@alice+nobody", 1)
    carol.ask(Disconnected())
    other = bench.seat("carol")
    alice.ask(Join("@carol"))
    alice.heard()
    speak(alice, "to the next one", "@carol")
    assert told(other, kind, "@alice", 1) == told(other, kind, "@alice", 99)
    assert told(other, kind, "@alice", 1)[0] == "no_such_message"


# --- to flood ---


def writes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> list[Entry]:
    """What is written from now on, once for each time that others have to wait."""
    written: list[Entry] = []
    write = bench.store.write

    def noted(entry: Entry) -> list[Run]:
        written.append(entry)
        return write(entry)

    monkeypatch.setattr(bench.store, "write", noted)
    return written


def many(kind: str, texts: list[str], seq: int) -> list[Request]:
    return [Say("lobby", [text], seq + number, None, About(kind, 1)) for number, text in enumerate(texts)]


def test_a_crowd_at_one_message_makes_nobody_wait(
    bench: Bench, alice: Seat, bob: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Corrections, answers and reactions of one turn are written together, and do what they would do one by one."""
    alice.say("one")
    carol = bench.seat("carol")
    written = writes(bench, monkeypatch)
    bench.in_one_turn(
        (alice, many(EDIT, [f"text {number}" for number in range(12)], 2)),
        (bob, many(REACT, ["+1", "-1", "+1"], 1)),
        (carol, [*many(REPLY, ["indeed"], 1), *many(REACT, ["-1"], 2)]),
    )
    assert [len(entry.drafts) for entry in written] == [1, 17]  # the first holds the hub up
    first, _, *entries = history(bench)
    assert (first[1], first[3].reactions) == ("text 11", (("bob", "+1"), ("carol", "-1")))
    assert [text for _, text, about, _ in entries if about.kind == EDIT] == [*[""] * 11, "text 11"]


def test_what_is_taken_away_is_gone_for_the_next(
    bench: Bench, alice: Seat, bob: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deletion decides about what comes after it in the same turn: that is refused, and not only void."""
    alice.say("one")
    bob.heard()
    written = writes(bench, monkeypatch)
    bench.in_one_turn(
        (alice, many(DELETE, ["/me deleted message #1"], 2)),
        (bob, [*many(REACT, ["+1"], 1), *many(EDIT, ["x"], 2), *many(REPLY, ["y"], 3)]),
    )
    assert codes(bob.heard()) == ["no_such_message"] * 3
    assert len(written) == 3


def test_the_last_one_is_the_last_one(bench: Bench, alice: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not know numbers means what was said just before, also when all of it arrives at once."""
    alice.say("one")
    alice.client.encoder = PLAIN
    written = writes(bench, monkeypatch)
    last = [Say("lobby", [text], 3 + number, None, About(EDIT, 0)) for number, text in enumerate(("TWO", "Two", "2"))]
    bench.in_one_turn((alice, [Say("lobby", ["two"], 2), *last]))
    assert [text for _, text, *_ in history(bench)] == ["one", "holding the hub", "2", "", "", "2"]
    assert len(written) == 3


def test_the_longest_message_fits_into_a_line() -> None:
    """With as many reactions as there may be, each as long as it may be and different, and a text of escapes."""
    reactions = tuple(
        (f"{number:04}".ljust(MAX_NAME, "n"), f"{number:03}".ljust(MAX_REACTION, "\U0001f44d"))
        for number in range(MOST_REACTIONS)
    )
    text, big = "\x01" * MAX_TEXT, 10**15 - 1
    fate = Fate(4e9, big, reactions)
    message = Message("r" * MAX_ROOM, big, 4e9, "n" * MAX_NAME, "magenta", text, "s", big, About(REPLY, big), fate)
    frame = {"type": "history", "room": "r" * MAX_ROOM, "gap": False}
    lines = NATIVE.pages(frame, "messages", [message]).splitlines(keepends=True)
    assert [len(line) for line in lines if b"magenta" in line] == [pytest.approx(60_000, abs=MAX_LINE - 60_000)]
