"""From bytes to keys, wherever the bytes are cut."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal_parts.keys import KEY_PATIENCE, MOST_GATHERED, PASTE_PATIENCE, Key, KeyDecoder

LEFT = "\x1b[D"


def keys_of(data: bytes) -> list[Key]:
    return KeyDecoder().feed(data)


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


def test_answers_and_keys_of_every_dialect_are_told_apart() -> None:
    """The focus, answers about the background and the terminal, and the spellings of kitty and xterm."""
    told = {
        "\x1b[I": Key("\x1b[I"),
        "\x1b[13u": Key("\r"),
        "\x1b]11;rgb:ffff/ffff/ffff\x1b\\": Key("\x1b]11;rgb:ffff/ffff/ffff"),
        "\x1b[27;3;13~": Key("\x1b\r"),
        "\x1b[?62;22c": Key("\x1b[?62;22c"),
        "\x1b[93;3u": Key("\x1b]"),
        "\x1b]11;rgb:0/0/0\x07": Key("\x1b]11;rgb:0/0/0"),
        "\x1b[O": Key("\x1b[O"),
        "\x1b[97;3u": Key("\x1ba"),
        "x": Key("", "x"),
    }
    data = "".join(told).encode()
    for cut in range(len(data)):
        decoder = KeyDecoder()
        assert decoder.feed(data[:cut]) + decoder.feed(data[cut:]) == list(told.values())


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
