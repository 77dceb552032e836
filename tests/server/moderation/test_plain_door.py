"""Keeping order with lines of text: what people type at the plain door, what they are shown, and who may."""

from __future__ import annotations

import pytest

from server_parts.people.roles import Role
from server_parts.protocol import moderation_requests as ask
from server_parts.protocol.plain_door import PlainDoor
from server_parts.protocol.plain_encoder import PLAIN
from server_parts.protocol.plain_moderation import ROWS
from server_parts.protocol.requests import Answer, Request, Say
from server_parts.storage.records import About
from tests.conftest import Chat
from tests.peers import Plain

from .people import member, operator, outcome

DELETED = Say("tea", ["/me deleted message #12"], 0, None, About("delete", 12))
REQUESTS: list[tuple[str, Request]] = [
    ("/kick bob", ask.Kick("bob", "", "tea")),
    ("/kick bob he  floods", ask.Kick("bob", "he  floods", "tea")),
    ("/kick -s bob flood", ask.Kick("bob", "flood")),
    ("/ban bob", ask.Ban("bob", None, "tea")),
    ("/ban bob 10m flood", ask.Ban("bob", None, "tea", 600, "flood")),
    ("/ban bob flood 10m", ask.Ban("bob", None, "tea", None, "flood 10m")),
    ("/ban -s bob 1d", ask.Ban("bob", None, None, 86_400)),
    ("/ban test bob", ask.Ban("bob", None, "tea", test=True)),
    ("/ban test", ask.Ban("test", None, "tea")),
    ("/ban 192.0.2.7/24 2h spam", ask.Ban(None, "192.0.2.0/24", None, 7_200, "spam")),
    ("/ban ::ffff:192.0.2.7", ask.Ban(None, "192.0.2.7/32")),
    ("/unban bob", ask.Unban("bob", None, "tea")),
    ("/unban 2001:db8::/64", ask.Unban(None, "2001:db8::/64")),
    ("/mute bob 90s", ask.Mute("bob", "tea", 90)),
    ("/unmute -s bob", ask.Unmute("bob")),
    ("/slow 10s", ask.SetRoom("tea", slow=10)),
    ("/slow off", ask.SetRoom("tea", slow=0)),
    ("/mode read-only", ask.SetRoom("tea", mode="read-only")),
    ("/topic  All about cups ", ask.SetRoom("tea", topic="All about cups")),
    ("/topic -", ask.SetRoom("tea", topic="")),
    ("/topic off", ask.SetRoom("tea", topic="")),
    ("/voice bob", ask.SetRoomRole("bob", "tea", "voice")),
    ("/invite bob", ask.InviteToRoom("tea", "bob")),
    ("/block bob", ask.Block("bob")),
    ("/block", ask.Block()),
    ("/unblock bob", ask.Unblock("bob")),
    ("/report #12 rude", ask.Report("tea", 12, None, "rude")),
    ("/report they are rude", ask.Report("tea", None, None, "they are rude")),
    ("/delete 12", DELETED),
    ("/delete #12", DELETED),
    ("/bans", ask.ListActs("bans", "tea")),
    ("/bans -s", ask.ListActs("bans")),
    ("/reports", ask.ListActs("reports", "tea")),
    ("/audit", ask.ListActs("audit", None, None, 20)),
    ("/audit 5", ask.ListActs("audit", None, None, 5)),
    ("/lockdown", ask.Lockdown(600)),
    ("/lockdown 1h", ask.Lockdown(3_600)),
    ("/lockdown off", ask.Lockdown(0)),
    ("/servers", ask.ListServers()),
]
WRONG = [
    *("/kick", "/kick -s", "/kick b!b", "/ban", "/unban", "/unban b b", "/mute", "/unmute", "/slow", "/slow fast"),
    *("/slow 2d", "/slow -s 10s", "/mode", "/mode loud", "/topic", "/topic -s x", "/voice", "/voice -s bob", "/invite"),
    *(
        "/block b!b",
        "/unblock",
        "/report",
        "/report 12",
        "/report -s x",
        "/delete",
        "/delete x",
        "/delete 0",
        "/bans x",
    ),
    *("/ban bob 10x", "/ban test bob 5", "/ban 192.0.2.7 0s", "/mute bob 10min rude", "/mute bob 0s"),
    *("/audit x", "/audit 201", "/lockdown soon", "/lockdown 0s", "/reports x", "/servers x"),
]


