"""What is felt of mutes, in a room and on the whole server, over the native door."""

from __future__ import annotations

from server_parts.protocol.moderation_requests import Mute
from server_parts.protocol.requests import Nick
from tests.conftest import Chat
from tests.peers import codes
from tests.server.hub.bench import Bench

from .people import TIME, elsewhere, member, operator, outcome, said, terminal


def test_a_mute_of_a_room(chat: Chat) -> None:
    """With the reason and the end; each text that is refused uses up its seq; elsewhere and later they may speak."""
    owner, bob = member(chat, "ann"), chat.native("bob")
    for peer in (owner, bob):
        peer.ask("join", room="tea")
    owner.tell("mine", "tea")
    assert outcome(owner.ask("mute", name="bob", room="tea", reason="flooding", **TIME)) == "ok"
    assert "you are muted in tea until " in bob.until("notice")["text"]
    for _ in range(2):
        bob.say("x", "tea")
        error = bob.until("error")
        assert (error["code"], error["seq"]) == ("muted", bob.seq)
        assert error["text"].startswith("you are muted in tea until ")
        assert error["text"].endswith("Z: flooding")
    assert said(bob, "in the lobby") == "ok"
    assert outcome(bob.ask("nick", name="rob")) == "ok"
    assert said(bob, "x", "tea") == "muted"
    session = bob.session
    bob.leave()
    bob = chat.native("rob", session=session, rooms={"tea": None})
    bob.seq = bob.welcome["accepted"]
    assert bob.welcome["accepted"] == 4
    assert said(bob, "x", "tea") == "muted"
    assert outcome(owner.ask("unmute", name="bob", room="tea")) == "ok"
    assert said(bob, "x", "tea") == "ok"


def test_a_mute_of_the_server_holds_in_private_too(chat: Chat) -> None:
    """And in each room."""
    op, bob, ann = operator(chat), chat.native("bob"), chat.native("ann")
    assert outcome(op.ask("mute", name="bob")) == "ok"
    assert [said(bob, "x"), said(bob, "x", "@ann")] == ["muted", "muted"]
    assert said(ann, "x", "@bob") == "ok"


def test_a_muted_owner_says_nothing_by_the_topic(chat: Chat) -> None:
    """All else in the room is still theirs to keep."""
    op, ann = operator(chat), member(chat, "ann")
    ann.ask("join", room="tea")
    ann.tell("mine", "tea")
    assert outcome(op.ask("mute", name="ann")) == "ok"
    assert outcome(ann.ask("room", room="tea", topic="you will hear me")) == "muted"
    for change in ({"topic": ""}, {"mode": "moderated"}):
        ann.pending()
        assert outcome(ann.ask("room", room="tea", **change)) == "ok"


def test_a_mute_says_nothing_of_a_room_that_one_is_not_in(chat: Chat) -> None:
    """Whoever is not there is told that."""
    op, bob = operator(chat), chat.native("bob")
    assert outcome(op.ask("mute", name="bob", room="tea")) == "ok"
    assert said(bob, "x", "tea") == "not_in_room"


def test_texts_in_a_row_are_all_refused(chat: Chat) -> None:
    """Each with its own seq, and what follows in another room goes on."""
    op, bob = operator(chat), chat.native("bob")
    bob.ask("join", room="tea")
    op.ask("mute", name="bob", room="lobby")
    frames = b"".join(
        b'{"type":"say","room":"%s","text":"x","seq":%d}\n' % (room, seq)
        for seq, room in enumerate((b"lobby", b"lobby", b"tea", b"lobby"), 1)
    )
    bob.send_bytes(frames)
    answers = [bob.until("error")["seq"] for _ in range(3)]
    assert answers == [1, 2, 4]


def test_a_mute_of_a_guest_from_elsewhere_holds_for_the_address(bench: Bench) -> None:
    """A new name and a new session do not help."""
    boss = terminal(bench)
    elsewhere(bench, "eve", "192.0.2.1:9")
    boss.ask(Mute("eve"))
    other = elsewhere(bench, "other", "192.0.2.1:10")
    assert codes(other.say("x")) == ["muted"]
    assert codes(elsewhere(bench, "third", "192.0.2.2:1").say("x")) == []
    assert codes(other.ask(Nick("fourth"))) == []
    assert codes(other.say("x")) == ["muted"]
