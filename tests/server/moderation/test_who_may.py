"""Every request that keeps order, from people of every role, in rooms of every kind: allowed, or refused."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final, NamedTuple

import pytest

from server_parts.hub import accounts, amending, moderating
from server_parts.people.roles import Role
from tests.conftest import Chat, Serve
from tests.peers import Frame, Native, of_type
from tests.server.test_entry import OWNER, store_with

from .people import member, operator, outcome, record_of, said

ROLES: Final = ("guest", "member", "voice", "moderator", "owner", "operator", "terminal")  # in rising order
KINDS: Final = ("open", "moderated", "read-only", "invite", "private")

ANYBODY: Final = dict.fromkeys(ROLES, "ok")
NOBODY: Final = dict.fromkeys(ROLES, "not_allowed")


def from_(role: str, otherwise: str = "not_allowed", ok: str = "ok") -> dict[str, str]:
    """From that role on."""
    start = ROLES.index(role)
    return {one: ok if number >= start else otherwise for number, one in enumerate(ROLES)}


class Case(NamedTuple):
    """A request, and what becomes of it in a public room; `private` says what in a private one."""

    type: str
    fields: dict[str, Any]
    expected: dict[str, str]
    private: dict[str, str] = NOBODY


CASES: Final = {
    "kick": Case("kick", {"room": "ROOM", "name": "VICTIM"}, from_("moderator")),
    "ban": Case("ban", {"room": "ROOM", "name": "VICTIM", "for": 60}, from_("moderator")),
    "ban of an address": Case("ban", {"room": "ROOM", "address": "192.0.2.1", "sure": True}, from_("operator")),
    "unban": Case("unban", {"room": "ROOM", "name": "stranger"}, from_("moderator", ok="no_such_ban")),
    "mute": Case("mute", {"room": "ROOM", "name": "VICTIM"}, from_("moderator")),
    "unmute": Case("unmute", {"room": "ROOM", "name": "stranger"}, from_("moderator", ok="no_such_ban")),
    "topic": Case("room", {"room": "ROOM", "topic": "tea"}, from_("moderator")),
    "slow": Case("room", {"room": "ROOM", "slow": 0}, from_("moderator")),
    "voice": Case("role", {"room": "ROOM", "name": "mabel", "role": "voice"}, from_("moderator")),
    "moderator": Case("role", {"room": "ROOM", "name": "mabel", "role": "moderator"}, from_("owner")),
    "owner": Case("role", {"room": "ROOM", "name": "mabel", "role": "owner"}, from_("owner")),
    "delete": Case("delete", {"room": "ROOM", "id": 2}, from_("moderator")),
    "bans": Case("bans", {"room": "ROOM"}, from_("moderator")),
    "reports": Case("reports", {"room": "ROOM"}, from_("moderator")),
    "report": Case("report", {"room": "ROOM", "reason": "rude"}, ANYBODY, ANYBODY),
    "files": Case("files", {"room": "ROOM"}, ANYBODY, ANYBODY),
}
SERVER_CASES: Final = {
    "kick": Case("kick", {"name": "VICTIM"}, from_("operator")),
    "ban": Case("ban", {"name": "VICTIM", "for": 1}, from_("operator")),
    "ban of an address": Case("ban", {"address": "198.51.100.0/24"}, from_("operator")),
    "unban": Case("unban", {"name": "stranger"}, from_("operator", ok="no_such_ban")),
    "mute": Case("mute", {"name": "VICTIM"}, from_("operator")),
    "unmute": Case("unmute", {"name": "stranger"}, from_("operator", ok="no_such_ban")),
    "bans": Case("bans", {}, from_("operator")),
    "reports": Case("reports", {}, from_("operator")),
    "audit": Case("audit", {}, from_("operator")),
    "lockdown": Case("lockdown", {"for": 1}, from_("operator")),
    "servers": Case("servers", {}, from_("operator")),
    "block": Case("block", {"name": "stranger"}, {**from_("member"), "operator": "ok", "terminal": "not_allowed"}),
    "blocked": Case("block", {}, {**from_("member"), "terminal": "not_allowed"}),
    "unblock": Case("unblock", {"name": "mabel"}, {**from_("member", ok="no_such_ban"), "terminal": "not_allowed"}),
}
UPLOAD: Final = Case("upload", {"ref": "u", "room": "ROOM", "name": "a.txt", "size": 1}, {})
SPEAKING: Final = {  # and sending files, which is the same
    "open": ANYBODY,
    "moderated": from_("voice", "read_only"),
    "read-only": from_("moderator", "read_only"),
    "invite": ANYBODY,  # of those who are in
    "private": ANYBODY,
}


class Scene:
    """A room that has an owner, a moderator, a member called mabel and a victim; and somebody who acts there."""

    def __init__(self, chat: Chat, kind: str, role: str) -> None:
        self.chat, self.kind = chat, kind
        self.victims = [chat.native(f"victim{number}") for number in range(4)]
        self.mabel = member(chat, "mabel")
        chat.native("stranger")
        founder = member(chat, "founder")
        second = member(chat, "second")
        for peer in (founder, second, *self.victims, self.mabel):
            peer.ask("join", room="room")
        founder.tell("mine", "room")
        self.victims[0].tell("a text to delete", "room")
        founder.ask("role", room="room", name="second", role="moderator")
        self.actor = self._actor(role, founder, second)
        if role == "voice":
            assert outcome(founder.ask("role", room="room", name=self.name, role="voice")) == "ok"
        self.actor.ask("join", room="room")
        self.room = f"@{self.name}+victim0" if self.name < "victim0" else f"@victim0+{self.name}"
        if kind != "private":
            self.room = "room"
            assert outcome(founder.ask("room", room="room", mode=kind)) == "ok"
        else:
            self.actor.tell("hello", self.room)
            self.victims[0].tell("hello", self.room)
        self.victim = iter(self.victims)

    def _actor(self, role: str, founder: Native, second: Native) -> Native:
        known = {"owner": founder, "moderator": second}
        if role in known:
            peer, self.name = known[role], known[role].welcome["name"]
            return peer
        self.name = f"actor-{role}"
        if role == "guest":
            return self.chat.native(self.name)
        peer = member(self.chat, self.name)
        if role not in ("member", "voice"):
            record_of(self.chat, peer).role = Role.OWNER if role == "terminal" else Role.OPERATOR
        return peer

    def attempt(self, case: Case) -> str:
        fields = dict(case.fields)
        for field, value in fields.items():
            if value == "ROOM":
                fields[field] = self.room
            elif value == "VICTIM":
                fields[field] = next(self.victim).welcome["name"]
        return outcome(self.actor.ask(case.type, **fields))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", ROLES)
def test_what_becomes_of_each_request_in_a_room(chat: Chat, role: str, kind: str) -> None:
    """From each role, in each kind of room, also from whoever is in it."""
    scene = Scene(chat, kind, role)
    found = {"say": said(scene.actor, "hello", scene.room), "upload": scene.attempt(UPLOAD)}
    found |= {name: scene.attempt(case) for name, case in CASES.items()}
    table = {name: (case.private if kind == "private" else case.expected)[role] for name, case in CASES.items()}
    assert found == {"say": SPEAKING[kind][role], "upload": SPEAKING[kind][role], **table}


@pytest.mark.parametrize("role", ROLES)
def test_what_becomes_of_each_request_for_the_server(chat: Chat, role: str) -> None:
    """Only operators and the terminal act on all of it; a room's owner is nobody special outside."""
    scene = Scene(chat, "open", role)
    found = {name: scene.attempt(case) for name, case in SERVER_CASES.items()}
    assert found == {name: case.expected[role] for name, case in SERVER_CASES.items()}


