"""How much room lines take, and how they reach pipes."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import sys
import threading

import pytest

from client_parts.input.reading import Closed
from client_parts.screen.line_screen import JsonScreen, LineScreen
from client_parts.screen.status import Status
from terminal_parts.width import height
from tests.peers import wait_until


@pytest.mark.parametrize(
    ("text", "columns", "rows"),
    [
        ("", 80, 1),
        ("x" * 80, 80, 1),
        ("x" * 81, 80, 2),
        ("a\nb", 80, 2),
        ("\x1b[31m" + "x" * 80 + "\x1b[0m", 80, 1),
        ("漢" * 40, 80, 1),
        ("漢" * 41, 80, 2),
        ("x" + "漢" * 5, 10, 2),  # the fifth does not fit on the first row
        ("e\u0301" * 80, 80, 1),
        ("🎉" * 40, 80, 1),
    ],
)
def test_rows_are_counted_as_a_terminal_does(text: str, columns: int, rows: int) -> None:
    """Colours take no room, wide characters two columns, marks none."""
    assert sum(height(line, columns) for line in text.split("\n")) == rows


def test_a_pipe_gets_lines_and_complaints_go_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    """What is said goes to standard output, what went wrong to standard error, and prompts nowhere."""
    screen = LineScreen()
    screen.show("hello")
    screen.note("note")
    screen.complain("wrong")
    screen.event({"type": "pong"})
    screen.set_status(Status("lobby", "ann", "red"))
    screen.ring()
    assert capsys.readouterr() == ("hello\nnote\n", "wrong\n")


def test_a_pipe_is_not_asked_for_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody types there; the next line of the pipe is not taken for an answer."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("one\n"))
    screen = LineScreen()
    assert screen.ask_secret("Password") is None
    with screen:
        assert screen.read_line() == "one"


def test_events_are_json_lines_in_pure_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    """Only events on standard output, and none can steer a terminal."""
    screen = JsonScreen()
    screen.show("hello")
    screen.note("note")
    screen.event({"type": "notice", "text": "grüß\x9b\n\ud800"})
    out, err = capsys.readouterr()
    assert out.isascii()
    assert out.count("\n") == 1
    assert json.loads(out) == {"type": "notice", "text": "grüß\x9b\n\ud800"}
    assert err == "note\n"


def test_lines_are_read_without_their_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both kinds of line end are dropped, spaces stay, and the last line may lack its end."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("one\r\n  two \n\nthree"))
    screen = LineScreen()
    with screen:
        assert [screen.read_line() for _ in range(4)] == ["one", "  two ", "", "three"]
        with pytest.raises(EOFError):
            screen.read_line()


def test_a_line_without_end_comes_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded, and a piece says that it continues the one before."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("x" * 7000 + "\nnext\n"))
    screen = LineScreen()
    pieces = []
    for _ in range(3):
        line = screen.read_line()
        pieces.append((len(line), screen.continues))
    assert pieces == [(5000, False), (2000, True), (4, False)]


def test_an_input_that_breaks_is_no_end_of_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who pipes a file from a failing disk is not to believe that all of it was sent."""

    def fail(size: int) -> str:
        raise OSError(errno.EIO, "Input/output error")

    stdin = io.StringIO()
    monkeypatch.setattr(stdin, "readline", fail)
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(OSError, match="Input/output"):
        LineScreen().read_line()


def test_reading_ends_when_it_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read after the end raises Closed instead of waiting."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("one\n"))
    screen = LineScreen()
    screen.end_reading()
    with pytest.raises(Closed):
        screen.read_line()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="ticks are a Unix thing")
def test_ctrl_c_is_heard_though_it_did_not_interrupt_the_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal may come just before the read begins. Here another thread gets it, which leaves the read as deaf."""
    reading, writing = os.pipe()
    in_time = []
    left = threading.Event()
    screen = LineScreen()

    def press() -> None:
        wait_until(lambda: screen._reading)
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        in_time.append(left.wait(5))
        os.close(writing)  # an end of input, at the latest

    presser = threading.Thread(target=press)
    with os.fdopen(reading) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with screen:
            presser.start()
            with pytest.raises(KeyboardInterrupt):
                screen.read_line()
        left.set()
        presser.join()
    assert in_time == [True]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="ticks are a Unix thing")
def test_an_alarm_that_was_set_before_rings_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """`alarm 3; exec client.py` ends it after three seconds: the ticks do not swallow it."""

    class Rang(Exception):
        pass

    def ring(number: int, frame: object) -> None:
        raise Rang

    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        handler, timer = signal.signal(signal.SIGALRM, ring), signal.setitimer(signal.ITIMER_REAL, 0.5)
        try:
            with pytest.raises(Rang), LineScreen() as screen:
                screen.read_line()
            assert signal.getsignal(signal.SIGALRM) is ring
        finally:
            signal.signal(signal.SIGALRM, handler)
            signal.setitimer(signal.ITIMER_REAL, *timer)
            os.close(writing)


def test_a_reader_that_went_away_is_noticed_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken pipe on standard output raises nothing; the screen knows that it is broken."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        screen = LineScreen()
        screen.show("hello")
        assert screen.broken


def test_other_encodings_lose_signs_and_no_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the output cannot show, and what the input did not mean, are signs in their lines."""
    out = io.TextIOWrapper(io.BytesIO(), "latin-1")
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"one\ntwo \xff\nthree\n"), "utf-8"))
    screen = LineScreen()
    assert [screen.read_line() for _ in range(3)] == ["one", "two \ufffd", "three"]
    screen.show("größe ✓")
    screen.show("next")
    out.seek(0)
    assert out.read() == "größe ?\nnext\n"
    assert not screen.broken


def test_on_a_dumb_terminal_a_line_has_its_own_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever was half typed in the row; lines that come together stay together, and nothing is empty at the start."""
    now = 100.0
    monkeypatch.setattr("client_parts.screen.line_screen.time.monotonic", lambda: now)
    monkeypatch.setattr(sys, "stdin", io.StringIO("typed\n"))
    screen = LineScreen(echoes=True)
    screen.show("connected")
    screen.show("history")
    now += 5
    screen.show("a message")
    now += 5
    screen.read_line()
    screen.note("a receipt")
    assert capsys.readouterr().out == "connected\nhistory\n\na message\na receipt\n"
