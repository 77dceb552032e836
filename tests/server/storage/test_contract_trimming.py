"""What every log lets go of: old messages, and sessions that nobody uses."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from server_parts.storage.message_log import TRIM_SLICE
from server_parts.storage.records import Receipt
from server_parts.storage.search_query import DAY
from server_parts.storage.session_store import SessionRecord
from server_parts.storage.store import Store

from .drafts import SESSION, Backend, append, draft, say, texts, trim_all

OTHER = "session-000000000002"


# --- Trimming ---------------------------------------------------------------------------------------------------


def test_trimming_keeps_the_newest(log: Store) -> None:
    """Each room keeps its newest messages; the rest is in no page, receipt or search, and no number comes again."""
    append(log, *(draft(f"needle {i}", seq=i) for i in range(1, 11)))
    say(log, "needle in den", room="den")
    trim_all(log, keep_messages=3)
    assert (log.first("lobby"), log.last("lobby"), log.first("den")) == (8, 10, 1)
    assert [m.id for m in log.after("lobby", 0, 99)] == [8, 9, 10]
    assert [log.receipt(SESSION, seq) for seq in (1, 7, 8)] == [None, None, Receipt("lobby", 8)]
    assert len(log.search("needle", {}, 99)) == 4
    assert say(log, "next")[0].id == 11


def test_a_room_trimmed_to_nothing_counts_on(log: Store) -> None:
    """An empty room's first number is the one after its last, and its next message gets it."""
    say(log, "a", "b")
    trim_all(log, keep_messages=0)
    assert (log.first("lobby"), log.last("lobby"), log.rooms()) == (3, 2, {"lobby": 2})
    assert log.after("lobby", 0, 9) == log.search("a", {}, 9) == []
    assert say(log, "c")[0].id == 3
    assert texts(log.search("c", {}, 9)) == ["c"]
    assert log.first("lobby") == 3


def test_receipts_outlive_what_was_trimmed_before_them(log: Store) -> None:
    """When nothing is left of a session's texts, its next one is found again all the same."""
    append(log, draft("a", seq=1), draft("b", seq=2))
    trim_all(log, keep_messages=0)
    append(log, draft("c", seq=3))
    assert [log.receipt(SESSION, seq) for seq in (1, 2, 3)] == [None, None, Receipt("lobby", 3)]


def test_trimming_by_age(log: Store) -> None:
    """What is older than so many days goes, but nothing that follows a younger message of its room."""
    now = time.time()
    for days, text in ((9.5, "old"), (8.5, "older than 8"), (2.5, "young"), (9.5, "late"), (0.5, "new")):
        append(log, draft(text, ts=now - days * DAY))
    append(log, draft("alone", "den", ts=now - 30 * DAY))
    trim_all(log, keep_days=8)
    assert texts(log.after("lobby", 0, 9)) == ["young", "late", "new"]
    assert (log.first("lobby"), log.first("den")) == (3, 2)


def test_trimming_goes_in_slices(log: Store) -> None:
    """Much is trimmed little by little, with the log usable in between."""
    append(log, *(draft(f"text {i}", f"room-{i % 3}", seq=i) for i in range(1, 3001)))
    assert log.trim(keep_messages=10)
    assert 0 < sum(log.first(room) - 1 for room in log.rooms()) <= 1000
    say(log, "in between", room="room-0")
    assert trim_all(log, keep_messages=10) > 2
    assert [log.last(room) - log.first(room) for room in sorted(log.rooms())] == [9, 9, 9]


def test_trimming_without_limits_keeps_all(log: Store) -> None:
    """No limit, no trimming."""
    say(log, "a", "b")
    assert log.trim() is False
    assert log.trim(None, 2) is False
    assert log.first("lobby") == 1


# --- Sessions that nobody uses ----------------------------------------------------------------------------------


def forget_all(log: Store, day: int) -> None:
    while log.forget_sessions(day):
        pass


def test_unused_sessions_are_forgotten(log: Store) -> None:
    """They count as never seen, with owner and receipts; their messages stay, and so does what was used since."""
    today = int(time.time() // DAY)
    log.append([draft("kept", seq=1)], {SESSION: 1}, {SESSION: "alice"})
    log.append([draft("used", session=OTHER, seq=1)], {OTHER: 1}, {OTHER: "bob"})
    log.append([], {"session-of-the-newest": 1})
    log.note_use([OTHER, "session-never-seen"], today + 5)
    forget_all(log, today)
    assert log.accepted(SESSION) == 1, "it was stored today"
    forget_all(log, today + 5)
    assert (log.session(SESSION), log.receipt(SESSION, 1)) == (SessionRecord(), None)
    assert (log.session(OTHER), log.receipt(OTHER, 1)) == (SessionRecord(1, "bob"), Receipt("lobby", 2))
    assert log.session("session-never-seen") == SessionRecord()
    assert texts(log.after("lobby", 0, 9)) == ["kept", "used"]


def test_a_forgotten_session_may_begin_anew(log: Store) -> None:
    """Its texts are new ones, and receipts are never those of another session, nor of its own first life."""
    tomorrow = int(time.time() // DAY) + 1
    log.append([draft("old", seq=1), draft("older", seq=2)], {SESSION: 2})
    log.append([draft("newest", session=OTHER, seq=1)], {OTHER: 1})
    forget_all(log, tomorrow)
    assert log.accepted(SESSION) == 0
    log.append([], {SESSION: 1})  # refused, so it has no receipt
    log.append([draft("again", seq=2)], {SESSION: 2})
    log.append([], {"session-000000000003": 1})
    assert [log.receipt(SESSION, seq) for seq in (1, 2)] == [None, Receipt("lobby", 4)]
    assert log.receipt("session-000000000003", 1) is None


def test_many_sessions_are_forgotten_in_slices(log: Store) -> None:
    """None is left but perhaps the newest, and no slice takes all of them."""
    sessions = [f"session-{number:012}" for number in range(2 * TRIM_SLICE + 10)]
    log.append([], dict.fromkeys(sessions, 1))
    tomorrow = int(time.time() // DAY) + 1
    slices = 1
    while log.forget_sessions(tomorrow):
        slices += 1
    assert slices == 3
    assert sum(log.accepted(session) for session in sessions) <= 1


def test_forgotten_stays_forgotten(backend: Backend, tmp_path: Path) -> None:
    """Also after a restart, and the numbers of sessions are not given again."""
    if not backend.durable:
        pytest.skip("this log does not outlive its process")
    log = backend.open(tmp_path)
    log.append([draft("one", seq=1)], {SESSION: 1})
    log.append([draft("two", session=OTHER, seq=1)], {OTHER: 1})
    forget_all(log, int(time.time() // DAY) + 1)
    log.close()
    log = backend.open(tmp_path)
    assert log.session(SESSION) == SessionRecord()
    log.append([], {"session-000000000003": 1})
    assert log.receipt("session-000000000003", 1) is None
    log.close()
