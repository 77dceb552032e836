"""What every log keeps of accounts, their devices, and codes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from server_parts.storage.account_records import (
    Account,
    AddCode,
    AddDevice,
    CloseCodes,
    Code,
    Create,
    Device,
    ForgetDevice,
    NoteUse,
    Purpose,
    Recover,
    Release,
    ReplaceToken,
    SetPassword,
    SetRealName,
    SetRole,
    UseCode,
)
from server_parts.storage.message_log import TRIM_SLICE
from server_parts.storage.search_query import DAY
from server_parts.storage.skeletons import skeleton
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.store import Entry, Store
from tests.server.storage.owners import owner_of

from .drafts import Backend, draft, say

TODAY = int(time.time() // DAY)
LATER = time.time() + 1_000


def account(log: Store, name: str = "alice") -> Account:
    found = log.account(name)
    assert found is not None
    return found


def devices(log: Store, name: str = "alice") -> list[tuple[str, str]]:
    return [(device.token_hash, device.label) for device in account(log, name).devices]


@pytest.fixture
def alice(log: Store) -> Account:
    """An account with the device hash-1."""
    log.claim("Alice", "hash-1")
    return account(log)


def test_a_claim_makes_an_account(log: Store, alice: Account) -> None:
    """Spelled as it was claimed, a member, without a password, with one device; found in any case of letters."""
    assert log.account("ALICE") == alice
    device = Device(alice.devices[0].id, "hash-1", "", alice.devices[0].added, TODAY)
    assert alice == Account(alice.id, "Alice", "member", None, alice.since, TODAY, (device,))
    assert alice.since == pytest.approx(time.time(), abs=60)
    assert log.account("bob") is None


def test_an_account_may_have_a_password_and_no_device(log: Store) -> None:
    """Then nobody's token proves it; the name is claimed all the same."""
    log.change(Create("bob", None, password="stored"))
    assert (account(log, "bob").devices, account(log, "bob").password, owner_of(log, "bob")) == ((), "stored", "")


def test_a_display_name_is_kept_with_the_account(log: Store, alice: Account) -> None:
    """Also beside devices, and until it is taken away."""
    log.change(SetRealName(alice.id, "Алиса"), AddDevice(alice.id, "hash-2", "phone", 86_400.0))
    assert account(log).real_name == "Алиса"
    assert len(account(log).devices) == 2
    log.change(SetRealName(alice.id, None), SetRealName(alice.id + 1, "nobody's"))
    assert account(log).real_name is None
    log.change(Create("bob", None, password="stored"))
    log.change(SetRealName(account(log, "bob").id, "Bob"))
    assert account(log, "bob").real_name == "Bob"


def test_devices_come_and_go(log: Store, alice: Account) -> None:
    """In the order in which they were added; one token is one device."""
    log.change(AddDevice(alice.id, "hash-2", "phone", 86_400.0), AddDevice(alice.id, "hash-3", "", 2.0))
    assert devices(log) == [("hash-1", ""), ("hash-2", "phone"), ("hash-3", "")]
    assert account(log).devices[1][3:] == (86_400.0, 1)
    assert account(log).has("hash-2")
    assert not account(log).has(None)
    log.change(AddDevice(alice.id, "hash-2", "tablet", 5.0))
    assert devices(log) == [("hash-1", ""), ("hash-3", ""), ("hash-2", "tablet")]
    log.change(ForgetDevice(alice.id, alice.devices[0].id))
    assert [hash for hash, _ in devices(log)] == ["hash-3", "hash-2"]


def test_only_its_own_devices_are_forgotten(log: Store, alice: Account) -> None:
    """A number of somebody else's device does nothing."""
    log.claim("bob", "hash-b")
    log.change(ForgetDevice(alice.id, account(log, "bob").devices[0].id))
    assert devices(log, "bob") == [("hash-b", "")]


