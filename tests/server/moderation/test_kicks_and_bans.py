"""What is felt of kicks, bans and the lockdown, over the native door."""

from __future__ import annotations

import time
from typing import Any

import pytest

from server_parts.hub import departures
from server_parts.moderation.rulebook import Rulebook
from server_parts.people.roles import Role
from server_parts.protocol.account_lines import give_role
from server_parts.protocol.moderation_requests import Ban, Kick, ListActs, Lockdown, Unban
from server_parts.protocol.requests import Bye, Disconnected, Hello, Join, Request
from server_parts.storage.store import Store
from tests.conftest import Chat, Serve
from tests.peers import Frame, codes, of_type
from tests.server.hub.bench import Bench, Seat

from .people import TIME, TOKEN, elsewhere, elsewhere_frames, member, notices, operator, outcome, said, terminal


def refused(chat: Chat, name: str, **hello: Any) -> Frame:
    """How a hello ends that is not welcome."""
    peer = chat.native()
    peer.hello(name, **hello)
    frame = peer.next()
    assert frame["type"] in ("bye", "error"), frame
    return frame


# --- out of a room, out of the server ---


def test_a_kick_from_a_room_says_who_and_why(chat: Chat) -> None:
    """Then the room is left, and may be entered again."""
    owner, bob = member(chat, "ann"), chat.native("bob")
    for peer in (owner, bob):
        peer.ask("join", room="tea")
    owner.tell("mine", "tea")
    (notice,) = notices(owner.ask("kick", name="BOB", room="tea", reason="flood"))
    assert notice == "bob was kicked from tea: flood"
    assert bob.until("notice")["text"] == "you were removed from tea by ann: flood"
    assert bob.moved("left", "bob")["room"] == "tea"
    (who,) = of_type(owner.ask("who", room="tea"), "who")
    assert [one["name"] for one in who["members"]] == ["ann"]
    assert said(bob, "hello?", "tea") == "not_in_room"
    assert outcome(bob.ask("join", room="tea")) == "ok"
    assert said(bob, "hello", "tea") == "ok"
    assert codes(owner.ask("kick", name="nobody-here", room="tea")) == ["no_such_user"]


def test_a_kick_from_the_server_ends_all_connections(chat: Chat) -> None:
    """With a sentence, and without coming back by itself."""
    op = operator(chat)
    member(chat, "bob", TOKEN, features=["by"]).close()
    bobs = [chat.native("bob", token=TOKEN, features=["by"]) for _ in range(2)]
    assert notices(op.ask("kick", name="bob", reason="enough")) == ["bob was kicked: enough"]
    for bob in bobs:
        bye = bob.until("bye")
        assert (bye["code"], bye["retry"], bye["text"]) == ("kicked", False, "you were removed by op: enough")
    assert chat.native("bob", token=TOKEN).welcome["name"] == "bob"


def test_a_ban_from_a_room(chat: Chat) -> None:
    """Its members stay away from it under any name of theirs, until it is lifted; elsewhere they are as before."""
    owner, bob = member(chat, "ann"), member(chat, "bob", TOKEN)
    for peer in (owner, bob):
        peer.ask("join", room="tea")
    owner.tell("mine", "tea")
    (notice,) = notices(owner.ask("ban", name="bob", room="tea", reason="flood", **TIME))
    assert notice.startswith("bob is banned from tea until ")
    text = bob.until("notice")["text"]
    assert text.startswith("you were banned from tea by ann until ")
    assert text.endswith("Z: flood")
    assert bob.moved("left", "bob")["room"] == "tea"
    (error,) = of_type(bob.ask("join", room="tea"), "error")
    assert (error["code"], error["room" if "room" in error else "field"]) == ("banned", "room")
    assert error["text"].startswith("you are banned from tea until ")
    assert said(bob, "here I may") == "ok"
    assert outcome(bob.ask("nick", name="rob")) == "ok"
    assert outcome(bob.ask("join", room="tea")) == "banned"
    bob.leave()
    bob = chat.native("bob", token=TOKEN)
    assert outcome(bob.ask("join", room="tea")) == "banned"
    assert outcome(owner.ask("unban", name="BOB", room="tea")) == "ok"
    assert outcome(bob.ask("join", room="tea")) == "ok"
    assert outcome(owner.ask("unban", name="bob", room="tea")) == "no_such_ban"


