"""What a terminal's window says by itself is told from keys, and answers are understood."""

from __future__ import annotations

from client_parts.screen.window import FOCUS_IN, FOCUS_OUT, Window
from terminal_parts.keys import Key


def test_keys_are_keys() -> None:
    """Alt+], Esc, text and the arrows are the person's; what the terminal answers is not."""
    window = Window()
    assert [window.takes(key) for key in map(Key, ("\x1b]", "\x1b", "\x1b[A", "\x1b[Z"))] == [False] * 4
    assert window.takes(Key("\x1b]11;rgb:f/f/f"))


def test_the_focus() -> None:
    """Until it is told, whoever has just pressed a key is there."""
    window = Window()
    stirred: list[bool] = []
    window.stirred = lambda: stirred.append(True)
    assert window.is_looked_at()
    window.touched -= 1_000
    assert not window.is_looked_at()
    assert not window.takes(Key("", "x"))
    assert (window.is_looked_at(), stirred) == (True, [True])
    assert window.takes(Key(FOCUS_OUT))
    assert (window.is_looked_at(), window.losses) == (False, 1)
    window.touched -= 1_000
    assert window.takes(Key(FOCUS_IN))
    assert (window.is_looked_at(), stirred) == (True, [True, True])
