"""What everybody may do against others, and the lists of what was decided."""

from __future__ import annotations

import json

import pytest

from server_parts.hub import complaints
from server_parts.moderation import acts
from server_parts.moderation.acts import Act
from server_parts.people.allowance import TIME, Allowance
from server_parts.people.clients import Client, Session
from server_parts.people.roles import Role
from server_parts.protocol.requests import Refusal
from server_parts.storage.memory_log import MemoryLog
from tests.conftest import Chat, Serve
from tests.peers import Frame, Native, codes, of_type
from tests.server.hub.bench import Remembering

from .people import TOKEN, member, notices, operator, outcome, said

# --- blocks ---


def test_a_block_keeps_private_texts_away(chat: Chat) -> None:
    """First ones and later ones, with the same words; what was said stays readable, and the rooms are as before."""
    ann, bob = member(chat, "ann"), member(chat, "bob")
    bob.tell("before", "@ann")
    assert notices(ann.ask("block", name="BOB")) == ["you no longer get private messages from BOB"]
    bob.say("x", "@ann")
    error = bob.until("error")
    assert (error["code"], error["text"], error["seq"]) == ("denied", "ann does not take messages from you", bob.seq)
    (history,) = of_type(bob.ask("history", room="@ann"), "history")
    assert [message["text"] for message in history["messages"]] == ["before"]
    assert said(bob, "in the lobby") == "ok"
    assert said(ann, "I may", "@bob") == "ok"
    cid = chat.native("cid")
    ann.ask("block", name="cid")
    assert said(cid, "first contact", "@ann") == "denied"
    assert of_type(ann.ask("block"), "blocked") == [{"type": "blocked", "names": ["BOB", "cid"]}]
    assert outcome(ann.ask("unblock", name="bob")) == "ok"
    assert said(bob, "again", "@ann") == "ok"
    assert outcome(ann.ask("unblock", name="bob")) == "no_such_ban"


def test_a_block_holds_while_one_is_away(chat: Chat) -> None:
    """It is kept by the server."""
    ann, bob = member(chat, "ann", TOKEN), member(chat, "bob")
    ann.ask("block", name="bob")
    ann.leave()
    assert said(bob, "x", "@ann") == "denied"


def test_who_runs_the_server_is_not_blocked(chat: Chat) -> None:
    """And nobody blocks themselves, or a name that nobody has."""
    ann, op = member(chat, "ann"), operator(chat)
    for name, code in (("op", "not_allowed"), ("ann", "not_allowed"), ("nobody-here", "no_such_user")):
        assert outcome(ann.ask("block", name=name)) == code
    assert said(op, "a warning", "@ann") == "ok"


def test_guests_cannot_block(chat: Chat) -> None:
    """They are told why."""
    chat.native("bob")
    (error,) = of_type(chat.native("gus").ask("block", name="bob"), "error")
    assert error["code"] == "not_allowed"
    assert "only people with an account may block" in error["text"]


def test_blocks_are_in_no_list(chat: Chat) -> None:
    """They are nobody else's business."""
    ann, op = member(chat, "ann"), operator(chat)
    chat.native("bob")
    ann.ask("block", name="bob")
    assert of_type(op.ask("audit"), "audit")[0]["items"] == []


# --- reports ---


def test_a_report_reaches_those_who_keep_order(chat: Chat) -> None:
    """Operators, and the moderators of that room; it is kept, and listed for the same people."""
    ann, bob, op = member(chat, "ann"), chat.native("bob"), operator(chat)
    other = member(chat, "other")
    for peer in (ann, bob):
        peer.ask("join", room="tea")
    ann.tell("mine", "tea")
    bob.tell("rude " * 200, "tea")
    for peer in (ann, op, other):
        peer.pending()
    assert "thank you" in notices(bob.ask("report", room="tea", id=2, reason="rude"))[0]
    told = "bob reports message #2 of bob in tea: rude"
    assert [notices(peer.pending()) for peer in (ann, op, other)] == [[told], [told], []]
    (listed,) = of_type(ann.ask("reports", room="tea"), "reports")
    (item,) = listed["items"]
    assert item == {
        "id": item["id"], "ts": item["ts"], "by": "bob", "room": "tea", "message": 2, "sender": "bob",
        "text": ("rude " * 200)[: complaints.QUOTED], "reason": "rude",
    }  # fmt: skip
    assert of_type(op.ask("reports"), "reports")[0]["items"] == [item]
    assert of_type(op.ask("reports", room="lobby"), "reports")[0]["items"] == []
    assert codes(ann.ask("reports")) == ["not_allowed"]


