"""One table says what each request needs of whoever makes it."""

from __future__ import annotations

from typing import get_args

import pytest

from server_parts.people.clients import Client, Session
from server_parts.people.permissions import floor_of, may_know, refusal
from server_parts.people.roles import Role
from server_parts.protocol import account_requests as account
from server_parts.protocol import file_requests as file
from server_parts.protocol import moderation_requests as order
from server_parts.protocol import requests as ask
from server_parts.protocol.native_encoder import NATIVE
from server_parts.protocol.plain_encoder import PLAIN
from server_parts.storage.memory_log import MemoryLog
from tests.server.hub.bench import Remembering

# One of each kind of request: those that begin and end a conversation, and all others.
ALWAYS: list[ask.Request] = [
    ask.Hello("ann", "s" * 16),
    ask.Bye(),
    ask.Ping(),
    ask.Answer(b""),
    ask.Refusal("code", "text"),
    ask.EndConnection(b"", ""),
    ask.Appear(),
    ask.StartAgain(NATIVE),
    ask.Disconnected(),
    account.Login("ann", account.Secret("password")),
    account.Redeem(account.Secret("code")),
    account.LogOut(account.Secret("token"), None, b"", b""),
]
AFTER_HELLO: list[ask.Request] = [
    ask.Say("lobby", ["text"], 1),
    ask.Join("lobby"),
    ask.Leave("lobby"),
    ask.Nick("ann"),
    ask.Color("red"),
    ask.Away(None),
    ask.Who(),
    ask.Rooms(),
    ask.Read("lobby", 1),
    ask.ShowAs(NATIVE, ""),
    ask.History("lobby"),
    ask.Search("text"),
    ask.Announce("text"),
    ask.TalkAgain(),
    ask.Heard([]),
    ask.TalkAgain(),
    order.Kick("bob"),
    order.Ban("bob"),
    order.Unban("bob"),
    order.Mute("bob"),
    order.Unmute("bob"),
    order.SetRoom("lobby", topic="tea"),
    order.SetRoomRole("bob", "lobby", "voice"),
    order.InviteToRoom("lobby", "bob"),
    order.Block("bob"),
    order.Unblock("bob"),
    order.Report("lobby", reason="rude"),
    order.Delete("lobby", 1),
    order.Lockdown(),
    order.ListActs("bans"),
    order.ListServers(),
    account.Password(None, None),
    account.ChangePassword(0, None, None),
    account.ChangeRealName("Anna Bell"),
    account.Devices(),
    account.Link(),
    account.Recover("bob"),
    account.Release("bob"),
    account.GiveRole("bob", "operator"),
    account.MakeInvitation(),
    account.Whois("bob"),
    file.Reserve("r1", "lobby", "a.txt", 1),
    file.GoOn("r1", "A" * 22),
    file.GiveUp("r1", "A" * 22),
    file.Promise("lobby", "a.txt"),
    file.WhereIs("A" * 22),
    file.ListFiles(),
    ask.Reply(b"", ""),  # its reader sends it; the hub hears nothing of it, nor of the next ones
    file.Upload("A" * 22, "", 1),
    file.AskOffset("A" * 22, ""),
    file.Download("A" * 22, "a.txt", ""),
]
# What somebody must be at least to ask for one of these; all else anybody may who is here.
ROLES: dict[type, Role] = {
    account.Devices: Role.MEMBER,
    account.Link: Role.MEMBER,
    account.MakeInvitation: Role.MEMBER,
    account.Recover: Role.OPERATOR,
    account.Release: Role.OPERATOR,
    account.GiveRole: Role.OWNER,
}
OPERATORS_ONLY = (
    *(order.Kick, order.Ban, order.Unban, order.Mute, order.Unmute, order.SetRoom, order.SetRoomRole),
    *(order.InviteToRoom, order.Delete, order.Lockdown, order.ListActs, order.ListServers),
)
MEMBERS_ONLY = (order.Block, order.Unblock)


def kind(request: ask.Request) -> str:
    return type(request).__name__


