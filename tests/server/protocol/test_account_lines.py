"""What is typed about accounts, at the plain door and at the operator's terminal."""

from __future__ import annotations

import pytest

from server_parts.protocol.account_lines import OF_OPERATORS, OF_PEOPLE, devices, give_role, invitation
from server_parts.protocol.account_requests import (
    DEFAULT_INVITATION,
    Devices,
    GiveRole,
    Login,
    MakeInvitation,
    Password,
    Recover,
    Release,
    Secret,
    Whois,
)
from server_parts.protocol.moderation_requests import SetRoomRole
from server_parts.protocol.requests import Hello


@pytest.mark.parametrize(
    ("typed", "made"),
    [
        ("", MakeInvitation(1, DEFAULT_INVITATION)),
        ("5", MakeInvitation(5, DEFAULT_INVITATION)),
        ("2h", MakeInvitation(1, 7_200)),
        ("5 1d", MakeInvitation(5, 86_400)),
        ("1d 5", MakeInvitation(5, 86_400)),
    ],
)
def test_invitations(typed: str, made: MakeInvitation) -> None:
    """A number of people and a time, in any order, or neither."""
    assert invitation(typed) == made


@pytest.mark.parametrize("typed", ["0", "1001", "soon", "0s", "99999d", "5 people"])
def test_invitations_that_are_none(typed: str) -> None:
    """A sentence says what to write."""
    assert "like 5 2h" in str(invitation(typed))


def test_devices_and_roles() -> None:
    """A list, or one to forget; one of two roles."""
    assert (devices(""), devices("forget 3"), devices("FORGET 3")) == (Devices(), Devices(3), Devices(3))
    assert [isinstance(devices(text), str) for text in ("forget", "forget x", "3")] == [True] * 3
    assert give_role("bob  Operator") == GiveRole("bob", "operator")
    assert [isinstance(give_role(text), str) for text in ("bob", "bob owner", "", "b!b member")] == [True] * 4


def test_a_role_in_a_room() -> None:
    """Its name comes last; a role that there is not, or a word too many, is answered with the form."""
    assert give_role("bob owner #Tea") == give_role("bob OWNER tea") == SetRoomRole("bob", "tea", "owner")
    assert give_role("bob member #tea") == SetRoomRole("bob", "tea", "member")
    wrong = ("bob operator #tea", "bob owner #t!a", "bob owner #tea x", "bob king #tea")
    assert [str(give_role(text))[:6] for text in wrong] == ["usage:"] * 4


def test_commands_with_a_name() -> None:
    """They want one."""
    made = {line.usage.split()[0]: line.parse for line in (*OF_PEOPLE, *OF_OPERATORS)}
    assert (made["/whois"]("bob"), made["/whoami"]("")) == (Whois("bob"), Whois(None))
    assert (made["/recover"]("bob"), made["/release"]("bob")) == (Recover("bob"), Release("bob"))
    assert made["/release"]("two words") == "usage: /release NAME"


def test_secrets_are_not_in_what_is_logged() -> None:
    """A record that holds one does not show it."""
    secret = Secret("correct horse")
    shown = repr([Hello("alice", "s" * 16, password=secret), Password(secret, None), Login("alice", secret)])
    assert "correct" not in shown
    assert secret == "correct horse"
