"""What Tab does to the line of the cursor."""

from __future__ import annotations

import pytest

from client_parts.input.completion import Vocabulary
from client_parts.screen.tab import Tab
from terminal_parts.editor import Editor


@pytest.mark.parametrize(
    ("before", "behind", "completed"),
    [
        ("al", "", "alice: "),
        ("hello al", " x", "hello alice "),
        ("one\nal", "\ntwo", "one\nalice: "),
        ("one\nhello al", "", "one\nhello alice "),
        ("/msg al", "", "/msg alice "),
        ("/msg alice one\nal", "", "/msg alice one\nalice: "),
        ("one\n/hel", "", "one\n/hel"),
        ("/switc", "", "/switch "),
    ],
)
def test_a_word_is_completed_in_its_line(before: str, behind: str, completed: str) -> None:
    """Other lines stay as they are; a command is one in the first line only."""
    editor, tab = Editor(), Tab()
    tab.vocabulary = Vocabulary(names=("alice", "albert"))
    editor.replace(0, 0, before + behind)
    editor.cursor = len(before)
    tab.press(editor)
    assert (editor.text, editor.cursor) == (completed + behind, len(completed))


def test_the_next_tab_offers_the_next_name_in_a_later_line_too() -> None:
    """Round and round."""
    editor, tab = Editor(), Tab()
    tab.vocabulary = Vocabulary(names=("alice", "albert"))
    editor.replace(0, 0, "one\nal")
    for name in ("alice", "albert", "alice"):
        tab.press(editor)
        assert editor.text == f"one\n{name}: "
