"""Keys become a secret, and only dots of it are drawn."""

from __future__ import annotations

import pytest

from client_parts.screen.secret_line import Abandoned, SecretLine
from terminal_parts.keys import Key


def typed(*keys: str) -> SecretLine:
    """A line into which these texts and keys went."""
    line = SecretLine("Password")
    for key in keys:
        assert line.press(Key(key) if key < " " or key == "\x7f" else Key("", key)) is None
    return line


def entered(*keys: str) -> str | None:
    return typed(*keys).press(Key("\r"))


def test_enter_ends_it() -> None:
    """With what was typed and pasted, also if that is nothing."""
    assert entered("se", "cret") == "secret"
    assert entered() == ""


def test_slips_are_taken_back() -> None:
    """A whole sign at a time, or all of it; at the beginning there is nothing more to take."""
    assert entered("x", "\x7f", "\x7f", "ab", "\x08") == "a"
    assert entered("ae\u0301", "\x7f") == "a"
    assert entered("wrong", "\x15", "right") == "right"
    assert entered("wrong", "\x17", "right") == "right"


def test_other_keys_mean_nothing() -> None:
    """Arrows, Tab, a search, a yank: there is nothing that they could show."""
    assert entered("ab", "\x1b[A", "\t", "\x12", "\x19", "\x01", "c") == "abc"


@pytest.mark.parametrize("key", ["\x03", "\x1b", "\x04", "\x07"])
def test_it_can_be_left(key: str) -> None:
    """At any time."""
    with pytest.raises(Abandoned):
        typed("half").press(Key(key))


def test_only_dots_are_drawn() -> None:
    """One for each character, behind the question; and nothing prints the line."""
    line = typed("hunt", "er2")
    assert line.drawn() == ("•••••••", 7, "Password")
    assert "hunter2" not in repr(line)
