"""Typed lines mean what a person expects, and nothing that begins with a slash is sent by accident."""

from __future__ import annotations

import re
from typing import Any

import pytest

from client_parts.input.account_commands import ACCOUNT_COMMANDS
from client_parts.input.command import Command
from client_parts.input.commands import COMMANDS, Mistake, Order, Text, help_text, understand, understand_piped
from client_parts.input.file_commands import FILE_COMMANDS
from client_parts.input.habits import HABITS
from client_parts.input.message_commands import MESSAGE_COMMANDS
from client_parts.input.moderation_commands import MODERATION_COMMANDS
from client_parts.input.settings_commands import SETTINGS_COMMANDS
from terminal_parts.width import wrap
from tests.client.input.recorder import asked

OTHERS = (*MESSAGE_COMMANDS, *FILE_COMMANDS, *SETTINGS_COMMANDS, *ACCOUNT_COMMANDS, *MODERATION_COMMANDS)
EVERYDAY = [command for command in COMMANDS if command not in OTHERS]


def test_a_number_of_five_thousand_digits_is_bad_usage() -> None:
    """Python itself refuses to read such a number; the client says how the command is used."""
    assert asked("/history " + "1" * 5_000) == [
        ("tell", "Usage: /history [N]: Show N older messages (1 to 500; 20 if not given).")
    ]


ROWS = [
    ("/nick bob", ("change_name", "bob")),
    ("/color red", ("change_color", "red")),
    ("/who", ("who", "")),
    ("/names builds", ("who", "builds")),
    ("/rooms", ("list_rooms", "")),
    ("/join builds", ("join", "builds")),
    ("/j builds", ("join", "builds")),
    ("/leave", ("leave", "")),
    ("/part builds", ("leave", "builds")),
    ("/switch @bob", ("switch", "@bob")),
    ("/switch", ("switch", "")),
    ("/next", ("next",)),
    ("/next 3", ("nth", 3)),
    ("/only", ("show_only_one", "")),
    ("/only ON", ("show_only_one", "on")),
    ("/msg bob hello there", ("say_privately", "bob", "hello there")),
    ("/m @bob hi", ("say_privately", "bob", "hi")),
    ("/msg bob\none\n  two", ("say_privately", "bob", "one\n  two")),
    ("/say\nexit\nover", ("say", "exit\nover")),
    ("/me waves\nagain", ("say", "/me waves\nagain")),
    ("/reply yes, of course", ("reply", "yes, of course")),
    ("/r ok", ("reply", "ok")),
    ("/me waves", ("say", "/me waves")),
    ("/history", ("older", 20)),
    ("/history 500", ("older", 500)),
    ("/search two words", ("search", "two words")),
    ("/more", ("more",)),
    ("/context 5", ("show_context", 5, "")),
    ("/context [5] #den", ("show_context", 5, "#den")),
    ("/ignore", ("ignore", "")),
    ("/ignore bob", ("ignore", "bob")),
    ("/unignore bob", ("unignore", "bob")),
    ("/away", ("away", "")),
    ("/away at lunch", ("away", "at lunch")),
    ("/back", ("away", None)),
    ("/mentions", ("list_mentions",)),
    ("/bell OFF", ("choose", "bell", "off")),
    ("/bell", ("tell", "bell")),
    ("/joins smart", ("choose", "joins", "smart")),
    ("/theme Light", ("choose", "theme", "light")),
    ("/theme", ("tell", "theme")),
    ("/clear", ("clear",)),
    ("/say over", ("say", "over")),
    ("/SAY  over ", ("say", "over")),
]


@pytest.mark.parametrize(("line", "call"), ROWS)
def test_each_command_does_its_one_thing(line: str, call: tuple[Any, ...]) -> None:
    """A command, under each of its names, becomes one call with the words after it."""
    assert asked(line) == [call]


def test_short_forms_do_not_read_as_part_of_the_syntax() -> None:
    """They stand apart, in brackets, in a usage line and in the list."""
    assert asked("/reply") == [("tell", "Usage: /reply TEXT (or /r): Answer the last private message.")]
    assert "  /join ROOM (or /j)  " in help_text()
    assert "  /exit (or /quit)  " in help_text()


def test_every_row_is_tried_here() -> None:
    """The table above covers every command of every day and its aliases, but those of leaving and help."""
    tried = {line.split()[0][1:].lower() for line, _ in ROWS}
    known = {word for command in EVERYDAY for word in (command.name, *command.aliases)}
    assert known - tried == {"help", "exit", "quit"}


@pytest.mark.parametrize(
    "line",
    [
        *(
            "/nick",
            "/join",
            "/only maybe",
            "/msg",
            "/msg bob",
            "/msg @",
            "/reply",
            "/me",
            "/search",
            "/unignore",
            "/say",
        ),
        *(
            "/history 0",
            "/history 501",
            "/history many",
            "/history -1",
            "/history ²",
            "/bell loud",
            "/joins x",
            "/theme pink",
        ),
    ],
)
def test_a_missing_or_wrong_argument_shows_the_usage(line: str) -> None:
    """Nothing is done; the usage line is told."""
    [(verb, text)] = asked(line)
    assert verb == "tell"
    assert text.startswith(f"Usage: /{line.split()[0][1:]}")


