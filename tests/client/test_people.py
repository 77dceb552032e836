"""Who is known, and in which order, without frames or screens."""

from __future__ import annotations

from client_parts.people import People


def test_who_came_stands_behind_all_who_spoke() -> None:
    """In the order of coming; names that nobody can have are left out."""
    people = People()
    people.spoke("bob")
    people.came(["Carol", "dan", "BOB", "no name"])
    people.came(["eve"])
    assert people.latest_first() == ("bob", "Carol", "dan", "eve")
    assert [people.has_heard_of(name) for name in ("DAN", "no name")] == [True, False]
