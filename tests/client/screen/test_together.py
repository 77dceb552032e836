"""Lines that are shown together end up as if each had gone to the terminal alone, whatever changes between them."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are a Unix thing", allow_module_level=True)

from client_parts.screen.rows import Rows
from client_parts.screen.rows_board import RowsBoard
from terminal_parts.theme import theme_named
from tests.client.screen.judge import READY, Judge

SIZES = ((10, 40), (7, 24), (24, 80), (4, 30))  # the last one is too small to reserve anything
STEPS = 40

Change = Callable[[Judge], object]


def one_change(random: random.Random, number: int) -> Change:
    """One of all that is done to the rows of a screen, with the same outcome whenever it is done."""
    text = f"line {number} " + "word " * random.choice((0, 0, 3, 30))
    key = ("lobby", random.randrange(max(1, number - 8), number + 1))
    rows, columns = random.choice(SIZES)
    waiting = tuple(f"waiting {each}" for each in range(random.randrange(4)))
    typed = random.choice(("", "hello", "one\ntwo\nthree", "long " * 30))
    theme = theme_named(random.choice(("dark", "light", "safe")), {})

    def resize(judge: Judge) -> None:
        judge.rows.send("")  # what was shown before is for the size of then
        judge.display()
        judge.resize(rows, columns)
        judge.rows.redraw()

    def lend(judge: Judge) -> None:
        judge.rows.lend()
        judge.rows.show(f"{text} (meanwhile)", 2)
        judge.rows.enter()

    def show(judge: Judge) -> None:
        judge.rows.show(text, 2, ("lobby", number))

    return random.choice(
        (
            *[show] * 12,
            lambda judge: judge.rows.show_delivered(text, 2, ("lobby", number)),
            lambda judge: judge.rows.show_now(text, 2),
            lambda judge: judge.rows.change(key, f"changed {text}"),
            lambda judge: judge.rows.set_status(replace(READY, waiting=waiting, unread=(("den", number),))),
            lambda judge: judge.rows.set_input(typed, random.randrange(len(typed) + 1)),
            lambda judge: judge.rows.set_theme(theme),
            lambda judge: judge.rows.send("\a"),
            lambda judge: judge.rows.clear(),
            resize,
            lend,
        )
    )


def together_on(judge: Judge) -> AbstractContextManager[None]:
    return RowsBoard(judge.rows).together()


@contextmanager
def seated() -> Iterator[Judge]:
    judge = Judge()
    judge.rows.set_status(READY)
    judge.rows.enter()
    try:
        yield judge
        judge.rows.leave()
    finally:
        judge.close()


def seen(seed: int, *, together: bool) -> list[object]:
    """What is on the screen, and what has left it, from time to time."""
    dice = random.Random(seed)
    looks: list[object] = []
    with seated() as judge:
        number = 0
        while number < STEPS:
            with together_on(judge) if together else nullcontext():
                for _ in range(dice.choice((1, 5, 30))):
                    number += 1
                    change = one_change(random.Random(seed * 1_000 + number), number)
                    change(judge)
                    if not together:
                        judge.display()
            looks.append((judge.display(), judge.gone(), judge.outside()))
        judge.rows.leave()
        looks.append((judge.display(), judge.gone(), []))
    return looks


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_between_lines(seed: int) -> None:
    assert seen(seed, together=True) == seen(seed, together=False)


def test_a_change_that_overtakes_lines_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the test above would show nothing."""

    @contextmanager
    def turn(rows: Rows) -> Iterator[None]:
        with rows._lock:
            yield

    monkeypatch.setattr(Rows, "_turn", turn)
    assert any(seen(seed, together=True) != seen(seed, together=False) for seed in range(10))


def test_nobody_waits_for_many_lines() -> None:
    """They go to the terminal a few at a time, also while there are more to come."""
    with seated() as judge, together_on(judge):
        judge.rows.show("the first", 2)
        for number in range(100):
            judge.rows.show(f"line {number}", 2)
        assert any("line 9" in row for row in judge.display())
        judge.rows.set_input("typed", 5)
        assert any("line 99" in row for row in judge.display())
