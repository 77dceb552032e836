"""Who bore a name last: when somebody else gave it up, at one server and as others tell it."""

from __future__ import annotations

import math

import pytest

from server_parts.people import last_bearers
from server_parts.people.clients import Client, Session
from server_parts.people.last_bearers import NEVER, SKEW, UNKNOWN, LastBearers, are_one
from server_parts.people.roles import Role
from tests.server.hub.bench import Remembering


class Clock:
    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bearers(clock: Clock) -> LastBearers:
    return LastBearers(clock)


def somebody(session: str = "", *, name: str = "gwen", account: int = 0, role: Role = Role.GUEST) -> Client:
    client = Client(Remembering(), "test", role)
    client.name, client.session, client.account = name, Session(session, 0), account
    client.replaced = UNKNOWN
    return client


def test_a_name_of_which_nothing_is_known(bearers: LastBearers) -> None:
    """Somebody may have borne it before; not, if its bearer is known to have done so."""
    assert bearers.replaced(somebody("one"), returning=False) == UNKNOWN
    assert bearers.replaced(somebody("one"), returning=True) == NEVER
    assert bearers.replaced(somebody("one", role=Role.MEMBER), returning=False) == NEVER
    assert NEVER < UNKNOWN < -1e9


def test_whoever_comes_back_is_the_same(bearers: LastBearers, clock: Clock) -> None:
    """By the session or the account; anybody else has it since it was given up."""
    bearers.note(somebody("one", account=7))
    clock.now += 5
    assert bearers.replaced(somebody("one"), returning=False) == UNKNOWN
    assert bearers.replaced(somebody("two", account=7), returning=False) == UNKNOWN
    assert bearers.replaced(somebody("two"), returning=True) == 1_000
    assert bearers.replaced(somebody(), returning=False) == 1_000


def test_two_of_whom_nothing_is_known_are_not_the_same(bearers: LastBearers) -> None:
    """Nothing tells one from the other."""
    bearers.note(somebody())
    assert bearers.replaced(somebody(), returning=False) == 1_000
    assert not are_one(somebody(), somebody())


def test_those_who_keep_the_servers_share_a_name() -> None:
    """One at each terminal."""
    assert are_one(somebody(role=Role.OWNER), somebody(role=Role.OWNER))
    assert not are_one(somebody("one", role=Role.OWNER), somebody("two"))


def test_what_was_heard_here_counts_for_those_who_are_here(bearers: LastBearers, clock: Clock) -> None:
    """A server that stood still hears late that a name has changed hands; its people have not heard that before."""
    gwen, other = somebody("one"), somebody("two")
    assert bearers.replaced_elsewhere(gwen, 900.0) == 900
    gwen.replaced = 900.0
    clock.now = 1_030
    bearers.note(gwen)
    assert bearers.replaced_elsewhere(other, 1_005.0) == 1_030
    assert bearers.replaced_elsewhere(other, NEVER) == 1_030
    assert bearers.replaced_elsewhere(other, 1_040.0) == 1_040
    assert bearers.replaced_elsewhere(gwen, 900.5) == 900, "it does not grow with each time it is told"
    assert bearers.replaced_elsewhere(gwen, 1_035.0) == 1_035


def test_another_server_learns_what_was_before_it(bearers: LastBearers, clock: Clock) -> None:
    """With ages, as its clock is another one."""
    bearers.note(somebody("one"))
    gwen = somebody("three", name="dora")
    gwen.replaced = NEVER
    bearers.note(gwen)
    clock.now += 30
    bearers.note(somebody("four", name="late"))
    told = bearers.lately(1_010)
    assert list(told) == ["late"]
    elsewhere = LastBearers(Clock(50.0))
    elsewhere.learn(bearers.lately(1_000), 50.0)
    assert elsewhere.replaced(somebody("two"), returning=False) == 20
    assert elsewhere.replaced(somebody("one"), returning=False) < 0
    assert math.isclose(elsewhere.replaced(somebody("one"), returning=False), UNKNOWN)
    assert elsewhere.replaced(somebody("three", name="dora"), returning=False) == NEVER
    assert elsewhere.replaced(somebody("five", name="late"), returning=False) == 50


def test_the_later_of_two_counts(bearers: LastBearers, clock: Clock) -> None:
    """Where it cannot be told which one that was, whoever comes next is somebody else."""
    bearers.note(somebody("one"))
    others = LastBearers(Clock(1_000 + SKEW / 2))
    others.note(somebody("two"))
    clock.now += 10
    bearers.learn(others.lately(0), 1_000 + SKEW / 2)
    for session in ("one", "two"):
        assert bearers.replaced(somebody(session), returning=False) == 1_000 + SKEW / 2
    older, newer = LastBearers(Clock(900.0)), LastBearers(Clock(1_005.0))
    older.note(somebody("three"))
    newer.note(somebody("four"))
    bearers.learn(older.lately(0), 900.0)
    assert bearers.replaced(somebody("three"), returning=False) == 1_000 + SKEW / 2
    bearers.learn(newer.lately(0), 1_005.0)
    assert bearers.replaced(somebody("three"), returning=False) == 1_005
    assert bearers.replaced(somebody("four"), returning=False) == UNKNOWN


def test_what_is_forgotten_is_not_known(bearers: LastBearers, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of whatever was before that, nothing is said."""
    monkeypatch.setattr(last_bearers, "MOST_REMEMBERED", 2)
    for number in range(3):
        clock.now += 1
        bearers.note(somebody("one", name=f"name-{number}"))
    assert bearers.known_since == 1_001
    assert list(bearers.lately(0)) == ["name-1", "name-2"]
