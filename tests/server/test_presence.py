"""Comings and goings, merged until somebody is told."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from server_parts.presence import Presence


def taken(presence: Presence) -> dict[str, list[dict[str, Any]]]:
    return {room: presence.take(room) for room in presence.rooms()}


def test_nothing_to_tell() -> None:
    """Nobody moved."""
    presence = Presence()
    assert not presence
    assert taken(presence) == {}


def test_several_that_came_are_one_frame() -> None:
    """In the order they came, and told once."""
    presence = Presence()
    presence.joined("lobby", "alice")
    presence.joined("lobby", "bob")
    assert presence
    assert taken(presence) == {"lobby": [{"type": "presence", "room": "lobby", "joined": ["alice", "bob"]}]}
    assert not presence
    assert taken(presence) == {}


def test_coming_and_going_are_one_frame() -> None:
    """Of different people, in one room."""
    presence = Presence()
    presence.joined("lobby", "alice")
    presence.left("lobby", "bob")
    (frames,) = taken(presence).values()
    assert frames == [{"type": "presence", "room": "lobby", "joined": ["alice"], "left": ["bob"]}]


def test_rooms_are_told_apart() -> None:
    """Each room hears of its own."""
    presence = Presence()
    presence.joined("lobby", "alice")
    presence.left("tea", "alice")
    assert set(taken(presence)) == {"lobby", "tea"}


def test_who_is_back_before_anybody_was_told_has_not_left() -> None:
    """And who leaves again has not come."""
    presence = Presence()
    presence.left("lobby", "alice")
    presence.joined("lobby", "alice")
    presence.joined("lobby", "bob")
    presence.left("lobby", "bob")
    assert [frame for frames in taken(presence).values() for frame in frames] == []


def test_who_came_again_after_it_was_told_is_told_again() -> None:
    """Merging reaches back only to the last time."""
    presence = Presence()
    presence.joined("lobby", "alice")
    taken(presence)
    presence.left("lobby", "alice")
    assert taken(presence)["lobby"] == [{"type": "presence", "room": "lobby", "left": ["alice"]}]


def test_thousands_stay_within_a_line() -> None:
    """A crowd of the longest names is several frames, none too long, nobody forgotten or told twice."""
    presence = Presence()
    names = [f"{number:032}" for number in range(3_500)]
    for name in names:
        presence.joined("x" * 64, name)
    for name in names[:100]:
        presence.left("x" * 64, name + "y")
    (frames,) = taken(presence).values()
    assert all(len(json.dumps(frame | {"members": 10**6})) < 65_536 for frame in frames)
    assert [name for frame in frames for name in frame.get("joined", ())] == names
    assert len([name for frame in frames for name in frame.get("left", ())]) == 100


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("ab"), st.sampled_from("xyz"))))
def test_what_is_told_adds_up(moves: list[tuple[bool, str, str]]) -> None:
    """Whoever applies what is told has the same members as the room, however moves and tellings mix."""
    presence = Presence()
    truth: set[tuple[str, str]] = set()
    told: set[tuple[str, str]] = set()
    for tell, room, name in moves:
        if (room, name) in truth:
            truth.remove((room, name))
            presence.left(room, name)
        else:
            truth.add((room, name))
            presence.joined(room, name)
        if tell:
            told = _applied(told, presence)
    assert _applied(told, presence) == truth


def _applied(told: set[tuple[str, str]], presence: Presence) -> set[tuple[str, str]]:
    for room in presence.rooms():
        for frame in presence.take(room):
            joined = {(room, name) for name in frame.get("joined", ())}
            left = {(room, name) for name in frame.get("left", ())}
            assert not joined & told, "nobody comes twice"
            assert left <= told, "nobody leaves who had not come"
            told = (told | joined) - left
    return told
