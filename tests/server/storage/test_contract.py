"""What every log promises, whatever it is made of. Knows no SQL and no files."""

from __future__ import annotations

from pathlib import Path

import pytest

from server_parts.storage.message_log import everything_in
from server_parts.storage.records import Receipt
from server_parts.storage.store import Store
from tests.server.storage.owners import owner_of

from .drafts import SESSION, Backend, append, draft, say, trim_all

OTHER = "session-000000000002"

# --- Numbers and receipts ---------------------------------------------------------------------------------------


def test_rooms_count_by_themselves(log: Store) -> None:
    """Each room numbers its messages 1, 2, 3 without holes, in the order of the drafts."""
    stored = append(log, draft("a"), draft("b", "den"), draft("c"), draft("d", "den"))
    stored += append(log, draft("e"))
    assert [(m.room, m.id, m.text) for m in stored] == [
        ("lobby", 1, "a"),
        ("den", 1, "b"),
        ("lobby", 2, "c"),
        ("den", 2, "d"),
        ("lobby", 3, "e"),
    ]
    assert log.rooms() == {"lobby": 3, "den": 2}
    assert (log.last("lobby"), log.first("lobby")) == (3, 1)


def test_a_room_that_nobody_has_used_is_empty(log: Store) -> None:
    """A room without messages has last 0, first 1 and no pages."""
    assert (log.last("den"), log.first("den"), log.rooms()) == (0, 1, {})
    assert log.after("den", 0, 10) == list(everything_in("den", log)) == []


def test_a_message_comes_back_as_it_went_in(log: Store) -> None:
    """Every field survives, with emoji, line breaks and fractions of a second."""
    sent = draft("héllo 🎉\n\tworld ‮ 'quoted\" %", "den", "Ann.B-1", 1_790_000_000.123, seq=7)
    (message,) = append(log, sent)
    assert log.after("den", 0, 1) == [message]
    assert (message.room, message.ts, message.sender, message.color, [message.text], message.seq) == (*sent[:5], 7)


def test_appending_nothing_is_fine(log: Store) -> None:
    """An empty batch stores nothing and fails nothing."""
    assert log.append([], {}) == []
    assert log.rooms() == {}


def test_accepted_goes_with_the_messages(log: Store) -> None:
    """A session's highest seq is what the batch said, also where nothing of it was stored."""
    assert log.accepted(SESSION) == 0
    log.append([draft(seq=1)], {SESSION: 3, OTHER: 9})
    assert (log.accepted(SESSION), log.accepted(OTHER)) == (3, 9)
    log.append([], {SESSION: 4})
    assert log.accepted(SESSION) == 4


def test_a_receipt_says_where_a_text_went(log: Store) -> None:
    """A stored text has its room and number, a refused or unknown one has none."""
    log.append([draft(seq=1), draft(room="den", seq=3), draft(session=OTHER, seq=2)], {SESSION: 4, OTHER: 2})
    assert [log.receipt(SESSION, seq) for seq in range(6)] == [
        None,
        Receipt("lobby", 1),
        None,
        Receipt("den", 1),
        None,
        None,
    ]
    assert log.receipt(OTHER, 2) == Receipt("lobby", 2)
    assert log.receipt("session-000000000003", 1) is None


def test_a_run_is_numbered_and_receipted_text_by_text(log: Store) -> None:
    """Long runs of two sessions: every text has the number and the receipt that it would have alone."""
    seqs = {SESSION: 1, OTHER: 1}
    for size, session in ((1, SESSION), (1500, OTHER), (700, SESSION), (2100, SESSION), (30, OTHER)):
        row = [f"text {seqs[session] + i}" for i in range(size)]
        (run,) = log.append([draft(session=session, seq=seqs[session])._replace(texts=row)], {})
        assert (run.id, run.seq, run.texts) == (log.last("lobby") - size + 1, seqs[session], row)
        assert log.after("lobby", run.id - 1, size) == list(run.messages())
        for i in (0, 1, size // 2, size - 1):
            if i < size:
                assert log.receipt(session, run.seq + i) == Receipt("lobby", run.id + i)
        seqs[session] += size


def test_receipts_are_found_among_thousands(log: Store) -> None:
    """Every receipt of two sessions that take turns in batches of all sizes is right."""
    expected, seqs = {}, {SESSION: 0, OTHER: 0}
    for size in (1, 700, 3, 1500, 1, 40):
        drafts = []
        for i in range(size):
            session = OTHER if i % 3 == 0 else SESSION
            seqs[session] += 1
            drafts.append(draft(session=session, seq=seqs[session], room=f"room-{i % 2}"))
        for sent, message in zip(drafts, append(log, *drafts), strict=True):
            expected[sent.session, sent.seq] = Receipt(message.room, message.id)
    wanted = list(expected)[::37]
    assert {key: log.receipt(*key) for key in wanted} == {key: expected[key] for key in wanted}


# --- Pages ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "limit", "ids"),
    [(0, 3, [1, 2, 3]), (7, 3, [8, 9, 10]), (8, 9, [9, 10]), (10, 3, []), (99, 3, []), (-5, 2, [1, 2]), (0, 0, [])],
)
def test_pages_after(log: Store, after: int, limit: int, ids: list[int]) -> None:
    """`after` gives the oldest messages above an id, rising."""
    say(log, *(f"text {i}" for i in range(1, 11)))
    assert [m.id for m in log.after("lobby", after, limit)] == ids


