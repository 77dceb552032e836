"""How a line that is being typed looks on one row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal_parts.input_row import input_row
from terminal_parts.width import width


def plain(text: str, cursor: int, columns: int) -> str:
    return input_row("lobby> ", "", text, cursor, columns)[0]


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
