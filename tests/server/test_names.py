"""Who may be called what."""

from __future__ import annotations

import pytest

from server_parts.message_log import MemoryLog, StorageError
from server_parts.names import Names, token_hash
from server_parts.people import Client
from tests.server.hub_bench import Remembering


@pytest.fixture
def book() -> MemoryLog:
    """Remembers who claimed which name."""
    return MemoryLog()


@pytest.fixture
def names(book: MemoryLog) -> Names:
    """Nobody is here yet."""
    return Names(book)


def client(token: str | None = None) -> Client:
    somebody = Client(Remembering(), "test")
    somebody.token_hash = token_hash(token) if token else None
    return somebody


def test_a_name_is_one_client_s(names: Names) -> None:
    """In any case of letters, as long as that client is there."""
    alice, other = client(), client()
    assert names.refusal("alice", alice) is None
    names.take("Alice", alice, claim=True)
    assert names.find("ALICE") is alice
    assert names.everyone() == [alice]
    refusal = names.refusal("aLICE", other)
    assert refusal is not None
    assert (refusal.code, refusal.field) == ("name_taken", "name")
    names.release(alice)
    assert names.find("alice") is None
    assert names.refusal("alice", other) is None


def test_a_new_name_frees_the_old_one(names: Names) -> None:
    """Nobody has two."""
    alice = client()
    names.take("alice", alice, claim=True)
    names.take("anna", alice, claim=False)
    assert names.find("alice") is None
    assert names.everyone() == [alice]


def test_only_a_token_claims(names: Names, book: MemoryLog) -> None:
    """Without one the name stays anybody's; with one it is owned, and the hash alone is kept."""
    names.take("alice", client(), claim=True)
    assert not names.is_claimed("alice")
    owner = client("a-long-secret-token")
    names.take("bob", owner, claim=True)
    assert names.is_claimed("BOB")
    assert owner.trusted
    assert "secret" not in str(book.owner("bob"))


def test_a_claimed_name_is_refused_without_its_token(names: Names) -> None:
    """Also when nobody uses it."""
    owner = client("a-long-secret-token")
    names.take("bob", owner, claim=True)
    names.release(owner)
    assert names.refusal("bob", client()) is not None
    assert names.refusal("bob", client("another-long-token")) is not None
    assert names.refusal("bob", client("a-long-secret-token")) is None


def test_a_change_of_name_claims_nothing(names: Names) -> None:
    """And trust belongs to the name, not to the client."""
    owner = client("a-long-secret-token")
    names.take("bob", owner, claim=True)
    names.take("passing", owner, claim=False)
    assert not names.is_claimed("passing")
    assert not owner.trusted
    names.take("bob", owner, claim=False)
    assert owner.trusted


def test_a_claim_that_cannot_be_stored_changes_nothing(
    names: Names, book: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client keeps the name it had."""
    alice = client("a-long-secret-token")
    names.take("alice", alice, claim=True)

    def fail(name: str, token_hash: str) -> None:
        raise StorageError("disk full")

    monkeypatch.setattr(book, "claim", fail)
    with pytest.raises(StorageError):
        names.take("anna", alice, claim=True)
    assert (alice.name, names.find("alice"), names.find("anna")) == ("alice", alice, None)


def test_guests_get_the_lowest_free_number(names: Names) -> None:
    """Numbers that come back are given again, the smallest first."""
    guests = [client() for _ in range(4)]
    for guest in guests:
        names.take_guest(guest)
    assert [guest.name for guest in guests] == ["guest-1", "guest-2", "guest-3", "guest-4"]
    names.release(guests[2])
    names.take("alice", guests[0], claim=False)
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
