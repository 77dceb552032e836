"""What the commands about accounts ask for, and one sentence for each that is written wrongly."""

from __future__ import annotations

from typing import Any

import pytest

from client_parts.input.account_commands import ACCOUNT_COMMANDS
from tests.client.input.recorder import asked

ROWS = [
    ("/whoami", ("whoami",)),
    ("/realname  Анна  Белл", ("change_real_name", "Анна  Белл")),
    ("/realname", ("change_real_name", "")),
    ("/whois @Bob", ("whois", "Bob")),
    ("/devices", ("list_devices",)),
    ("/devices forget 2", ("forget_device", 2)),
    ("/devices FORGET 2", ("forget_device", 2)),
    ("/link", ("link_device",)),
    ("/browser", ("open_browser",)),
    ("/invite bob", ("invite_to_room", "bob")),
    ("/invite-code", ("invite_to_server", None, None)),
    ("/invite-code 5", ("invite_to_server", 5, None)),
    ("/invite-code 2d", ("invite_to_server", None, 172_800)),
    ("/invite-code 5 2d", ("invite_to_server", 5, 172_800)),
    ("/block", ("block", "")),
    ("/block bob", ("block", "bob")),
    ("/unblock bob", ("unblock", "bob")),
    ("/recover bob", ("recover", "bob")),
    ("/release bob", ("release", "bob")),
    ("/password", ("tell", "A password can be changed only in a terminal, where it can be typed unseen.")),
]


@pytest.mark.parametrize(("line", "call"), ROWS)
def test_each_command_does_its_one_thing(line: str, call: tuple[Any, ...]) -> None:
    """A command becomes one call with the words after it."""
    assert asked(line) == [call]


def test_every_row_is_tried_here() -> None:
    """The table above covers every command about accounts."""
    assert {line.split()[0][1:] for line, _ in ROWS} == {command.name for command in ACCOUNT_COMMANDS}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("/whoami now", '"now" is not expected here; write /whoami'),
        ("/whois", "A name is missing; write /whois NAME"),
        ("/whois bob and carol", '"and carol" is not expected here; write /whois NAME'),
        ("/devices forget", "A number of the list is missing; write /devices [forget N]"),
        ("/devices forget x", '"x" is not a number of the list; write /devices [forget N]'),
        ("/devices drop 1", '"drop 1" is not "forget" and a number of the list; write /devices [forget N]'),
        ("/invite", "A name is missing; write /invite NAME"),
        ("/invite-code 0", '"0" is not a number of uses from 1 to 1000; write /invite-code [USES] [TIME]'),
        ("/invite-code soon", '"soon" is not a time like 90s, 10m, 2h, 1d or 2w; write /invite-code [USES] [TIME]'),
        ("/invite-code 1 2d 3d", '"3d" is not expected here; write /invite-code [USES] [TIME]'),
        ("/unblock", "A name is missing; write /unblock NAME"),
        ("/recover @", "A name is missing; write /recover NAME"),
        ("/release", "A name is missing; write /release NAME"),
        (
            "/password hunter2",
            "A password does not belong on the command's line, it is asked for afterwards; write /password [off]",
        ),
    ],
)
def test_what_is_written_wrongly_is_said_in_one_sentence(line: str, sentence: str) -> None:
    """What was wrong, and how the command is written; nothing is asked for."""
    assert asked(line) == [("tell", sentence)]


def test_a_sentence_about_a_mistake_cannot_steer_the_terminal() -> None:
    """The wrong word comes back harmless."""
    [(_, sentence)] = asked("/mode \x1b[2J")
    assert "\x1b" not in sentence
