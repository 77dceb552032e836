"""Moderation and accounts together: roles that are kept, several devices, invitations, names that are released."""

from __future__ import annotations

from typing import Any

import pytest

from server_parts.people.roles import Role
from server_parts.protocol.account_requests import GiveRole
from server_parts.protocol.moderation_requests import Ban
from server_parts.protocol.requests import Bye, Hello
from tests.conftest import Chat
from tests.peers import Native, codes, of_type
from tests.server.hub.bench import Bench, Seat

from .people import TOKEN, member, notices, operator, outcome, record_of, said

OTHER = TOKEN[::-1]


def owner_of(chat: Chat) -> Native:
    """Somebody with the rights of the terminal."""
    return operator(chat, "boss", Role.OWNER)


def test_an_operator_who_is_away_is_not_acted_on(chat: Chat) -> None:
    """By another one; the owner may."""
    boss, op = owner_of(chat), member(chat, "op", TOKEN)
    member(chat, "second")
    for name in ("op", "second"):
        assert outcome(boss.ask("role", name=name, role="operator")) == "ok"
    second = next(peer for peer in chat._peers if isinstance(peer, Native) and peer.welcome.get("name") == "second")
    op.leave()
    for kind in ("ban", "mute"):
        assert outcome(second.ask(kind, name="op")) == "not_allowed"
        assert outcome(boss.ask(kind, name="op")) == "ok"
    peer = chat.native()
    peer.hello("op", token=TOKEN)
    assert peer.until("bye")["code"] == "banned"


def test_a_role_with_a_room_is_the_room_s(chat: Chat) -> None:
    """And one without is the server's; the same with invitations."""
    boss, ann = owner_of(chat), member(chat, "ann")
    bob = member(chat, "bob")
    ann.ask("join", room="tea")
    ann.tell("mine", "tea")
    assert outcome(ann.ask("role", room="tea", name="bob", role="moderator")) == "ok"
    assert record_of(chat, bob).role is Role.MEMBER
    assert outcome(ann.ask("role", name="bob", role="operator")) == "not_allowed"
    assert outcome(boss.ask("role", name="bob", role="operator")) == "ok"
    assert record_of(chat, bob).role is Role.OPERATOR
    ann.ask("room", room="tea", mode="invite")
    assert notices(ann.ask("invite", room="tea", name="boss")) == ["boss is invited to tea"]
    assert of_type(bob.ask("invite", uses=2), "invitation")[0]["uses"] == 2


def test_a_ban_holds_for_every_device(chat: Chat) -> None:
    """Also for one that was not connected."""
    op, bob = operator(chat), member(chat, "bob", TOKEN)
    code = of_type(bob.ask("link"), "code")[0]["code"]
    bob.leave()
    laptop = chat.native()
    laptop.hello("bob", token=OTHER, password=code)
    assert laptop.until("welcome", name="bob")
    laptop.close()
    assert outcome(op.ask("ban", name="bob")) == "ok"
    for name, token in (("bob", TOKEN), ("bob", OTHER), ("rob", OTHER)):
        peer = chat.native()
        peer.hello(name, token=token)
        assert peer.until("bye")["code"] == "banned", (name, token)


def test_an_invitation_opens_a_locked_server(chat: Chat) -> None:
    """Only one that holds."""
    op = operator(chat)
    code = of_type(op.ask("invite"), "invitation")[0]["code"]
    assert outcome(op.ask("lockdown")) == "ok"
    for invite, token, kind in (
        (None, TOKEN, "error"),
        ("k3f9-k3f9-k3f9-k3f9", TOKEN, "error"),
        (code, TOKEN, "welcome"),
    ):
        peer = chat.native()
        peer.hello("new", token=token, **({"invite": invite} if invite else {}))
        assert peer.until(kind)
        peer.close()


def test_a_released_name_leaves_no_rights_behind(chat: Chat) -> None:
    """Whoever claims it next owns none of its rooms."""
    op, ann = operator(chat), member(chat, "ann", TOKEN)
    ann.ask("join", room="tea")
    ann.tell("mine", "tea")
    assert outcome(op.ask("release", name="ann")) == "ok"
    again = member(chat, "ann", OTHER)
    again.ask("join", room="tea")
    assert outcome(again.ask("room", room="tea", topic="x")) == "not_allowed"
    lines = [item["text"] for item in of_type(op.ask("audit"), "audit")[0]["items"]]
    assert lines[-1] == "released the name ann"


def test_operators_come_in_from_a_banned_network(bench: Bench) -> None:
    """As they are banned by name alone."""
    boss = Seat(bench, role=Role.OWNER)
    hello: dict[str, Any] = {"session": bench.session()}
    seat = Seat(bench)
    seat.client.address = "192.0.2.1:5"
    boss.ask(Hello("server", ""))
    seat.ask(Hello("op", token=TOKEN, **hello))
    seat.say("me")
    assert not codes(boss.ask(GiveRole("op", "operator")))
    boss.ask(Ban(address="192.0.2.0/24", sure=True))
    assert not seat.client.gone
    seat.ask(Bye())
    again = Seat(bench)
    again.client.address = "192.0.2.9:5"
    assert of_type(again.ask(Hello("op", bench.session(), token=TOKEN)), "welcome")
    guest = Seat(bench)
    guest.client.address = "192.0.2.9:5"
    assert of_type(guest.ask(Hello("x", bench.session())), "bye")


@pytest.fixture
def bench() -> Any:
    bench = Bench()
    yield bench
    bench.stop()


def test_a_password_does_not_open_a_banned_account(chat: Chat) -> None:
    """At the plain door, by name."""
    op, bob = operator(chat), member(chat, "bob", TOKEN)
    assert outcome(bob.ask("password", new="correct horse")) == "ok"
    assert outcome(op.ask("ban", name="bob", reason="spam")) == "ok"
    plain = chat.plain("hello")
    plain.enter()
    plain.say("/login bob")
    plain.until("password")
    plain.say("correct horse")
    assert "banned from this server: spam" in plain.until("banned")
    assert said(chat.native("cid"), "still open") == "ok"
