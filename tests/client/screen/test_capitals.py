"""Sentences of the server begin with a capital letter, and names with whatever letter they have."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from client_parts.screen.capitals import OPENERS, capitalised
from client_parts.screen.view import as_sentence

SERVER = Path(__file__).parents[3] / "server_parts"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("you are muted", "You are muted."),
        ("usage: /kick NAME", "Usage: /kick NAME."),
        ("bob has no account", "bob has no account."),
        ("tea is in slow mode", "tea is in slow mode."),
        ("theo is operator of this server", "theo is operator of this server."),
        ("3 of 9", "3 of 9."),
        ("", "."),
    ],
)
def test_a_name_stays_as_it_is(text: str, shown: str) -> None:
    """Also a room's, and one that begins like another word."""
    assert as_sentence(text) == shown


def sentences(source: str) -> Iterator[str]:
    """The beginnings of what a module of the server tells people, where that is no name."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called = getattr(node.func, "id", getattr(node.func, "attr", ""))
        text = {"Refusal": node.args[1:2], "notice": node.args[:1], "_replace": _named(node, "text")}.get(called, [])
        yield from (found for one in text if (found := _beginning(one)))


def _named(call: ast.Call, name: str) -> list[ast.expr]:
    return [keyword.value for keyword in call.keywords if keyword.arg == name]


def _beginning(text: ast.expr) -> str:
    if isinstance(text, ast.JoinedStr):
        text = text.values[0]
    return text.value if isinstance(text, ast.Constant) and isinstance(text.value, str) else ""


def test_how_the_servers_sentences_begin_is_known() -> None:
    """With a word that gets a capital letter, unless it is a number or a name."""
    found = {text for file in SERVER.rglob("*.py") for text in sentences(file.read_text())}
    assert len(found) > 50
    assert {text for text in found if text[0].isalpha() and capitalised(text) == text} == set()


def test_an_unknown_beginning_is_found_out() -> None:
    """By what looks for them."""
    source = 'Refusal("x", "henceforth no"); notice(f"you {name}"); refusal._replace(text="so"); notice(f"{name} is")'
    assert list(sentences(source)) == ["henceforth no", "you ", "so"]
    assert "henceforth" not in OPENERS
