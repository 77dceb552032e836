"""What Tab does to the line of the cursor."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from terminal_parts.completion import beginning, complete, unknown_command
from terminal_parts.editor import Editor
from terminal_parts.tab import Tab
from terminal_parts.width import PAINT

NAMES = ("alice", "albert")


def completed_by(line: str) -> list[str]:
    """Three commands, of which one takes a name."""

    def next_argument(given: Sequence[str], word: str) -> list[str] | None:
        return beginning(word, NAMES) if given == ["msg"] else None

    return complete(line, ("help", "msg", "switch"), next_argument, NAMES)


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
    editor, tab = Editor(), Tab(completed_by)
    editor.replace(0, 0, before + behind)
    editor.cursor = len(before)
    tab.press(editor)
    assert (editor.text, editor.cursor) == (completed + behind, len(completed))


def test_the_next_tab_offers_the_next_name_in_a_later_line_too() -> None:
    """Round and round."""
    editor, tab = Editor(), Tab(completed_by)
    editor.replace(0, 0, "one\nal")
    for name in ("alice", "albert", "alice"):
        tab.press(editor)
        assert editor.text == f"one\n{name}: "


def test_paths_are_completed_as_far_as_they_agree() -> None:
    """And listed by their last names, as those before are on the screen already."""
    found = {"/send a/p": ["/send a/plan one ", "/send a/plans/"], "/se": ["/search ", "/send "]}
    tab = Tab(found.__getitem__, lambda line: line[6:] if line.startswith("/send ") else None)
    for typed, agreed, shown in (("/send a/p", "/send a/plan", "plan one  plans/"), ("/se", "/se", "/search  /send")):
        editor = Editor()
        editor.replace(0, 0, typed)
        listed = tab.press(editor)
        assert (editor.text, listed and PAINT.sub("", listed)) == (agreed, shown)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("/", ["/help ", "/msg ", "/switch "]),
        ("/MSG ", []),
        ("/msg ", ["/msg alice ", "/msg albert "]),
        ("/msg alice x al", ["/msg alice x alice ", "/msg alice x albert "]),
        ("@al", ["@alice ", "@albert "]),
        ("so :smi", ["so 😄 "]),
        ("/react 5 :smi", ["/react 5 :smile: "]),
        ("", []),
    ],
)
def test_what_a_line_may_become(line: str, wanted: list[str]) -> None:
    """Commands, what follows them, names and emoji, whatever the commands are."""
    assert completed_by(line) == wanted


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("hlep", "There is no command /hlep; did you mean /help? (To send it as text: //hlep)"),
        ("HLEP", "There is no command /HLEP; did you mean /help? (To send it as text: //HLEP)"),
        ("xyz\x1b", "There is no command /xyz␛; /help lists the commands. (To send it as text: //xyz␛)"),
        ("", "A command is a word after the slash; /help lists them."),
    ],
)
def test_an_unknown_command_is_answered_with_the_nearest(word: str, sentence: str) -> None:
    """In one sentence, and the word comes back harmless."""
    assert unknown_command(word, ("help", "msg", "switch")) == sentence