def test_a_hello_does_not_enter_a_room_that_one_is_banned_from(chat: Chat) -> None:
    """The others that it names, it does."""
    op, bob = operator(chat), member(chat, "bob", TOKEN)
    assert outcome(op.ask("ban", name="bob", room="tea")) == "ok"
    bob.leave()
    bob = chat.native()
    bob.hello("bob", token=TOKEN, rooms={"tea": None, "lobby": None})
    frames = bob.pending()
    assert codes(frames) == ["banned"]
    assert [frame["room"] for frame in of_type(frames, "joined")] == ["lobby"]


def test_a_ban_from_the_server_keeps_an_account_out(chat: Chat) -> None:
    """At its next hello too, before it has a name, with what proves it or under another name; then it ends."""
    op, bob = operator(chat), member(chat, "bob", TOKEN)
    (notice,) = notices(op.ask("ban", name="bob", reason="spam"))
    assert notice == "bob is banned from this server for good, with all devices of the account"
    bye = bob.until("bye")
    assert (bye["code"], bye["retry"], bye["text"]) == ("banned", False, "you were banned from this server by op: spam")
    for name in ("bob", "rob"):
        bye = refused(chat, name, token=TOKEN)
        assert (bye["type"], bye["code"], bye["retry"]) == ("bye", "banned", False)
        assert bye["text"] == "you are banned from this server: spam"
    assert refused(chat, "eve", session=bob.session)["code"] in ("session_taken", "banned")
    assert refused(chat, "bob")["code"] == "name_taken"  # who cannot prove the name learns nothing
    assert outcome(op.ask("unban", name="bob")) == "ok"
    assert chat.native("bob", token=TOKEN).welcome["name"] == "bob"


def test_a_ban_of_a_guest(chat: Chat) -> None:
    """On this machine by name and session, as its own addresses are never banned; nick and a reconnect do not help."""
    op, eve = operator(chat), chat.native("eve")
    eve.tell("hi")
    eve.ask("nick", name="eva")
    assert outcome(op.ask("ban", name="eve")) == "ok"  # who has just changed names is meant
    assert eve.until("bye")["code"] == "banned"
    assert refused(chat, "eve")["code"] == "banned"
    assert refused(chat, "eva", session=eve.session)["code"] == "banned"
    bob = chat.native("bob")
    assert outcome(bob.ask("nick", name="Eve")) == "banned"
    assert said(bob, "still here") == "ok"


def test_names_that_the_server_gives_are_not_banned(chat: Chat) -> None:
    """The next guest-1 is somebody else."""
    op, plain = operator(chat), chat.plain("hello")
    assert plain.enter() == "guest-1"
    assert outcome(op.ask("ban", name="guest-1")) == "ok"
    assert plain.until("goodbye") == "* goodbye: you were banned from this server by op *"
    assert chat.plain("hello").enter() == "guest-1"


def test_loopback_is_never_banned(chat: Chat) -> None:
    """Nor a network of nothing else; in a larger one it is passed over."""
    op = operator(chat)
    for address in ("127.0.0.1", "127.0.0.0/8", "::1", "::ffff:127.0.0.1"):
        assert outcome(op.ask("ban", address=address, sure=True)) == "bad_field", address
    assert outcome(op.ask("ban", address="0.0.0.0/0", sure=True)) == "ok"
    assert chat.native("bob").welcome["name"] == "bob"


# --- how many a ban hits ---


def test_a_ban_of_many_is_repeated(chat: Chat) -> None:
    """More than a fifth of those present and more than one, a very large network, or oneself."""
    op = operator(chat)
    for address in ("10.0.0.0/15", "2001:db8::/31"):
        assert outcome(op.ask("ban", address=address)) == "sure_needed"
        assert notices(op.ask("ban", address=address, test=True)) == [
            "that ban would affect 0 of 1 people who are here"
        ]
        assert outcome(op.ask("ban", address=address, sure=True)) == "ok"
    assert outcome(op.ask("ban", address="10.0.0.0/16")) == "ok"
    (error,) = of_type(op.ask("ban", name="op"), "error")
    assert (error["code"], error["field"], error["hits"]) == ("sure_needed", "sure", 1)
    op.send("ban", name="op", sure=True)
    assert op.until("bye")["code"] == "banned"


