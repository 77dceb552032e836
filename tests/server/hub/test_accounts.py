"""Accounts where something fails half way, and what two do at once."""

from __future__ import annotations

import pytest

from server_parts.moderation import acts
from server_parts.people.one_time_codes import hash_of_code, new_code
from server_parts.protocol.account_requests import (
    ChangePassword,
    Devices,
    GiveRole,
    MakeInvitation,
    Proof,
    Recover,
    Release,
    Secret,
    Whois,
)
from server_parts.protocol.requests import Hello, Nick, Who
from server_parts.storage.account_records import AddCode, Code, Create, Purpose, SetPassword
from server_parts.storage.records import ACTS, Run, StorageError, hashed
from server_parts.storage.store import Entry
from tests.conftest import ChatLog
from tests.peers import codes, of_type
from tests.server.hub.bench import Bench, Seat

pytestmark = pytest.mark.usefixtures("no_threads_left", "chat_log")

TOKEN = "0123456789abcdef0123456789abcdef"
LATER = 4e9


def add_code(bench: Bench, purpose: Purpose, account: int, uses: int = 1) -> Secret:
    """A code that is good for something; as the hub is told of it."""
    kept = hash_of_code(new_code())
    assert kept is not None
    bench.store.change(AddCode(Code(kept, purpose, account, uses, LATER)))
    return Secret(kept)


@pytest.fixture
def account(bench: Bench) -> int:
    """Alice's."""
    bench.store.claim("alice", hashed("her laptop"))
    found = bench.store.account("alice")
    assert found is not None
    return found.id


@pytest.mark.parametrize("purpose", [Purpose.LINK, Purpose.RECOVER])
def test_a_device_that_cannot_be_stored_changes_nothing(bench: Bench, account: int, purpose: Purpose) -> None:
    """The code is good for another try, and whoever is here stays."""
    laptop = bench.seat("alice", token="her laptop", shares_name=True)
    proof = Proof(account, code=add_code(bench, purpose, account), recovers=purpose is Purpose.RECOVER)
    phone, hello = Seat(bench), Hello("alice", bench.session(), token=TOKEN, shares_name=True, proof=proof)
    bench.store.broken = "the disk is full"
    assert codes(phone.ask(hello)) == ["storage_unavailable"]
    bench.store.broken = None
    assert not laptop.client.gone
    assert [device.token_hash for device in bench.store.account("alice").devices] == [hashed("her laptop")]  # type: ignore[union-attr]
    assert of_type(phone.ask(hello), "welcome")[0]["account"]
    assert laptop.client.gone == (purpose is Purpose.RECOVER)


def test_a_code_is_used_once_even_at_once(bench: Bench, account: int) -> None:
    """Both were checked before either was used."""
    proof = Proof(account, code=add_code(bench, Purpose.LINK, account))
    first, second = Seat(bench), Seat(bench)
    hellos = [Hello("alice", bench.session(), token=f"{n}" * 32, shares_name=True, proof=proof) for n in range(2)]
    bench.in_one_turn((first, hellos[:1]), (second, hellos[1:]))
    assert of_type(first.heard(), "welcome")
    assert codes(second.heard()) == ["password_wrong"]


def test_an_invitation_is_used_once_even_at_once(bench: Bench) -> None:
    """The second one is told that it is not valid any more."""
    code = add_code(bench, Purpose.INVITE, 0)
    first, second = Seat(bench), Seat(bench)
    hellos = [Hello(f"new-{n}", bench.session(), token=f"{n}" * 32, invite=code) for n in range(2)]
    bench.in_one_turn((first, hellos[:1]), (second, hellos[1:]))
    assert of_type(first.heard(), "welcome")
    assert codes(second.heard()) == ["invite_needed"]


def test_a_proof_of_a_name_s_former_owner_proves_nothing(bench: Bench, account: int) -> None:
    """The account was released and claimed anew between the check and the hub's turn."""
    bench.store.change(SetPassword(account, "kept"))
    bench.store.claim("alice", hashed(TOKEN))
    stale = Proof(account, password=Secret("kept"))
    assert codes(Seat(bench).ask(Hello("alice", bench.session(), proof=stale))) == ["password_wrong"]
    bob = bench.seat("bob")
    assert codes(bob.ask(Nick("alice", proof=stale))) == ["password_wrong"]
    assert bob.client.proved == 0


