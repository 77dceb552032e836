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
    return Names(book, "server")


def client(token: str | None = None) -> Client:
    somebody = Client(Remembering(), "test")
    somebody.token_hash = token_hash(token) if token else None
    return somebody


def test_a_name_is_one_client_s(names: Names) -> None:
    """In any case of letters, as long as that client is there."""
    alice, other = client(), client()
    assert names.refusal("alice", alice) is None
    names.take("Alice", alice, trusted=False)
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
    names.take("alice", alice, trusted=False)
    names.take("anna", alice, trusted=False)
    assert names.find("alice") is None
    assert names.everyone() == [alice]


def test_only_a_token_claims(names: Names, book: MemoryLog) -> None:
    """Without one the name stays anybody's; with one it is owned, and the hash alone is kept."""
    assert not names.claim("alice", client())
    assert not names.is_claimed("alice")
    assert names.claim("bob", client("a-long-secret-token"))
    assert names.is_claimed("BOB")
    assert "secret" not in str(book.owner("bob"))


def test_a_claimed_name_is_refused_without_its_token(names: Names) -> None:
    """Also when nobody uses it."""
    names.claim("bob", client("a-long-secret-token"))
    assert names.refusal("bob", client()) is not None
    assert names.refusal("bob", client("another-long-token")) is not None
    assert names.refusal("bob", client("a-long-secret-token")) is None


def test_a_name_is_claimed_once(names: Names) -> None:
    """Whoever comes second owns nothing."""
    assert names.claim("bob", client("a-long-secret-token"))
    assert not names.claim("bob", client("another-long-token"))
    assert names.owns("bob", client("a-long-secret-token"))
    assert not names.owns("bob", client())


def test_a_name_may_be_taken_from_who_is_leaving(names: Names) -> None:
    """The older connection of the same session stands in nobody's way."""
    older, newer = client(), client()
    names.take("alice", older, trusted=False)
    assert names.refusal("alice", newer) is not None
    assert names.refusal("alice", newer, older) is None


def test_the_operator_s_name_is_nobody_else_s(names: Names) -> None:
    """In any case of letters."""
    assert names.refusal("Server", client()) is not None
    assert names.refusal("Server", Client(Remembering(), "console", operator=True)) is None


def test_a_claim_that_cannot_be_stored_is_none(names: Names, book: MemoryLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is still anybody's."""

    def fail(name: str, token_hash: str) -> None:
        raise StorageError("disk full")

    monkeypatch.setattr(book, "claim", fail)
    with pytest.raises(StorageError):
        names.claim("anna", client("a-long-secret-token"))
    assert not names.is_claimed("anna")


def test_a_name_that_looks_like_a_guest_s_is_just_a_name(names: Names) -> None:
    """Leaving gives back no number that was never given."""
    somebody = client()
    names.take("guest-x", somebody, trusted=False)
    names.release(somebody)
    names.take_guest(somebody)
    assert somebody.name == "guest-1"


def test_guests_get_the_lowest_free_number(names: Names) -> None:
    """Numbers that come back are given again, the smallest first."""
    guests = [client() for _ in range(4)]
    for guest in guests:
        names.take_guest(guest)
    assert [guest.name for guest in guests] == ["guest-1", "guest-2", "guest-3", "guest-4"]
    names.release(guests[2])
    names.take("alice", guests[0], trusted=False)
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
