"""What the commands of those who keep order ask for, and one sentence for each that is written wrongly."""

from __future__ import annotations

from typing import Any

import pytest

from client_parts.input.moderation_commands import MODERATION_COMMANDS
from tests.client.input.recorder import asked

HERE, EVERYWHERE = {"everywhere": False}, {"everywhere": True}
ROWS = [
    ("/report 12 spam again", ("report", 12, "spam again")),
    ("/report [12] spam", ("report", 12, "spam")),
    ("/report #12 spam", ("report", 12, "spam")),
    ("/report they shout", ("report", None, "they shout")),
    ("/topic tea and cake", ("change_topic", "tea and cake")),
    ("/topic off", ("change_topic", "")),
    ("/topic", ("tell_room",)),
    ("/mode Read-Only", ("change_mode", "read-only")),
    ("/mode", ("tell_room",)),
    ("/slow 10s", ("change_slow", 10)),
    ("/slow off", ("change_slow", 0)),
    ("/slow", ("tell_room",)),
    ("/kick bob", ("kick", "bob", "", HERE)),
    ("/kick @bob be kind", ("kick", "bob", "be kind", HERE)),
    ("/kick -s bob be kind", ("kick", "bob", "be kind", EVERYWHERE)),
    ("/ban bob", ("ban", "bob", None, "", HERE)),
    ("/ban bob 1d spam", ("ban", "bob", 86_400, "spam", HERE)),
    ("/ban bob spam for 1d", ("ban", "bob", None, "spam for 1d", HERE)),
    ("/ban -s 192.0.2.0/24 2w", ("ban", "192.0.2.0/24", 1_209_600, "", EVERYWHERE)),
    ("/ban test bob", ("test_ban", "bob", HERE)),
    ("/ban -s test 192.0.2.0/24", ("test_ban", "192.0.2.0/24", EVERYWHERE)),
    ("/ban @test", ("ban", "test", None, "", HERE)),
    ("/unban -s 192.0.2.0/24", ("unban", "192.0.2.0/24", EVERYWHERE)),
    ("/unban bob", ("unban", "bob", HERE)),
    ("/mute bob 10m loud", ("mute", "bob", 600, "loud", HERE)),
    ("/mute -s bob", ("mute", "bob", None, "", EVERYWHERE)),
    ("/unmute bob", ("unmute", "bob", HERE)),
    ("/voice bob", ("change_role", "bob", "voice", HERE)),
    ("/role bob Moderator", ("change_role", "bob", "moderator", HERE)),
    ("/role -s bob operator", ("change_role", "bob", "operator", EVERYWHERE)),
    ("/bans", ("list_records", "bans", None, HERE)),
    ("/bans -s", ("list_records", "bans", None, EVERYWHERE)),
    ("/reports 5", ("list_records", "reports", 5, HERE)),
    ("/audit -s 200", ("list_records", "audit", 200, EVERYWHERE)),
    ("/lockdown", ("lock_down", None)),
    ("/lockdown 10m", ("lock_down", 600)),
    ("/lockdown off", ("lock_down", 0)),
    ("/servers", ("list_servers",)),
]


@pytest.mark.parametrize(("line", "call"), ROWS)
def test_each_command_does_its_one_thing(line: str, call: tuple[Any, ...]) -> None:
    """A command becomes one call with the words after it, here or on the whole server."""
    assert asked(line) == [call]


def test_every_row_is_tried_here() -> None:
    """The table above covers every command of those who keep order."""
    assert {line.split()[0][1:] for line, _ in ROWS} == {command.name for command in MODERATION_COMMANDS}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("/kick", "A name is missing; write /kick NAME [REASON]"),
        ("/kick -s", "A name is missing; write /kick NAME [REASON]"),
        ("/ban test", "A name is missing; write /ban [test] NAME|ADDRESS [TIME] [REASON]"),
        (
            "/ban bob 10 spam",
            '"10" is not a time like 90s, 10m, 2h, 1d or 2w; write /ban [test] NAME|ADDRESS [TIME] [REASON]',
        ),
        ("/mute bob 10x", '"10x" is not a time like 90s, 10m, 2h, 1d or 2w; write /mute NAME [TIME] [REASON]'),
        ("/mute bob 900w", '"900w" is too long: ten years are the most; write /mute NAME [TIME] [REASON]'),
        ("/unban bob carol", '"carol" is not expected here; write /unban NAME|ADDRESS'),
        ("/unmute", "A name is missing; write /unmute NAME"),
        ("/voice", "A name is missing; write /voice NAME"),
        ("/role bob", "A role is missing; write /role NAME ROLE"),
        (
            "/role bob king",
            '"king" is not a role of a room: there are owner, moderator, voice, member; write /role NAME ROLE',
        ),
        (
            "/role -s bob voice",
            '"voice" is not a role of the server: there are operator, member; write /role NAME ROLE',
        ),
        ("/slow fast", '"fast" is not a time like 90s, 10m, 2h, 1d or 2w; write /slow [TIME|off]'),
        (
            "/mode closed",
            '"closed" is not a mode: there are open, moderated, read-only, invite; write /mode [MODE]',
        ),
        ("/report", "A reason is missing; write /report [ID] REASON"),
        ("/report 12", "A reason is missing; write /report [ID] REASON"),
        ("/audit 201", '"201" is not a number from 1 to 200; write /audit [N]'),
        ("/bans all", '"all" is not a number from 1 to 200; write /bans [N]'),
        ("/lockdown now", '"now" is not a time like 90s, 10m, 2h, 1d or 2w; write /lockdown [TIME|off]'),
    ],
)
def test_what_is_written_wrongly_is_said_in_one_sentence(line: str, sentence: str) -> None:
    """What was wrong, and how the command is written; nothing is asked for."""
    assert asked(line) == [("tell", sentence)]
