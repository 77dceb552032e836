"""Who may answer, edit, delete and react, and what everybody hears of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from server_parts.hub import pages
from server_parts.people.roles import Role
from server_parts.protocol.moderation_requests import Delete, Mute, SetRoom
from server_parts.protocol.native_encoder import NATIVE
from server_parts.protocol.native_requests import from_frame
from server_parts.protocol.requests import Disconnected, Hello, Join, Nick, Request, Say, Search
from server_parts.storage.records import ACTS, About
from tests.conftest import ChatLog
from tests.peers import Frame, codes, of_type
from tests.server.hub.bench import Bench, Seat

pytestmark = pytest.mark.usefixtures("no_threads_left", "chat_log")

TOKENS = {name: f"the-token-of-{name}-0123456789" for name in ("ann", "ben")}


def speak(seat: Seat, text: str | None = None, room: str = "lobby", **field: Any) -> list[Frame]:
    """The next text of the session, as a native client sends it."""
    seat.heard()
    seat.seq += 1
    frame: dict[str, Any] = {"type": "say", "room": room, "seq": seat.seq, **field}
    if text is not None:
        frame["text"] = text
    return seat.ask(from_frame(frame))


def own(heard: list[Frame]) -> Frame:
    """The one message that is heard."""
    assert codes(heard) == []
    (message,) = of_type(heard, "message")
    return message


def history(bench: Bench, room: str = "lobby") -> list[Any]:
    return [(m.id, m.text, m.about, m.fate) for m in bench.store.after(room, 0, 99)]


def person(bench: Bench, name: str, session: str | None = None) -> Seat:
    """Somebody with an account, once they have said something."""
    return bench.seat(name, session=session or bench.session(), token=TOKENS[name], shares_name=True)


def test_everybody_hears_the_same(alice: Seat, bob: Seat) -> None:
    """Each entry has a number of its own and names its message; it is the receipt of its author."""
    alice.say("a question")
    bob.heard()
    reply = own(speak(bob, "an answer", reply=1))
    assert (reply["id"], reply["reply"], reply["text"], reply["seq"]) == (2, 1, "an answer", 1)
    assert alice.heard("message") == [reply]
    edit = own(speak(alice, "the question", edit=1))
    assert (edit["id"], edit["edit"], edit["text"]) == (3, 1, "the question")
    react = own(speak(bob, "\U0001f44d", react=1))
    back = own(speak(bob, "", react=1))
    delete = own(speak(alice, delete=1))
    assert (react["react"], react["text"], back["react"], delete["delete"]) == (1, "\U0001f44d", 1, 1)
    assert (back["text"], delete["text"]) == (
        "/me took back the reaction to message #1",
        "/me deleted message #1",
    )
    assert bob.heard("message") == [delete]
    assert [frame["id"] for frame in of_type(alice.ever, "message")] == [1, 2, 3, 4, 5, 6]


def test_the_log_is_read_as_it_is_now(bench: Bench, alice: Seat, bob: Seat) -> None:
    """By whoever comes later, and whoever searches."""
    for text in ("one", "two", "three"):
        alice.say(text)
    speak(alice, "ONE", edit=1)
    speak(bob, "+1", react=2)
    speak(alice, "+1", react=2)
    speak(alice, delete=3)
    carol = bench.seat("carol")
    one, two, three, *_ = of_type(carol.ever, "history")[0]["messages"]
    edit = of_type(carol.ever, "history")[0]["messages"][3]
    assert (one["text"], one["edited"], "reactions" in one) == ("ONE", edit["ts"], False)
    assert (two["text"], two["reactions"], "edited" in two) == ("two", {"+1": ["bob", "alice"]}, False)
    assert (three["text"], three["deleted"], "edited" in three) == ("", True, False)
    assert [m["id"] for m in of_type(search(alice, "one"), "results")[0]["messages"]] == [1]
    assert of_type(search(alice, "three"), "results")[0]["messages"] == []


def search(seat: Seat, text: str) -> list[Frame]:
    store = seat.bench.store
    found = pages.find(store, Search(text), text, {})
    return [json.loads(page) for page in pages.results(store, NATIVE, Search(text), found)]


@pytest.mark.parametrize(
    ("text", "field", "code"),
    [
        ("x", {"edit": 9}, "no_such_message"),
        ("x", {"reply": 9}, "no_such_message"),
        ("x", {"react": 9}, "no_such_message"),
        (None, {"delete": 9}, "no_such_message"),
        ("x", {"edit": 1}, "not_yours"),
        (None, {"delete": 1}, "not_yours"),
        ("x", {"edit": 2, "reply": 1}, "bad_field"),
        ("x", {"react": 2, "delete": 1}, "bad_field"),
        ("x", {"edit": 0}, "bad_field"),
        ("x", {"edit": "2"}, "bad_field"),
        ("", {"edit": 2}, "empty_text"),
        (None, {"edit": 2}, "bad_field"),
        (None, {"reply": 2}, "bad_field"),
        ("x" * 33, {"react": 1}, "text_too_long"),
        (" ", {"react": 1}, "empty_text"),
        ("a\nb", {"react": 1}, "bad_field"),
        ("a\u2028b", {"react": 1}, "bad_field"),
        ("/me hits", {"react": 1}, "bad_field"),
        (7, {"react": 1}, "bad_field"),
    ],
)
def test_what_is_refused_is_counted(alice: Seat, bob: Seat, text: str | None, field: Any, code: str) -> None:
    """Like every other text that is refused; and nothing is said."""
    alice.say("one")
    bob.say("two")
    alice.heard()
    before = history(bob.bench)
    heard = speak(bob, text, **field)
    assert [(frame["code"], frame["seq"]) for frame in of_type(heard, "error")] == [(code, 2)]
    assert history(bob.bench) == before
    assert own(bob.say("three"))["seq"] == 3
    assert [frame["text"] for frame in alice.heard("message")] == ["three"]


def test_only_messages_and_replies_are_spoken_of(alice: Seat) -> None:
    """Not what changes others, and not what was deleted."""
    alice.say("one")
    own(speak(alice, "two", reply=1))
    own(speak(alice, "TWO", edit=2))
    own(speak(alice, "+1", react=2))
    own(speak(alice, delete=1))
    for id in (1, 3, 4, 5):
        for kind in ("reply", "edit", "delete", "react"):
            assert codes(speak(alice, "x", "lobby", **{kind: id})) == ["no_such_message"], (id, kind)
    own(speak(alice, "three", reply=2))


def test_a_repeat_gets_the_same_receipt(alice: Seat) -> None:
    """And does nothing a second time."""
    alice.say("one")
    speak(alice, "two", edit=1)
    speak(alice, "three", edit=1)
    heard = alice.ask(Say("lobby", ["two"], 2, None, About("edit", 1)))
    assert heard == [{"type": "ack", "seq": 2, "room": "lobby", "id": 2}]
    assert [text for _, text, *_ in history(alice.bench)] == ["three", "", "three"]


def test_what_comes_at_once_is_done_in_its_order(bench: Bench, alice: Seat, bob: Seat) -> None:
    """In one turn of the hub, several people at one message."""
    alice.say("one")
    bob.heard()
    bench.in_one_turn(
        (alice, [Say("lobby", ["two"], 2, None, About("edit", 1)), Say("lobby", ["x"], 3, None, About("delete", 1))]),
        (bob, [Say("lobby", ["+1"], 1, None, About("react", 1)), Say("lobby", ["said"], 2)]),
    )
    assert codes(bob.heard()) == ["no_such_message"]
    assert [text for _, text, *_ in history(bench)] == ["", "holding the hub", "", "x", "said"]


# --- whose it is ---


def test_a_session_knows_its_own(bench: Bench, bob: Seat) -> None:
    """Also under another name, and after it was gone."""
    session = bench.session()
    seat = bench.seat("carl", session=session)
    seat.say("mine")
    seat.ask(Disconnected())
    again = bench.seat("carl", session=session)
    again.ask(Nick("carla"))
    again.seq = 1
    own(speak(again, "still mine", edit=1))
    assert codes(speak(bob, "not mine", edit=1)) == ["not_yours"]


def test_an_account_knows_its_own(bench: Bench) -> None:
    """At every connection, from the message on with which it was made."""
    ann = person(bench, "ann")
    ann.say("the first one")
    ann.say("the second one")
    other = person(bench, "ann")
    for id in (1, 2):
        own(speak(other, f"edited {id}", edit=id))
    own(speak(other, delete=1))
    own(speak(ann, "again", edit=2))


def test_an_account_does_not_know_what_others_said_under_its_name(bench: Bench) -> None:
    """Somebody else bore it before."""
    guest = bench.seat("ann")
    guest.say("not hers")
    guest.ask(Disconnected())
    ann = person(bench, "ann")
    ann.say("hers")
    assert codes(speak(ann, "x", edit=1)) == ["not_yours"]
    assert codes(speak(ann, delete=1)) == ["not_yours"]
    own(speak(ann, "x", edit=2))


def test_a_name_alone_proves_nothing(bench: Bench) -> None:
    """Whoever bears it next without an account."""
    seat = bench.seat("carl")
    seat.say("mine")
    seat.ask(Disconnected())
    assert codes(speak(bench.seat("carl"), "x", edit=1)) == ["not_yours"]


def test_a_day_later_it_is_too_late(bench: Bench, alice: Seat, bob: Seat) -> None:
    """To edit and delete; answers and reactions may come whenever they come."""
    alice.say("one")
    bob.heard()
    later = bench.hub.rules.clock() + 86_400 + 60
    bench.hub.rules.clock = lambda: later
    assert codes(speak(alice, "x", edit=1)) == codes(speak(alice, delete=1)) == ["too_late"]
    own(speak(bob, "x", reply=1))
    bob.heard()
    own(speak(bob, "+1", react=1))


def test_only_so_many_may_react(bench: Bench, alice: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one gets `too_many`; who has reacted may choose another, or take it back."""
    for module in ("storage.amending", "hub.amending"):
        monkeypatch.setattr(f"server_parts.{module}.MOST_REACTIONS", 2)
    alice.say("one")
    bob, carol, dave = (bench.seat(name) for name in ("bob", "carol", "dave"))
    own(speak(bob, "+1", react=1))
    own(speak(carol, "+1", react=1))
    assert codes(speak(dave, "+1", react=1)) == ["too_many"]
    own(speak(dave, "", react=1))
    own(speak(bob, "-1", react=1))
    own(speak(carol, "", react=1))
    own(speak(dave, "+1", react=1))
    assert history(bench)[0][3].reactions == (("bob", "-1"), ("dave", "+1"))


