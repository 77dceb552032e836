"""The commands that speak of other messages, and the names of emoji."""

from __future__ import annotations

from typing import Any

import pytest

from client_parts.input.commands import Text, understand_piped
from client_parts.input.completion import Vocabulary, complete
from client_parts.input.message_commands import MESSAGE_COMMANDS
from terminal_parts.emoji import EMOJI, UnknownEmoji, beginning, emoji
from terminal_parts.width import width
from tests.client.input.recorder import asked

ROWS: list[tuple[str, tuple[Any, ...]]] = [
    ("/re 12 yes, please", ("answer", 12, "yes, please")),
    ("/re #12 yes", ("answer", 12, "yes")),
    ("/re bob yes", ("answer_somebody", "bob", "yes", "bob yes")),
    ("/re yes", ("answer_somebody", "", "", "yes")),
    ("/re 12", ("answer_somebody", "", "", "12")),
    ("/edit", ("edit", "")),
    ("/edit the new text", ("edit", "the new text")),
    ("/delete", ("delete", None)),
    ("/delete [12]", ("delete", 12)),
    ("/react :+1:", ("react", None, "👍")),
    ("/react 12 tada", ("react", 12, "🎉")),
    ("/react 12", ("react", 12, "")),
    ("/react", ("react", None, "")),
]


@pytest.mark.parametrize(("line", "call"), ROWS, ids=[line for line, _ in ROWS])
def test_a_command_asks_for_one_thing(line: str, call: tuple[Any, ...]) -> None:
    """Of the message that is named, or of one that the conversation chooses."""
    assert asked(line) == [call]


def test_every_row_is_tried_here() -> None:
    """The table above has each command."""
    assert {line.split()[0][1:] for line, _ in ROWS} == {command.name for command in MESSAGE_COMMANDS}


@pytest.mark.parametrize("line", [line for line, _ in ROWS])
def test_a_pipe_says_such_lines(line: str) -> None:
    """They may come from anybody."""
    assert understand_piped(line) == Text(line)


def test_every_emoji_is_a_short_sign() -> None:
    """It is a reaction that a server takes, and no name of one is a number of a message by accident but 100."""
    assert all(len(sign) <= 32 and 1 <= width(sign) <= 2 for sign in EMOJI.values())
    assert [name for name in EMOJI if name.isdigit()] == ["100"]
    assert len(EMOJI) > 100


def test_an_unknown_name_is_told_with_one_like_it() -> None:
    """Words are no signs, so that a mistyped name or a misplaced answer is not shown as one; another sign is."""
    with pytest.raises(UnknownEmoji, match="did you mean :rocket:"):
        emoji(":roket:")
    assert emoji("🐌") == "🐌"
    with pytest.raises(UnknownEmoji, match="There is no emoji roket here; did you mean :rocket:"):
        emoji("roket")
    with pytest.raises(UnknownEmoji, match="There is no emoji what a day here"):
        emoji("what a day")


def test_names_of_emoji_are_completed() -> None:
    """As a name behind /react, as the sign in a text, at any place of it."""
    assert complete("/react :tad", Vocabulary()) == ["/react :tada: "]
    assert complete("/react 12 :tad", Vocabulary()) == ["/react 12 :tada: "]
    assert complete("well done :tad", Vocabulary()) == ["well done 🎉 "]
    assert complete(":nothing", Vocabulary()) == []
    assert beginning(":+1:") == []
