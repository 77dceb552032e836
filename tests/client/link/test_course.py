"""How far a run has come: both sides only move forward."""

from __future__ import annotations

import pytest

from client_parts.link.course import Course, Departure, Stage


def test_a_run_begins_at_the_start() -> None:
    """Nobody has said anything, and nobody wants to go."""
    course = Course()
    assert (course.stage, course.departure, course.status) == (Stage.STARTING, Departure.STAYING, 0)
    assert not any((course.is_over, course.is_leaving, course.is_by_force, course.has_been_welcomed))


def test_a_stage_that_was_passed_does_not_come_back() -> None:
    """Who is turned away after a welcome has been welcomed all the same."""
    course = Course()
    for stage in (Stage.TURNED_AWAY, Stage.WELCOMED, Stage.TURNED_AWAY):
        course.reach(stage)
    assert course.stage is Stage.WELCOMED
    assert course.has_been_welcomed


def test_the_first_end_counts() -> None:
    """Its status stays."""
    course = Course()
    assert course.finish(1)
    assert not course.finish(0)
    assert (course.status, course.is_over, course.stage) == (1, True, Stage.OVER)


@pytest.mark.parametrize("order", [(Departure.LEAVING, Departure.BY_FORCE), (Departure.BY_FORCE, Departure.LEAVING)])
def test_who_leaves_by_force_does_so_in_any_order(order: tuple[Departure, Departure]) -> None:
    """An orderly end that begins later changes nothing."""
    course = Course()
    for departure in order:
        course.depart(departure)
        assert course.is_leaving
    assert course.is_by_force
