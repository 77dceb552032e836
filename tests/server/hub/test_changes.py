"""What is changed about a room is an entry of its log: told once, kept with the act, and nobody's to change."""

from __future__ import annotations

import json
from typing import Any

import pytest

from server_parts.hub import pages
from server_parts.moderation.ranks import Rank
from server_parts.people.roles import Role
from server_parts.protocol.moderation_requests import Delete, Report, SetRoom, SetRoomRole
from server_parts.protocol.native_encoder import NATIVE
from server_parts.protocol.native_requests import from_frame
from server_parts.protocol.plain_encoder import PLAIN
from server_parts.protocol.requests import Disconnected, Hello, History, Join
from server_parts.storage.records import ACTS
from tests.conftest import ChatLog
from tests.peers import Frame, codes, of_type
from tests.server.hub.bench import Bench, Seat

pytestmark = pytest.mark.usefixtures("no_threads_left", "chat_log")

TOKENS = {name: f"the-token-of-{name}-0123456789" for name in ("ann", "ben")}


@pytest.fixture
def boss(bench: Bench) -> Seat:
    """The person at the server's terminal, who is in no room."""
    seat = Seat(bench, Role.OWNER)
    seat.ask(Hello("server", bench.session(), rooms={}))
    return seat


def member(bench: Bench, name: str, *rooms: str) -> Seat:
    seat = bench.seat(name, session=bench.session(), token=TOKENS[name])
    seat.say(f"{name} is here")
    seat.ask(*map(Join, rooms))
    return seat


def entry(heard: list[Frame]) -> Frame:
    """The one change that is heard."""
    assert codes(heard) == []
    (message,) = [frame for frame in of_type(heard, "message") if "change" in frame]
    return message


def speak(seat: Seat, text: str | None = None, room: str = "tea", **field: Any) -> list[Frame]:
    seat.heard()
    seat.seq += 1
    frame = {"type": "say", "room": room, "seq": seat.seq, **field}
    return seat.ask(from_frame(frame if text is None else {**frame, "text": text}))


def acts_in(bench: Bench) -> list[Any]:
    return [json.loads(message.text) for message in bench.store.after(ACTS, 0, 99)]


def past(bench: Bench, room: str) -> list[Any]:
    """A page of history, as anybody reads it."""
    lines = (page for pages_ in [pages.older(bench.store, NATIVE, History(room), 0)] for page in pages_)
    return [message for line in lines for message in json.loads(line)["messages"]]


def test_a_change_is_an_entry(bench: Bench, boss: Seat, alice: Seat) -> None:
    """With a number, who and when; only with what is another one now; and then come the settings, all of them."""
    alice.heard()
    boss.ask(SetRoom("lobby", topic="Cups", mode="open"))
    heard = alice.heard()
    told, event = heard
    assert {**told, "ts": 0, "color": ""} == {
        "type": "message", "room": "lobby", "id": 1, "ts": 0, "from": "server", "color": "",
        "text": "/me changed the topic to: Cups", "seq": 0, "change": {"topic": "Cups"},
    }  # fmt: skip
    assert (event["type"], event["topic"], event["mode"], event["ts"]) == ("room", "Cups", "open", told["ts"])
    boss.ask(SetRoom("lobby", topic="", mode="moderated", slow=90))
    told = entry(alice.heard())
    assert told["change"] == {"topic": "", "mode": "moderated", "slow": 90}
    assert told["text"] == (
        "/me set the mode to moderated, set slow mode to one message in 1 min 30 s, removed the topic"
    )
    boss.ask(SetRoom("lobby", slow=0))
    assert entry(alice.heard())["text"] == "/me ended slow mode"


def test_who_was_away_finds_it_in_the_history(bench: Bench, boss: Seat, alice: Seat) -> None:
    """Resumed behind what was there, once, in its place."""
    alice.say("before")
    session = bench.session()
    bob = bench.seat("bob", session=session)
    bob.ask(Disconnected())
    boss.ask(SetRoom("lobby", topic="Cups"))
    alice.say("behind")
    back = Seat(bench)
    heard = back.ask(Hello("bob", session, rooms={"lobby": 1}))
    messages = [one for page in of_type(heard, "history") for one in page["messages"]]
    assert [(one["id"], one.get("change"), one["text"]) for one in messages] == [
        (2, {"topic": "Cups"}, "/me changed the topic to: Cups"),
        (3, None, "behind"),
    ]
    assert past(bench, "lobby")[1:] == messages
    assert of_type(heard, "room") == []


def test_what_is_set_so_already_is_no_change(bench: Bench, boss: Seat, alice: Seat) -> None:
    """Neither an act nor an entry, and only whoever asked is told."""
    boss.ask(SetRoom("lobby", topic="Cups"))
    alice.heard()
    heard = boss.ask(SetRoom("lobby", topic="Cups", mode="open", slow=0))
    assert [frame["text"] for frame in of_type(heard, "notice")] == ["lobby is set so already"]
    assert (alice.heard(), bench.store.last("lobby"), bench.store.last(ACTS)) == ([], 1, 1)


def test_act_and_entry_are_kept_together_or_not(bench: Bench, boss: Seat, alice: Seat, chat_log: ChatLog) -> None:
    """In one transaction; where that fails nothing holds, and nothing was told."""
    chat_log.expects_errors = True
    alice.heard()
    bench.store.broken = "the disk is full"
    assert codes(boss.ask(SetRoom("lobby", topic="Cups"))) == ["storage_unavailable"]
    assert alice.heard() == []
    bench.store.broken = None
    boss.ask(SetRoom("lobby", topic="Pots"))
    texts = [json.loads(text) for text in bench.store.batches[-1][0]]
    assert texts == [{"do": "room", "room": "lobby", "text": "Pots", "noted": 1}, {"topic": "Pots"}]
    assert entry(alice.heard())["id"] == 1
    assert bench.hub.rules.about("lobby").topic == "Pots"