def test_what_can_be_reported(chat: Chat) -> None:
    """A message that one may read, somebody, or a room as such."""
    ann, bob, cid = member(chat, "ann"), chat.native("bob"), chat.native("cid")
    bob.tell("psst", "@ann")
    assert outcome(bob.ask("report", room="lobby", name="ann", reason="x")) == "ok"
    assert outcome(bob.ask("report", room="lobby", reason="x")) == "ok"
    assert outcome(ann.ask("report", room="@bob", id=1, reason="x")) == "ok"
    assert outcome(bob.ask("report", room="@ann", id=1, reason="x")) == "ok"  # while it is there
    bob.ask("leave", room="@ann")
    assert outcome(bob.ask("report", room="@ann", id=1, reason="x")) == "bad_room"
    assert outcome(bob.ask("report", room="lobby", name="nobody-here", reason="x")) == "no_such_user"
    assert outcome(bob.ask("report", room="lobby", id=99, reason="x")) == "bad_field"
    assert outcome(bob.ask("report", room="nowhere", reason="x")) == "bad_room"
    assert outcome(cid.ask("report", room="@ann+bob", id=1, reason="x")) == "denied"


def test_what_is_kept_for_good_is_counted() -> None:
    """So many a day, by account or address; operators and this machine's own guests are not counted."""
    allowance = Allowance(2, "reports")

    def somebody(address: str, role: Role = Role.GUEST, name: str = "x") -> Client:
        client = Client(Remembering(), address, role)
        client.name, client.session = name, Session("", 0)
        return client

    def found(client: Client, now: float) -> Refusal | None:
        return allowance.refusal(client, now)

    for client in (somebody("192.0.2.1:1"), somebody("127.0.0.1:1", Role.MEMBER)):
        assert [found(client, now) for now in (0.0, 1.0)] == [None, None]
        refusal = found(client, 2.0)
        assert refusal is not None
        assert (refusal.code, refusal.text[:9]) == ("too_many", "2 reports")
        assert found(client, TIME) is None
        assert found(client, TIME + 0.5) is not None
    for client in (somebody("127.0.0.1:1"), somebody("192.0.2.1:1", Role.OPERATOR, "op")):
        assert [found(client, 0.0) for _ in range(5)] == [None] * 5


# --- lists ---


def pages(peer: Native, kind: str, **fields: object) -> list[list[Frame]]:
    """All of a list, page by page, newest page first."""
    found: list[list[Frame]] = []
    before: int | None = None
    while True:
        (frame,) = of_type(peer.ask(kind, before=before, **fields), kind)
        found.append(frame["items"])
        if not frame["more"]:
            return found
        before = frame["items"][0]["id"]


def test_bans_come_in_pages(chat: Chat) -> None:
    """Bans and mutes that hold, in the order they were made; of one room, or all."""
    op = operator(chat)
    for number in range(5):
        op.ask("ban", address=f"192.0.2.{number}", reason="spam", **{"for": 600})
    chat.native("bob")
    op.ask("mute", name="bob", room="tea")
    op.ask("unban", address="192.0.2.3")
    found = pages(op, "bans", limit=2)
    shown = [[item.get("address") or item.get("name") for item in page] for page in found]
    assert shown == [["192.0.2.4", "bob"], ["192.0.2.1", "192.0.2.2"], ["192.0.2.0"]]
    mute, ban = found[0][1], found[0][0]
    assert mute == {
        "id": mute["id"], "kind": "mute", "name": "bob", "room": "tea", "until": None, "by": "op", "reason": "",
        "ts": mute["ts"],
    }  # fmt: skip
    assert (ban["kind"], ban["room"], ban["reason"]) == ("ban", None, "spam")
    assert ban["until"] == pytest.approx(ban["ts"] + 600, abs=1)
    assert pages(op, "bans", room="tea") == [[mute]]


def test_the_audit_says_who_did_what(chat: Chat) -> None:
    """Everything, in pages; of a room only what is about it."""
    op, ann = operator(chat), member(chat, "ann")
    ann.ask("join", room="tea")
    ann.tell("mine", "tea")
    ann.ask("room", room="tea", topic="Cups")
    op.ask("kick", name="ann", reason="test")
    lines = [(item["by"], item["text"]) for page in reversed(pages(op, "audit", limit=1)) for item in page]
    assert lines == [
        ("ann", "became owner of tea, as the first to speak there"),
        ("ann", "set tea to topic Cups"),
        ("op", "kicked ann: test"),
    ]
    assert [len(page) for page in pages(op, "audit", room="tea")] == [2]
    assert pages(op, "audit", room="den") == [[]]


def test_a_page_fits_into_a_line(serve: Serve) -> None:
    """What does not is left for the next one; all of it comes, in order."""
    store = MemoryLog()
    report = Act(acts.REPORT, "bob", room="tea", reason='"' * 200, text="\\" * 500, number=1)
    store.append([acts.draft_of("ann", report, 5.0) for _ in range(150)], {})
    op = operator(serve(store=store))
    found = pages(op, "reports", limit=200)
    assert len(found) > 1
    assert [item["id"] for page in reversed(found) for item in page] == list(range(1, 151))
    assert all(len(json.dumps(page)) < 70_000 for page in found)