@pytest.mark.parametrize("role", ROLES)
def test_an_invitation_needs_a_room_for_the_invited(chat: Chat, role: str) -> None:
    """In other rooms it would mean nothing."""
    scene = Scene(chat, "open", role)
    invite = Case("invite", {"room": "ROOM", "name": "stranger"}, {})
    assert scene.attempt(invite) == from_("moderator", ok="bad_field")[role]
    chat.native("other")
    scene.room = "room"
    op = operator(chat)
    assert outcome(op.ask("room", room="room", mode="invite")) == "ok"
    assert scene.attempt(invite) == from_("moderator")[role]


@pytest.mark.parametrize("role", ["guest", "member", "operator", "terminal"])
def test_conversations_of_others_have_no_moderators(chat: Chat, role: str) -> None:
    """Whatever is asked of one, the answer is that it is private."""
    scene = Scene(chat, "private", role)
    scene.room = "@founder+mabel"
    for case in CASES.values():
        scene.victim = iter(scene.victims)
        assert scene.attempt(case) == "denied"


# --- Equals and superiors ---------------------------------------------------------------------------------------

ON_SOMEBODY: Final = ("kick", "ban", "mute")


def who_act(chat: Chat) -> dict[str, Native]:
    """One of each rank in `room`, and two where equals are to be tried."""
    people = {name: member(chat, name) for name in ("owner1", "owner2", "mod1", "mod2", "voice", "mem")}
    people |= {"op1": operator(chat, "op1"), "op2": operator(chat, "op2"), "terminal": operator(chat, "t", Role.OWNER)}
    for peer in people.values():
        peer.ask("join", room="room")
    people["owner1"].tell("mine", "room")
    for name, role in (("owner2", "owner"), ("mod1", "moderator"), ("mod2", "moderator"), ("voice", "voice")):
        assert outcome(people["owner1"].ask("role", room="room", name=name, role=role)) == "ok"
    return people