def in_tea() -> PlainDoor:
    door = PlainDoor()
    door.receive(b"/join tea\n", 0.0)
    return door


@pytest.mark.parametrize(("line", "request_"), REQUESTS, ids=[line for line, _ in REQUESTS])
def test_what_a_line_asks_for(line: str, request_: Request) -> None:
    """In the room one is in; with -s on the whole server."""
    assert in_tea().receive(line.encode() + b"\n", 0.0) == [request_]


@pytest.mark.parametrize("line", WRONG)
def test_what_is_written_wrongly_gets_its_form(line: str) -> None:
    """And asks for nothing."""
    (answer,) = in_tea().receive(line.encode() + b"\n", 0.0)
    assert isinstance(answer, Answer)
    assert answer.block.startswith(f"* error: usage: {line.split()[0]}".encode())


def test_a_ban_that_is_typed_again_is_meant() -> None:
    """At once, and the same one."""
    door = in_tea()
    lines = b"/ban bob\n/ban eve\n/ban bob\n/ban bob\n/kick eve\n/ban bob\n"
    sure = [request.sure for request in door.receive(lines, 0.0) if isinstance(request, ask.Ban)]
    assert sure == [False, False, False, True, False]


def test_help_is_short_and_names_the_rest() -> None:
    """One line leads to the commands that keep order."""
    short, long = (in_tea().receive(line, 0.0)[0] for line in (b"/help\n", b"/help moderation\n"))
    assert isinstance(short, Answer)
    assert isinstance(long, Answer)
    assert b"/help [messages|files|moderation]" in short.block
    assert b"/ban" not in short.block
    assert short.block.count(b"\n") <= 24
    assert all(row.usage.encode() in long.block for row in ROWS)


def test_lists_are_lines() -> None:
    """With times as the server's clock shows them, and harmless whatever is in them."""
    ban = {
        "id": 3,
        "kind": "ban",
        "name": "bob",
        "room": "tea",
        "until": 60.0,
        "by": "ann",
        "reason": "x\x1b[1m",
        "ts": 0.0,
    }
    mute = {
        "id": 4,
        "kind": "mute",
        "address": "192.0.2.1",
        "room": None,
        "until": None,
        "by": "ann",
        "reason": "",
        "ts": 0,
    }
    report = {
        "id": 5,
        "ts": 0.0,
        "by": "ann",
        "room": "tea",
        "message": 7,
        "sender": "bob",
        "text": "a\nb",
        "reason": "rude",
    }
    audit = {"id": 6, "ts": 0.0, "by": "ann", "text": "kicked bob *"}

    def shown(kind: str, *items: dict[str, object], more: bool = False) -> list[str]:
        frame = {"type": kind, "room": None, "items": list(items), "more": more}
        return PLAIN.frame(frame).decode().splitlines()

    assert shown("bans", ban, mute) == [
        "* ban of bob in #tea until 1970-01-01 00:01:00 UTC, by ann: x␛[1m *",
        "* mute of 192.0.2.1 for good, by ann *",
    ]
    assert shown("reports", report) == [
        "* #5 1970-01-01 00:00:00 UTC ann reports message #7 of bob in tea: rude (a␊b) *"
    ]
    assert shown("audit", audit, more=True)[0] == "* there are older ones *"
    assert shown("bans") == ["* nobody is banned or muted *"]
    assert PLAIN.frame({"type": "blocked", "names": []}) == b"* you have blocked nobody *\n"


def test_servers_are_lines() -> None:
    """One for each; one alone, and one that cannot have others, are a single line."""

    def shown(*servers: dict[str, object]) -> list[str]:
        return PLAIN.frame({"type": "servers", "servers": list(servers)}).decode().splitlines()

    here = {"label": "one:3030", "clients": 1, "since": 60, "state": "this"}
    there = {"label": "two\n:3030", "clients": 2, "since": 0, "state": "answers"}
    gone = {"label": "six:3030", "clients": 0, "since": 0, "state": "silent"}
    assert shown(here, there, gone) == [
        "* this chat has 3 servers *",
        "* one:3030: 1 client, since 1970-01-01 00:01:00 UTC, this one *",
        "* two␊:3030: 2 clients, since 1970-01-01 00:00:00 UTC, answers *",
        "* six:3030: 0 clients, since 1970-01-01 00:00:00 UTC, does not answer *",
    ]
    assert shown(here) == ["* this chat has 1 server: one:3030: 1 client, since 1970-01-01 00:01:00 UTC, this one *"]
    assert shown() == ["* this is the only server of this chat: several need a database (--store) *"]