# --- moderators ---


@pytest.fixture
def owner(bench: Bench) -> Seat:
    """The person at the server's terminal."""
    seat = Seat(bench, Role.OWNER)
    seat.ask(Hello("server", bench.session()))
    return seat


def test_a_moderator_deletes_any(bench: Bench, alice: Seat, bob: Seat, owner: Seat) -> None:
    """However old; it is an act, and old clients are told as before, too."""
    alice.say("one")
    later = bench.hub.rules.clock() + 10 * 86_400
    bench.hub.rules.clock = lambda: later
    bob.heard()
    heard = speak(owner, delete=1)
    assert codes(heard) == []
    for frames in (heard, bob.heard()):
        (entry,) = [frame for frame in of_type(frames, "message") if frame["id"] == 2]
        assert (entry["delete"], entry["from"]) == (1, "server")
        assert of_type(frames, "deleted") == [{"type": "deleted", "room": "lobby", "id": 1, "by": "server"}]
    assert [m.text for m in bench.store.after(ACTS, 0, 9)] == [
        '{"do":"delete","name":"alice","room":"lobby","number":1}'
    ]
    assert history(bench)[0][1] == ""


def test_the_old_request_is_an_entry_too(bench: Bench, alice: Seat, owner: Seat) -> None:
    """So that who was away learns of it."""
    alice.say("one")
    own(speak(alice, "two", edit=1))
    heard = owner.ask(Delete("lobby", 1))
    assert of_type(heard, "deleted") == [{"type": "deleted", "room": "lobby", "id": 1, "by": "server"}]
    entry = alice.heard("message")[-1]
    assert (entry["id"], entry["delete"], entry["text"], entry["seq"], "by" in entry) == (
        3, 1, "/me deleted message #1", 0, False,
    )  # fmt: skip
    assert [text for _, text, *_ in history(bench)] == ["", "", "/me deleted message #1"]
    assert codes(owner.ask(Delete("lobby", 2))) == ["bad_field"]


