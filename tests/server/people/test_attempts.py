"""How often somebody may try a password."""

from __future__ import annotations

import pytest

from server_parts.people import attempts
from server_parts.people.attempts import FIRST_PAUSE, FREE, LONGEST_PAUSE, WINDOW, Attempts
from tests.clock import Clock

HOME, OFFICE = "127.0.0.1", "203.0.113.5"


@pytest.fixture
def tries(clock: Clock) -> Attempts:
    return Attempts(clock)


def fail(tries: Attempts, times: int = FREE, name: str = "alice", source: str = HOME) -> None:
    for _ in range(times):
        assert tries.begin(name, source) == 0


def test_a_few_failures_are_free(tries: Attempts, clock: Clock) -> None:
    """Then there are pauses, which double; an attempt during a pause is not one."""
    fail(tries)
    for pause in (FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE):
        assert tries.begin("alice", HOME) == tries.begin("Alice", HOME) == pause
        clock.now += pause - 1
        assert tries.begin("alice", HOME) == 1
        clock.now += 1
        assert tries.begin("alice", HOME) == 0


def test_a_pause_has_a_longest(tries: Attempts, clock: Clock) -> None:
    """Nobody is shut out for good."""
    for _ in range(100):
        clock.now += tries.begin("alice", HOME)
    assert tries.begin("alice", HOME) <= LONGEST_PAUSE


def test_failures_are_forgotten(tries: Attempts, clock: Clock) -> None:
    """Ten minutes after the last one, or after its pause."""
    fail(tries, FREE - 1)
    clock.now += WINDOW
    fail(tries)
    clock.now += FIRST_PAUSE + WINDOW
    fail(tries)
    assert tries.begin("alice", HOME) == FIRST_PAUSE


def test_names_and_addresses_are_counted_apart(tries: Attempts) -> None:
    """Whoever tries one name after the other is stopped too; but not this machine's own people by each other."""
    for number in range(FREE):
        fail(tries, 1, f"name-{number}", OFFICE)
    assert tries.begin("another", OFFICE) == FIRST_PAUSE
    assert tries.begin("another", "198.51.100.1") == 0
    for number in range(2 * FREE):
        fail(tries, 1, f"local-{number}")


def test_a_success_does_not_count(tries: Attempts) -> None:
    """It is taken back, and nothing else is: whoever owns one account cannot try others for it."""
    for _ in range(3 * FREE):
        assert tries.begin("bob", OFFICE) == 0
        tries.succeeded("bob", OFFICE)
    fail(tries, FREE - 1, source=OFFICE)
    assert tries.begin("bob", OFFICE) == 0
    tries.succeeded("bob", OFFICE)
    fail(tries, 1, source=OFFICE)
    assert tries.begin("bob", OFFICE) == FIRST_PAUSE


def test_attempts_at_once_count_before_they_fail(tries: Attempts) -> None:
    """Else as many as there are connections could be made in one go."""
    assert [tries.begin("alice", OFFICE) for _ in range(FREE + 1)] == [0.0] * FREE + [FIRST_PAUSE]


def test_memory_is_bounded(tries: Attempts, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was tried longest ago is forgotten first."""
    monkeypatch.setattr(attempts, "MOST_REMEMBERED", 10)
    for number in range(100):
        fail(tries, 1, f"name-{number}")
    assert len(tries._failures) == 10
