"""What every log promises, whatever it is made of. Knows no SQL and no files."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from server_parts.storage.account_store import Conversation
from server_parts.storage.finding import MOST_COUNTED, Found, Wanted
from server_parts.storage.message_log import TRIM_SLICE, everything_in
from server_parts.storage.records import Receipt
from server_parts.storage.search_query import DAY, parse
from server_parts.storage.session_store import SessionRecord
from server_parts.storage.store import Store

from .drafts import SESSION, Backend, append, draft, say, texts

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


# --- Names and private rooms ------------------------------------------------------------------------------------


def test_a_name_belongs_to_who_claimed_it(log: Store) -> None:
    """The token's hash is kept for the name in any case; nobody else has one."""
    assert log.owner("alice") is None
    log.claim("Alice", "hash-1")
    assert (log.owner("aLICE"), log.owner("bob")) == ("hash-1", None)


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
    assert log.owner("bob") == "hash"
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


# --- Search -----------------------------------------------------------------------------------------------------


def test_search_finds_what_was_just_said(log: Store) -> None:
    """A message is found as soon as `append` has returned, newest first."""
    for i in range(30):
        say(log, f"needle {i}")
        assert texts(log.search("needle", {}, 3)) == [f"needle {n}" for n in range(i, max(i - 3, -1), -1)]


def test_newest_is_what_was_said_last(log: Store) -> None:
    """Results follow the order of appending, across rooms, even where the clock stepped back."""
    for i, (room, ts) in enumerate([("den", 1e9), ("lobby", 5e8), ("den", 7e8), ("zoo", -1.0)]):
        append(log, draft(f"needle {i}", room, ts=ts))
    assert texts(log.search("needle", {}, 10)) == ["needle 3", "needle 2", "needle 1", "needle 0"]


SAID = (
    "The quick brown fox",
    "a brown, quick-witted dog",
    "Zoë's café is NAÏVE",
    "今天天气很好。",
    "ทดสอบ ภาษาไทย हिन्दी भाषा",
    "party 🎉🎊 time",
    "quick123 under_score e-mail",
    "С новым ГОДОМ",
)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("quick", [1, 0]),
        ("QUICK brown", [1, 0]),
        ('"quick brown"', [0]),
        ('"brown quick"', [1]),
        ("quick*", [6, 1, 0]),
        ("qui", []),
        ('"brown qui"*', [1]),
        ("quick-witted", [1]),
        ("cafe", [2]),
        ("CAFÉ zoe", [2]),
        ("天气", [3]),
        ("气天", []),
        ("很", [3]),
        ("สอบ", [4]),
        ("हिन्दी", [4]),
        ("🎊", [5]),
        ("under_score", [6]),
        ("score", [6]),
        ("годом", [7]),
        ("год*", [7]),
        ('quick "brown', [1, 0]),
        ("quick AND fox", []),
        ("quick -fox", [0]),
        ("", []),
        ("   ", []),
        ('""', []),
        ("!!! ***", []),
        ("*", []),
    ],
)
def test_words_phrases_and_prefixes(log: Store, query: str, found: list[int]) -> None:
    """Words match whole and without case or accents, phrases in a row, prefixes with a star, CJK anywhere."""
    say(log, *SAID)
    assert texts(log.search(query, {}, 50)) == [SAID[i] for i in found]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("from:alice", "a5 a2 a1"),
        ("from:ALICE text in:den", "a2"),
        ("from:alice from:bob text", "a5 b3 a2 a1"),
        ("from:ali", ""),
        ("in:den", "z4 b3 a2"),
        ("in:DEN in:lobby from:bob", "b3"),
        ("in:nowhere text", ""),
        ("since:2026-11-02", "a5 z4 b3 a2"),
        ("since:2026-11-02 until:2026-11-02", "a2"),
        ("until:2026-11-01 text", "a1"),
        ("until:1999-01-01", ""),
        ("since:2099-01-01", ""),
        ("since:never text", ""),
        ("from: text", ""),
    ],
)
def test_filters(log: Store, query: str, found: str) -> None:
    """from:, in:, since: and until: narrow a search, alone or with words; several of a kind widen it."""
    days = 1_793_491_200.0  # 2026-11-01, 00:00 UTC
    append(log, draft("text a1", "lobby", "Alice", days + DAY - 0.5))
    append(log, draft("text a2", "den", "alice", days + DAY))
    append(log, draft("text b3", "den", "bob", days + 2 * DAY))
    append(log, draft("text z4", "den", "alice-2", days + 3 * DAY))
    append(log, draft("text a5", "lobby", "alice", days + 4 * DAY))
    assert texts(log.search(query, {}, 50)) == [f"text {name}" for name in found.split()]


def test_search_stays_out_of_others_private_rooms(log: Store) -> None:
    """A private room is searched only if it is in `floors`, and only above its floor, by every way of asking."""
    say(log, "needle 1", "needle 2", room="@alice+bob")
    say(log, "needle 3", room="@carol+dave")
    say(log, "needle 4")
    floors = {"@alice+bob": 1, "@alice+nobody": 0}
    assert texts(log.search("needle", {}, 9)) == ["needle 4"]
    assert texts(log.search("needle", floors, 9)) == ["needle 4", "needle 2"]
    assert texts(log.search("needle", floors, 9, "@alice+bob")) == ["needle 2"]
    assert texts(log.search("in:@alice+bob", floors, 9)) == ["needle 2"]
    assert log.search("needle", floors, 9, "@carol+dave") == log.search("in:@carol+dave", floors, 9) == []
    assert log.search("from:alice in:@alice+bob", {}, 9) == []


