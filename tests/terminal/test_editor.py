"""Keys, and the line that they make."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal_parts.editor import Editor
from terminal_parts.keys import Key, KeyDecoder
from terminal_parts.layout import Shape
from terminal_parts.past import Past

LEFT, RIGHT, UP, DOWN = "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B"


def typed(keys: str, *past: str) -> Editor:
    editor = Editor(past)
    for key in KeyDecoder().feed(keys.encode()):
        editor.press(key)
    return editor


@pytest.mark.parametrize(
    ("keys", "text", "cursor"),
    [
        ("hello", "hello", 5),
        ("hello" + LEFT * 2 + "X", "helXlo", 4),
        (LEFT + "a" + RIGHT * 3 + "b", "ab", 2),
        ("one two\x01X\x05Y", "Xone twoY", 9),
        ("one two three\x17", "one two ", 8),
        ("one.two\x1b\x7f", "one.", 4),
        ("one two\x1bb\x1bbX\x1bfY", "XoneY two", 5),
        ("one two\x1bb\x15", "two", 0),
        ("one two\x1bb\x0b", "one ", 4),
        ("one two\x17\x01\x19 ", "two one ", 4),
        ("one two\x01\x1bd", " two", 0),
        ("ab\x14", "ba", 2),
        ("abc" + LEFT + "\x14", "acb", 3),
        ("a\x14\x02\x14", "a", 0),
        ("abc\x7f\x08", "a", 1),
        ("abc\x02\x02\x04\x1b[3~", "a", 1),
        ("e\u0301" + LEFT + "x", "xe\u0301", 1),
        ("ae\u0301\x7f", "a", 1),
        ("e\u0301b\x01\x04", "b", 0),
        ("a\x1b[15~\x1bx\x00b", "ab", 2),
    ],
)
def test_what_keys_do(keys: str, text: str, cursor: int) -> None:
    """The keys that people know from a shell; unknown ones do nothing."""
    editor = typed(keys)
    assert (editor.text, editor.cursor) == (text, cursor)


def test_the_past_is_within_reach_and_the_draft_is_kept() -> None:
    """Up and down, beyond both ends, and back to what was being typed."""
    assert typed("dra" + UP, "one", "two").text == "two"
    assert typed("dra" + UP * 9, "one", "two").text == "one"
    assert typed("dra" + UP * 2 + DOWN * 9 + "ft", "one", "two").text == "draft"
    editor = typed("three")
    editor.remember(editor.take())
    editor.press(Key(UP))
    assert (editor.text, editor.cursor) == ("three", 5)


@pytest.mark.parametrize(
    ("keys", "text", "search"),
    [
        ("\x12al", "say alpha", "al"),
        ("\x12al\x12", "alarm", "al"),
        ("\x12al\x12\x12\x12", "alarm", "al"),
        ("draft\x12al\x07", "draft", None),
        ("\x12al\x12\x12", "say alpha", "al"),
        ("\x12al\x12pha", "say alpha", "alpha"),
        ("\x12Alarm", "alarm", "Alarm"),
        ("\x12al\x05!", "say alpha!", None),
        ("\x12alx\x7f\x7f", "beta", "a"),
        ("draft\x12", "draft", ""),
    ],
)
def test_searching_the_past(keys: str, text: str, search: str | None) -> None:
    """The newest line with it, then older ones, round and round; other keys keep what was found, Ctrl+G does not."""
    editor = typed(keys, "alarm", "other", "say alpha", "beta")
    assert (editor.text, editor.search) == (text, search)
    assert not editor.search_fails


@pytest.mark.parametrize("query", ["alx", "al\x12x", "Alarms are", "al\x12larms\x12"])
def test_a_search_that_finds_nothing_says_so(query: str) -> None:
    """What matched until then is gone, and the line is the one of before; also after Enter, which only ends it."""
    editor = typed(f"draft{LEFT}\x12{query}", "alarm", "other", "say alpha", "beta")
    assert editor.search_prompt == f"nothing matches {editor.search}"
    assert (editor.text, editor.cursor, editor.search_fails) == ("draft", 4, True)
    editor.press(Key("\r"))
    assert (editor.text, editor.cursor, editor.search, editor.search_fails) == ("draft", 4, None, False)


def test_a_search_that_failed_can_find_again() -> None:
    """With less of it, or as a new one."""
    for keys in ("\x12alx\x7f", "\x12alx\x07\x12al"):
        editor = typed(keys, "say alpha", "beta")
        assert (editor.text, editor.search_prompt, editor.search_fails) == ("say alpha", "search al", False)


@pytest.mark.parametrize("end", ["\x1b", "\x07"], ids=["Esc", "Ctrl+G"])
@pytest.mark.parametrize("query", ["hel", "helzzz", "", "one", "hel\x7f\x7f\x7f"])
def test_a_search_that_is_given_up_leads_back_to_where_it_began(query: str, end: str) -> None:
    """To an earlier line with what was changed in it, and the newest draft is still below."""
    editor = typed(f"draft{UP} plus a long edit{LEFT}\x12{query}", "hello", "one")
    editor.press(Key(end))
    assert (editor.text, editor.cursor, editor.search) == ("one plus a long edit", 19, None)
    editor.press(Key(DOWN))
    assert editor.text == "draft"


@given(st.lists(st.text("abcA", max_size=6), max_size=8), st.text("abcA", max_size=4), st.text("abcA", max_size=6))
def test_a_search_that_is_pasted_finds_what_a_typed_one_finds(past: list[str], first: str, more: str) -> None:
    """All at once or a character at a time."""
    pasted, slowly = typed(f"\x12{first}", *past), typed(f"\x12{first}", *past)
    pasted.press(Key("", more))
    for character in more:
        slowly.press(Key("", character))
    assert (pasted.text, pasted.cursor, pasted.search) == (slowly.text, slowly.cursor, slowly.search)


def test_a_search_that_is_pasted_looks_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not once for every character of it."""
    looks = []
    found = Past._found
    monkeypatch.setattr(Past, "_found", lambda *args: looks.append(args) or found(*args))  # type: ignore[func-returns-value]
    editor = typed("\x12", "z" * 5_000)
    editor.press(Key("", "z" * 8_000))
    assert editor.search_fails
    assert len(looks) == 1