def test_who_speaks_first_still_owns_the_room(bench: Bench, boss: Seat) -> None:
    """A change is no text of anybody: a room that was prepared is owned like a new one, and once."""
    ann, ben = member(bench, "ann", "tea"), member(bench, "ben", "tea")
    for topic in ("Cups", "Pots"):
        boss.ask(SetRoom("tea", topic=topic))
    assert [one["id"] for one in past(bench, "tea")] == [1, 2]
    ann.say("first", "tea")
    boss.ask(SetRoom("tea", topic="Cups"))
    ben.say("second", "tea")
    assert bench.hub.rules.about("tea").roles == {"ann": Rank.OWNER}


def test_it_is_answered_and_deleted_but_not_changed(bench: Bench, boss: Seat) -> None:
    """By moderators only, whoever made it; and then nothing is left of it but the number."""
    ann, ben = member(bench, "ann", "tea"), member(bench, "ben", "tea")
    ann.say("first", "tea")
    ann.ask(SetRoom("tea", topic="Rude words"))
    assert codes(speak(ben, "why?", reply=2)) == []
    wrong: list[dict[str, Any]] = [{"edit": 2}, {"react": 2}]
    for field in wrong:
        (kind,) = field
        (error,) = of_type(speak(ann, "x", **field), "error")
        assert (error["code"], error["field"]) == ("no_such_message", kind)
        assert error["text"].startswith("message #2 tells of a change of the room: ")
    assert codes(speak(ben, delete=2)) == ["not_yours"]
    boss.ask(SetRoomRole("ann", "tea", "member"))
    assert codes(speak(ann, delete=2)) == ["not_yours"]
    boss.ask(Delete("tea", 2))
    gone = past(bench, "tea")[1]
    assert (gone["text"], gone["deleted"], gone["change"]) == ("", True, {})
    assert "Rude" not in str(bench.store.after("tea", 0, 9))
    assert bench.hub.rules.about("tea").topic == "Rude words"  # which is another thing to change


def test_a_moderator_deletes_it(bench: Bench, boss: Seat) -> None:
    """With either request; that is an act."""
    ann = member(bench, "ann", "tea")
    ann.say("first", "tea")
    for topic in ("one", "two"):
        ann.ask(SetRoom("tea", topic=topic))
    assert codes(speak(ann, delete=2)) == codes(ann.ask(Delete("tea", 3))) == []
    assert [one.get("deleted") for one in past(bench, "tea")[:3]] == [None, True, True]
    assert [act["number"] for act in acts_in(bench) if act["do"] == "delete"] == [2, 3]


def test_no_search_finds_it_and_a_report_quotes_it(bench: Bench, boss: Seat, alice: Seat) -> None:
    """The report has the words, not what the log keeps."""
    boss.ask(SetRoom("lobby", topic="Cups"))
    alice.say("many cups")
    assert [m.id for m in bench.store.search("cups", {}, 9)] == [2]
    assert bench.store.search("from:server", {}, 9) == []
    alice.ask(Report("lobby", 1, None, "odd"))
    assert acts_in(bench)[-1]["text"] == "/me changed the topic to: Cups"


def test_nobody_outside_an_invite_only_room_learns_of_it(bench: Bench, boss: Seat, alice: Seat) -> None:
    """Not when it is closed, not of what is changed there, not by wanting to enter."""
    ann = member(bench, "ann", "tea")
    ann.say("first", "tea")
    alice.heard()
    ann.heard()
    told = entry(ann.ask(SetRoom("tea", mode="invite")))
    assert told["change"] == {"mode": "invite"}
    ann.ask(SetRoom("tea", topic="Secret"))
    assert entry([frame for frame in ann.ever if frame.get("id") == 3])["change"] == {"topic": "Secret"}
    assert alice.heard() == []
    assert codes(alice.ask(Join("tea"))) == ["invite_needed"]
    assert "Secret" not in str(alice.ever)


def test_whoever_reads_lines_reads_it_once(bench: Bench, boss: Seat, alice: Seat) -> None:
    """In the room as a line of the server's; outside, whoever has set it gets a notice."""
    bob = bench.seat("bob")
    for seat in (bob, boss):
        seat.client.encoder = PLAIN
        seat.outbox.blocks.clear()
    alice.ask(Join("tea"))
    boss.submit(SetRoom("lobby", topic="Cups *", slow=5))
    boss.submit(SetRoom("tea", topic="Pots"))
    boss.settle()
    bob.settle()
    lines = b"".join(bob.outbox.blocks).decode()
    assert lines == "* server set slow mode to one message in 5 s, changed the topic to: Cups * *\n"
    assert b"".join(boss.outbox.blocks).decode() == (
        "* server set #lobby: topic: Cups *; slow mode: one message in 5 s *\n* server set #tea: topic: Pots *\n"
    )


def test_a_field_of_that_name_in_a_text_is_nothing(bench: Bench, alice: Seat) -> None:
    """Only the server makes such entries."""
    (told,) = of_type(speak(alice, "/me changed the topic to: x", "lobby", change={"topic": "x"}), "message")
    assert "change" not in told
    assert bench.hub.rules.rooms == {}
