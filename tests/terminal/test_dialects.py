"""Keys in the spelling of newer terminals are the keys that all terminals know."""

from __future__ import annotations

import pytest

from terminal_parts.keys import NEW_LINE, Key, KeyDecoder

KEYS = {
    # key: what kitty writes, what xterm writes with modifyOtherKeys, what all others write
    "Enter": ("\x1b[13u", "\x1b[27;1;13~", "\r"),
    "Alt+Enter": ("\x1b[13;3u", "\x1b[27;3;13~", "\x1b\r"),
    "Shift+Enter": ("\x1b[13;2u", "\x1b[27;2;13~", "\x1b\r"),
    "Ctrl+J": ("\x1b[106;5u", "\x1b[27;5;106~", "\n"),
    "Ctrl+_": ("\x1b[95;5u", "\x1b[27;6;95~", "\x1f"),
    "Ctrl+Shift+-": ("\x1b[45;6u", "\x1b[27;6;45~", "\x1f"),
    "Ctrl+/": ("\x1b[47;5u", "\x1b[27;5;47~", "\x1f"),
    "Ctrl+C": ("\x1b[99;5u", "\x1b[27;5;99~", "\x03"),
    "Ctrl+C with CapsLock": ("\x1b[99;69u", "\x1b[27;69;99~", "\x03"),
    "Alt+A": ("\x1b[97;3u", "\x1b[27;3;97~", "\x1ba"),
    "Alt+7": ("\x1b[55;3u", "\x1b[27;3;55~", "\x1b7"),
    "Alt+Backspace": ("\x1b[127;3u", "\x1b[27;3;127~", "\x1b\x7f"),
    "Backspace": ("\x1b[127u", "\x1b[27;1;127~", "\x7f"),
    "Esc": ("\x1b[27u", "\x1b[27;1;27~", "\x1b"),
    "Tab": ("\x1b[9u", "\x1b[27;1;9~", "\t"),
}


@pytest.mark.parametrize(("kitty", "xterm", "others"), KEYS.values(), ids=KEYS.keys())
def test_a_key_is_the_same_in_every_dialect(kitty: str, xterm: str, others: str) -> None:
    """Whatever a terminal or a multiplexer was told to write."""
    assert KeyDecoder().feed(kitty.encode()) == [Key(others)]
    assert KeyDecoder().feed(xterm.encode()) == [Key(others)]


def test_signs_with_shift_are_text() -> None:
    """Also those beyond ASCII, and with what kitty adds about the keyboard."""
    sequences = "\x1b[97u\x1b[97;2u\x1b[97:65;2u\x1b[233u\x1b[228;2u\x1b[97;1:1u\x1b[97;1:2u"
    assert KeyDecoder().feed(sequences.encode()) == [Key("", sign) for sign in "aAAéÄaa"]


@pytest.mark.parametrize(
    "sequence",
    [
        "\x1b[97;5:3u",
        "\x1b[57441;2u",
        "\x1b[99999999u",
        "\x1b[9;2u",
        "\x1b[97;9u",
        "\x1b[55296u",
        "\x1b[27;5~",
        "\x1b[u",
    ],
)
def test_a_key_that_means_nothing_here_stays_what_it_was(sequence: str) -> None:
    """A key that is let go, one without a sign, one beyond Unicode: no text, and no error."""
    assert KeyDecoder().feed(sequence.encode()) == [Key(sequence)]


def test_a_new_line_is_no_enter() -> None:
    """By no spelling of either."""
    assert "\r" not in NEW_LINE
    assert {KEYS[key][2] for key in ("Alt+Enter", "Shift+Enter", "Ctrl+J")} <= set(NEW_LINE)
