"""What every log keeps of how far people have read."""

from __future__ import annotations

from pathlib import Path

from server_parts.storage.account_records import Release
from server_parts.storage.store import Store

from .drafts import Backend, say, trim_all


def claim(log: Store, name: str) -> int:
    log.claim(name, f"hash-of-{name}")
    account = log.account(name)
    assert account is not None
    return account.id


def test_each_account_has_a_position_in_each_room(log: Store) -> None:
    """The last one that was noted; who has read nothing has none."""
    alice, bob = claim(log, "alice"), claim(log, "bob")
    say(log, "one", "two", "three")
    say(log, "private", room="@alice+bob")
    assert log.read_positions(alice) == {}
    log.note_read({(alice, "lobby"): 2, (alice, "@alice+bob"): 1, (bob, "lobby"): 3})
    assert log.read_positions(alice) == {"lobby": 2, "@alice+bob": 1}
    assert log.read_positions(bob) == {"lobby": 3}
    log.note_read({(alice, "lobby"): 3})
    assert log.read_positions(alice) == {"lobby": 3, "@alice+bob": 1}


def test_no_position_goes_back(log: Store) -> None:
    """A terminal that is behind does not make anything unread."""
    alice = claim(log, "alice")
    say(log, "one", "two", "three")
    log.note_read({(alice, "lobby"): 3})
    log.note_read({(alice, "lobby"): 1})
    assert log.read_positions(alice) == {"lobby": 3}


def test_what_is_not_there_is_passed_over(log: Store) -> None:
    """An account that is gone, a room that nobody has said anything in; the others are noted."""
    alice = claim(log, "alice")
    say(log, "one")
    log.note_read({(alice + 1, "lobby"): 1, (alice, "nowhere"): 1, (alice, "lobby"): 1})
    assert log.read_positions(alice) == {"lobby": 1}
    assert log.read_positions(alice + 1) == {}
    log.note_read({})


def test_positions_go_with_their_account(log: Store) -> None:
    """Whoever claims the name next has read nothing; a position that comes too late is kept nowhere."""
    alice = claim(log, "alice")
    say(log, "one")
    log.note_read({(alice, "lobby"): 1})
    log.change(Release(alice))
    assert log.read_positions(alice) == {}
    log.note_read({(alice, "lobby"): 1})
    assert log.read_positions(alice) == {}
    assert log.read_positions(claim(log, "alice")) == {}


def test_a_name_that_is_claimed_anew_has_read_nothing(log: Store) -> None:
    """The account of before is gone with all that was its own."""
    alice = claim(log, "alice")
    say(log, "one")
    log.note_read({(alice, "lobby"): 1})
    log.claim("alice", "another hash")
    account = log.account("alice")
    assert account is not None
    assert (log.read_positions(alice), log.read_positions(account.id)) == ({}, {})


def test_positions_outlive_their_messages(log: Store) -> None:
    """What was trimmed stays read."""
    alice = claim(log, "alice")
    say(log, "one", "two", "three")
    log.note_read({(alice, "lobby"): 2})
    trim_all(log, keep_messages=1)
    assert log.first("lobby") == 3
    assert log.read_positions(alice) == {"lobby": 2}


def test_positions_outlive_the_server(backend: Backend, tmp_path: Path) -> None:
    """Where anything does."""
    if not backend.durable:
        return
    log = backend.open(tmp_path / "data")
    alice = claim(log, "alice")
    say(log, "one", "two")
    log.note_read({(alice, "lobby"): 2})
    log.close()
    again = backend.open(tmp_path / "data")
    assert again.read_positions(alice) == {"lobby": 2}
    again.close()
