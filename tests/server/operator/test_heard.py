"""Which messages an answer may mean, and who has talked last."""

from __future__ import annotations

from server_parts.operator import heard
from server_parts.operator.heard import Heard
from server_parts.storage.records import About, Message


def said(id: int, sender: str, about: About | None = None, text: str = "x") -> Message:
    return Message("tea", id, 1.5, sender, "blue", text, "", id, about)


def test_the_newest_message_of_somebody() -> None:
    """Of others, of one of them, or the operator's own; in each room by itself."""
    known = Heard()
    for id, sender in enumerate(("alice", "bob", "alice"), 1):
        known.note(said(id, sender))
    known.note(said(4, "server"), is_own=True)
    assert (known.last("tea"), known.last("tea", "BOB"), known.last_own("tea")) == (3, 2, 4)
    assert (known.last("den"), known.last("tea", "eve"), known.last_own("den")) == (None, None, None)
    assert known.talkers("tea") == ["alice", "bob"]


def test_what_changes_a_message_is_none() -> None:
    """Corrections and reactions cannot be answered, and neither can what was deleted."""
    known = Heard()
    known.note(said(1, "alice"))
    known.note(said(2, "bob"))
    for id, kind in ((3, "edit"), (4, "react")):
        known.note(said(id, "carol", About(kind, 1)))
    assert (known.last("tea"), known.talkers("tea")) == (2, ["bob", "alice"])
    known.note(said(5, "bob", About("delete", 2)))
    assert known.last("tea") == 1
    known.note(said(6, "carol", About("reply", 1)))
    assert known.last("tea") == 6
    known.note(said(6, "carol", About("reply", 1), text=""))  # as a later page of history shows it
    assert known.last("tea") == 1


def test_a_page_of_history_is_older() -> None:
    """It does not come after what was said meanwhile, and what is the operator's own stays so."""
    known = Heard()
    known.note(said(7, "bob"))
    known.note(said(8, "server"), is_own=True)
    for id, sender in ((5, "alice"), (6, "carol"), (7, "bob"), (8, "server")):
        known.note(said(id, sender))
    assert (known.last("tea"), known.last_own("tea")) == (7, 8)
    assert known.talkers("tea") == ["bob", "carol", "alice"]


def test_only_the_newest_are_kept() -> None:
    """However long a server runs."""
    known = Heard()
    for id in range(1, heard.MOST + 3):
        known.note(said(id, f"u{id}"))
    assert len(known.talkers("tea")) == heard.MOST
    assert known.last("tea", "u2") is None
    assert known.last("tea", "u3") == 3
