"""Modes, slow mode, topics, owners, deleted texts; and that nobody learns of a room that is not for them."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from server_parts.moderation import acts
from server_parts.moderation.acts import Act, Kept
from server_parts.moderation.ranks import Rank
from server_parts.moderation.rulebook import Rulebook
from server_parts.people import slow_mode
from server_parts.people.clients import Client, Session
from server_parts.people.roles import Role
from server_parts.people.slow_mode import SlowMode
from server_parts.protocol.moderation_requests import SetRoom
from server_parts.protocol.requests import Hello, Join, Say
from server_parts.storage.records import ACTS
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.store import Store
from tests.conftest import Chat, Serve
from tests.peers import Frame, Native, codes, of_type
from tests.server.hub.bench import Bench, Remembering, Seat

from .people import TOKEN, member, notices, operator, outcome, record_of, said


def room_of(chat: Chat, *others: Native, name: str = "tea", **settings: Any) -> Native:
    """The owner of a room in which the others are too."""
    owner = member(chat, f"{name}-owner")
    for peer in (owner, *others):
        assert outcome(peer.ask("join", room=name)) == "ok"
    owner.tell("the first text", name)
    if settings:
        assert outcome(owner.ask("room", room=name, **settings)) == "ok"
    for peer in others:
        peer.pending()
    return owner


# --- owners ---


def role_in(peer: Native, room: str) -> str | None:
    (joined,) = of_type(peer.ask("join", room=room), "joined")
    role: str | None = joined["role"]
    return role


@pytest.mark.parametrize("name", ["ann", "Ann"])
def test_the_first_to_speak_owns_the_room(chat: Chat, store: Store, name: str) -> None:
    """With an account, also one that begins with that text; and together with it, in the log."""
    ann, bob = chat.native(name, token=TOKEN), member(chat, "bob")
    for peer in (ann, bob):
        peer.ask("join", room="tea")
    ann.tell("first", "tea")
    bob.tell("second", "tea")
    assert (role_in(ann, "tea"), role_in(bob, "tea")) == ("owner", None)
    assert [json.loads(message.text)["do"] for message in store.after(ACTS, 0, 9)] == ["found"]


def test_guests_own_nothing_and_nobody_owns_the_lobby(chat: Chat) -> None:
    """Who speaks after a guest was not the first."""
    gus, ann = chat.native("gus"), chat.native("ann", token=TOKEN)
    ann.tell("first in the lobby")
    for peer in (gus, ann):
        peer.ask("join", room="tea")
    gus.tell("first", "tea")
    ann.tell("second", "tea")
    assert (role_in(gus, "tea"), role_in(ann, "tea"), role_in(ann, "lobby")) == (None, None, None)


def test_a_room_is_founded_once_in_a_turn(bench: Bench) -> None:
    """Where several speak at once in a new room, the first of them owns it: if that is a guest, nobody does."""
    ann, bob, gus = bench.seat("ann", token=TOKEN), bench.seat("bob", token=TOKEN[::-1]), bench.seat("gus")
    for seat in (ann, bob, gus):
        seat.say("here")
        seat.ask(Join("tea"), Join("den"))
    texts = {seat: [Say("tea", ["x"], 2), Say("den", ["x"], 3)] for seat in (ann, bob)}
    bench.in_one_turn((gus, [Say("den", ["x"], 2)]), *texts.items())
    assert bench.hub.rules.about("tea").roles == {"ann": Rank.OWNER}
    assert bench.hub.rules.about("den").roles == {}


def test_a_room_that_was_not_stored_has_no_owner(bench: Bench) -> None:
    """The act goes with the text, or neither does."""
    ann = bench.seat("ann", token=TOKEN)
    ann.say("here")
    ann.ask(Join("tea"))
    bench.store.broken = "no space"
    assert codes(ann.ask(Say("tea", ["x"], 2))) == ["storage_unavailable"]
    assert bench.hub.rules.about("tea").roles == {}
    bench.store.broken = None
    ann.ask(Say("tea", ["x"], 2))
    assert bench.hub.rules.about("tea").roles == {"ann": Rank.OWNER}


def test_an_act_that_cannot_be_kept_does_not_hold(bench: Bench) -> None:
    """Nobody is muted, and whoever asked is told."""
    boss = Seat(bench, role=Role.OWNER)
    boss.ask(Hello("server", ""))
    bench.store.broken = "no space"
    assert codes(boss.ask(SetRoom("tea", mode="read-only"))) == ["storage_unavailable"]
    assert bench.hub.rules.rooms == {}
    bench.store.broken = None
    assert not codes(boss.ask(SetRoom("tea", mode="read-only")))
    assert bench.hub.rules.about("tea").mode == "read-only"


@pytest.fixture
def bench(chat_log: Any) -> Any:
    bench = Bench()
    chat_log.expects_errors = True
    yield bench
    bench.stop()


# --- settings ---


def test_settings_are_told_to_all_who_are_there(chat: Chat) -> None:
    """And to whoever comes; what is not named stays."""
    bob = chat.native("bob")
    owner = room_of(chat, bob)
    (told,) = of_type(owner.ask("room", room="tea", topic=" Cups\n", slow=5), "room")
    expected = {"type": "room", "room": "tea", "topic": "Cups", "mode": "open", "slow": 5, "by": "tea-owner"}
    assert {**expected, "ts": told["ts"]} == told == bob.until("room")
    owner.ask("room", room="tea", mode="moderated")
    assert bob.until("room")["topic"] == "Cups"
    heard = chat.native("cid").ask("join", room="tea")
    (joined, past) = (of_type(heard, kind)[0] for kind in ("joined", "history"))
    changed = [(one["from"], one["change"]) for one in past["messages"] if "change" in one]
    assert changed == [("tea-owner", {"topic": "Cups", "slow": 5}), ("tea-owner", {"mode": "moderated"})]
    assert [joined[field] for field in ("topic", "mode", "slow", "role")] == ["Cups", "moderated", 5, None]


def test_a_moderated_and_a_read_only_room(chat: Chat) -> None:
    """Voice lets speak in one, only moderators speak in the other; a refused text uses up its seq."""
    bob, vic = member(chat, "bob"), member(chat, "vic")
    owner = room_of(chat, bob, vic, mode="moderated")
    owner.ask("role", room="tea", name="vic", role="voice")
    assert "vic is now a voice of tea, by tea-owner" in notices(vic.pending())
    assert (said(bob, "x", "tea"), said(vic, "x", "tea"), said(owner, "x", "tea")) == ("read_only", "ok", "ok")
    assert said(bob, "elsewhere") == "ok"
    owner.ask("room", room="tea", mode="read-only")
    assert (said(bob, "x", "tea"), said(vic, "x", "tea"), said(owner, "x", "tea")) == ("read_only", "read_only", "ok")
    owner.ask("room", room="tea", mode="open")
    assert said(bob, "x", "tea") == "ok"


def test_slow_mode(chat: Chat) -> None:
    """One text, then a pause; each text in a row by itself; moderators have none; a repeat is acknowledged."""
    bob = chat.native("bob")
    owner = room_of(chat, bob, slow=600)
    frames = [json.dumps({"type": "say", "room": "tea", "text": str(seq), "seq": seq}) for seq in (1, 2, 3)]
    bob.send_bytes("\n".join([*frames, ""]).encode())
    answers = of_type(bob.pending(), "message", "error")
    assert sorted((frame["seq"], frame.get("code", "ok")) for frame in answers if frame["seq"]) == [
        (1, "ok"),
        (2, "slow_mode"),
        (3, "slow_mode"),
    ]
    assert "one message in 10 min; wait " in next(frame["text"] for frame in answers if "code" in frame)
    bob.send("say", room="tea", text="1", seq=1)
    assert bob.until("ack")["id"] == 3  # slow mode was the second entry
    bob.seq = 3
    assert said(bob, "elsewhere") == "ok"
    assert [said(owner, "x", "tea"), said(owner, "y", "tea")] == ["ok", "ok"]
    owner.ask("room", room="tea", slow=0)
    assert said(bob, "x", "tea") == "ok"


def test_slow_mode_in_time(bench: Bench) -> None:
    """The pause is measured from the last text that was taken; the same text once more is no second one."""
    rules = bench.hub.rules
    bench.seat("x")
    boss = Seat(bench, role=Role.OWNER)
    boss.ask(Hello("server", ""), SetRoom("tea", slow=10))
    slow = SlowMode(rules)
    client = Client(boss.outbox, "bench")
    session = Session("key", 0)

    def found(seq: int, now: float) -> str:
        refusal = slow.refusal(client, session, "tea", seq, now)
        return "ok" if refusal is None else refusal.text

    assert [found(1, 100.0), found(1, 101.0)] == ["ok", "ok"]
    assert found(2, 105.5) == "tea is in slow mode: one message in 10 s; wait 6 s"
    assert [found(3, 110.9)[:3], found(4, 111.0)] == ["tea", "ok"]
    assert slow_mode.MOST_REMEMBERED >= 1000


@pytest.mark.parametrize(
    ("first", "second", "waits"),
    [
        ("192.0.2.1:5", "192.0.2.1:6", True),
        ("[2001:db8::1]:5", "[2001:db8::2]:5", True),
        ("192.0.2.1:5", "192.0.2.2:5", False),
        ("127.0.0.1:5", "127.0.0.1:6", False),
    ],
    ids=["one address", "one network", "two addresses", "this machine"],
)
def test_a_new_guest_does_not_end_slow_mode(first: str, second: str, waits: bool) -> None:
    """Guests of one address share a pause, whatever session they come with; people with an account do not."""
    rules = Rulebook()
    rules.apply(Kept(1, 0.0, "boss", Act(acts.ROOM, room="tea", number=10)))
    slow = SlowMode(rules)

    def found(name: str, address: str, role: Role = Role.GUEST) -> bool:
        client = Client(Remembering(), address, role)
        client.name = name
        return slow.refusal(client, Session(f"session of {name}", 0), "tea", 1, 100.0) is not None

    assert [found("guest-1", first), found("guest-2", second)] == [False, waits]
    assert not found("ann", first, Role.MEMBER)


def test_an_account_is_known_by_its_first_text() -> None:
    """Which makes it one: the next text comes from the same person, and a next account of that address waits too."""
    rules = Rulebook()
    rules.apply(Kept(1, 0.0, "boss", Act(acts.ROOM, room="tea", number=10)))
    slow = SlowMode(rules)

    def found(name: str, seq: int, *, claiming: bool) -> bool:
        client = Client(Remembering(), "192.0.2.1:5", Role.GUEST if claiming else Role.MEMBER)
        client.name, client.claiming = name, claiming
        return slow.refusal(client, Session(f"session of {name}", 0), "tea", seq, 100.0) is not None

    assert not found("ann", 1, claiming=True)
    assert found("ann", 2, claiming=False)
    assert found("bob", 1, claiming=True)


def test_the_lobby_stays_open_to_all(chat: Chat) -> None:
    """It can be moderated, and not be invite-only."""
    op = operator(chat)
    assert outcome(op.ask("room", room="lobby", mode="invite")) == "bad_field"
    assert outcome(op.ask("room", room="lobby", mode="read-only")) == "ok"
    assert said(chat.native("bob"), "x") == "read_only"


# --- rooms for invited people ---


def traces(peer: Native, room: str, word: str) -> str:
    """All that a client can ask for in which a room could show itself, but for joining it; told when it is asked."""
    asked: list[tuple[str, Frame]] = [
        ("rooms", {}),
        ("rooms", {"prefix": room[:2]}),
        ("who", {"room": room}),
        ("who", {}),
        ("history", {"room": room}),
        ("history", {"room": room, "before": 3, "limit": 1}),
        ("search", {"text": word, "count": True}),
        ("search", {"text": word, "room": room, "count": True}),
        ("search", {"text": f"{word} in:{room}", "count": True}),
        ("search", {"text": "needle", "before": {"room": room, "id": 2}}),
        ("report", {"room": room, "reason": "x"}),
        ("report", {"room": room, "id": 1, "reason": "x"}),
        ("kick", {"room": room, "name": "tea-owner"}),
        ("mute", {"room": room, "name": "tea-owner"}),
        ("room", {"room": room, "topic": "x"}),
        ("invite", {"room": room, "name": "tea-owner"}),
        ("delete", {"room": room, "id": 1}),
        ("bans", {"room": room}),
        ("reports", {"room": room}),
    ]
    answers = [peer.ask(kind, **fields) for kind, fields in asked]
    peer.say("x", room)
    answers.append(peer.pending())
    return json.dumps(answers)


def test_nobody_else_learns_of_an_invite_only_room(chat: Chat) -> None:
    """Every answer is that of a room that does not exist, from the moment it closes; only joining tells."""
    bob = chat.native("bob")
    outsiders = [chat.native("out"), member(chat, "outside")]
    owner = room_of(chat, bob, topic="secret")
    owner.tell("needle whale", "tea")
    chat.native("other").tell("needle in the lobby")
    assert "needle whale" in traces(outsiders[0], "tea", "whale")
    assert outcome(owner.ask("room", room="tea", mode="invite")) == "ok"
    bob.pending()
    for out in outsiders:
        out.pending()
        seen = traces(out, "tea", "whale")
        nowhere = traces(out, "zzz", "whale")
        for seq in (out.seq, out.seq - 1):
            seen, nowhere = (text.replace(f'"seq": {seq}', "") for text in (seen, nowhere))
        assert seen.replace("tea", "zzz") == nowhere.replace("tea", "zzz")
        assert "needle whale" not in seen
        assert "secret" not in seen
        assert codes(out.ask("leave", room="tea")) == codes(out.ask("leave", room="zzz")) == ["not_in_room"]
        (error,) = of_type(out.ask("join", room="tea"), "error")
        assert error["code"] == "invite_needed"
    assert "needle whale" in traces(bob, "tea", "whale")
    assert said(bob, "as before", "tea") == "ok"


def test_a_room_is_opened_to_everybody_only_on_purpose(chat: Chat) -> None:
    """Another mode than invite-only shows it, and its past, to all: that has to be asked for twice."""
    owner = room_of(chat, mode="invite")
    owner.tell("between us", "tea")
    for mode in ("open", "moderated", "read-only"):
        assert outcome(owner.ask("room", room="tea", mode=mode)) == "sure_needed"
    assert outcome(owner.ask("room", room="tea", topic="still closed")) == "ok"
    assert "between us" not in traces(chat.native("out"), "tea", "us")
    assert outcome(owner.ask("room", room="tea", mode="read-only", sure=True)) == "ok"
    assert "between us" in traces(chat.native("out2"), "tea", "us")
    assert outcome(owner.ask("room", room="tea", mode="open")) == "ok"


def test_a_voice_takes_no_rights_away(chat: Chat) -> None:
    """Whoever is more than that keeps it; who is to be less is made a member first."""
    owner, bob = room_of(chat), member(chat, "bob")
    assert outcome(owner.ask("role", room="tea", name="bob", role="moderator")) == "ok"
    (error,) = of_type(owner.ask("role", room="tea", name="bob", role="voice"), "error")
    assert error["text"] == "bob has more rights in tea than a voice already"
    for role in ("member", "voice"):
        assert outcome(owner.ask("role", room="tea", name="bob", role=role)) == "ok"
    bob.pending()


def test_who_is_invited_sees_all_of_it(chat: Chat) -> None:
    """An invitation is told to both, holds for an account on each connection, and for a guest in its session."""
    gus, ann = chat.native("gus"), member(chat, "ann", TOKEN)
    owner = room_of(chat, mode="invite")
    owner.tell("needle", "tea")
    assert outcome(gus.ask("join", room="tea")) == "invite_needed"
    for peer, name in ((gus, "gus"), (ann, "ann")):
        assert notices(owner.ask("invite", room="tea", name=name)) == [f"{name} is invited to tea"]
        assert peer.until("notice")["text"] == "tea-owner invites you to tea"
        assert of_type(peer.ask("search", text="needle", count=True), "results")[0]["total"] == 1
        assert of_type(peer.ask("history", room="tea"), "history")[0]["messages"]
        assert [one["room"] for one in of_type(peer.ask("rooms"), "rooms")[0]["rooms"]] == ["lobby", "tea"]
        assert outcome(peer.ask("join", room="tea")) == "ok"
    assert notices(owner.ask("invite", room="tea", name="ann")) == ["ann is invited to tea already"]
    assert outcome(owner.ask("invite", room="tea", name="nobody-here")) == "no_such_user"
    ann.leave()
    session = gus.session
    gus.leave()
    for again in ({"name": "ann", "token": TOKEN}, {"name": "gus", "session": session}):
        peer = chat.native(**again)
        assert outcome(peer.ask("join", room="tea")) == "ok"
        peer.leave()
    assert outcome(chat.native("gus").ask("join", room="tea")) == "invite_needed"


def test_who_was_there_stays_and_comes_back(chat: Chat, serve: Serve) -> None:
    """The members of the moment at which a room closes; a kick takes that away, a role brings it back."""
    bob = member(chat, "bob", TOKEN)
    owner = room_of(chat, bob)
    owner.ask("room", room="tea", mode="invite")
    assert said(bob, "x", "tea") == "ok"
    bob.leave()
    bob = chat.native("bob", token=TOKEN, rooms={"tea": None})
    assert said(bob, "x", "tea") == "ok"
    owner.ask("kick", name="bob", room="tea")
    bob.pending()
    assert outcome(bob.ask("join", room="tea")) == "invite_needed"
    bob.leave()
    bob = chat.native()
    bob.hello("bob", token=TOKEN, rooms={"tea": None, "lobby": None})
    assert codes(bob.pending()) == ["invite_needed"]
    owner.ask("role", room="tea", name="bob", role="voice")
    bob.pending()
    assert outcome(bob.ask("join", room="tea")) == "ok"


def test_a_kick_holds_in_every_session(chat: Chat) -> None:
    """Also in one that was invited and is not connected then."""
    first = member(chat, "bob", TOKEN, features=["by"])
    session = secrets.token_urlsafe(24)
    second = chat.native("bob", token=TOKEN, features=["by"], session=session)
    owner = room_of(chat, first, second)
    owner.ask("room", room="tea", mode="invite")
    second.leave()
    owner.ask("kick", name="bob", room="tea")
    second = chat.native("bob", token=TOKEN, features=["by"], session=session)
    assert outcome(second.ask("join", room="tea")) == "invite_needed"
    assert not of_type(second.ask("history", room="tea"), "history")[0]["messages"]


def test_operators_see_all_rooms(chat: Chat) -> None:
    """They keep order in them."""
    room_of(chat, mode="invite")
    op = operator(chat)
    assert "the first text" in traces(op, "tea", "first")
    assert outcome(op.ask("join", room="tea")) == "ok"


def test_nobody_learns_of_the_room_of_acts(chat: Chat) -> None:
    """No request can name it, and no list, search or page holds anything of it; not even for operators."""
    op, bob = operator(chat), member(chat, "bob")
    op.ask("mute", name="bob", reason="needle")
    op.ask("unmute", name="bob")
    for peer in (bob, op):
        for room in (ACTS, "@", "@+bob", "@bob+"):
            for kind in ("join", "leave", "history", "who"):
                assert codes(peer.ask(kind, room=room)) == ["bad_room"], (kind, room)
            assert codes(peer.ask("search", text="needle", room=room)) == ["bad_room"]
        for text in ("needle", f"needle in:{ACTS}", "from:op needle"):
            (found,) = of_type(peer.ask("search", text=text, count=True), "results")
            assert (found["messages"], found["total"]) == ([], 0)
        (listed,) = of_type(peer.ask("rooms"), "rooms")
        assert ([room["room"] for room in listed["rooms"]], listed["total"]) == (["lobby"], 1)
        peer.hello("x", rooms={ACTS: None})
        assert codes(peer.pending())[0] in ("bad_room", "bad_field")


# --- deleted texts ---


def test_a_deleted_text_is_gone_for_everybody(chat: Chat, store: Store) -> None:
    """Those who are there are told; history has an empty one in its place, search none, the log neither."""
    bob, plain = chat.native("bob"), chat.plain("/join tea")
    owner = room_of(chat, bob)
    bob.tell("a needle", "tea")
    (deleted,) = of_type(owner.ask("delete", room="tea", id=2), "deleted")
    assert deleted == {"type": "deleted", "room": "tea", "id": 2, "by": "tea-owner"} == bob.until("deleted")
    assert plain.until("deleted") == "* tea-owner deleted message #2 in #tea *"
    (history,) = of_type(bob.ask("history", room="tea"), "history")
    assert [(m["id"], m["text"], m.get("deleted")) for m in history["messages"]] == [
        (1, "the first text", None),
        (2, "", True),
        (3, "/me deleted message #2", None),
    ]
    assert of_type(bob.ask("search", text="needle", count=True), "results")[0]["total"] == 0
    assert of_type(bob.ask("search", text="from:bob in:tea", count=True), "results")[0]["total"] == 0
    plain.say("/history 5")
    assert plain.until("#2") == "* #2 by bob was deleted *"
    assert store.after("tea", 1, 1)[0].text == ""
    assert bob.tell("next", "tea")["id"] == 4
    assert outcome(owner.ask("delete", room="tea", id=9)) == "bad_field"


# --- over restarts ---


def test_a_restart_keeps_everything(serve: Serve, tmp_path: Path) -> None:
    """Settings, roles, invitations, bans, mutes, blocks, the audit, what is deleted; trimming takes none of it."""
    chat = serve(store=SqliteLog(tmp_path / "data"), keep_messages=1)
    bob, eve = member(chat, "bob", TOKEN), member(chat, "eve", TOKEN[::-1])
    owner = member(chat, "ann", TOKEN.upper())
    owner.ask("join", room="tea")
    owner.tell("mine", "tea")
    owner.tell("second", "tea")
    op = operator(chat)
    for request in (
        {"type": "room", "room": "tea", "topic": "Cups", "mode": "invite", "slow": 30},
        {"type": "role", "room": "tea", "name": "bob", "role": "moderator"},
        {"type": "delete", "room": "tea", "id": 1},
        {"type": "block", "name": "eve"},
    ):
        assert outcome(owner.ask(**request)) == "ok"
    assert outcome(op.ask("ban", name="eve", reason="spam")) == "ok"
    assert outcome(op.ask("mute", name="bob", room="lobby", **{"for": 3600})) == "ok"
    before = [of_type(op.ask(kind), kind)[0] for kind in ("bans", "audit")]
    assert eve.until("bye")
    bob.leave()
    chat.stop()
    chat = serve(store=SqliteLog(tmp_path / "data"), keep_messages=1)
    peer = chat.native()
    peer.hello("eve", token=TOKEN[::-1])
    assert peer.until("bye")["code"] == "banned"
    bob = chat.native("bob", token=TOKEN, rooms={"tea": None})
    (joined,) = of_type(bob.ask("join", room="tea", history=0), "joined")
    found = [joined[field] for field in ("topic", "mode", "slow", "role", "last")]
    assert found == ["Cups", "invite", 30, "moderator", 4]
    bob.ask("join", room="lobby")
    assert said(bob, "x") == "muted"
    ann = chat.native("ann", token=TOKEN.upper())
    assert of_type(ann.ask("block"), "blocked")[0]["names"] == ["eve"]
    record_of(chat, ann).role = Role.OPERATOR
    assert [of_type(ann.ask(kind), kind)[0] for kind in ("bans", "audit")] == before
