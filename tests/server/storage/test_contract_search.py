"""What every log finds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server_parts.storage.finding import MOST_COUNTED, Found, Wanted
from server_parts.storage.search_query import DAY, parse
from server_parts.storage.store import Store

from .drafts import append, draft, say, texts

OTHER = "session-000000000002"


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
        ("quick", [6, 1, 0]),
        ('"quick"', [1, 0]),
        ("QUICK brown", [1, 0]),
        ('"QUICK" bro', [1, 0]),
        ('"quick brown"', [0]),
        ('"brown quick"', [1]),
        ("quick*", [6, 1, 0]),
        ("q", [6, 1, 0]),
        ("qui f", [0]),
        ("uick", []),
        ('"qui"', []),
        ('"brown qui"', []),
        ('"brown qui"*', [1]),
        ('"qui"*', [6, 1, 0]),
        ("quick-wit", [1]),
        ("quick-witted", [1]),
        ("cafe", [2]),
        ("CAFÉ zoe", [2]),
        ("天气", [3]),
        ("气天", []),
        ("很", [3]),
        ("今天天", [3]),
        ("很*", [3]),
        ('"很"', [3]),
        ("สอบ", [4]),
        ("हिन्दी", [4]),
        ("🎊", [5]),
        ("under_score", [6]),
        ("score", [6]),
        ("годом", [7]),
        ("НОВ год", [7]),
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
    """Words match as beginnings, without case or accents; quoted ones exactly, phrases in a row, CJK anywhere."""
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