def test_search_in_one_room(log: Store) -> None:
    """A room given by the caller and one in the text must be the same."""
    say(log, "needle 1")
    say(log, "needle 2", room="den")
    assert texts(log.search("needle", {}, 9, "den")) == ["needle 2"]
    assert texts(log.search("needle in:den", {}, 9, "den")) == ["needle 2"]
    assert log.search("needle in:lobby", {}, 9, "den") == log.search("needle", {}, 9, "zoo") == []


def test_search_floors_of_public_rooms(log: Store) -> None:
    """A floor holds for a public room too."""
    say(log, "needle 1", "needle 2")
    assert texts(log.search("needle", {"lobby": 1}, 9)) == ["needle 2"]


def test_search_limit(log: Store) -> None:
    """No more than `limit` results come, and none for nought or less."""
    say(log, *["needle"] * 5)
    assert [len(log.search("needle", {}, limit)) for limit in (3, 9, 0, -1)] == [3, 5, 0, 0]


# --- Trimming ---------------------------------------------------------------------------------------------------


def trim_all(log: Store, keep_days: float | None = None, keep_messages: int | None = None) -> int:
    slices = 1
    while log.trim(keep_days, keep_messages):
        slices += 1
        assert slices < 1000
    return slices


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
        log.owner("bob"),
        log.private_rooms("bob"),
        log.session(SESSION),
        log.conversations("bob"),
        log.search("needle", {}, 50),
    )


def test_a_search_goes_on_before_a_message(log: Store) -> None:
    """Pages follow each other without a gap although messages arrive in between; each counts what is left."""
    for i in range(7):
        say(log, f"needle {i}", room=("lobby", "den")[i % 2])
    page = log.find(Wanted(parse("needle"), {}, 3, most=9))
    assert (texts(page.messages), page.total, page.partial) == (["needle 6", "needle 5", "needle 4"], 7, False)
    say(log, "needle 7")
    oldest = page.messages[-1]
    page = log.find(Wanted(parse("needle"), {}, 3, before=(oldest.room, oldest.id), most=9))
    assert (texts(page.messages), page.total) == (["needle 3", "needle 2", "needle 1"], 4)


@pytest.mark.parametrize(
    ("place", "floors"),
    [(("@alice+bob", 1), {}), (("@alice+bob", 1), {"@alice+bob": 1}), (("nowhere", 1), {}), (("lobby", 99), {})],
)
def test_a_search_does_not_go_on_before_what_may_not_be_read(
    log: Store, place: tuple[str, int], floors: dict[str, int]
) -> None:
    """Where a private message stands among others is not told by what was found before it."""
    say(log, "needle")
    say(log, "psst", room="@alice+bob")
    assert log.find(Wanted(parse("needle"), floors, 9, before=place)) == Found([])


def test_a_search_leaves_people_out(log: Store) -> None:
    """Their messages are neither found nor counted, whatever the case of their names."""
    say(log, "needle 1", sender="Alice")
    say(log, "needle 2", sender="bob")
    found = log.find(Wanted(replace(parse("needle"), without=frozenset(["alice"])), {}, 9))
    assert (texts(found.messages), found.total) == (["needle 2"], 1)


def test_counting_stops(log: Store) -> None:
    """More than a thousand are not counted."""
    say(log, *["needle"] * 1100)
    assert log.find(Wanted(parse("needle"), {}, 1, most=MOST_COUNTED)).total == MOST_COUNTED
    assert log.find(Wanted(parse("needle"), {}, 1)).total == 1


@pytest.mark.parametrize("offset", [540, -300, 0])
def test_days_are_those_of_the_asker(log: Store, offset: int) -> None:
    """A day begins at midnight of the clock that is `offset` minutes ahead of UTC."""
    midnight = 20_000 * DAY - offset * 60
    for name, ts in (
        ("before", midnight - 1),
        ("first", midnight),
        ("last", midnight + DAY - 1),
        ("after", midnight + DAY),
    ):
        append(log, draft(f"text {name}", ts=ts))
    found = log.find(Wanted(parse("text since:2024-10-04 until:2024-10-04", offset), {}, 9))
    assert texts(found.messages) == ["text last", "text first"]


@pytest.mark.parametrize(("size", "whole"), [(1, 1), (15, 1), (16, 2), (10_000, 5)])
def test_long_results_are_found_by_place(log: Store, size: int, whole: int) -> None:
    """The newest ones whole, as many as fill the size; of those that follow the places; all of them are counted."""
    say(log, *(f"needle {number} 012345" for number in range(1, 10)))
    found = log.find(Wanted(parse("needle"), {}, 5, most=8, size=size))
    assert [m.id for m in found.messages] == list(range(9, 9 - whole, -1))
    assert [place.id for place in found.places] == [9, 8, 7, 6, 5]
    assert {(place.room, place.size) for place in found.places} == {("lobby", 15)}
    assert (len(found.later), found.total, found.partial) == (5 - whole, 8, False)


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