def test_the_terminal_names_the_owner_of_a_room(bench: Bench) -> None:
    """Also of one that lost its owner; itself it cannot ban."""
    boss, ann = terminal(bench), bench.seat("ann", token=TOKEN)
    ann.ask(Join("tea"))
    ann.say("mine", "tea")
    boss.ask(Ban("ann", room="tea", sure=True))
    assert not bench.hub.rules.about("tea").roles
    request = give_role("ann owner #tea")
    assert not isinstance(request, str)
    assert notices(boss.ask(request)) == ["ann is now an owner of tea, by server"]
    assert bench.hub.rules.about("tea").is_only_owner("ANN")
    (error,) = of_type(boss.ask(Ban("server", sure=True)), "error")
    assert error["text"] == "you cannot do that to yourself"


def test_a_network_of_many_is_repeated(bench: Bench) -> None:
    """Once, with the number; and each in it is told, but for operators."""
    boss = terminal(bench)
    crowd = [elsewhere(bench, f"p{number}", f"192.0.2.{number}:99") for number in range(1, 4)]
    crowd[2].client.role = Role.OPERATOR
    elsewhere(bench, "far", "198.51.100.1:99")
    (error,) = of_type(boss.ask(Ban(address="192.0.2.0/24")), "error")
    assert (error["code"], error["hits"]) == ("sure_needed", 2)
    assert "2 of 4 people" in error["text"]
    boss.ask(Ban(address="192.0.2.0/24", sure=True))
    assert [[bye["code"] for bye in seat.heard("bye")] for seat in crowd] == [["banned"], ["banned"], []]
    assert elsewhere(bench, "p9", "192.0.2.77:5").heard() == []  # it was heard in `ask`
    assert [frame["code"] for frame in of_type(elsewhere_frames(bench, "p8", "192.0.2.8:5"), "bye")] == ["banned"]
    assert not of_type(elsewhere_frames(bench, "p7", "192.0.3.8:5"), "bye")


def test_the_address_of_a_banned_account_is_closed_to_guests(bench: Bench) -> None:
    """For an hour; who has an account comes in from there."""
    boss = terminal(bench)
    bob = elsewhere(bench, "bob", "[2001:db8::5]:9", token=TOKEN)
    bob.say("me")
    ann = elsewhere(bench, "ann", "198.51.100.1:9", token=TOKEN[::-1])
    ann.say("me")
    (notice,) = notices(boss.ask(Ban("bob")))
    assert "with all devices of the account; and people without an account from 2001:db8::/64 until " in notice
    assert of_type(elsewhere_frames(bench, "x", "[2001:db8::9:9]:1"), "bye")
    assert not of_type(elsewhere_frames(bench, "y", "[2001:db8:0:1::9]:1"), "bye")
    ann.ask(Bye())
    assert of_type(elsewhere_frames(bench, "ann", "[2001:db8::7]:1", token=TOKEN[::-1]), "welcome")
    boss.ask(Unban("bob"))
    assert not of_type(elsewhere_frames(bench, "x", "[2001:db8::9:9]:1"), "bye")


def test_a_guest_from_elsewhere_is_banned_by_address(bench: Bench) -> None:
    """As long as the ban lasts; also one who has just left."""
    boss = terminal(bench)
    eve = elsewhere(bench, "eve", "192.0.2.1:9")
    boss.ask(Kick("eve"))
    assert eve.heard("bye")
    (notice,) = notices(boss.ask(Ban("eve", reason="spam")))
    assert notice == ("eve is banned from this server for good, and with them people without an account from 192.0.2.1")
    assert of_type(elsewhere_frames(bench, "other", "192.0.2.1:10"), "bye")
    assert not of_type(elsewhere_frames(bench, "other", "192.0.2.2:10"), "bye")


def test_who_bans_from_a_room_learns_no_address(bench: Bench) -> None:
    """Anybody may start a room; addresses are for operators. The ban holds for the address all the same."""
    ann = elsewhere(bench, "ann", "198.51.100.1:9", token=TOKEN)
    ann.say("me")
    ann.ask(Join("tea"))
    ann.say("mine", "tea")
    elsewhere(bench, "eve", "192.0.2.1:9")
    elsewhere(bench, "bob", "192.0.2.2:9", token=TOKEN[::-1]).say("me")
    told = [notice for name in ("eve", "bob") for notice in notices(ann.ask(Ban(name, room="tea")))]
    assert ["people without an account from the same address" in notice for notice in told] == [True, True]
    assert "192.0.2" not in str([*told, ann.ask(ListActs("bans", "tea"))])
    assert codes(elsewhere(bench, "other", "192.0.2.1:10").ask(Join("tea"))) == ["banned"]


