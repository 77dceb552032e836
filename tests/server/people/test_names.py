"""Who may be called what."""

from __future__ import annotations

import math

import pytest

from server_parts.people.clients import Client
from server_parts.people.names import Names
from server_parts.people.roles import Role
from server_parts.people.session_owners import may_resume, session_owner
from server_parts.storage.account_records import AddDevice, Create, SetRole
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import hashed
from tests.server.hub.bench import Remembering
from tests.server.storage.owners import owner_of


@pytest.fixture
def store() -> MemoryLog:
    """Remembers who claimed which name."""
    return MemoryLog()


@pytest.fixture
def names(store: MemoryLog) -> Names:
    """Nobody is here yet; the operator is called boss."""
    return Names(store, "boss")


def client(token: str | None = None, role: Role = Role.GUEST) -> Client:
    somebody = Client(Remembering(), "test", role)
    somebody.token_hash = hashed(token) if token else None
    return somebody


def come(names: Names, name: str, somebody: Client) -> Client:
    """What a hello does with a name."""
    assert names.refusal(name, somebody) is None
    names.take(name, somebody, names.owned(name, somebody))
    return somebody


def say_something(names: Names, store: MemoryLog, somebody: Client) -> dict[str, str]:
    """What a first message does with the name of who says it: the claims that are stored with it."""
    claims = names.due_claims([somebody.name.lower()])
    store.append([], {}, {}, claims)
    for name, token_hash in claims.items():
        names.claimed(name, token_hash)
    return claims


def test_a_name_is_one_client_s(names: Names) -> None:
    """In any case of letters, as long as that client is there."""
    alice = come(names, "Alice", client())
    assert names.find("ALICE") is alice
    assert names.connections() == [alice]
    refusal = names.refusal("aLICE", client())
    assert refusal is not None
    assert (refusal.code, refusal.field) == ("name_taken", "name")
    assert names.refusal("aLICE", alice) is None
    names.release(alice)
    assert names.find("alice") is None
    assert names.refusal("alice", client()) is None


def test_whoever_is_about_to_leave_does_not_hold_a_name(names: Names) -> None:
    """A session that comes in again takes the name from its own old connection."""
    old = come(names, "alice", client())
    assert names.refusal("alice", client(), leaving=old) is None


def test_a_new_name_frees_the_old_one(names: Names) -> None:
    """Nobody has two."""
    alice = come(names, "alice", client())
    names.take("anna", alice)
    assert names.find("alice") is None
    assert names.connections() == [alice]


def test_the_operator_s_name_is_nobody_else_s(names: Names) -> None:
    """Whether he is there or not."""
    refusal = names.refusal("Boss", client())
    assert refusal is not None
    assert refusal.code == "name_taken"
    assert names.refusal("boss", client(role=Role.OWNER)) is None


def test_only_a_token_claims(names: Names, store: MemoryLog) -> None:
    """Without one the name stays anybody's; with one it is owned, and the hash alone is kept."""
    assert not come(names, "alice", client()).trusted
    assert not names.is_claimed("alice")
    bob = come(names, "bob", client("a-long-secret-token"))
    assert names.is_claimed("BOB")
    assert not bob.trusted
    assert say_something(names, store, bob)
    assert bob.trusted
    assert "secret" not in str(owner_of(store, "bob"))


def test_a_claimed_name_is_refused_without_its_token(names: Names) -> None:
    """Also when nobody uses it."""
    names.release(come(names, "bob", client("a-long-secret-token")))
    assert names.refusal("bob", client()) is not None
    assert names.refusal("bob", client("another-long-token")) is not None
    assert names.refusal("bob", client("a-long-secret-token")) is None


def test_owning_is_not_claiming(names: Names, store: MemoryLog) -> None:
    """Asking whether a name is one's own makes it nobody's."""
    owner = come(names, "bob", client("a-long-secret-token"))
    assert not names.owns("bob", owner), "nothing was said yet"
    say_something(names, store, owner)
    assert names.owns("Bob", owner)
    assert not names.owns("passing", owner)
    assert not names.is_claimed("passing")
    assert not names.owns("bob", client())


