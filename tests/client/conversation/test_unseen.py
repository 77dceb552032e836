"""Where one stopped reading, and what came since: kept between runs, counted without a screen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from client_parts.conversation.unseen import Unseen
from client_parts.kept.bookmarks import Bookmark, Bookmarks


@pytest.fixture
def bookmarks(tmp_path: Path) -> Bookmarks:
    return Bookmarks(tmp_path / "seen.json")


def second_run(bookmarks: Bookmarks, seen: dict[str, int], *missed: tuple[str, int]) -> Unseen:
    bookmarks.keep("e1", "ann", Bookmark(seen, missed))
    unseen = Unseen(bookmarks)
    assert unseen.arrive("e1", "ann")
    return unseen


def test_a_bookmark_belongs_to_one_log_and_one_name(bookmarks: Bookmarks) -> None:
    """Another log or another person has none; the case of a name does not matter."""
    bookmarks.keep("e1", "Ann", Bookmark({"lobby": 7}, (("lobby", 3),)))
    assert bookmarks.find("e1", "ann") == Bookmark({"lobby": 7}, (("lobby", 3),))
    assert bookmarks.find("e2", "ann") is None
    assert bookmarks.find("e1", "bob") is None
    assert Bookmarks().find("e1", "ann") is None


def test_a_later_run_adds_to_what_an_earlier_one_kept(bookmarks: Bookmarks) -> None:
    """Rooms that it was not in keep their place; what was missed is replaced."""
    bookmarks.keep("e1", "ann", Bookmark({"lobby": 7, "builds": 2}, (("lobby", 3),)))
    bookmarks.keep("e1", "ann", Bookmark({"lobby": 9}))
    assert bookmarks.find("e1", "ann") == Bookmark({"builds": 2, "lobby": 9})


def test_bookmarks_are_bounded(bookmarks: Bookmarks, tmp_path: Path) -> None:
    """A server cannot make the file grow: the latest logs, rooms and mentions are kept, and no endless name."""
    for number in range(30):
        rooms = {f"{number}-{room}": 1 for room in range(300)}
        missed = tuple(("lobby", id) for id in range(300))
        bookmarks.keep("e" * 10_000 + str(number), f"ann{number}", Bookmark({**rooms, "x" * 10_000: 1}, missed))
    kept = json.loads((tmp_path / "seen.json").read_text())
    assert len(kept) == 20
    assert {len(log["seen"]) for log in kept.values()} == {200}
    assert {len(log["missed"]) for log in kept.values()} == {100}
    assert (tmp_path / "seen.json").stat().st_size < 1_000_000
    assert (tmp_path / "seen.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("kept", "found"),
    [
        ({"seen": {"lobby": 7, "a": "b", "c": True}, "missed": [["lobby", 3], ["lobby"], 5, [1, 2]]}, True),
        ({"seen": [], "missed": {}}, False),
        ({}, False),
        ([], None),
    ],
)
def test_a_damaged_bookmark_is_worth_what_is_left(tmp_path: Path, kept: Any, found: bool | None) -> None:
    """Nothing in the file can stop a client."""
    (tmp_path / "seen.json").write_text(json.dumps({"e1 ann": kept}))
    expected = Bookmark({"lobby": 7}, (("lobby", 3),)) if found else None if found is None else Bookmark()
    bookmarks = Bookmarks(tmp_path / "seen.json")
    assert bookmarks.find("e1", "ann") == expected
    bookmarks.keep("e1", "ann", Bookmark({"lobby": 8}))
    assert bookmarks.find("e1", "ann") == Bookmark({"lobby": 8})


def test_new_messages_are_counted_from_the_last_run(bookmarks: Bookmarks) -> None:
    """Said once, before the first of them; with how many of them are not among those that come."""
    unseen = second_run(bookmarks, {"lobby": 7, "builds": 1, "quiet": 4})
    unseen.enter("lobby", 10)
    assert [unseen.new_at("lobby", id) for id in (6, 7, 8, 9)] == [None, None, (3, 0), None]
    unseen.enter("builds", 50)
    assert unseen.new_at("builds", 31) == (49, 29)
    unseen.enter("quiet", 4)
    assert unseen.new_at("quiet") is None


def test_new_messages_that_do_not_come_are_counted_too(bookmarks: Bookmarks) -> None:
    """Whoever asked for no history is told at its end."""
    unseen = second_run(bookmarks, {"lobby": 7})
    unseen.enter("lobby", 10)
    assert unseen.new_at("lobby") == (3, 3)


def test_what_was_never_seen_is_new_only_if_it_is_private(bookmarks: Bookmarks) -> None:
    """A public room that one enters for the first time has no news; a first private message is."""
    unseen = second_run(bookmarks, {})
    unseen.enter("lobby", 10)
    unseen.enter("@ann+bob", 2)
    assert unseen.new_at("lobby") is None
    assert unseen.new_at("@ann+bob", 1) == (2, 0)


def test_the_first_run_has_no_news(bookmarks: Bookmarks) -> None:
    """Nobody was away who was never there."""
    unseen = Unseen(bookmarks)
    assert not unseen.arrive("e1", "ann")
    unseen.enter("lobby", 10)
    unseen.miss_since_the_last_run([("lobby", 3)])
    assert (unseen.new_at("lobby"), unseen.missed) == (None, 0)


def test_mentions_since_the_last_run_are_missed_until_they_are_looked_at(bookmarks: Bookmarks) -> None:
    """Also over further runs, and also in rooms that one is not in."""
    unseen = second_run(bookmarks, {"lobby": 7}, ("lobby", 3))
    unseen.miss_since_the_last_run([("lobby", 5), ("lobby", 8), ("builds", 2)])
    unseen.keep_place("e1", "ann", {"lobby": 20})
    unseen = Unseen(bookmarks)
    unseen.arrive("e1", "ann")
    keys = [("lobby", 3), ("lobby", 5), ("lobby", 8), ("builds", 2)]
    assert unseen.missed == 3
    assert [unseen.is_missed(key, 20 if key[0] == "lobby" else None) for key in keys] == [True, False, True, True]
    unseen.look_at(keys)
    unseen.keep_place("e1", "ann", {"lobby": 20})
    unseen = Unseen(bookmarks)
    unseen.arrive("e1", "ann")
    assert not any(unseen.is_missed(key, None) for key in keys)


def test_missed_mentions_are_bounded(bookmarks: Bookmarks) -> None:
    """The oldest are let go."""
    unseen = Unseen(bookmarks)
    for id in range(1000):
        unseen.miss(("lobby", id))
    assert unseen.missed == 100
    assert unseen.is_missed(("lobby", 999), 1000)
    assert not unseen.is_missed(("lobby", 899), 1000)
