"""What Ctrl+_ takes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal_parts.editor import Editor
from terminal_parts.keys import Key, KeyDecoder
from terminal_parts.layout import Shape

UNDO, LEFT, UP, PASTE, PASTED = "\x1f", "\x1b[D", "\x1b[A", "\x1b[200~", "\x1b[201~"


def typed(keys: str, *past: str) -> Editor:
    """As fingers do: a key at a time, but a paste at once."""
    editor, decoder = Editor(past), KeyDecoder()
    for sign in keys:
        for key in decoder.feed(sign.encode()):
            editor.press(key)
    return editor


@pytest.mark.parametrize(
    ("keys", "text", "cursor"),
    [
        ("hello" + UNDO, "", 0),
        ("hello big world" + UNDO, "hello big ", 10),
        ("hello big world" + UNDO * 2, "hello ", 6),
        ("hello" + UNDO * 9, "", 0),
        ("hello\x7f\x7f\x7f" + UNDO, "hello", 5),
        ("one two\x17" + UNDO, "one two", 7),
        ("ab" + LEFT + "cd" + UNDO, "ab", 1),
        ("ab" + LEFT + "cd" + UNDO * 2, "", 0),
        (f"see {PASTE}one\ntwo\nthree{PASTED} ok" + UNDO * 3, "see ", 4),
        ("one\ntwo" + UNDO, "one\n", 4),
        ("one\ntwo" + UNDO * 2, "one", 3),
        ("draft" + UP + UNDO, "draft", 5),
        ("draft\x12al" + "\x05" + UNDO, "draft", 5),
        ("ab\x14" + UNDO, "ab", 2),
        ("a\x7fb" + UNDO, "", 0),
        (UNDO, "", 0),
    ],
)
def test_what_is_taken_back(keys: str, text: str, cursor: int) -> None:
    """A word, a run of deletions, a paste, a line break, what was brought from the past."""
    editor = typed(keys, "alpha")
    assert (editor.text, editor.cursor) == (text, cursor)


def test_a_draft_that_was_emptied_comes_back() -> None:
    """After Ctrl+C; but not what was sent."""
    editor = typed("precious words")
    editor.clear()
    editor.press(Key(UNDO))
    assert editor.text == "precious words"
    editor.take()
    editor.press(Key(UNDO))
    assert editor.text == ""


KEYS = st.lists(
    st.sampled_from(
        [
            "a",
            " ",
            "漢",
            "👩\u200d👩\u200d👧",
            "\n",
            LEFT,
            "\x1b[C",
            UP,
            "\x1b[B",
            "\x7f",
            "\x04",
            "\x17",
            "\x15",
            "\x0b",
            *("\x19", "\x14", "\x01", "\x05", "\x1bd", f"{PASTE}p\nq{PASTED}"),
        ]
    ),
    max_size=40,
)


@given(KEYS)
def test_everything_can_be_taken_back(keys: list[str]) -> None:
    """To the empty draft, through texts that stood there before, with the cursor in them."""
    editor, decoder, texts = Editor(["one", "two\nlines"]), KeyDecoder(), {""}
    editor.shape = Shape(12, 5)
    for key in decoder.feed("".join(keys).encode()):
        editor.press(key)
        texts.add(editor.text)
        assert 0 <= editor.cursor <= len(editor.text)
    for _ in range(len(keys) + 1):
        editor.press(Key(UNDO))
        assert editor.text in texts
        assert 0 <= editor.cursor <= len(editor.text)
    assert editor.text == ""