CHARACTERS = {
    "a family": "👩‍👩‍👧",
    "a skin tone": "👍🏽",
    "a flag": "🇩🇪",
    "a heart that is red": "❤️",
    "an accent": "e\u0301",
    "Korean letters": "\u1112\u1161\u11ab",
    "a flag of tags": "🏴\U000e0067\U000e0062\U000e007f",
    "a letter": "x",
}


@pytest.mark.parametrize("character", CHARACTERS.values(), ids=CHARACTERS.keys())
def test_one_character_is_one_step(character: str) -> None:
    """Backspace, Delete and the arrows take what a person sees as one, and leave nothing of it behind."""
    for text in (character, f"a{character}", f"{character}b", f"a{character * 2}b"):
        editor = typed(text)
        presses = 0
        while editor.cursor:
            editor.press(Key(LEFT))
            presses += 1
        assert presses == text.count(character) + sum(letter in text and letter != character for letter in "ab")
    assert typed(f"a{character * 2}\x7f").text == f"a{character}"
    assert typed(f"a{character * 2}{LEFT * 2}\x04").text == f"a{character}"
    assert typed(f"a{character}\x14").text == f"{character}a"


def test_a_word_ends_behind_its_accents() -> None:
    """Alt+D leaves no accent behind without a letter."""
    assert typed("e\u0301 x\x01\x1bd").text == " x"


def test_backspace_in_a_search_takes_a_whole_character() -> None:
    """As it does in a line."""
    editor = typed("\x12a👍🏽\x7f")
    assert editor.search == "a"


NARROW = Shape(10, 4)


def on_rows(keys: str, *past: str) -> Editor:
    editor = Editor(past)
    editor.shape = NARROW
    for key in KeyDecoder().feed(keys.encode()):
        editor.press(key)
    return editor


@pytest.mark.parametrize("key", ["\n", "\x1b\r", "\x1b[13;3u", "\x1b[27;3;13~"])
def test_a_new_line_is_made(key: str) -> None:
    """By Ctrl+J and Alt+Enter, in the spelling of any terminal."""
    assert typed(f"one{key}two").text == "one\ntwo"


@pytest.mark.parametrize(
    ("keys", "text", "cursor"),
    [
        ("one\ntwo" + UP + "!", "one!\ntwo", 4),
        ("one\ntwo" + UP * 2, "older", 5),
        ("one\ntwo" + UP * 2 + DOWN + "!", "one\ntwo!", 8),
        ("one\ntwo" + UP + DOWN * 2 + "!", "one\ntwo!", 8),
        ("longer\nx\nlonger" + UP * 2 + "!", "longer!\nx\nlonger", 7),
        ("one\ntwo\x01!", "one\n!two", 5),
        ("one\ntwo\x01\x01!", "!one\ntwo", 1),
        ("one\ntwo" + UP + "\x01\x05!", "one!\ntwo", 4),
        ("abcdefghijklmno" + UP + "!", "abcde!fghijklmno", 6),
        ("one\ntwo\x15", "one\n", 4),
        ("one\ntwo\x15\x15", "one", 3),
        ("one\ntwo" + UP + "\x01\x0b", "\ntwo", 0),
        ("one\ntwo" + UP + "\x01\x0b\x0b", "two", 0),
        ("one\ntwo\x10", "older", 5),
        ("one\n" + "\x7f" * 2, "on", 2),
    ],
)
def test_keys_among_several_lines(keys: str, text: str, cursor: int) -> None:
    """Up and Down move in them and lead to the past only from the first and the last; Home and End act on a row."""
    editor = on_rows(keys, "older")
    assert (editor.text, editor.cursor) == (text, cursor)


def test_a_past_text_of_several_lines_is_moved_in_too() -> None:
    """Up leads through its lines to the one before it."""
    editor = on_rows(UP, "first", "one\ntwo")
    assert editor.text == "one\ntwo"
    editor.press(Key(UP))
    assert (editor.text, editor.cursor) == ("one\ntwo", 3)
    editor.press(Key(UP))
    assert editor.text == "first"
