"""Keys, the line that they make, and how it looks on one row."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal_parts.editor import Editor
from terminal_parts.input_row import input_row
from terminal_parts.keys import KEY_PATIENCE, MOST_GATHERED, PASTE_PATIENCE, Key, KeyDecoder
from terminal_parts.width import width

LEFT, RIGHT, UP, DOWN = "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B"


def keys_of(data: bytes) -> list[Key]:
    return KeyDecoder().feed(data)


def typed(keys: str, *past: str) -> Editor:
    editor = Editor(past)
    for key in keys_of(keys.encode()):
        editor.press(key)
    return editor


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"hello", [Key("", "hello")]),
        ("né漢🎉".encode(), [Key("", "né漢🎉")]),
        (b"a\rb\n", [Key("", "a"), Key("\r"), Key("", "b"), Key("\n")]),
        (b"\x1b[A\x1bOA\x1b[1;5C", [Key("\x1b[A"), Key("\x1b[A"), Key("\x1b[1;5C")]),
        (b"\x1bb\x1b\x1b[D\x1b[[Ax", [Key("\x1bb"), Key("\x1b[D"), Key("\x1b[[A"), Key("", "x")]),
        (b"\x1b[200~one\r\ntwo\x03\x1b[A\x1b[201~\r", [Key("", "one\ntwo\x03\x1b[A"), Key("\r")]),
        (b"\x1b[200~one\r\ntwo\r\n\r\n\x1b[201~x", [Key("", "one\ntwo"), Key("", "x")]),
        (b"\x1b[\x01", [Key("\x1b"), Key("", "["), Key("\x01")]),
        (b"\xff\xc3x", [Key("", "��x")]),
        (b"\x1b", []),
        (b"\x1b[20", []),
    ],
)
def test_bytes_become_keys(data: bytes, keys: list[Key]) -> None:
    """Text in runs, controls and sequences one by one, a pasted block whole; what has only begun waits."""
    assert keys_of(data) == keys


@given(
    st.lists(st.sampled_from(["ab", "é", "漢", "🎉", "\r", "\x03", LEFT, "\x1bb", "\x1b[200~p\nq\x1b[201~"])), st.data()
)
def test_keys_are_the_same_wherever_the_bytes_are_cut(pieces: list[str], data: st.DataObject) -> None:
    """Byte by byte, in one block, or anyhow."""
    whole = "".join(pieces).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    decoder = KeyDecoder()
    parts = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]

    def one_by_one(keys: list[Key]) -> list[str]:
        return [part for key in keys for part in ([key.code] if key.code else key.text)]

    assert one_by_one([key for part in parts for key in decoder.feed(part)]) == one_by_one(keys_of(whole))


@pytest.mark.parametrize(
    ("data", "patience", "keys"),
    [
        (b"ab", None, []),
        (b"\x1b", KEY_PATIENCE, [Key("\x1b")]),
        (b"\x1b\x1b", KEY_PATIENCE, [Key("\x1b")]),
        (b"\x1b[1;", KEY_PATIENCE, [Key("\x1b[1;")]),
        (b"\x1b[200~half\ra paste\r", PASTE_PATIENCE, [Key("", "half\na paste")]),
    ],
)
def test_what_has_begun_is_given_up(data: bytes, patience: float | None, keys: list[Key]) -> None:
    """Esc was pressed, the end of a paste was lost: after a while what is there is all; the next key is whole."""
    decoder = KeyDecoder()
    decoder.feed(data)
    assert decoder.patience == patience
    assert decoder.give_up() == keys
    assert decoder.patience is None
    assert decoder.feed(b"hello\r") == [Key("", "hello"), Key("\r")]


def test_ctrl_c_gets_out_of_a_paste_without_end() -> None:
    """Pressed by itself it is a key; amid what is pasted it is text."""
    decoder = KeyDecoder()
    assert decoder.feed(b"\x1b[200~half") + decoder.feed(b" a\x03 paste") == []
    assert decoder.feed(b"\x03") == [Key("", "half a\x03 paste"), Key("\x03")]


@settings(max_examples=30, deadline=None)
@given(st.integers(500, 2 * MOST_GATHERED), st.sampled_from(["a", "\r\n", "a\r\n", "\x1b[201", "\r\n0~"]))
def test_a_long_paste_is_handed_over_in_parts(size: int, piece: str) -> None:
    """Memory is bounded, and the parts make the whole, wherever they end."""
    decoder, parts = KeyDecoder(), []
    text = "a" + piece * (2 * MOST_GATHERED // len(piece))
    data = f"\x1b[200~{text}".encode()
    for start in range(0, len(data), size):
        parts += decoder.feed(data[start : start + size])
    assert parts
    parts += decoder.feed(b"\x1b[201~!")
    assert parts.pop() == Key("", "!")
    assert "".join(part.text for part in parts).rstrip("\n") == text.replace("\r\n", "\n").rstrip("\n")


def test_a_sequence_without_end_does_not_wait_for_ever() -> None:
    """Beyond what any key sends it is text."""
    decoder = KeyDecoder()
    assert decoder.feed(b"\x1b[" + b"0" * 1_000)
    assert decoder.patience is None


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
    found = Editor._found
    monkeypatch.setattr(Editor, "_found", lambda *args: looks.append(args) or found(*args))  # type: ignore[func-returns-value]
    editor = typed("\x12", "z" * 5_000)
    editor.press(Key("", "z" * 8_000))
    assert editor.search_fails
    assert len(looks) == 1


def test_a_row_shows_what_is_around_the_cursor() -> None:
    """All of a short line; of a long one a part, with signs, and always the prompt."""
    assert input_row("lobby> ", "red", "hello", 2, 40)[1] == 9
    assert plain("hello", 2, 20) == "lobby> hello"
    assert plain("abcdefghijklmnopqrstuvwxyz", 0, 20) == "lobby> abcdefghijk>"
    assert plain("abcdefghijklmnopqrstuvwxyz", 26, 20) == "lobby> <vwxyz"
    assert plain("abcdefghijklmnopqrstuvwxyz", 12, 20) == "lobby> <ghijklmnop>"
    assert plain("a" + "漢" * 30, 16, 20) == "lobby> < 漢漢漢漢 >"
    assert plain("one\ntwo\x1b", 8, 40) == "lobby> one␊two␛"
    assert input_row("search a\n\x1b]2;pwned\x07", "", "", 0, 60)[0] == "search a␊␛]2;pwned␇> "


def test_what_is_far_from_the_cursor_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A draft of a million signs is drawn as fast as one of a thousand, with signs that there is more."""
    looked_at: list[str] = []
    monkeypatch.setattr(
        "terminal_parts.input_row.harmless_line",
        lambda text: looked_at.append(text) or text,  # type: ignore[func-returns-value]
    )
    for cursor, shown in ((0, "lobby> ééééééééééé>"), (500_000, "lobby> <éééé"), (1_000_000, "lobby> <éééé")):
        looked_at.clear()
        assert plain("é" * 1_000_000, cursor, 20).startswith(shown)
        assert sum(map(len, looked_at)) < 300


def plain(text: str, cursor: int, columns: int) -> str:
    return input_row("lobby> ", "", text, cursor, columns)[0] if cursor >= 0 else ""


@given(
    st.text(max_size=30), st.text(st.characters() | st.sampled_from("漢🎉\u0301\u200d\n\u05d0"), max_size=400),
    st.integers(1, 90), st.data(),
)  # fmt: skip
def test_a_row_never_leaves_its_row(prompt: str, text: str, columns: int, data: st.DataObject) -> None:
    """Whatever is typed, wherever the cursor is, however narrow: it fits, and so does the cursor."""
    cursor = data.draw(st.integers(0, len(text)))
    shown, column = input_row(prompt, "", text, cursor, columns)
    assert width(shown) <= max(1, columns - 1)
    assert 0 <= column <= max(0, columns - 1)
    assert "\n" not in shown
    assert "\x1b" not in shown
