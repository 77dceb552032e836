"""The terminal's answers are told from keys, and understood."""

from __future__ import annotations

import pytest

from terminal_parts.background import QUESTION, Background, theme_for
from terminal_parts.keys import Key, KeyDecoder


@pytest.mark.parametrize(
    ("answer", "theme"),
    [
        ("11;rgb:ffff/ffff/ffff", "light"),
        ("11;rgb:fd/f6/e3", "light"),
        ("11;rgba:0000/0000/0000/ffff", "dark"),
        ("11;rgb:1/2/3", "dark"),
        ("11;rgb:0000/2b2b/3636", "dark"),
        ("10;rgb:ffff/ffff/ffff", None),
        ("11;#ffffff", None),
        ("11;rgb:fffff/f/f", None),
        ("11;rgb:f/f", None),
        ("11;?", None),
    ],
)
def test_a_background_is_light_or_dark(answer: str, theme: str | None) -> None:
    """In every precision; what is no colour says nothing."""
    assert theme_for(f"\x1b]{answer}") == theme


def test_the_background_is_asked_once_and_told_as_a_theme() -> None:
    """Nobody is told twice; an answer to nothing is taken too, and does nothing."""
    background, told = Background(), list[str]()
    assert background.question() == ""
    background.ask(told.append)
    assert (background.question(), background.question()) == (QUESTION, "")
    assert background.patience > 0
    assert background.takes(Key("\x1b]11;rgb:f/f/f"))
    assert background.takes(Key("\x1b[?62;22c"))
    assert background.patience == 0
    assert background.takes(Key("\x1b]11;rgb:0/0/0"))
    assert told == ["light"]


def test_keys_are_keys() -> None:
    """Alt+], Esc, text and the arrows are the person's."""
    background = Background()
    assert [background.takes(key) for key in map(Key, ("\x1b]", "\x1b", "\x1b[A", "\x1b[Z"))] == [False] * 4
    assert not background.takes(Key("", "\x1b]11;rgb:f/f/f"))  # as text it was pasted


@pytest.mark.parametrize("end", ["\x07", "\x1b\\"])
@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_an_answer_is_one_key_wherever_it_is_cut(end: str, size: int) -> None:
    """Nothing of it is text."""
    data = f"a\x1b]11;rgb:ffff/ffff/ffff{end}b".encode()
    decoder, keys = KeyDecoder(), list[Key]()
    for start in range(0, len(data), size):
        keys += decoder.feed(data[start : start + size])
    assert [key for key in keys if key.code] == [Key("\x1b]11;rgb:ffff/ffff/ffff")]
    assert "".join(key.text for key in keys) == "ab"


def test_an_answer_that_ends_nowhere_is_given_up() -> None:
    """As a key that means nothing; Alt+] is one at once, and Ctrl+C helps always."""
    decoder = KeyDecoder()
    assert decoder.feed(b"\x1b]11;rgb:") == []
    assert decoder.patience == 1.0
    assert decoder.give_up() == [Key("\x1b]11;rgb:")]
    assert decoder.feed(b"\x1b]") == []
    assert decoder.patience == 0.05
    assert decoder.give_up() == [Key("\x1b]")]
    assert decoder.feed(b"\x1b]x")[0] == Key("\x1b]")
    assert decoder.feed(b"\x1b]11;") == []
    assert decoder.feed(b"\x03") == [Key("\x1b]11;"), Key("\x03")]
    keys = decoder.feed(b"\x1b]11;" + b"x" * 100)  # no answer is so long
    assert "".join(key.text for key in keys) == "11;" + "x" * 100
