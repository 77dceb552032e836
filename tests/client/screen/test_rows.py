"""The rows of a terminal as an emulator sees them: what is reserved stays, what scrolls stays readable."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are a Unix thing", allow_module_level=True)

import re
import termios
import threading

from termcolor import colored

from chat_common import harmless, harmless_line, paint
from client_parts.screen.pictures import Dialect, pictures_wiped
from client_parts.screen.rows import MIN_COLUMNS, MIN_ROWS
from client_parts.screen.status import Status
from terminal_parts.background import takes_commands
from terminal_parts.input_row import input_row
from terminal_parts.input_rows import input_rows
from terminal_parts.theme import theme_named
from tests.client.fakes import ATTACKS
from tests.client.screen.judge import READY, Judge
from tests.client.screen.test_pictures import png

HOSTILE = [*ATTACKS, "漢" * 200, "e" + "\u0301" * 99]


@pytest.fixture(autouse=True)
def coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a terminal, whatever the tests' own output is."""
    monkeypatch.setattr("chat_common.colored", lambda *args, **kw: colored(*args, **kw, force_color=True))


@pytest.fixture
def judge() -> Iterator[Judge]:
    judge = Judge()
    judge.rows.enter()
    judge.rows.set_status(READY)
    yield judge
    judge.close()


def test_lines_fill_the_area_and_leave_through_its_top(judge: Judge) -> None:
    """Eight rows hold the last eight lines, the rest is in the scrollback, and the status stays."""
    for number in range(12):
        judge.rows.show(f"line {number}", 2)
    shown = judge.display()
    assert shown[:8] == [f"line {number}" for number in range(4, 12)]
    assert shown[8].startswith("── lobby (2 here) · ann · online")
    assert judge.gone()[-4:] == [f"line {number}" for number in range(4)]


def test_waiting_texts_stand_above_the_status_and_give_their_rows_back(judge: Judge) -> None:
    """They take rows from the area without losing a line, and a delivered text fills the row that it waited in."""
    for number in range(8):
        judge.rows.show(f"line {number}", 2)
    judge.rows.set_status(Status("lobby", "ann", "red", waiting=("one", "two", "three", "four")))
    assert judge.display()[:8] == [*(f"line {n}" for n in range(3, 8)), "… one", "… two", "… and 2 more on their way"]
    judge.rows.set_status(READY)
    judge.rows.show("ann: one", 2)
    assert judge.display()[:8] == [*(f"line {n}" for n in range(3, 8)), "ann: one", "", ""]


def test_a_delivered_text_takes_the_place_of_its_waiting_row(judge: Judge) -> None:
    """No row between the messages and the status stays empty."""
    for number in range(9):
        judge.rows.show(f"line {number}", 2)
    judge.rows.set_status(replace(READY, waiting=("one", "two")))
    judge.rows.show_delivered("ann: one", 2)
    assert judge.display()[4:9] == ["line 7", "line 8", "ann: one", "… two", judge.display()[8]]
    judge.rows.show_delivered("ann: two", 2)
    judge.rows.set_status(READY)
    assert judge.display()[5:8] == ["line 8", "ann: one", "ann: two"]


@pytest.mark.parametrize("text", ["漢字" * 40, "漢字" * 400, "x" * 90, "ж" * 900, f"short\n{'y' * 900}"])
def test_drawing_again_fills_the_area(judge: Judge, text: str) -> None:
    """Of a message that does not fit as a whole, the last rows are there, as they were before."""
    judge.rows.show("first", 2)
    judge.rows.show(text, 2)
    for number in range(4):
        judge.rows.show(f"line {number}", 2)
        before = judge.display()
        judge.rows.redraw()
        assert judge.display() == before


def test_the_end_of_a_long_word_keeps_its_colour(judge: Judge) -> None:
    """Its beginning, where the colour was, is not on the screen any more."""
    judge.rows.show(paint("x" * 400, "red"), 2)
    judge.rows.redraw()
    judge.display()
    assert {judge.screen.buffer[y][x].fg for y in range(8) for x in range(40)} == {"red"}


def test_another_size_is_filled_again(judge: Judge) -> None:
    """After a resize the last lines stand there, wrapped anew, with the status above the last row."""
    for number in range(8):
        judge.rows.show(f"line {number} of a few words", 2)
    judge.display()
    judge.resize(7, 20)
    judge.rows.redraw()
    shown = judge.display()
    assert shown[3:5] == ["line 7 of a few", "  words"]
    assert shown[5].startswith("── lobby")


def test_a_very_small_terminal_reserves_nothing(judge: Judge) -> None:
    """Below five rows lines come one below the other."""
    judge.resize(4, 40)
    judge.rows.redraw()
    judge.rows.show("hello", 2)
    assert judge.display()[0] == "hello"
    assert judge.screen.margins is None


