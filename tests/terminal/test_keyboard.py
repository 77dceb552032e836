"""The keyboard's side of a pseudo-terminal."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are a Unix thing", allow_module_level=True)

import termios

from terminal_parts.keyboard import Keyboard
from terminal_parts.keys import Key


class Typist:
    """Somebody at a pseudo-terminal, and the keyboard that the program sees."""

    def __init__(self) -> None:
        self._fingers, self.terminal = os.openpty()
        self.keyboard = Keyboard(self.terminal)
        self.first_mode = termios.tcgetattr(self.terminal)

    def type(self, keys: str) -> None:
        os.write(self._fingers, keys.encode())

    def close(self) -> None:
        self.keyboard.close()
        os.close(self._fingers)
        os.close(self.terminal)


@pytest.fixture
def typist(monkeypatch: pytest.MonkeyPatch) -> Iterator[Typist]:
    monkeypatch.setattr(Keyboard, "is_in_front", lambda self: True)
    typist = Typist()
    typist.keyboard.open()
    yield typist
    typist.close()


def test_what_would_be_signals_are_keys_while_listening(typist: Typist) -> None:
    """Ctrl+C, Ctrl+\\ and Ctrl+Z come in their order; the mode is given back as it was."""
    typist.keyboard.listen()
    typist.type("a\x03\x1c\x1a")
    assert typist.keyboard.wait() == [Key("", "a"), Key("\x03"), Key("\x1c"), Key("\x1a")]
    typist.keyboard.close()
    assert termios.tcgetattr(typist.terminal) == typist.first_mode


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_signals_that_end_a_program_end_it_until_somebody_listens(typist: Typist, number: int) -> None:
    """Then they are news."""
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), number)
    typist.keyboard.listen()
    os.kill(os.getpid(), number)
    assert typist.keyboard.wait() == []
    assert typist.keyboard.news() == {number}


def test_esc_is_a_key_when_nothing_follows(typist: Typist) -> None:
    """And what follows later is not taken for the rest of it."""
    typist.type("\x1b")
    assert typist.keyboard.wait() == []
    assert typist.keyboard.wait() == [Key("\x1b")]
    typist.type("h")
    assert typist.keyboard.wait() == [Key("", "h")]


def test_what_was_half_pressed_is_forgotten_meanwhile(typist: Typist) -> None:
    """Somebody else had the terminal: a paste that had begun there is over."""
    typist.type("\x1b[200~half")
    assert typist.keyboard.wait() == []
    typist.keyboard.close()
    typist.keyboard.open()
    typist.type("x")
    assert typist.keyboard.wait() == [Key("", "x")]


def test_a_terminal_that_does_not_block_is_not_at_its_end(typist: Typist, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program made it so, and took the key."""

    def taken(descriptor: int, size: int) -> bytes:
        raise BlockingIOError

    typist.type("x")
    with monkeypatch.context() as patch:
        patch.setattr("terminal_parts.keyboard.os.read", taken)
        assert typist.keyboard.wait() == []
    assert typist.keyboard.wait() == [Key("", "x")]


def test_enter_is_enter_also_before_the_terminal_is_ours(typist: Typist) -> None:
    """The shell's mode makes a line end of it, which is another key afterwards."""
    typist.keyboard.close()
    typist.type("early\r")
    typist.keyboard.open()
    typist.type("late\r\n")
    assert typist.keyboard.has_keys()
    keys = [*typist.keyboard.wait(), *typist.keyboard.wait()]
    assert keys == [Key("", "early"), Key("\r"), Key("", "late"), Key("\r"), Key("\n")]
    assert not typist.keyboard.has_keys()


def test_what_was_typed_early_can_be_discarded(typist: Typist) -> None:
    """With all the rest."""
    typist.keyboard.close()
    typist.type("early\r")
    typist.keyboard.open()
    typist.keyboard.close(discard=True)
    typist.keyboard.open()
    assert not typist.keyboard.has_keys()
