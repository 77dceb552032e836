"""Two clients of one person use the same files at the same time: neither loses what the other has kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from client_parts.kept.bookmarks import Bookmark, Bookmarks
from client_parts.kept.input_history import InputHistory
from client_parts.kept.places import Places
from client_parts.kept.settings import Settings
from client_parts.kept.shared_file import one_at_a_time

ROOT = Path(__file__).parents[3]
SECONDS = 20.0
CHOOSING = """
from client_parts.kept.settings import Settings
for number in range(4):
    assert Settings(path).choose_color(f"n{me}-{number}", "red")
"""
READING = """
from client_parts.kept.bookmarks import Bookmark, Bookmarks
bookmarks = Bookmarks(path)
for number in range(1, 11):
    bookmarks.keep("e1", "ann", Bookmark({"lobby": number, f"room-{me}": number}, ((f"room-{me}", number),)))
"""
ENTERING = """
from client_parts.kept.places import Place, Places
places = Places(path, [("127.0.0.1", 3030)], "ann")
found = places.find().rooms
for number in range(1, 11):
    places.keep(Place((*found, *(f"room-{me}-{one}" for one in range(number))), f"room-{me}-0"))
"""
TYPING = """
from client_parts.kept.input_history import InputHistory
history = InputHistory(path)
for number in range(20):
    history.add(f"line {me}-{number} " + "long " * 3000)
    history.load()
"""


def at_once(code: str, path: Path, clients: int = 4) -> None:
    """Run that in several processes at the same time."""
    whole = f"import pathlib, sys\npath, me = pathlib.Path(sys.argv[1]), sys.argv[2]\n{code}"
    command = [sys.executable, "-c", whole, str(path)]
    running = [subprocess.Popen([*command, str(me)], cwd=ROOT) for me in range(clients)]
    assert [process.wait(SECONDS) for process in running] == [0] * clients
    assert os.listdir(path.parent) == [path.name]


needs_locks = pytest.mark.skipif(sys.platform == "win32", reason="a folder cannot be locked there")


@needs_locks
def test_choices_made_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    """One client writes at a time, upon what is there by then."""
    path = tmp_path / "config.toml"
    at_once(CHOOSING, path)
    names = [f"n{me}-{number}" for me in range(4) for number in range(4)]
    assert [Settings(path).color_of(name) for name in names] == ["red"] * 16


@needs_locks
def test_places_kept_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    """Every client's rooms, and the latest mention that each has missed."""
    path = tmp_path / "seen.json"
    at_once(READING, path)
    mark = Bookmarks(path).find("e1", "ann")
    assert mark is not None
    assert mark.seen == {"lobby": 10, **{f"room-{me}": 10 for me in range(4)}}
    assert sorted(mark.missed) == [(f"room-{me}", 10) for me in range(4)]


@needs_locks
def test_rooms_entered_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    """Those of every client."""
    path = tmp_path / "rooms.json"
    at_once(ENTERING, path)
    rooms = Places(path, [("127.0.0.1", 3030)], "ann").find().rooms
    assert sorted(rooms) == sorted(f"room-{me}-{number}" for me in range(4) for number in range(10))


@needs_locks
def test_lines_typed_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    """Whole, though they are long, and though the file is too long and is shortened meanwhile."""
    path = tmp_path / "input-history"
    path.write_text("".join(f'"old {number}"\n' for number in range(1010)))
    at_once(TYPING, path)
    typed = [line.split()[1] for line in InputHistory(path).load() if line.startswith("line")]
    assert sorted(typed) == sorted(f"{me}-{number}" for me in range(4) for number in range(20))
    assert all(json.loads(line) for line in path.read_text().splitlines())


@needs_locks
def test_a_client_that_is_stopped_while_it_writes_stops_nobody(tmp_path: Path) -> None:
    """The others wait for a moment, and go on."""
    begun = time.monotonic()
    with one_at_a_time(tmp_path):
        assert Settings(tmp_path / "config.toml").choose("bell", "off")
        assert InputHistory(tmp_path / "input-history").add("hello")
    assert time.monotonic() - begun < SECONDS / 2
    assert Settings(tmp_path / "config.toml")["bell"] == "off"
    assert InputHistory(tmp_path / "input-history").load() == ["hello"]


# --- Where one stopped reading ---


@pytest.fixture
def both(tmp_path: Path) -> tuple[Bookmarks, Bookmarks]:
    """Two clients that found the same bookmark, with one missed mention."""
    path = tmp_path / "seen.json"
    Bookmarks(path).keep("e1", "ann", Bookmark({"lobby": 5}, (("lobby", 4),)))
    one, other = Bookmarks(path), Bookmarks(path)
    for bookmarks in (one, other):
        assert bookmarks.find("e1", "ann") == Bookmark({"lobby": 5}, (("lobby", 4),))
    return one, other


def test_the_place_never_goes_back(both: tuple[Bookmarks, Bookmarks]) -> None:
    """What one terminal has shown is read, though the other one ends later and has shown less."""
    one, other = both
    one.keep("e1", "ann", Bookmark({"lobby": 9, "builds": 2}, (("lobby", 4),)))
    other.keep("e1", "ann", Bookmark({"lobby": 7, "den": 1}, (("lobby", 4),)))
    assert one.find("e1", "ann") == Bookmark({"builds": 2, "lobby": 9, "den": 1}, (("lobby", 4),))


def test_mentions_that_either_has_missed_are_missed(both: tuple[Bookmarks, Bookmarks]) -> None:
    """Each adds its own, and none twice."""
    one, other = both
    one.keep("e1", "ann", Bookmark({}, (("lobby", 4), ("lobby", 6))))
    other.keep("e1", "ann", Bookmark({}, (("lobby", 4), ("lobby", 6), ("builds", 1))))
    one.keep("e1", "ann", Bookmark({}, (("lobby", 4), ("lobby", 6))))
    mark = other.find("e1", "ann")
    assert mark is not None
    assert sorted(mark.missed) == [("builds", 1), ("lobby", 4), ("lobby", 6)]


@pytest.mark.parametrize("first", [0, 1])
def test_mentions_that_one_has_looked_at_are_not_missed(both: tuple[Bookmarks, Bookmarks], first: int) -> None:
    """Whichever of the two keeps its place first."""
    looked, not_looked = (both[0], Bookmark({"lobby": 5})), (both[1], Bookmark({"lobby": 5}, (("lobby", 4),)))
    for bookmarks, mark in (looked, not_looked) if first == 0 else (not_looked, looked):
        bookmarks.keep("e1", "ann", mark)
    assert both[0].find("e1", "ann") == Bookmark({"lobby": 5})