def test_a_device_gets_another_token(log: Store, alice: Account) -> None:
    """It stays the same device; if the other token is one already, there is one of it."""
    log.change(ReplaceToken(alice.id, "hash-1", "derived"))
    assert devices(log) == [("derived", "")]
    assert account(log).devices[0].id == alice.devices[0].id
    log.change(AddDevice(alice.id, "raw", "", 1.0), ReplaceToken(alice.id, "raw", "derived"))
    assert devices(log) == [("derived", "")]
    log.change(ReplaceToken(alice.id, "not there", "new"))
    assert devices(log) == [("derived", "")]


def test_password_and_role_are_kept(log: Store, alice: Account) -> None:
    """Each until it is set anew."""
    log.change(SetPassword(alice.id, "stored"), SetRole(alice.id, "operator"))
    assert account(log)[2:4] == ("operator", "stored")
    log.change(SetPassword(alice.id, None))
    assert account(log)[2:4] == ("operator", None)


def test_recovery_leaves_one_device(log: Store, alice: Account) -> None:
    """And no password; without a token, not even that."""
    log.change(SetPassword(alice.id, "stored"), AddDevice(alice.id, "hash-2", "", 1.0))
    log.change(Recover(alice.id, "new", "client", 2.0))
    assert (devices(log), account(log).password) == ([("new", "client")], None)
    log.change(Recover(alice.id, None, "", 2.0))
    assert devices(log) == []
    assert account(log).id == alice.id


def test_a_released_name_is_free(log: Store, alice: Account) -> None:
    """Whoever claims it next gets another account, and cannot read what was said to it before."""
    say(log, "psst", room="@alice+bob")
    log.change(AddCode(Code("c", Purpose.LINK, alice.id, 1, LATER)), Release(alice.id))
    assert (log.account("alice"), log.code("c"), log.lookalikes(skeleton("alice"))) == (None, None, [])
    log.claim("alice", "hash-1")
    assert account(log).id != alice.id
    assert log.private_rooms("alice") == {"@alice+bob": 1}
    log.change(SetRole(alice.id, "operator"), AddDevice(alice.id, "old", "", 1.0))
    assert (account(log).role, devices(log)) == ("member", [("hash-1", "")]), "the old account's changes are nobody's"


def test_changes_go_with_texts(log: Store, alice: Account) -> None:
    """They are one entry; changes come in their order, behind the claims."""
    claims = {"bob": "hash-b"}
    log.write(Entry([draft("hi")], {}, {}, claims, [SetPassword(alice.id, "one"), SetPassword(alice.id, "two")]))
    assert (log.last("lobby"), account(log).password, devices(log, "bob")) == (1, "two", [("hash-b", "")])
    log.write(Entry([], {}, {}, {"carol": "hash-c"}, programs={"carol": "client.py 2"}))
    assert devices(log, "carol") == [("hash-c", "client.py 2")]


def test_what_cannot_be_stored_changes_no_account(sqlite: SqliteLog) -> None:
    """Nor does half of an entry."""
    sqlite.claim("alice", "hash-1")
    with pytest.raises(ValueError, match="NUL"):
        sqlite.write(Entry([draft("a\0b")], {}, changes=[SetPassword(account(sqlite).id, "two")]))
    assert account(sqlite).password is None


def test_use_is_noted_by_days(log: Store, alice: Account) -> None:
    """Of the account and of the device; a day before the last one changes nothing, nor does an empty label."""
    log.change(NoteUse(alice.id, "hash-1", "client.py 2", TODAY + 3))
    assert (account(log).used, account(log).devices[0].used) == (TODAY + 3, TODAY + 3)
    log.change(NoteUse(alice.id, "hash-1", "", TODAY + 1), NoteUse(alice.id, None, "", TODAY + 5))
    assert (account(log).used, account(log).devices[0].used) == (TODAY + 5, TODAY + 3)
    assert devices(log) == [("hash-1", "client.py 2")]


def test_lookalikes_are_found_by_their_skeleton(log: Store, alice: Account) -> None:
    """As they are spelled."""
    log.claim("A1.ice", "hash-2")
    log.claim("bob", "hash-3")
    assert sorted(log.lookalikes(skeleton("al_ice"))) == ["A1.ice", "Alice"]
    assert log.lookalikes(skeleton("carol")) == []