@pytest.mark.parametrize("line", ["/exit", "/quit", "exit", "quit", "over", "EXIT", " Over ", "/Quit", "/exit now"])
def test_exit_words_leave(line: str) -> None:
    """All the ways to say goodbye, in any case."""
    intent = understand(line)
    assert isinstance(intent, Order)
    assert intent.is_exit


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("hello", "hello"),
        ("  indented", "  indented"),
        ("//etc/passwd", "/etc/passwd"),
        ("///", "//"),
        ("over and out", "over and out"),
        ("a /nick b", "a /nick b"),
    ],
)
def test_everything_else_is_text(line: str, text: str) -> None:
    """Plain lines are sent as they are; two slashes send one."""
    assert understand(line) == Text(text)


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("/nickk bob", "/nick?"),
        ("/jion x", "/join?"),
        ("/query bob", "/switch @NAME?"),
        ("/LIST", "/rooms?"),
        ("/notice bob hi", "/msg NAME TEXT?"),  # and not /voice, which looks alike
        ("/zzzzz", "/help"),
        ("/", "/help"),
    ],
)
def test_an_unknown_command_is_a_mistake_with_a_hint(line: str, hint: str) -> None:
    """A mistyped command is never a message, and the nearest real one is named."""
    intent = understand(line)
    assert isinstance(intent, Mistake)
    assert hint in intent.sentence


def test_habits_of_other_chats_lead_to_commands_that_there_are() -> None:
    """No hint names a command that does not exist, and no command that exists is hidden by a hint."""
    known = {word for command in COMMANDS for word in (command.name, *command.aliases)}
    assert {hint.split(" ")[0] for hint in HABITS.values()} <= known
    assert not known & HABITS.keys()


def test_a_mistake_cannot_steer_the_terminal() -> None:
    """The unknown word comes back harmless."""
    intent = understand("/\x1b[2J")
    assert isinstance(intent, Mistake)
    assert "\x1b" not in intent.sentence


@pytest.mark.parametrize("line", ["over", "exit", "/unknown x", "/", "//comment", "/usr/bin/ls", " /nick x"])
def test_a_pipe_sends_what_is_not_a_known_command(line: str) -> None:
    """A build's output is text, whatever it looks like."""
    assert understand_piped(line) == Text(line)


def test_a_pipe_may_command() -> None:
    """A known command is obeyed, two slashes before one send it as text, and the middle of a long line is text."""
    order = understand_piped("/join builds")
    assert isinstance(order, Order)
    assert order.command.name == "join"
    assert understand_piped("//join builds") == Text("/join builds")
    assert understand_piped("/join builds", continues=True) == Text("/join builds")


@pytest.mark.parametrize(
    "line",
    [
        *("/ban alice", "/role mallory operator", "/password off", "/kick -s bob", "/release alice"),
        *("/set notify_command rm -r /", "/style classic"),
    ],
)
def test_what_a_program_passes_on_keeps_no_order(line: str) -> None:
    """It may come from anybody: it is said, and not carried out with the rights of whoever runs the client."""
    assert isinstance(understand(line), Order)
    assert understand_piped(line) == Text(line)
    assert understand_piped(f"/{line}") == Text(f"/{line}")


def test_help_lists_every_command_and_explains_each() -> None:
    """/help all has a row for each command; /help COMMAND, by any name, has its usage."""
    [(_, listing, second_column)] = asked("/help all")
    assert listing == help_text()
    assert listing.splitlines()[1][second_column:] == COMMANDS[0].help
    for command in COMMANDS:
        assert f"{command.usage}" in listing
        for word in (command.name, *command.aliases):
            [(_, one)] = asked(f"/help /{word}")
            assert one.startswith(command.usage)
            assert command.help in one


def test_help_fits_a_small_terminal() -> None:
    """Every command of every day in a few rows, none of them broken in 80 columns, and where the others are."""
    [(_, text, hang), (_, more)] = asked("/help")
    assert [command.name for command in EVERYDAY if f"/{command.name}" not in text.split()] == []
    assert wrap(text, 80, hang) == text.split("\n")
    for other in ("messages", "files", "settings", "account", "moderation", "all"):
        assert other in more
    assert len(wrap(text, 40, hang) + wrap(more, 40)) <= 16


@pytest.mark.parametrize(
    ("topic", "commands"),
    [
        ("messages", MESSAGE_COMMANDS),
        ("files", FILE_COMMANDS),
        ("settings", SETTINGS_COMMANDS),
        ("account", ACCOUNT_COMMANDS),
        ("/moderation", MODERATION_COMMANDS),
    ],
)
def test_help_has_pages_for_what_is_not_of_every_day(topic: str, commands: tuple[Command, ...]) -> None:
    """A row for each command of that kind, and no other; in a small terminal each keeps to its columns."""
    [(_, listing, second_column)] = asked(f"/help {topic}")
    rows = re.split(r"\n  (?=/)", listing)[1:]
    assert [re.split(r"\s{2,}", row) for row in rows] == [[command.usage, command.help] for command in commands]
    assert all(line[second_column - 1 :].startswith(" ") or len(line) < 60 for line in listing.splitlines()[1:])
    assert len(wrap(listing, 80, second_column)) <= 3 * len(commands)


def test_help_lists_the_keys() -> None:
    """In two columns, which an ordinary terminal keeps."""
    [(_, listing, second_column)] = asked("/help keys")
    assert "Alt+Enter, Ctrl+J" in listing
    assert all(len(row) - len(row.lstrip()) in (0, 2) for row in listing.splitlines())
    assert all(row[second_column - 1 :].startswith(" ") for row in wrap(listing, 80, second_column)[1:])


def test_help_for_nothing_known_says_so() -> None:
    """/help with a mistyped word gives the same hint as the word itself."""
    [(_, text)] = asked("/help nickk")
    assert "/nick?" in text
