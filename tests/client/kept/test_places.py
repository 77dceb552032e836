"""The rooms of the last run, as far as its file tells of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from client_parts.kept.places import Place, Places, merged, place_to_enter

AT = [("127.0.0.1", 3030)]


def test_a_place_is_known_to_the_next_run(tmp_path: Path) -> None:
    """For the same name at the same server, in a file that only its owner can read."""
    path = tmp_path / "rooms.json"
    Places(path, AT, "Ann").keep(Place(("lobby", "builds"), "builds"))
    assert Places(path, AT, "ann").find() == Place(("lobby", "builds"), "builds")
    assert Places(path, AT, "bob").find() == Place()
    assert Places(path, [("127.0.0.1", 4040)], "ann").find() == Place()
    assert path.stat().st_mode & 0o777 == 0o600


def test_each_of_several_servers_leads_to_the_same_place(tmp_path: Path) -> None:
    """Whichever is named the next time."""
    path = tmp_path / "rooms.json"
    Places(path, [("a.example", 3030), ("B.example", 3030)], "ann").keep(Place(("den",), "den"))
    for address in (("A.example", 3030), ("b.example", 3030)):
        assert Places(path, [address], "ann").find() == Place(("den",), "den")


def test_the_same_place_is_not_written_again(tmp_path: Path) -> None:
    """It is asked for after each turn of the receiver."""
    path = tmp_path / "rooms.json"
    Places(path, AT, "ann").keep(Place(("lobby",), "lobby"))
    places = Places(path, AT, "ann")
    places.find()
    path.unlink()
    places.keep(Place(("lobby",), "lobby"))
    assert not path.exists()
    places.keep(Place(("lobby",), "@bob"))
    assert Places(path, AT, "ann").find() == Place(("lobby",), "@bob")


def test_two_terminals_lose_nothing_of_each_other(tmp_path: Path) -> None:
    """Whichever leaves last: rooms that either has entered are kept, and those that one has left are not."""
    path = tmp_path / "rooms.json"
    Places(path, AT, "ann").keep(Place(("lobby", "den"), "lobby"))
    one, other = Places(path, AT, "ann"), Places(path, AT, "ann")
    assert one.find() == other.find() == Place(("lobby", "den"), "lobby")
    one.keep(Place(("lobby", "den", "builds"), "builds"))
    other.keep(Place(("lobby", "tea"), "lobby"))
    assert Places(path, AT, "ann").find() == Place(("lobby", "builds", "tea"), "builds")
    one.keep(Place(("lobby", "den"), "lobby"))
    assert Places(path, AT, "ann").find() == Place(("lobby", "tea"), "lobby")


HERE = Place(("lobby", "den"), "den")


@pytest.mark.parametrize(
    ("kept", "place", "result"),
    [
        (None, Place(("tea",), "tea"), Place(("tea",), "tea")),
        (HERE, Place(("den", "lobby"), "@bob"), Place(("lobby", "den"), "@bob")),
        (Place(("lobby", "tea"), "tea"), HERE, Place(("lobby", "tea"), "tea")),
        (Place(("lobby", "tea"), "lobby"), Place(("lobby",), "lobby"), Place(("lobby", "tea"), "lobby")),
        (Place(("lobby", "tea"), "den"), HERE, Place(("lobby", "tea", "den"), "den")),
        (Place((), "@bob"), Place(("lobby", "den", "tea"), "den"), Place(("tea",), "@bob")),
        (Place(("lobby", "den"), "lobby"), Place(("den",), "den"), Place(("den",), "den")),
    ],
)
def test_only_what_this_terminal_changed_is_changed(kept: Place | None, place: Place, result: Place) -> None:
    """In what the other one has written since this one was in the lobby and in den, and talked in den."""
    assert merged(kept, place, HERE) == result


def test_without_a_file_nothing_is_kept(tmp_path: Path) -> None:
    """As for a pipe; and a folder that cannot be written to stops nobody."""
    places = Places()
    places.keep(Place(("lobby",), "lobby"))
    assert places.find() == Place()
    (tmp_path / "file").touch()
    Places(tmp_path / "file" / "rooms.json", AT, "ann").keep(Place(("lobby",), "lobby"))


@pytest.mark.parametrize(
    ("kept", "place"),
    [
        (None, Place()),
        ([], Place()),
        ({"rooms": "lobby"}, Place()),
        ({"rooms": ["lobby", 1, "\x1b[2J", "Den", "den", "den"], "current": "den"}, Place(("lobby", "den"), "den")),
        ({"rooms": ["lobby"], "current": "den"}, Place(("lobby",), "lobby")),
        ({"rooms": ["lobby"], "current": "@b\x1bob"}, Place(("lobby",), "lobby")),
        ({"rooms": [], "current": "@bob"}, Place((), "@bob")),
    ],
)
def test_a_damaged_place_is_worth_what_is_left(tmp_path: Path, kept: object, place: Place) -> None:
    """Nothing in it is believed that could not have been written."""
    path = tmp_path / "rooms.json"
    path.write_text(json.dumps({"127.0.0.1:3030 ann": kept}))
    assert Places(path, AT, "ann").find() == place


LAST = Place(("lobby", "den", "builds"), "builds")


@pytest.mark.parametrize(
    ("wanted", "kept", "rooms", "current"),
    [
        (("lobby",), Place(), ("lobby",), "lobby"),
        (("lobby",), LAST, ("builds", "lobby", "den"), "builds"),
        (("lobby",), Place(("den",), "den"), ("den",), "den"),
        (("lobby",), Place(("den",), "@bob"), ("den",), "@bob"),
    ],
)
def test_a_run_begins_where_the_last_one_was(
    wanted: tuple[str, ...], kept: Place, rooms: tuple[str, ...], current: str
) -> None:
    """Its current room first; the usual room is for whoever was nowhere."""
    assert place_to_enter(wanted, kept, insists=False, talks_there=False) == Place(rooms, current)


@pytest.mark.parametrize(
    ("wanted", "kept", "rooms"),
    [
        (("ops",), LAST, ("ops", "lobby", "den", "builds")),
        (("den",), LAST, ("den", "lobby", "builds")),
        (("ops", "tea"), Place(), ("ops", "tea")),
    ],
)
def test_a_room_that_is_asked_for_comes_before_those_of_the_last_run(
    wanted: tuple[str, ...], kept: Place, rooms: tuple[str, ...]
) -> None:
    """On the command line or in a link, somebody says where to talk now."""
    assert place_to_enter(wanted, kept, insists=True, talks_there=True) == Place(rooms, wanted[0])


@pytest.mark.parametrize(
    ("wanted", "kept", "rooms", "current"),
    [
        (("ops", "lobby"), LAST, ("builds", "ops", "lobby", "den"), "builds"),
        (("ops", "tea"), Place(("den",), "@bob"), ("ops", "tea", "den"), "@bob"),
        (("ops", "tea"), Place(), ("ops", "tea"), "ops"),
    ],
)
def test_the_rooms_of_a_saved_server_are_entered_besides_those_of_the_last_run(
    wanted: tuple[str, ...], kept: Place, rooms: tuple[str, ...], current: str
) -> None:
    """Texts go where they went last."""
    assert place_to_enter(wanted, kept, insists=True, talks_there=False) == Place(rooms, current)