@pytest.mark.parametrize("kind", ["reply", "edit", "delete", "react"])
@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (Mute("bob", "lobby"), "muted"),
        (SetRoom("lobby", mode="read-only"), "read_only"),
        (SetRoom("lobby", mode="moderated"), "read_only"),
        (SetRoom("lobby", slow=60), "slow_mode"),
    ],
)
def test_who_may_not_speak_may_not_do_that(
    bench: Bench, alice: Seat, bob: Seat, owner: Seat, request_: Request, code: str, kind: str
) -> None:
    """Such entries are texts; and others may go on."""
    bob.say("one")
    owner.ask(request_)
    bob.say("two")
    before = history(bench)
    assert codes(speak(bob, "x", "lobby", **{kind: 1})) == [code]
    assert history(bench) == before
    own(speak(owner, "x", "lobby", **{kind: 1 if kind != "edit" else owner.say("mine")[-1]["id"]}))


def test_who_is_not_in_a_room_may_not_do_that(bench: Bench, alice: Seat, bob: Seat) -> None:
    """Whether there is such a message is not told either."""
    bob.ask(Join("tea"))
    bob.say("one", "tea")
    for id in (1, 9):
        assert codes(speak(alice, "x", "tea", reply=id)) == ["not_in_room"]


def test_ones_own_is_no_act(bench: Bench, owner: Seat) -> None:
    """Also of a moderator."""
    owner.say("one")
    own(speak(owner, delete=1))
    assert bench.store.last(ACTS) == 0


