"""Who is known, and in which order, without frames or screens."""

from __future__ import annotations

from client_parts.conversation.known_people import KnownPeople


def test_who_came_stands_behind_all_who_spoke() -> None:
    """In the order of coming; names that nobody can have are left out."""
    people = KnownPeople()
    people.spoke("bob")
    people.came(["Carol", "dan", "BOB", "no name"])
    people.came(["eve"])
    assert people.to_offer([], []) == ("bob", "Carol", "dan", "eve")
    assert [people.has_heard_of(name) for name in ("DAN", "no name")] == [True, False]


def test_who_is_not_there_is_not_offered() -> None:
    """Where all members are known, only they are, and the partners of private conversations after them."""
    people = KnownPeople()
    for name in ("gone", "Partner", "bob"):
        people.spoke(name)
    people.came(["carol"])
    people.fill("lobby", ["ann", "Bob", "carol"])
    assert people.to_offer(["lobby"], ["partner", "stranger"]) == ("bob", "carol", "Partner", "stranger")


def test_who_left_is_not_offered_although_others_may_be_there() -> None:
    """In a room of which not all members are known; who is still in another room, or comes back, is offered."""
    people = KnownPeople()
    people.came(["bob", "carol", "dan", "elder"])
    people.enter("lobby", ["bob", "carol", "dan"])
    people.enter("builds", ["carol"])
    people.leave("lobby", ["bob", "carol", "dan"])
    people.enter("lobby", ["DAN"])
    assert people.to_offer(["lobby", "builds"], []) == ("carol", "dan", "elder")


def test_a_renamed_person_is_offered_under_the_new_name_only() -> None:
    """In the place of the old one, also where only the case changes."""
    people = KnownPeople()
    people.came(["bob", "carol"])
    people.fill("lobby", ["bob", "carol"])
    people.rename("bob", "rob")
    people.rename("carol", "Carol")
    assert people.to_offer(["lobby"], []) == ("rob", "Carol")
    assert not people.has_heard_of("bob")


def test_a_partner_is_not_offered_under_an_old_name() -> None:
    """Until somebody comes with that name again."""
    people = KnownPeople()
    people.fill("lobby", ["bob"])
    people.came(["bob"])
    people.rename("bob", "rob")
    assert people.to_offer(["lobby"], ["bob"]) == ("rob",)
    people.enter("lobby", ["Bob"])
    people.came(["Bob"])
    assert people.to_offer(["lobby"], ["bob"]) == ("rob", "Bob")


def test_who_was_listed_in_another_room_is_offered_behind() -> None:
    """Until this client has left a room: who is there then is not told any more."""
    people = KnownPeople()
    people.came(["bob", "carol"])
    people.fill("lobby", ["bob"])
    people.fill("builds", ["carol"])
    people.spoke("carol")
    assert people.to_offer(["lobby"], []) == ("bob", "carol")
    people.forget("builds")
    assert people.to_offer(["lobby"], []) == ("bob",)