# --- in time, over restarts ---


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = time.time()
        original = Rulebook.__init__

        def begin(rules: Rulebook, clock: Any = None) -> None:
            original(rules, lambda: self.now)

        monkeypatch.setattr(Rulebook, "__init__", begin)


def test_everything_ends_in_time(serve: Serve, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bans, mutes, the lockdown: to the second."""
    clock = Clock(monkeypatch)
    chat = serve(store=store)
    op, bob, eve = operator(chat), chat.native("bob"), member(chat, "eve", TOKEN)
    op.ask("mute", name="bob", **TIME)
    op.ask("ban", name="eve", **TIME)
    op.ask("lockdown", **TIME)
    assert eve.until("bye")["code"] == "banned"
    clock.now += 599
    assert said(bob, "x") == "muted"
    assert refused(chat, "eve", token=TOKEN)["code"] == "banned"
    assert refused(chat, "new")["code"] == "invite_needed"
    clock.now += 1
    assert said(bob, "x") == "ok"
    assert chat.native("eve", token=TOKEN).welcome["name"] == "eve"
    assert chat.native("new").welcome["name"] == "new"
    assert of_type(op.ask("bans"), "bans")[0]["items"] == []


def test_a_lockdown(chat: Chat) -> None:
    """Who has an account comes in, and who is here already may change connections; others need an invitation."""
    op, bob, guest = operator(chat), member(chat, "bob", TOKEN), chat.native("gast")
    bob.leave()
    (notice,) = notices(op.ask("lockdown"))
    assert notice.startswith("new people need an invitation until ")
    assert chat.native("bob", token=TOKEN).welcome["name"] == "bob"
    assert chat.native("gast", session=guest.session).welcome["name"] == "gast"
    newcomer = chat.native()
    newcomer.hello("new")
    error = newcomer.until("error")
    assert (error["code"], error["fatal"]) == ("invite_needed", False)
    newcomer.hello("bob", token=TOKEN, features=["by"])  # the same connection may say another hello
    assert newcomer.until("error")["code"] == "name_taken"
    plain = chat.plain("hello")
    told = plain.until("this server accepts no new people until ")
    assert "/login NAME" in told  # who has an account can still say so
    assert "/invite CODE" in told
    assert outcome(op.ask("lockdown", **{"for": 0})) == "ok"
    assert chat.native("new").welcome["name"] == "new"


def test_a_lockdown_lets_those_back_in_whose_link_broke(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """With their session, under their name, for a while; nobody else, and not who was removed or has left."""
    boss = terminal(bench)

    def come(name: str, session: str, leaving: Request) -> None:
        bench.seat(name, session=session).ask(leaving)

    sessions = {name: f"the session of {name}" for name in ("lost", "left", "kicked", "late")}
    come("lost", sessions["lost"], Disconnected())
    come("left", sessions["left"], Bye())
    bench.seat("kicked", session=sessions["kicked"])
    boss.ask(Kick("kicked"), Lockdown())

    def comes_back(name: str, session: str) -> str:
        return outcome(Seat(bench).ask(Hello(name, session)))

    (error,) = of_type(Seat(bench).ask(Hello("new", bench.session())), "error")
    assert (error["code"], error["until"]) == ("invite_needed", bench.hub.rules.lockdown_until)
    assert comes_back("lost", bench.session()) == comes_back("other", sessions["lost"]) == "invite_needed"
    assert comes_back("lost", sessions["lost"]) == "ok"
    assert [comes_back(name, sessions[name]) for name in ("left", "kicked")] == ["invite_needed"] * 2
    monkeypatch.setattr(departures, "GRACE", 0.0)
    boss.ask(Lockdown(0))
    come("late", sessions["late"], Disconnected())
    boss.ask(Lockdown())
    assert comes_back("late", sessions["late"]) == "invite_needed"