@pytest.mark.parametrize(("size", "ids"), [(1, [4]), (10, [4]), (11, [4, 5]), (25, [4, 5, 6]), (1000, [4, 5, 6, 7])])
def test_a_page_is_bounded_in_characters(log: Store, size: int, ids: list[int]) -> None:
    """It ends with the message that fills it, and has one at least."""
    say(log, *("x" * 10 for _ in range(9)))
    assert [m.id for m in log.after("lobby", 3, 4, size)] == ids
    assert log.after("lobby", 9, 4, size) == []


def test_texts_without_a_seq_disturb_no_receipts(log: Store) -> None:
    """What the server says in somebody's name is theirs, and counts for nothing."""
    append(log, draft(seq=1), *(draft(session=OTHER) for _ in range(1_500)))
    log.append([draft("announced", seq=0)], {SESSION: 1})
    (second,) = append(log, draft(seq=2))
    assert [log.receipt(SESSION, seq) for seq in range(3)] == [None, Receipt("lobby", 1), Receipt("lobby", second.id)]
    assert [m.session for m in log.after("lobby", second.id - 2, 2)] == [SESSION, SESSION]


def test_a_message_keeps_its_session(log: Store) -> None:
    """As long as that is known; and what a search finds too."""
    append(log, draft("needle one"), draft("needle two", session=OTHER))
    assert [m.session for m in log.after("lobby", 0, 9)] == [SESSION, OTHER]
    assert [m.session for m in log.search("needle", {}, 9)] == [OTHER, SESSION]


def test_export_is_the_whole_room(log: Store) -> None:
    """An export of several pages holds every message of its room, once and in order."""
    stored = say(log, *(f"text {i}" for i in range(1203)))
    say(log, "elsewhere", room="den")
    assert list(everything_in("lobby", log)) == stored


# --- Closing ----------------------------------------------------------------------------------------------------


def test_closing_twice_is_fine(log: Store) -> None:
    """A second close does nothing."""
    say(log, "hello")
    log.close()
    log.close()
    assert log.last("lobby") == 1


def test_everything_is_there_after_opening_again(backend: Backend, tmp_path: Path) -> None:
    """A durable log that is closed and opened has the same epoch, numbers, sessions, names, floors and texts."""
    if not backend.durable:
        pytest.skip("this log is meant to forget")
    log = backend.open(tmp_path / "data")
    append(log, *(draft(f"needle {i}", seq=i) for i in range(1, 6)))
    say(log, "psst", room="@alice+bob")
    log.append([], {}, {SESSION: "alice"}, {"bob": "hash"})
    trim_all(log, keep_messages=4)
    before = facts(log)
    log.close()
    again = backend.open(tmp_path / "data")
    assert facts(again) == before
    assert (again.first("lobby"), say(again, "next")[0].id) == (2, 6)
    again.close()


def facts(log: Store) -> tuple[object, ...]:
    return (
        log.epoch,
        log.rooms(),
        log.first("lobby"),
        list(everything_in("lobby", log)),
        log.accepted(SESSION),
        [log.receipt(SESSION, seq) for seq in range(7)],
        owner_of(log, "bob"),
        log.private_rooms("bob"),
        log.session(SESSION),
        log.conversations("bob"),
        log.search("needle", {}, 50),
    )