def somebody(role: Role = Role.GUEST, *, greeted: bool = True) -> Client:
    client = Client(Remembering(), "the test", role)
    client.name = "ann"
    client.session = Session("key", 0) if greeted else None
    return client


def code(client: Client, request: ask.Request) -> str | None:
    found = refusal(client, request)
    return found.code if found is not None else None


def test_every_kind_of_request_is_looked_at_here() -> None:
    """A new one is missing in this list until somebody has thought about what it needs."""
    assert {type(sample) for sample in ALWAYS + AFTER_HELLO} == set(get_args(ask.Request))


@pytest.mark.parametrize("request_", ALWAYS + AFTER_HELLO, ids=kind)
def test_nearly_everything_needs_a_hello(request_: ask.Request) -> None:
    """But for what begins and ends a conversation."""
    expected = "hello_first" if type(request_) in map(type, AFTER_HELLO) else None
    assert code(somebody(greeted=False), request_) == expected


@pytest.mark.parametrize("request_", ALWAYS + AFTER_HELLO, ids=kind)
@pytest.mark.parametrize("role", Role)
def test_some_requests_need_a_role(role: Role, request_: ask.Request) -> None:
    """Where no room has moderators; blocking needs an account. Everything else that is public, anybody may."""
    needed = Role.OPERATOR if isinstance(request_, OPERATORS_ONLY) else ROLES.get(type(request_), Role.GUEST)
    enough = role >= needed and (role in (Role.MEMBER, Role.OPERATOR) or not isinstance(request_, MEMBERS_ONLY))
    assert code(somebody(role), request_) == (None if enough else "not_allowed")


def test_a_reader_says_nothing() -> None:
    """Unless it has an account, or its next text will make one; it may do all else."""
    reader = somebody()
    reader.reads_only = True
    says = ask.Say("lobby", ["text"], 1)
    sends = file.Reserve("r1", "lobby", "a.txt", 1), file.Promise("lobby", "a.txt")
    assert [code(reader, request) for request in sends] == ["not_allowed"] * 2
    assert [code(reader, request) for request in (says, ask.Join("tea"), ask.Who())] == ["not_allowed", None, None]
    reader.claiming = True
    assert code(reader, says) is None
    reader.claiming, reader.role = False, Role.MEMBER
    assert code(reader, says) is None


def test_who_is_not_in_yet_is_told_how_to_come_in() -> None:
    """At the plain door by the commands that there are."""
    outside = somebody(greeted=False)
    outside.encoder = PLAIN
    found = refusal(outside, ask.Who())
    assert found is not None
    assert "/login NAME" in found.text


@pytest.mark.parametrize(
    "make",
    [ask.Join, ask.Who, ask.History, lambda room: ask.Say(room, ["x"], 1), lambda room: ask.Search("x", room)],
    ids=["join", "who", "history", "say", "search"],
)
@pytest.mark.parametrize("role", Role)
def test_private_rooms_are_for_their_two(role: Role, make: type[ask.Join]) -> None:
    """Whoever else asks, the owner of the server included."""
    assert [code(somebody(role), make(room)) for room in ("@bob", "@ann+bob", "@bob+cid", "@bob+ann")] == [
        None,
        None,
        "denied",
        "denied",
    ]


def test_leaving_a_room_of_others_only_says_that_one_is_not_there() -> None:
    """It gives nothing away."""
    assert code(somebody(), ask.Leave("@bob+cid")) is None


def test_history_of_private_rooms_needs_the_proof_of_a_name() -> None:
    """A guest may talk there, and read what is said while it is there."""
    store = MemoryLog()
    assert [floor_of(somebody(role), store, "@ann+bob") for role in Role] == [None, 0, 0, None]
    assert [floor_of(somebody(role), store, "lobby") for role in Role] == [0, 0, 0, 0]
    assert [may_know(somebody(role), "@ann+bob") for role in Role] == [False, True, True, False]
    assert may_know(somebody(), "lobby")