def test_a_failure_deletes_nothing(bench: Bench, alice: Seat, owner: Seat, chat_log: ChatLog) -> None:
    """The text, the entry and the act are stored together, or not."""
    chat_log.expects_errors = True
    alice.say("one")
    bench.store.broken = "the disk is full"
    assert codes(speak(owner, delete=1)) == ["storage_unavailable"]
    bench.store.broken = None
    assert history(bench) == [(1, "one", None, None)]
    assert bench.store.last(ACTS) == 0
    heard = owner.ask(Say("lobby", ["/me deleted message #1"], owner.seq, None, About("delete", 1)))
    assert [frame["id"] for frame in of_type(heard, "message")] == [2]


# --- private rooms ---


def test_who_bears_a_name_next_knows_nothing_of_what_was_said(bench: Bench, alice: Seat) -> None:
    """Neither may it be answered, nor does anybody learn that it is there."""
    bob = bench.seat("bob")
    speak(alice, "for the first bob", "@bob")
    own(speak(bob, "thanks", "@alice", reply=1))
    bob.ask(Disconnected())
    other = bench.seat("bob")
    alice.ask(Join("@bob"))
    alice.heard()
    speak(alice, "for the second bob", "@bob")
    other.heard()
    for id in (1, 2, 9):
        assert codes(speak(other, "x", "@alice", reply=id)) == ["no_such_message"], id
    own(speak(other, "x", "@alice", reply=3))


def test_private_messages_are_their_authors(bench: Bench, alice: Seat, bob: Seat) -> None:
    """Nobody moderates there."""
    speak(alice, "psst", "@bob")
    assert codes(speak(bob, None, "@alice", delete=1)) == ["not_yours"]
    speak(bob, "+1", "@alice", react=1)
    own([frame for frame in speak(alice, None, "@bob", delete=1) if frame.get("delete")])
    assert codes(speak(alice, "x", "@bob", edit=1)) == ["no_such_message"]