def test_a_refused_proof_leaves_nothing_behind(bench: Bench, account: int) -> None:
    """The next hello of that connection needs a proof again."""
    bench.seat("alice", token="her laptop")  # whose program can be beside nobody
    bench.store.change(SetPassword(account, "kept"))
    seat, proof = Seat(bench), Proof(account, password=Secret("kept"))
    assert codes(seat.ask(Hello("alice", bench.session(), proof=proof))) == ["name_taken"]
    seat.ask(Hello("bob", bench.session()))
    assert seat.client.proved == 0
    assert codes(seat.ask(Nick("alice"))) == ["name_taken"]


def test_a_password_is_compared_with_the_present_one(bench: Bench, account: int) -> None:
    """Of two who change it at once, the second is told so."""
    alice = bench.seat("alice", token="her laptop")
    change = ChangePassword(account, None, Secret("one"))
    assert of_type(alice.ask(change), "notice")
    assert codes(alice.ask(change)) == ["password_wrong"]
    assert codes(alice.ask(ChangePassword(0, None, Secret("two")))) == ["password_wrong"]
    assert bench.store.account("alice").password == "one"  # type: ignore[union-attr]


def test_rights_end_with_the_account(bench: Bench, account: int, chat_log: ChatLog) -> None:
    """And are written down when they are used."""
    alice, olga = bench.seat("alice", token="her laptop"), bench.seat("olga")
    olga.client.role = olga.client.role.OPERATOR
    bench.seat("bob").say("psst", "@alice")
    olga.ask(Recover("alice"), Release("alice"))
    assert alice.client.gone
    assert [record.getMessage() for record in chat_log.records if record.getMessage().startswith("olga ")] == [
        "olga made a code that recovers the account alice",
        "olga released the name alice",
    ]
    assert codes(olga.ask(Whois("alice"))) == ["no_such_user"]
    back = Seat(bench)
    assert of_type(back.ask(Hello("alice", bench.session(), token=TOKEN)), "welcome")[0]["account"] is False
    assert codes(back.ask(Devices())) == ["not_allowed"]


def test_an_account_that_cannot_be_released_stays(bench: Bench, account: int, chat_log: ChatLog) -> None:
    """With its rights and its connections."""
    alice, olga = bench.seat("alice", token="her laptop"), bench.seat("olga")
    olga.client.role = olga.client.role.OPERATOR
    bench.store.broken = "the disk is full"
    assert codes(olga.ask(Release("alice"))) == ["storage_unavailable"]
    bench.store.broken = None
    assert not alice.client.gone
    assert alice.client.trusted
    assert bench.store.account("alice") is not None
    assert not [record for record in chat_log.records if "released" in record.getMessage()]


