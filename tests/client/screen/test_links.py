"""Addresses become links, of nothing but what is seen; code stands apart."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_common import harmless
from client_parts.screen.code import with_code_apart
from client_parts.screen.links import linked, understands_links
from terminal_parts.width import PAINT
from tests.peers import SLOWNESS

LINK = re.compile(r"\x1b\]8;;([^\x1b]+)\x1b\\(.*?)\x1b\]8;;\x1b\\")


def links(row: str) -> list[str]:
    """Where the links of a row lead; each shows just that."""
    found = LINK.findall(linked(row))
    assert [PAINT.sub("", shown) for _, shown in found] == [address for address, _ in found]
    return [address for address, _ in found]


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("see https://a.b/c?d=e#f. And (http://x/(y)), too!", ["https://a.b/c?d=e#f", "http://x/(y)"]),
        ("HTTPS://A.B <https://c.d> `https://e.f`", ["HTTPS://A.B", "https://c.d", "https://e.f"]),
        ("\x1b[36mhttps://a.b\x1b[0m", ["https://a.b"]),
        ("https://a/\x1b[1mann\x1b[0m\x1b[36m/x\x1b[0m", ["https://a/ann/x"]),
        ("javascript:alert(1) file:///etc/passwd ftp://x mailto:a@b www.x.y", []),
        ("https:// http:///", []),
        ("https://b\u0430nk.example https://a.b漢 https://a.b/\u2026", []),
        ("https://a.b/␛]8;;http://evil/␛\\x", []),
        ("https://" + "x" * 5_000, []),
    ],
)
def test_addresses_of_the_web_are_links(text: str, addresses: list[str]) -> None:
    """Without what belongs to the sentence; painted or not; none with signs that could deceive."""
    assert links(text) == addresses


@given(st.lists(st.sampled_from(["https://", "http://", "a", ".", "\x1b[1m", "\x1b[0m", ")", "(", " ", "é", "'"])))
def test_nothing_but_codes_is_added(pieces: list[str]) -> None:
    """What is seen stays as it was, and every link is closed."""
    row = "".join(pieces)
    made = linked(row)
    assert re.sub(r"\x1b\]8;;[^\x1b]*\x1b\\", "", made) == row
    assert len(re.findall(r"\x1b\]8;;[^\x1b]", made)) == made.count("\x1b]8;;\x1b\\")
    assert all(address.isascii() and address.isprintable() for address in links(row))


@given(st.text())
def test_no_text_makes_codes_of_its_own(text: str) -> None:
    """Whatever somebody says behind an address."""
    made = linked(harmless(f"https://a.b/{text}"))
    assert re.sub(r"\x1b\]8;;[!-~]*\x1b\\", "", made).find("\x1b") == -1


def test_long_rows_take_no_time() -> None:
    """Of the kind that would make a search start again and again."""
    begun = time.thread_time()
    for text in (
        "https://" + "." * 5_000 + "a",
        "https://a" + ")" * 5_000,
        "https://" * 1_000,
        "`" * 5_000,
        "```a" * 9,
    ):
        linked(text)
        with_code_apart(text, str)
    assert time.thread_time() - begun < SLOWNESS


@pytest.mark.parametrize(
    ("environment", "understood"),
    [
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, True),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7200"}, True),
        ({"TERM": "xterm-256color", "VTE_VERSION": "4402"}, False),
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM": "tmux-256color", "TERM_PROGRAM": "tmux", "TERM_PROGRAM_VERSION": "3.4", "TMUX": "x"}, True),
        ({"TERM": "tmux-256color", "TERM_PROGRAM": "tmux", "TERM_PROGRAM_VERSION": "3.3a", "TMUX": "x"}, False),
        ({"TERM": "screen", "TMUX": "x", "VTE_VERSION": "7200"}, False),
        ({"TERM": "screen", "STY": "x", "WT_SESSION": "x"}, False),
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "linux", "VTE_VERSION": "7200"}, False),
        ({}, False),
    ],
)
def test_only_terminals_that_are_known_get_links(environment: dict[str, str], understood: bool) -> None:
    """Others might show the codes."""
    assert understands_links(environment) is understood


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("use `ls -l` or `x`", ["`ls -l`", "`x`"]),
        ("```\n    a = `1`\n    ``` and", ["```\n    a = `1`\n    ```"]),
        ("one ` two", []),
        ("a ``double`` b", []),
        ("``` not closed", []),
        ("` two\n    lines `", []),
    ],
)
def test_code_stands_apart(text: str, code: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """In a colour of its own, where there are colours; its signs stay, so that it can be told without."""
    assert with_code_apart(text, str) == text  # without colours, as here
    monkeypatch.setattr("client_parts.screen.code.paint", lambda part, color: f"\x1b[{color}m{part}\x1b[0m")
    painted = with_code_apart(text, str)
    assert re.findall(r"\x1b\[magentam(.*?)\x1b\[0m", painted, re.DOTALL) == code