ORDER: Final = {
    "mem": 0, "voice": 1, "mod1": 2, "mod2": 2, "owner1": 3, "owner2": 3, "op1": 4, "op2": 4, "terminal": 5,
}  # fmt: skip


@pytest.mark.parametrize("request_", ON_SOMEBODY)
def test_nobody_acts_on_equals_and_superiors(chat: Chat, request_: str) -> None:
    """Tried for each pair, in the room and on the server; not on oneself either."""
    people = who_act(chat)
    names = {name: peer.welcome["name"] for name, peer in people.items()}
    for actor in ("mod1", "owner1", "op1"):
        for target in ORDER:
            if ORDER[target] < ORDER[actor]:
                continue
            for place in ({"room": "room"}, {}):
                found = outcome(people[actor].ask(request_, name=names[target], sure=True, test=True, **place))
                on_oneself = request_ == "ban" and target == actor
                allowed = on_oneself and (place or ORDER[actor] >= 4)
                assert found == ("ok" if allowed else "not_allowed"), (actor, target, place)


def test_everybody_acts_on_those_below(chat: Chat) -> None:
    """Each on the next lower one."""
    people = who_act(chat)
    ladder = ["terminal", "op1", "owner1", "mod1", "voice"]
    for actor, target in pairwise(ladder):
        name = people[target].welcome["name"]
        assert outcome(people[actor].ask("mute", name=name, room="room", **{"for": 60})) == "ok", (actor, target)
        assert outcome(people[actor].ask("unmute", name=name, room="room")) == "ok"
    assert outcome(people["op1"].ask("delete", room="room", id=1)) == "ok"


def test_a_moderator_deletes_no_text_of_an_owner(chat: Chat) -> None:
    """But its own, and a member's; and an owner those of both."""
    people = who_act(chat)
    people["mod1"].tell("second", "room")
    people["mem"].tell("third", "room")
    assert [outcome(people["mod1"].ask("delete", room="room", id=id)) for id in (1, 2, 3)] == [
        "not_allowed",
        "ok",
        "ok",
    ]
    assert outcome(people["mod1"].ask("delete", room="room", id=3)) == "bad_field"  # it is deleted already
    assert outcome(people["owner1"].ask("delete", room="room", id=1)) == "ok"


def test_what_a_superior_decided_stays(chat: Chat) -> None:
    """A room's moderator lifts and replaces no ban or mute of an operator."""
    people = who_act(chat)
    for kind in ("mute", "ban"):
        assert outcome(people["op1"].ask(kind, name="mem", room="room", sure=True)) == "ok"
        assert outcome(people["mod1"].ask(f"un{kind}", name="mem", room="room")) == "not_allowed"
        assert outcome(people["owner1"].ask(kind, name="mem", room="room", sure=True, **{"for": 1})) == "not_allowed"
        assert outcome(people["op2"].ask(f"un{kind}", name="mem", room="room")) == "ok"


def test_roles_are_given_below_one_s_own(chat: Chat) -> None:
    """A moderator makes no moderator and unmakes none; an owner may make another; anybody may step down."""
    people = who_act(chat)

    def give(actor: str, name: str, role: str) -> str:
        return outcome(people[actor].ask("role", room="room", name=name, role=role))

    assert [give("mod1", "mem", role) for role in ("moderator", "owner")] == ["not_allowed"] * 2
    assert [give("mod1", name, "member") for name in ("mod2", "owner1")] == ["not_allowed"] * 2
    assert [give("owner1", name, "member") for name in ("owner2", "op1")] == ["not_allowed"] * 2
    assert [give("mod1", "mem", role) for role in ("voice", "member")] == ["ok"] * 2
    assert give("mod2", "mod2", "member") == "ok"
    assert give("mod2", "mem", "voice") == "not_allowed"
    assert [give("owner2", "owner2", "member"), give("op1", "owner1", "member")] == ["ok", "ok"]
    assert give("op1", "guest-7", "voice") == "no_such_user"