def test_guests_get_the_lowest_free_number(names: Names) -> None:
    """Numbers that come back are given again, the smallest first."""
    guests = [client() for _ in range(4)]
    for guest in guests:
        names.take_guest(guest)
    assert [guest.name for guest in guests] == ["guest-1", "guest-2", "guest-3", "guest-4"]
    names.release(guests[2])
    names.take("alice", guests[0])
    again = [client() for _ in range(3)]
    for guest in again:
        names.take_guest(guest)
    assert [guest.name for guest in again] == ["guest-1", "guest-3", "guest-5"]


def test_releasing_twice_frees_nobody_else(names: Names) -> None:
    """The name may be somebody else's by then."""
    first, second = client(), client()
    names.take_guest(first)
    names.release(first)
    names.take_guest(second)
    names.release(first)
    assert names.find("guest-1") is second
    third = client()
    names.take_guest(third)
    assert third.name == "guest-2"


# --- accounts with several devices ---


@pytest.fixture
def account(names: Names, store: MemoryLog) -> int:
    """Alice's, with two devices; nobody is here."""
    store.claim("alice", hashed("the laptop's token"))
    found = store.account("alice")
    assert found is not None
    store.change(AddDevice(found.id, hashed("the phone's token"), "phone", 1.0))
    return found.id


def test_each_device_proves_the_account(names: Names, account: int) -> None:
    """So does a password that was proved on this connection; nothing else does."""
    by_password = client()
    by_password.proved = account
    people = [client("the laptop's token"), client("the phone's token"), by_password, client("another token"), client()]
    assert [names.owns("Alice", somebody) for somebody in people] == [True, True, True, False, False]
    assert [names.refusal("alice", somebody) is None for somebody in people] == [True, True, True, False, False]


def test_devices_of_one_account_are_one_person(names: Names, account: int) -> None:
    """If all of their programs can do with that."""
    laptop, phone, old = client("the laptop's token"), client("the phone's token"), client("the phone's token")
    laptop.shares_name = phone.shares_name = True
    come(names, "alice", laptop)
    assert come(names, "alice", phone).account == account
    assert list(names.bearers("alice")) == [laptop, phone]
    assert names.refusal("alice", old) is not None
    old.takes_over = True  # by a code that leaves the account to it alone
    assert names.refusal("alice", old) is None


def test_a_guest_leaves_its_name_to_who_has_a_password(names: Names, store: MemoryLog) -> None:
    """Also if that comes without a token."""
    guest = come(names, "alice", client())
    store.change(Create("alice", None, password="kept"))
    owner = client()
    assert not names.gives_way("alice", owner)
    owner.proved = 1
    assert names.gives_way("alice", owner)
    assert not names.gives_way("alice", guest)


def test_a_role_comes_with_the_account(names: Names, store: MemoryLog, account: int) -> None:
    """For as long as its name is borne."""
    store.change(SetRole(account, "operator"))
    alice = come(names, "alice", client("the laptop's token"))
    assert alice.role is Role.OPERATOR
    names.take("anna", alice)
    assert (alice.role, alice.account) == (Role.GUEST, 0)


def test_a_session_belongs_to_its_account(names: Names, account: int) -> None:
    """One that a device has opened is its person's on any other; so is one that was opened by password alone."""
    laptop, phone, stranger = client("the laptop's token"), client("the phone's token"), client("another token")
    by_password = client()
    by_password.proved = account
    owners = [session_owner(somebody, "", "alice") for somebody in (laptop, by_password)]
    assert owners == [hashed("the laptop's token"), f"#{account}"]
    for owner in owners:
        assert may_resume(owner, "alice", phone, names, live=True)
        assert may_resume(owner, "alice", by_password, names, live=False)
        assert not may_resume(owner, "alice", stranger, names, live=False)
        assert not may_resume(owner, "mallory", stranger, names, live=False)
        assert session_owner(phone, owner, "anna") == owner, "it stays that, under any name"


def test_another_device_is_no_other_bearer(names: Names, account: int) -> None:
    """What is sent to an account is for its owner, whichever device that was at and is at now."""
    names.release(come(names, "alice", client("the laptop's token")))
    phone = come(names, "alice", client("the phone's token"))
    assert phone.replaced == -math.inf
