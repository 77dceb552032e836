"""The operator's commands that keep order: what a line asks for, and a few of them at a real server."""

from __future__ import annotations

import pytest

from server_parts.operator.commands import COMMANDS
from server_parts.operator.moderation_commands import ROWS, Orders
from server_parts.protocol import moderation_requests as ask
from server_parts.protocol.moderation_requests import ModerationRequest

REQUESTS: list[tuple[str, ModerationRequest]] = [
    ("kick bob", ask.Kick("bob")),
    ("kick -r tea bob flood", ask.Kick("bob", "flood", "tea")),
    ("ban bob 10m", ask.Ban("bob", None, None, 600)),
    ("ban -r #Tea bob", ask.Ban("bob", None, "tea")),
    ("ban 192.0.2.0/24", ask.Ban(None, "192.0.2.0/24")),
    ("unban bob", ask.Unban("bob")),
    ("bans", ask.ListActs("bans")),
    ("bans -r tea", ask.ListActs("bans", "tea")),
    ("mute bob 1h", ask.Mute("bob", None, 3_600)),
    ("unmute bob", ask.Unmute("bob")),
    ("slow -r tea 5s", ask.SetRoom("tea", slow=5)),
    ("mode -r tea invite", ask.SetRoom("tea", mode="invite")),
    ("topic -r tea All about cups", ask.SetRoom("tea", topic="All about cups")),
    ("audit 5", ask.ListActs("audit", None, None, 5)),
    ("reports", ask.ListActs("reports")),
    ("lockdown 5m", ask.Lockdown(300)),
    ("delete -r tea 4", ask.Delete("tea", 4)),
    ("slow off", ask.SetRoom("den", slow=0)),
    ("topic Cups", ask.SetRoom("den", topic="Cups")),
    ("voice bob", ask.SetRoomRole("bob", "den", "voice")),
    ("invite -r tea bob", ask.InviteToRoom("tea", "bob")),
]


@pytest.mark.parametrize(("line", "request_"), REQUESTS, ids=[line for line, _ in REQUESTS])
def test_what_a_line_asks_for(line: str, request_: ModerationRequest) -> None:
    """On the whole server, unless a room is named; what is about a room means the one that the operator talks in."""
    word, _, rest = line.partition(" ")
    assert Orders().request(word, rest, "den") == request_


@pytest.mark.parametrize(
    "line", ["kick", "slow", "mode open-ish", "topic", "delete x", "kick -r b!b bob", "kick -r", "topic -r b!b x"]
)
def test_what_is_not_written_so_is_shown(line: str) -> None:
    """The line's form is shown."""
    word, _, rest = line.partition(" ")
    found = Orders().request(word, rest)
    assert isinstance(found, str)
    assert found.startswith(f"usage: /{word}")


def test_how_a_time_is_written_is_said_where_one_is_wanted() -> None:
    """A slip in it must not make a ban for good."""
    assert str(Orders().request("ban", "bob 10min")).endswith("[REASON]; a TIME is like 90s, 10m, 2h or 1d")
    assert "TIME" not in str(Orders().request("kick", ""))


def test_a_ban_that_is_typed_again_is_meant() -> None:
    """As at the plain door."""
    orders = Orders()
    made = [orders.request("ban", name) for name in ("bob", "eve", "eve")]
    assert [isinstance(one, ask.Ban) and one.sure for one in made] == [False, False, True]


def test_each_is_a_command_of_the_console() -> None:
    """With its usage and its help."""
    assert {row.word for row in ROWS} <= COMMANDS.keys()
    assert all(COMMANDS[row.word].usage == row.usage for row in ROWS if row.word != "delete")
