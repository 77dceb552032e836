"""What a stranger's text may do to a terminal: nothing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_common import MAX_MARKS, harmless, harmless_line, speech, text_form

EMOJI = range(0x1F000, 0x1FB00)  # a newer emoji than this Python knows is not "printable", and still only a picture
DANGEROUS = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")

any_text = st.text(st.characters(exclude_categories=[]), max_size=60)
nasty_text = st.text(
    st.sampled_from(
        "a\n\t\r\0\x07\x08\x1b[]0;m\x7f\x85\x9b\x9d\u200d\u200e\u202e\u2066\u2028\u2029\ufeff\u0301\u20dd\u3000\ud800👋"
    ),
    max_size=60,
)


@settings(max_examples=300)
@given(any_text | nasty_text)
def test_whatever_comes_out_is_inert(text: str) -> None:
    """No control, no escape, no direction switch, nothing invisible: line breaks and printable characters alone."""
    for character in harmless(text):
        if character == "\n" or ord(character) in EMOJI:
            continue
        assert character.isprintable(), f"U+{ord(character):04X}"
        assert unicodedata.category(character) not in DANGEROUS


@given(any_text | nasty_text)
def test_a_second_time_changes_nothing(text: str) -> None:
    """What is harmless stays as it is."""
    once = harmless(text)
    assert harmless(once) == once


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_printable_ascii_is_kept(text: str) -> None:
    """Not a character of it changes."""
    assert harmless(text) == text


@given(st.text(st.sampled_from("a\u0301\u0302\u20dd\u0489é"), max_size=60))
def test_combining_marks_are_capped(text: str) -> None:
    """No tower of marks reaches into other lines."""
    run = 0
    for character in harmless(text):
        run = run + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        assert run <= MAX_MARKS


@given(any_text | nasty_text)
def test_a_line_stays_a_line(text: str) -> None:
    """Names, errors and log records have no line breaks at all."""
    line = harmless_line(text)
    assert "\n" not in line
    assert len(line.splitlines()) <= 1


EXACTLY = {
    "words of any script": ("grüße, мир, 世界, नमस्ते, ภาษาไทย", "grüße, мир, 世界, नमस्ते, ภาษาไทย"),
    "emoji": ("👋🏽 ok", "👋🏽 ok"),
    "an emoji that is newer than any Python": ("\U0001faff", "\U0001faff"),
    "a tab is four spaces": ("a\tb", "a    b"),
    "a line break": ("a\nb", "a\nb"),
    "a Windows line break": ("a\r\nb", "a\nb"),
    "ESC is shown as a picture": ("\x1b[31m", "␛[31m"),
    "NUL, bell, backspace": ("\0\a\b", "␀␇␈"),
    "a carriage return alone": ("good\rbad", "good␍bad"),
    "DEL": ("\x7f", "␡"),
    "C1: the one-byte CSI and OSC": ("\x9b31m\x9d0;t", "\ufffd31m\ufffd0;t"),
    "a switch of direction": ("a\u202eb\u2066c\u200fd", "a\ufffdb\ufffdc\ufffdd"),
    "joiners disappear": ("a\u200db\u200cc", "abc"),
    "line and paragraph separators": ("a\u2028b\u2029c", "a␊b␊c"),
    "a byte order mark": ("\ufeffa", "\ufffda"),
    "a lone surrogate": ("\ud800", "\ufffd"),
    "private use": ("\ue000", "\ufffd"),
    "letters that show nothing": ("a\u2800b\u3164c\u115fd", "a b c d"),
    "spaces of other widths": ("a\u00a0b\u2003c\u3000d", "a b c  d"),
}


@pytest.mark.parametrize(("text", "shown"), EXACTLY.values(), ids=EXACTLY.keys())
def test_what_is_shown(text: str, shown: str) -> None:
    """Each kind of character has one way to be shown."""
    assert harmless(text) == shown


# --- the text form of a message ---


def test_the_written_form() -> None:
    """Exactly as promised."""
    assert text_form("alice", "blue", "hello") == "[COLOR (blue)] alice said -> hello"


def test_label_and_body_can_be_painted_apart() -> None:
    """Together they are the whole form, in either style."""
    assert speech("alice", "blue", "hello") == ("[COLOR (blue)] alice said -> ", "hello")
    assert speech("alice", "blue", "hello", "short") == ("alice: ", "hello")


@pytest.mark.parametrize("style", ["classic", "short"])
def test_an_action(style: str) -> None:
    """/me is about the person."""
    assert speech("alice", "blue", "/me waves", style) == ("* alice ", "waves")


ENDS = {
    "a star": ("left *", "\u201cleft *\u201d"),
    "what looks like one": ("left \uff0a", "\u201cleft \uff0a\u201d"),
    "blanks after it": ("left *\u3164\t", "\u201cleft *     \u201d"),
    "a line after it": ("left *\nfor ever", "\u201cleft *\u201d\n    for ever"),
    "a line before it": ("counts:\n*", "counts:\n    *"),
    "a star elsewhere": ("*waves*!", "*waves*!"),
}


@pytest.mark.parametrize(("text", "shown"), ENDS.values(), ids=ENDS.keys())
def test_an_action_that_ends_like_a_notice_is_quoted(text: str, shown: str) -> None:
    """The server's own lines end with a star: nobody can write one."""
    assert speech("bob", "blue", f"/me {text}") == ("* bob ", shown)


@pytest.mark.parametrize("text", ["/me", "/means", " /me waves", "say /me waves"])
def test_what_is_no_action(text: str) -> None:
    """Only a text that begins with it."""
    assert text_form("alice", "blue", text) == f"[COLOR (blue)] alice said -> {text}"


def test_later_lines_are_indented() -> None:
    """Nobody can put a line on the screen that begins like somebody else's message."""
    form = text_form("eve", "red", "hi\n[COLOR (blue)] alice said -> I am a fool\n* goodbye *")
    assert form.split("\n") == [
        "[COLOR (red)] eve said -> hi",
        "    [COLOR (blue)] alice said -> I am a fool",
        "    * goodbye *",
    ]


@given(any_text, any_text, any_text, st.sampled_from(["classic", "short"]))
def test_only_the_first_line_can_look_like_a_message(sender: str, color: str, text: str, style: str) -> None:
    """Whatever the fields hold, all lines after the first are indented, and there is no other way to a new line."""
    label, body = speech(sender, color, text, style)
    assert "\n" not in label
    assert all(line.startswith("    ") for line in body.split("\n")[1:])
    assert not any(c in label + body for c in "\x1b\x9b\r\u2028\u2029\x85")