def test_another_theme_paints_all_anew_and_moves_nothing(judge: Judge) -> None:
    """What stands there is the same, in other colours; what scrolled away stays as it was."""
    for number in range(12):
        judge.rows.show(paint(f"line {number}", "green"), 2)
    before = judge.display()
    cursor = (judge.screen.cursor.y, judge.screen.cursor.x)
    judge.rows.set_theme(theme_named("light", {"TERM": "xterm-256color"}))
    assert judge.display() == before
    assert (judge.screen.cursor.y, judge.screen.cursor.x) == cursor
    assert {judge.screen.buffer[y][0].fg for y in range(8)} == {"008700"}
    judge.rows.show(paint("next", "green"), 2)
    assert judge.display()[7] == "next"
    assert judge.screen.buffer[7][0].fg == "008700"


def test_leaving_gives_everything_back(judge: Judge) -> None:
    """No region, no status, an empty title, and the cursor below the last line; a second time changes nothing."""
    judge.rows.show("bye", 2)
    judge.display()
    assert judge.screen.title == "lobby - chat"
    judge.rows.leave()
    judge.rows.leave()
    assert [row for row in judge.display() if row] == ["bye"]
    assert (judge.screen.cursor.y, judge.screen.title) == (1, "")
    assert judge.screen.margins is None or judge.screen.margins.bottom == 9


def test_complaints_wait_while_the_screen_is_lent(judge: Judge) -> None:
    """Nothing is written over the shell's work; `enter` shows all in order, and once."""
    judge.rows.lend()
    before = judge.display()
    judge.rows.show("a message", 2)
    judge.rows.show_now("a complaint", 2)
    assert judge.display() == before
    judge.rows.enter()
    assert judge.display()[:2] == ["a message", "a complaint"]
    judge.rows.leave()
    assert judge.display()[:3] == ["a message", "a complaint", ""]


@pytest.mark.parametrize(("number", "told"), [(20, []), (21, ["1 more line"]), (50, ["30 more lines"])])
def test_lines_that_were_too_many_to_keep_are_counted(
    monkeypatch: pytest.MonkeyPatch, number: int, told: list[str]
) -> None:
    """Before those that were kept; the next time there are none."""
    monkeypatch.setattr("client_parts.screen.held_lines._MOST", 20)
    judge = Judge(30, 40)
    for place in range(number):
        judge.rows.show(f"line {place}", 2)
    judge.rows.enter()
    kept = [f"line {place}" for place in range(number)[-20:]]
    assert [row for row in judge.display() if row] == [*(f"── {lines} came before these ──" for lines in told), *kept]
    judge.rows.lend()
    judge.rows.show("one more", 2)
    judge.rows.enter()
    assert [row for row in judge.display() if row][-2:] == [kept[-1], "one more"]
    judge.close()


def test_complaints_are_the_last_words_of_who_does_not_come_back(judge: Judge) -> None:
    """A program that ends in the background says why; what was said in the chat is not the shell's affair."""
    judge.rows.lend()
    judge.rows.show("a message", 2)
    judge.rows.show_now("a complaint", 2)
    judge.rows.leave()
    assert [row for row in judge.display() if row] == ["a complaint"]


def test_what_is_told_before_the_screen_is_up_stands_on_it_in_order() -> None:
    """Complaints among notes, each once, wrapped as everything else."""
    judge = Judge()
    judge.rows.show("connected", 2)
    judge.rows.show_now("this server is full; the client tries again", 2)
    judge.rows.show("a note", 2)
    judge.rows.enter()
    judge.rows.set_status(READY)
    assert judge.display()[:5] == ["connected", "this server is full; the client tries", "  again", "a note", ""]
    judge.close()


def test_complaints_are_shown_also_if_the_screen_never_comes_up() -> None:
    """By leaving, which is the only one to know."""
    judge = Judge()
    judge.rows.show("a note", 2)
    judge.rows.show_now("No server answers", 2)
    assert not any(judge.display())
    judge.rows.leave()
    assert [row for row in judge.display() if row] == ["No server answers"]
    judge.close()


