"""Who is let in, and who may speak there: the settings `entry` and `guests`."""

from __future__ import annotations

from typing import Any

import pytest

from server_parts.people.one_time_codes import hash_of_code, new_code
from server_parts.storage.account_records import AddCode, Code, Purpose
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import hashed
from tests.conftest import Chat, Serve
from tests.peers import Native

OWNER, NEWCOMER = "0123456789abcdef" * 2, "fedcba9876543210" * 2
IN, READS = "speaks", "reads"
LATER = 4e9


def store_with(*codes: str, uses: int = 1, expires: float = LATER) -> MemoryLog:
    """Alice has an account, and these are invitations."""
    store = MemoryLog()
    store.claim("alice", hashed(OWNER))
    for code in codes:
        store.change(AddCode(Code(hash_of_code(code) or "", Purpose.INVITE, 0, uses, expires)))
    return store


def outcome(chat: Chat, name: str, **hello: Any) -> str:
    """What becomes of somebody who comes natively, and says something: the code of the refusal, if there is one."""
    with Native(chat.port) as peer:
        peer.hello(name, **hello)
        answer = next(frame for frame in iter(peer.next, None) if frame["type"] in ("welcome", "error"))
        if answer["type"] == "error":
            return str(answer["code"])
        peer.welcome = answer
        peer.say("hello")
        said = next(frame for frame in iter(peer.next, None) if frame["type"] in ("message", "error"))
        if said["type"] == "message":
            return IN
        assert (said["code"], said["seq"]) == ("not_allowed", 1)
        return READS


# For each setting: a guest, a new name with a token, one that has an account, and a new name with an invitation.
EXPECTED = {
    ("open", "talk"): (IN, IN, IN, IN),
    ("open", "read"): (READS, IN, IN, IN),
    ("open", "no"): ("not_allowed", IN, IN, IN),
    ("invite", "talk"): ("invite_needed", "invite_needed", IN, IN),
    ("invite", "read"): ("invite_needed", "invite_needed", IN, IN),
    ("invite", "no"): ("invite_needed", "invite_needed", IN, IN),
    ("closed", "talk"): ("not_allowed", "not_allowed", IN, "not_allowed"),
    ("closed", "read"): ("not_allowed", "not_allowed", IN, "not_allowed"),
    ("closed", "no"): ("not_allowed", "not_allowed", IN, "not_allowed"),
}


@pytest.mark.parametrize(("entry", "guests"), EXPECTED)
def test_who_comes_in_and_who_speaks(serve: Serve, entry: str, guests: str) -> None:
    """Every pair of settings, for everybody who may come."""
    code = new_code()
    chat = serve(store=store_with(code), entry=entry, guests=guests)
    assert EXPECTED[entry, guests] == (
        outcome(chat, "guy"),
        outcome(chat, "newton", token=NEWCOMER),
        outcome(chat, "alice", token=OWNER),
        outcome(chat, "invited", token=NEWCOMER, invite=code),
    )


def test_an_invitation_claims_the_name_at_once(serve: Serve) -> None:
    """So that its bearer comes back without it; it is used up then, and not by a hello that is refused."""
    code, store = new_code(), store_with()
    store.change(AddCode(Code(hash_of_code(code) or "", Purpose.INVITE, 0, 1, LATER)))
    chat = serve(store=store, entry="invite")
    assert outcome(chat, "alice", token=NEWCOMER, invite=code) == "name_taken"
    assert outcome(chat, "bob", invite=code) == "bad_field"
    assert outcome(chat, "operator", token=NEWCOMER, invite=code) == "bad_name"
    with Native(chat.port, "bob", token=NEWCOMER, invite=code.upper(), client="laptop") as bob:
        assert bob.welcome["account"]
        assert [device.label for device in store.account("bob").devices] == ["laptop"]  # type: ignore[union-attr]
        bob.leave()
    assert outcome(chat, "bob", token=NEWCOMER) == IN
    assert outcome(chat, "carol", token=OWNER, invite=code) == "invite_needed"