# --- at a server ---


def guest(chat: Chat, *rooms: str) -> Plain:
    peer = chat.plain("hello")
    peer.enter()
    for room in rooms:
        peer.say(f"/join {room}")
        peer.until("you are in")
    return peer


@pytest.mark.parametrize("mode", ["open", "moderated", "read-only", "invite"])
def test_what_a_guest_may_in_each_kind_of_room(chat: Chat, mode: str) -> None:
    """A smaller table than that of the native door, whose requests these are."""
    owner = member(chat, "ann")
    owner.ask("join", room="tea")
    owner.tell("mine", "tea")
    peer = guest(chat, "tea")
    assert outcome(owner.ask("room", room="tea", mode=mode)) == "ok"
    peer.say("hello")
    assert ("delivered" in peer.until("delivered" if mode in ("open", "invite") else "may speak")) == (
        mode in ("open", "invite")
    )
    for line in (
        "/kick ann",
        "/ban ann",
        "/mute ann",
        "/unmute ann",
        "/slow 1s",
        "/topic x",
        "/voice ann",
    ):
        peer.say(line)
        assert peer.until("error") == "* error: only the moderators of tea may do that *", line
    for line in ("/delete 1", "/edit 1 x"):
        peer.say(line)
        assert ("message #1 is not yours" in peer.until("error")) == (mode in ("open", "invite")), line
    for line in ("/kick -s ann", "/ban -s ann", "/ban 192.0.2.1", "/audit", "/lockdown", "/bans -s", "/servers"):
        peer.say(line)
        assert peer.until("error") == "* error: only the operator of this server may do that *", line
    peer.say("/block ann")
    assert "only people with an account may block" in peer.until("error")
    peer.say("/report 1 rude")
    assert "thank you" in peer.until("report")
    outsider = guest(chat)
    outsider.say("/join tea")
    assert ("for invited people" in outsider.until("tea")) == (mode == "invite")


def test_an_operator_at_the_plain_door(chat: Chat) -> None:
    """Acts in its room and on the server, and reads what was decided."""
    peer, bob = guest(chat, "tea"), chat.native("bob")
    record = next(client for client in chat.server._connections.values() if client.name == "guest-1")
    record.role = Role.OPERATOR
    bob.ask("join", room="tea")
    for line, answer in (
        ("/topic Cups", "* guest-1 changed the topic of #tea to: Cups *"),
        ("/mute bob 10m flood", "* bob is muted in tea until "),
        ("/bans", "* mute of bob in #tea until "),
        ("/unmute bob", "* the mute of bob is lifted *"),
        ("/kick bob", "* bob was kicked from tea *"),
        ("/audit 1", "kicked bob from tea *"),
        ("/servers", "* this is the only server of this chat"),
        ("/ban test -s", "* error: there is nobody called -s"),
    ):
        peer.say(line)
        if "test" not in line:
            assert answer in peer.until(answer)
    assert "invite you" not in bob.until("notice")["text"]


def test_what_a_plain_client_is_told_of_a_room(chat: Chat) -> None:
    """Its topic and mode when it enters, if there is something to say; and what happens to it there."""
    owner, op = member(chat, "ann"), operator(chat)
    owner.ask("join", room="tea")
    owner.tell("mine", "tea")
    owner.ask("room", room="tea", topic="Cups", slow=5)
    peer = guest(chat, "tea")
    assert peer.until("topic") == "* topic: Cups; slow mode: one message in 5 s *"
    assert outcome(owner.ask("mute", name="guest-1", room="tea", reason="test")) == "ok"
    assert peer.until("muted") == "* ann: you are muted in tea: test *"
    assert outcome(op.ask("kick", name="guest-1")) == "ok"
    assert peer.until("goodbye") == "* goodbye: you were removed by op *"