# --- codes ---


def test_a_code_is_used_up(log: Store) -> None:
    """After its last use it is gone."""
    log.change(AddCode(Code("hash", Purpose.INVITE, 0, 2, LATER)))
    assert log.code("hash") == Code("hash", Purpose.INVITE, 0, 2, LATER)
    log.change(UseCode("hash"))
    assert log.code("hash") == Code("hash", Purpose.INVITE, 0, 1, LATER)
    log.change(UseCode("hash"))
    assert log.code("hash") is None
    log.change(UseCode("hash"))
    assert log.code("hash") is None


def test_a_new_code_takes_the_place_of_the_old_one(log: Store, alice: Account) -> None:
    """Of the same account and purpose; invitations stay beside each other."""
    for number, purpose in enumerate([Purpose.LINK, Purpose.LINK, Purpose.RECOVER, Purpose.INVITE, Purpose.INVITE]):
        log.change(AddCode(Code(str(number), purpose, alice.id, 1, LATER)))
    assert [log.code(str(number)) is not None for number in range(5)] == [False, True, True, True, True]
    assert [log.count_codes(purpose, alice.id) for purpose in Purpose] == [1, 1, 2]
    assert log.count_codes(Purpose.INVITE, 0) == 0


def test_the_codes_of_an_account_are_closed(log: Store, alice: Account) -> None:
    """Not its invitations, and nobody else's codes."""
    log.change(Create("bob", "hash-2"))
    bob = account(log, "bob")
    codes = [
        Code("link", Purpose.LINK, alice.id, 1, LATER),
        Code("recover", Purpose.RECOVER, alice.id, 1, LATER),
        Code("invite", Purpose.INVITE, alice.id, 1, LATER),
        Code("bob's", Purpose.LINK, bob.id, 1, LATER),
    ]
    log.change(*map(AddCode, codes))
    log.change(CloseCodes(alice.id))
    assert [code.hash for code in codes if log.code(code.hash)] == ["invite", "bob's"]


def test_what_has_expired_goes(log: Store, alice: Account) -> None:
    """It does not count from its end on, and is let go of later."""
    log.change(AddCode(Code("past", Purpose.INVITE, 0, 1, 1.0)), AddCode(Code("later", Purpose.INVITE, 0, 1, LATER)))
    assert log.count_codes(Purpose.INVITE, 0) == 1
    log.forget_codes()
    assert (log.code("past"), log.code("later") is not None) == (None, True)
    assert log.account("alice") == alice


def test_codes_and_accounts_survive_a_restart(backend: Backend, tmp_path: Path) -> None:
    """Where anything does."""
    if not backend.durable:
        pytest.skip("keeps nothing")
    log = backend.open(tmp_path)
    log.claim("alice", "hash-1")
    log.change(AddCode(Code("hash", Purpose.RECOVER, 1, 1, LATER)), SetPassword(1, "stored"))
    before = account(log)
    log.close()
    again = backend.open(tmp_path)
    assert (account(again), again.code("hash")) == (before, Code("hash", Purpose.RECOVER, 1, 1, LATER))
    again.close()


# --- lapsing ---


def test_an_unused_account_is_named(log: Store, alice: Account) -> None:
    """One that is used, or whose owner is an operator, is not."""
    log.claim("olga", "hash-o")
    log.claim("used", "hash-u")
    log.change(SetRole(account(log, "olga").id, "operator"), NoteUse(account(log, "used").id, None, "", TODAY + 9))
    assert log.unused_accounts(TODAY) == {}
    assert log.unused_accounts(TODAY + 9) == {alice.id: alice.name}


def test_many_are_named_in_slices(log: Store) -> None:
    """As with sessions, the hub has its turn after each."""
    log.append([], {}, {}, {f"name-{number}": "hash" for number in range(TRIM_SLICE + 3)})
    some = log.unused_accounts(TODAY + 1)
    assert len(some) == TRIM_SLICE
    log.change(*map(Release, some))
    assert len(log.unused_accounts(TODAY + 1)) == 3