def test_a_message_does_not_lay_out_the_draft_again(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what changes it does: keys, the status and the size."""
    calls = []
    monkeypatch.setattr(
        "client_parts.screen.input_line.input_rows",
        lambda *args: calls.append(args) or input_rows(*args),  # type: ignore[func-returns-value]
    )
    judge.rows.set_input("é" * 5_000, 5_000)
    judge.resize(12, 50)
    judge.rows.redraw()
    judge.rows.set_status(Status("den", "ann", "red"))
    assert [call[4] for call in calls] == [40, 50, 50]
    for number in range(5):
        judge.rows.show(f"line {number}", 2)
    assert len(calls) == 3
    assert judge.display()[-4].startswith("den> ééé")


def test_a_key_waits_for_a_few_messages_at_most(judge: Judge) -> None:
    """While many are shown one after the other: whoever shows them never keeps the screen."""
    shown, is_over = 0, threading.Event()

    def show() -> None:
        nonlocal shown
        while not is_over.is_set():
            judge.rows.show(f"message {shown} of many", 2)
            shown += 1

    def drain() -> None:
        while any(thread.is_alive() for thread in threads[:1]):
            judge.drain()

    threads = [threading.Thread(target=work) for work in (show, drain)]
    for thread in threads:
        thread.start()
    waits: list[int] = []
    for number in range(100):
        before = shown
        judge.rows.set_input(f"one\ntwo {number}", 3)
        waits.append(shown - before)
        is_over.wait(0.001)
    is_over.set()
    for thread in threads:
        thread.join()
    assert shown > 100
    assert sorted(waits)[len(waits) // 2] <= 2


def test_a_terminal_that_somebody_made_non_blocking_gets_everything(judge: Judge) -> None:
    """It is waited for, and it is not taken for one that is gone."""
    os.set_blocking(judge.writer, False)

    def show() -> None:
        for number in range(120):
            judge.rows.show(f"{number} {'x' * 990}", 2)

    writer = threading.Thread(target=show)
    writer.start()
    while writer.is_alive():
        judge.display()
    writer.join()
    shown = judge.display()
    seen = [int(row) for row in judge.gone() + shown if row.isdigit()]
    assert len(seen) > 20  # as many as the emulator's scrollback holds
    assert seen == list(range(120))[-len(seen) :]
    assert not judge.rows.broken


def test_a_held_terminal_does_not_hold_who_leaves(judge: Judge) -> None:
    """Also while another thread waits for it in the middle of a write; nothing more is tried then."""
    termios.tcflow(judge.writer, termios.TCOOFF)
    writer = threading.Thread(target=judge.rows.show, args=("hello", 2))
    writer.start()
    while not judge.rows._lock._taken:
        assert writer.is_alive()
    judge.rows.leave()
    judge.rows.show_now("too late", 2)
    assert judge.rows.broken
    termios.tcflow(judge.writer, termios.TCOON)
    writer.join()
    assert not any("too late" in row for row in judge.display())


def test_last_words_to_a_held_terminal_do_not_wait(judge: Judge) -> None:
    """Leaving and complaining come to an end."""
    termios.tcflow(judge.writer, termios.TCOOFF)
    judge.rows.leave()
    judge.rows.show_now("nobody sees this", 2)
    termios.tcflow(judge.writer, termios.TCOON)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_lines_stay_in_their_area(text: str) -> None:
    """Status, input row, title and bell are as before, whatever was said."""
    assert_inert(text, 10, 40)


ANYTHING = st.characters() | st.sampled_from(
    "\x1b\x07\r\n\t\x9b漢字ｱ🎉👩\u200d💻\u0301\u0327\ufe0fאבعر\u202e\u2066🇩🇪👍🏽"
)


@settings(max_examples=150, deadline=None)
@given(st.text(ANYTHING, max_size=160), st.integers(MIN_ROWS, 30), st.integers(MIN_COLUMNS, 120))
def test_any_line_stays_in_its_area(text: str, rows: int, columns: int) -> None:
    """The same for whatever hypothesis can think of, in a window of any size."""
    assert_inert(text, rows, columns)


def assert_inert(text: str, rows: int, columns: int) -> None:
    judge = Judge(rows, columns)
    try:
        judge.rows.enter()
        judge.rows.set_status(READY)
        judge.rows.set_input("half typed", 4)
        before = judge.outside()
        for _ in range(5):
            judge.rows.show(harmless(text), 2)
            assert judge.outside() == before
        judge.rows.set_status(Status("lobby", harmless_line(text), "red", waiting=(harmless_line(text),) * 4))
        assert judge.outside()[1:6] == before[1:6]
        judge.rows.set_status(READY)
        judge.rows.redraw()
        assert judge.outside() == before
        judge.rows.set_input(text, len(text) // 2)
        judge.rows.set_input("half typed", 4)
        assert judge.outside() == before
    finally:
        judge.close()


STEPS = st.lists(
    st.tuples(st.sampled_from(["say", "type", "wait"]), st.integers(0, 12)) | st.just(("say", 1)), max_size=30
)


@settings(max_examples=150, deadline=None)
@given(STEPS, st.integers(MIN_ROWS, 24), st.integers(MIN_COLUMNS, 60))
def test_rows_that_grow_and_shrink_lose_no_message(steps: list[tuple[str, int]], rows: int, columns: int) -> None:
    """Whatever is typed and waits meanwhile: every line stands there once, in order, above all that is below."""
    judge = Judge(rows, columns)
    try:
        judge.rows.enter()
        judge.rows.set_status(READY)
        shown = 0
        for step, number in steps:
            if step == "say":
                judge.rows.show(f"line {shown}", 2)
                shown += 1
            elif step == "type":
                judge.rows.set_input("\n".join(f"row {line}" for line in range(number)), 0)
            else:
                judge.rows.set_status(replace(READY, waiting=("text",) * number))
            assert_layout(judge, rows)
        judge.rows.set_input("", 0)
        judge.rows.set_status(READY)
        area = judge.display()[:-2]
        assert [row for row in judge.gone() + area if row] == [f"line {number}" for number in range(shown)]
    finally:
        judge.close()


def assert_layout(judge: Judge, rows: int) -> None:
    """Messages, texts on their way, the status, what is typed: each in its own rows, and the cursor in the last."""
    shown = judge.display()
    status = next(number for number, row in enumerate(shown) if row.startswith("── lobby"))
    assert 1 <= rows - 1 - status <= max(1, rows // 3)
    assert shown[status + 1].startswith("lobby>")
    assert judge.screen.cursor.y > status
    below = [row for row in shown[:status] if row.startswith("… ")]
    area = shown[: status - len(below)]
    assert area
    assert all(row.startswith("line ") for row in area if row)
    assert shown[status - len(below) : status] == below


@settings(max_examples=150, deadline=None)
@given(st.text(ANYTHING, max_size=60), st.integers(1, 6), st.integers(1, 24))
def test_a_small_window_keeps_its_last_row_for_the_prompt(text: str, rows: int, columns: int) -> None:
    """Whatever is said in it, what is typed stands in the row of the cursor, and nothing rings."""
    judge = Judge(rows, columns)
    try:
        judge.rows.enter()
        judge.rows.set_status(READY)
        judge.rows.set_input("ab", 2)
        painted, column = input_row(READY.prompt, READY.color, "ab", 2, columns)
        row = re.sub(r"\x1b\[[0-9;]*m", "", painted)
        for _ in range(3):
            judge.rows.show(harmless(text), 2)
            shown = judge.display()
            assert shown[judge.screen.cursor.y].startswith(row[: columns - 1].rstrip())
            assert judge.screen.cursor.x == column
        assert (judge.screen.bells, judge.screen.title) == (0, "lobby - chat")
    finally:
        judge.close()


def test_a_text_that_is_not_made_harmless_is_seen() -> None:
    """The judge can tell."""
    judge = Judge(10, 40)
    judge.rows.enter()
    judge.rows.set_status(READY)
    before = judge.outside()
    for attack in ("\x1b[10;1Howned", "\x1b]2;owned\x1b\\", "\x07"):
        judge.rows.show(attack, 2)
        assert judge.outside() != before
        judge.rows.redraw()
    judge.close()


@pytest.mark.parametrize(("terminal", "has"), [("xterm-256color", True), ("tmux", True), ("linux", False), ("", False)])
def test_titles_are_for_terminals_that_have_one(terminal: str, has: bool) -> None:
    """The console of a machine would show the title as text."""
    assert takes_commands(terminal) is has


def test_a_picture_gets_rows_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Below what was shown last, in the message area; nothing else moves, and the next line comes below it."""
    judge = Judge(20, 40)
    written: list[str] = []
    write = judge.rows._write

    def noted(text: str) -> None:
        written.append(text)
        write(re.sub(r"\x1b_.*?\x1b\\", "", text))  # the emulator would print it

    monkeypatch.setattr(judge.rows, "_write", noted)
    judge.rows.set_status(READY)
    judge.rows.enter()
    judge.rows.show("before", 0)
    outside = judge.outside()
    assert judge.rows.show_picture(png(80, 64), Dialect.KITTY)
    drawn = written[-1]
    assert judge.outside() == outside
    judge.rows.show("behind", 0)
    shown = judge.display()
    first = shown.index("before") + 2  # counted from 1
    assert f"\x1b[{first};1H\x1b_G" in drawn
    assert shown[first - 1 : first + 4] == ["", "", "", "", "behind"]
    judge.rows.redraw()
    assert written[-1].startswith(pictures_wiped(Dialect.KITTY))
    assert not judge.rows.show_picture(b"no picture", Dialect.KITTY)
    judge.rows.leave()
    assert not judge.rows.show_picture(png(80, 64), Dialect.KITTY)