@pytest.fixture
def no_audit(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever belongs to the audit cannot be stored; everything else can."""
    write = bench.store.write

    def refuse_acts(entry: Entry) -> list[Run]:
        if any(draft.room == ACTS for draft in entry.drafts):
            raise StorageError("the disk is full")
        return write(entry)

    monkeypatch.setattr(bench.store, "write", refuse_acts)


def audited(bench: Bench) -> list[str]:
    """What the audit holds, oldest first."""
    kept = map(acts.read, bench.store.after(ACTS, 0, 100))
    return [one.act.text or "" for one in kept if one is not None]


def test_what_is_done_is_in_the_audit(bench: Bench, account: int) -> None:
    """A role, codes, invitations, and that an account was recovered."""
    owner = bench.seat("olga")
    owner.client.role = owner.client.role.OWNER
    owner.ask(GiveRole("alice", "operator"), MakeInvitation(2, 60), Recover("alice"))
    proof = Proof(account, code=add_code(bench, Purpose.RECOVER, account), recovers=True)
    Seat(bench).ask(Hello("alice", bench.session(), token=TOKEN, proof=proof))
    assert audited(bench) == [
        "made alice an operator",
        "made an invitation for 2 within 1 min",
        "made a code that recovers the account alice",
        "recovered the account alice from bench",
    ]


@pytest.mark.usefixtures("no_audit")
def test_nothing_is_done_that_the_audit_cannot_hold(bench: Bench, account: int) -> None:
    """No role is given, no code is made, no account is recovered."""
    owner = bench.seat("olga")
    owner.client.role = owner.client.role.OWNER
    refused = owner.ask(GiveRole("alice", "operator"), MakeInvitation(), Recover("alice"))
    assert codes(refused) == ["storage_unavailable"] * 3
    proof = Proof(account, code=add_code(bench, Purpose.RECOVER, account), recovers=True)
    assert codes(Seat(bench).ask(Hello("alice", bench.session(), token=TOKEN, proof=proof))) == ["storage_unavailable"]
    alice = bench.store.account("alice")
    assert alice is not None
    assert (alice.role, alice.has(hashed("her laptop")), alice.has(hashed(TOKEN))) == ("member", True, False)
    assert [bench.store.count_codes(purpose, account) for purpose in Purpose] == [0, 1, 0]  # the test's own


@pytest.mark.parametrize("purpose", [Purpose.LINK, Purpose.RECOVER])
def test_a_code_does_not_open_what_an_account_has_become(bench: Bench, account: int, purpose: Purpose) -> None:
    """It was made for a member: it is of no use once that is an operator, also to whoever has shown it already."""
    owner = bench.seat("olga")
    owner.client.role = owner.client.role.OWNER
    owner.ask(GiveRole("alice", "member"))
    proof = Proof(account, code=add_code(bench, purpose, account), recovers=purpose is Purpose.RECOVER)
    assert bench.store.count_codes(purpose, account) == 1
    owner.ask(GiveRole("alice", "operator"))
    assert bench.store.count_codes(purpose, account) == 0
    assert codes(Seat(bench).ask(Hello("alice", bench.session(), token=TOKEN, proof=proof))) == ["password_wrong"]


def test_a_code_stays_when_the_role_does_not_rise(bench: Bench, account: int) -> None:
    """Who is a member still, or no operator any more, can use it."""
    owner = bench.seat("olga")
    owner.client.role = owner.client.role.OWNER
    owner.ask(GiveRole("alice", "operator"))
    proof = Proof(account, code=add_code(bench, Purpose.LINK, account))
    owner.ask(GiveRole("alice", "member"), GiveRole("alice", "member"))
    assert of_type(Seat(bench).ask(Hello("alice", bench.session(), token=TOKEN, proof=proof)), "welcome")


def test_a_recovery_ends_the_other_codes(bench: Bench, account: int) -> None:
    """Whoever had the account before cannot come back with one that they have made."""
    left = Proof(account, code=add_code(bench, Purpose.LINK, account))
    proof = Proof(account, code=add_code(bench, Purpose.RECOVER, account), recovers=True)
    assert of_type(Seat(bench).ask(Hello("alice", bench.session(), token=TOKEN, proof=proof)), "welcome")
    thief = Seat(bench)
    assert codes(thief.ask(Hello("alice", bench.session(), token="t" * 32, proof=left))) == ["password_wrong"]


def test_an_account_has_so_many_devices(bench: Bench, account: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A further one comes in, and is told that it will need its proof again."""
    monkeypatch.setattr("server_parts.hub.entering.MOST_DEVICES", 1)
    bench.store.change(SetPassword(account, "kept"))
    seat = Seat(bench)
    told = seat.ask(Hello("alice", bench.session(), token=TOKEN, proof=Proof(account, password=Secret("kept"))))
    assert of_type(told, "welcome")[0]["account"]
    assert "1 devices already" in of_type(told, "notice")[0]["text"]
    assert len(bench.store.account("alice").devices) == 1  # type: ignore[union-attr]


def test_a_name_that_an_account_wants_is_left(bench: Bench) -> None:
    """By the guest who bears it, also if the account has no device and its owner comes with a password."""
    guest = bench.seat("dora")
    bench.store.change(Create("dora", None, password="kept"))
    owner = Seat(bench)
    owner.ask(Hello("dora", bench.session(), proof=Proof(1, password=Secret("kept"))))
    assert (owner.client.name, guest.client.name) == ("dora", "guest-1")
    assert [m["name"] for frame in of_type(owner.ask(Who()), "who") for m in frame["members"]] == ["guest-1", "dora"]