def test_an_invitation_may_be_for_several(serve: Serve) -> None:
    """As many as it says; an owner of an account uses up nothing."""
    code = new_code()
    chat = serve(store=store_with(code, uses=2), entry="invite")
    assert outcome(chat, "alice", token=OWNER, invite=code) == IN
    found = [outcome(chat, f"friend-{n}", token=f"{n}" * 32, invite=code) for n in range(3)]
    assert found == [IN, IN, "invite_needed"]


@pytest.mark.parametrize("entry", ["open", "invite"])
def test_an_invitation_that_is_none(serve: Serve, entry: str) -> None:
    """Expired, unknown or no code at all: who comes with it is told so, also where none is needed."""
    code = new_code()
    chat = serve(store=store_with(code, expires=1.0), entry=entry)
    found = [outcome(chat, "bob", token=NEWCOMER, invite=wrong) for wrong in (code, new_code(), "nonsense")]
    assert found == ["invite_needed"] * 3


def test_new_names_need_an_invitation_too(serve: Serve) -> None:
    """Else one account could make as many others as it likes; its own name in other letters is not new."""
    chat = serve(store=store_with(), entry="invite")
    alice = chat.native("alice", token=OWNER)
    assert alice.ask("nick", name="anna")[-1]["code"] == "invite_needed"
    assert alice.ask("nick", name="ALICE") == []
    assert alice.tell("still here")["from"] == "ALICE"


def test_members_invite_where_invitations_are_needed(serve: Serve) -> None:
    """A few at a time; elsewhere only operators do."""
    chat = serve(store=store_with(), entry="invite")
    alice = chat.native("alice", token=OWNER)
    made = alice.ask("invite", uses=2)[-1]
    assert (made["type"], made["uses"]) == ("invitation", 2)
    assert outcome(chat, "bob", token=NEWCOMER, invite=made["code"]) == IN
    assert alice.ask("invite", uses=11)[-1]["code"] == "too_many"
    assert [alice.ask("invite")[-1]["type"] for _ in range(9)] == ["invitation"] * 9
    assert alice.ask("invite")[-1]["code"] == "too_many"
    elsewhere = serve(store=store_with()).native("alice", token=OWNER)
    assert elsewhere.ask("invite")[-1]["code"] == "not_allowed"


@pytest.mark.parametrize("fields", [{"uses": 0}, {"uses": 1_001}, {"for": 0}, {"for": "1d"}])
def test_an_invitation_has_bounds(serve: Serve, fields: dict[str, Any]) -> None:
    """A number of people, and of seconds."""
    alice = serve(store=store_with(), entry="invite").native("alice", token=OWNER)
    answer = alice.ask("invite", **fields)[-1]
    assert (answer["code"], answer["field"]) == ("bad_field", next(iter(fields)))


def test_the_operator_s_own_terminal_always_may(serve: Serve) -> None:
    """Whatever the settings say."""
    chat = serve(store=store_with(), entry="closed", guests="read")
    alice = chat.native("alice", token=OWNER)
    chat.server.broadcast_message("dinner is ready")
    assert alice.message_from("server")["text"] == "dinner is ready"


def test_a_reader_hears_and_its_seq_is_used_up(serve: Serve) -> None:
    """It would send the same text for ever otherwise."""
    chat = serve(store=store_with(), guests="read")
    guest = chat.native("guy")
    refused = guest.ask("say", room="lobby", text="hello", seq=1)[-1]
    assert "only people with an account" in refused["text"]
    assert guest.ask("say", room="lobby", text="again", seq=2)[-1]["seq"] == 2
    chat.native("alice", token=OWNER).tell("news")
    assert guest.until("message")["text"] == "news"


def test_an_invitation_is_for_one_account(serve: Serve) -> None:
    """Whoever came in with one makes no further accounts with it."""
    codes = new_code(), new_code()
    chat = serve(store=store_with(*codes), entry="invite")
    new = chat.native("new", token=NEWCOMER, invite=codes[0])
    assert new.ask("nick", name="second")[-1]["code"] == "invite_needed"
    nc = chat.plain(f"/invite {codes[1]}")
    nc.enter()
    nc.say("/nick third")
    nc.until("third")
    nc.say("/password\n\ncorrect horse")
    nc.until("third is your account now")
    nc.say("/nick fourth")
    nc.until("invited people only")
