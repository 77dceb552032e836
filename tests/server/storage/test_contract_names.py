"""What every log keeps of names and private rooms."""

from __future__ import annotations

from server_parts.storage.account_store import Conversation
from server_parts.storage.session_store import SessionRecord
from server_parts.storage.store import Store
from tests.server.storage.owners import owner_of

from .drafts import SESSION, append, draft, say, trim_all

OTHER = "session-000000000002"


# --- Names and private rooms ------------------------------------------------------------------------------------


def test_a_name_belongs_to_who_claimed_it(log: Store) -> None:
    """The token's hash is kept for the name in any case; nobody else has one."""
    assert owner_of(log, "alice") is None
    log.claim("Alice", "hash-1")
    assert (owner_of(log, "aLICE"), owner_of(log, "bob")) == ("hash-1", None)


def test_private_rooms_belong_to_two(log: Store) -> None:
    """A private room is listed for its two members in any case, and for nobody else."""
    say(log, "psst", room="@alice+bob")
    say(log, "all", room="den")
    assert log.private_rooms("Alice") == log.private_rooms("bob") == {"@alice+bob": 0}
    assert log.private_rooms("carol") == {}


def test_a_new_owner_does_not_inherit_secrets(log: Store) -> None:
    """Claiming a name raises its own floors to the present, and nobody else's."""
    say(log, "one", "two", room="@alice+bob")
    log.claim("Alice", "hash")
    say(log, "three", room="@alice+bob")
    say(log, "new", room="@alice+carol")
    assert log.private_rooms("alice") == {"@alice+bob": 2, "@alice+carol": 0}
    assert log.private_rooms("bob") == {"@alice+bob": 0}


def test_a_session_belongs_to_whom_it_was_said_to(log: Store) -> None:
    """Its owner is stored with what it accepted, or alone, and stays until it is said anew."""
    assert log.session(SESSION) == SessionRecord(0, "")
    log.append([draft(seq=1)], {SESSION: 1}, {SESSION: "alice"})
    log.append([draft(seq=2)], {SESSION: 2})
    assert log.session(SESSION) == SessionRecord(2, "alice")
    log.append([], {}, {SESSION: "alice anna", OTHER: "bob"})
    assert (log.session(SESSION), log.session(OTHER)) == (SessionRecord(2, "alice anna"), SessionRecord(0, "bob"))


def test_a_claim_goes_with_the_message(log: Store) -> None:
    """It comes first: what was said before stays closed to the new owner, the message itself does not."""
    say(log, "to somebody else", room="@alice+bob")
    log.append([draft("hello", "@alice+bob"), draft("hello", "@bob+carol")], {}, {}, {"Bob": "hash"})
    assert owner_of(log, "bob") == "hash"
    assert log.private_rooms("bob") == {"@alice+bob": 1, "@bob+carol": 0}


def test_conversations_tell_who_spoke_and_when(log: Store) -> None:
    """For each private room of a name: its floor, its newest message, and whether that name said anything in it."""
    append(log, draft("hi", "@alice+bob", "alice", ts=5.0), draft("yes?", "@alice+bob", "Bob", ts=6.0))
    append(log, draft("psst", "@bob+carol", "carol", ts=7.0), draft("aloud", "den", "bob"))
    log.claim("bob", "hash")
    append(log, draft("again", "@bob+carol", "carol", ts=8.0))
    assert sorted(log.conversations("bOb")) == [
        Conversation("@alice+bob", 2, 2, 6.0, True),
        Conversation("@bob+carol", 1, 2, 8.0, False),
    ]
    assert log.conversations("carol") == [Conversation("@bob+carol", 0, 2, 8.0, True)]
    assert log.conversations("dave") == []


def test_a_conversation_of_which_nothing_is_kept_has_no_time(log: Store) -> None:
    """It is as quiet as one can be."""
    append(log, draft("hi", "@alice+bob", "alice", ts=5.0))
    trim_all(log, keep_messages=0)
    assert log.conversations("bob") == [Conversation("@alice+bob", 0, 1, 0.0, False)]


def test_a_name_is_claimed_by_one_token_once(log: Store) -> None:
    """Two servers may find out at the same time that it is to be claimed."""
    log.claim("Alice", "hash")
    account = log.account("alice")
    say(log, "psst", room="@alice+bob")
    log.claim("alice", "hash")
    assert log.account("alice") == account
    assert log.private_rooms("alice") == {"@alice+bob": 0}