def test_a_room_keeps_an_owner(chat: Chat) -> None:
    """Who is the only one cannot step down, nor ban herself, until there is another; operators neither."""
    owner, other = member(chat, "ann"), member(chat, "bob")
    owner.ask("join", room="tea")
    owner.tell("mine", "tea")

    def step_down(peer: Native, name: str) -> list[Frame]:
        return peer.ask("role", room="tea", name=name, role="member")

    (error,) = of_type(step_down(owner, "ann"), "error")
    assert error["text"] == "you are the only owner of tea: make somebody else its owner first"
    assert outcome(owner.ask("ban", room="tea", name="ann", sure=True)) == "not_allowed"
    record_of(chat, owner).role = Role.OPERATOR
    assert outcome(step_down(owner, "ann")) == outcome(owner.ask("ban", room="tea", name="ann")) == "not_allowed"
    record_of(chat, owner).role = Role.MEMBER
    assert outcome(owner.ask("role", room="tea", name="bob", role="owner")) == "ok"
    assert outcome(step_down(owner, "ann")) == "ok"
    assert outcome(step_down(other, "bob")) == "not_allowed"


def test_a_hello_comes_first(chat: Chat) -> None:
    """Like for all other requests."""
    peer = chat.native()
    for case in (*CASES.values(), *SERVER_CASES.values()):
        fields = {field: value.lower() if isinstance(value, str) else value for field, value in case.fields.items()}
        peer.send(case.type, **fields)
        assert peer.until("error")["code"] == "hello_first"


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        ({"type": "kick"}, "name"),
        ({"type": "ban"}, "name"),
        ({"type": "ban", "name": "bob", "address": "192.0.2.1"}, "name"),
        ({"type": "ban", "address": "192.0.2.300"}, "address"),
        ({"type": "ban", "name": "bob", "for": 0}, "for"),
        ({"type": "ban", "name": "bob", "for": 10**12}, "for"),
        ({"type": "ban", "name": "bob", "reason": "x" * 201}, "reason"),
        ({"type": "mute", "name": "bob", "for": "10m"}, "for"),
        ({"type": "room", "room": "tea"}, "topic"),
        ({"type": "room", "room": "tea", "mode": "loud"}, "mode"),
        ({"type": "room", "room": "tea", "slow": -1}, "slow"),
        ({"type": "room", "room": "tea", "topic": "x" * 201}, "topic"),
        ({"type": "role", "room": "tea", "name": "bob", "role": "king"}, "role"),
        ({"type": "report", "room": "tea"}, "reason"),
        ({"type": "report", "room": "tea", "reason": " "}, "reason"),
        ({"type": "delete", "room": "tea", "id": 0}, "id"),
        ({"type": "lockdown", "for": -1}, "for"),
        ({"type": "bans", "limit": 201}, "limit"),
        ({"type": "audit", "before": "x"}, "before"),
    ],
)
def test_fields_are_checked(chat: Chat, frame: dict[str, Any], field: str) -> None:
    """Before anybody asks who may."""
    alice = chat.native("alice")
    alice.send(**frame)
    error = alice.until("error")
    assert (error["code"], error["field"]) in {("bad_field", field), ("bad_name", field)}


def test_frames_of_lists_say_what_they_are(chat: Chat) -> None:
    """Empty ones too."""
    op = operator(chat)
    for kind in ("bans", "reports"):
        (frame,) = of_type(op.ask(kind), kind)
        assert frame == {"type": kind, "room": None, "items": [], "more": False}


def test_what_is_kept_for_good_has_an_end(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody may start a room, and decide in it as fast as they can type; operators are not limited."""
    monkeypatch.setattr(moderating, "DECISIONS", 4)
    monkeypatch.setattr(amending, "DELETIONS", 1)
    chat = serve()
    op, ann, bob = operator(chat), member(chat, "ann"), member(chat, "bob")
    for peer in (ann, bob):
        peer.ask("join", room="tea")
    for text in ("mine", "yours"):
        ann.tell(text, "tea")
    for kind in ("mute", "unmute", "ban", "unban"):
        assert outcome(ann.ask(kind, room="tea", name="bob")) == "ok"
    bob.ask("join", room="tea")
    for kind in ("mute", "ban", "kick"):
        assert outcome(ann.ask(kind, room="tea", name="bob")) == "too_many"
    assert [outcome(ann.ask("delete", room="tea", id=id)) for id in (1, 2)] == ["ok", "too_many"]
    assert [outcome(op.ask(kind, name="bob")) for kind in ("mute", "unmute") * 3] == ["ok"] * 6


def test_invitations_of_members_are_counted(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is in the audit for good, also one that expires at once."""
    monkeypatch.setattr(accounts, "INVITATIONS", 2)
    chat = serve(entry="invite", store=store_with())
    ann = chat.native("alice", token=OWNER)
    assert [outcome(ann.ask("invite", **{"for": 1})) for _ in range(3)] == ["ok", "ok", "too_many"]
