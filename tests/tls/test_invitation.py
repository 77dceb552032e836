"""The link that invites somebody: what is written is read again, and what is wrong with one is said."""

from __future__ import annotations

import pytest

from chat_common import DEFAULT_PORT
from tls_parts.invitation import Invitation, read_link
from tls_parts.public_key import encoded, is_same

KEY = bytes(range(32))


@pytest.mark.parametrize(
    "invitation",
    [
        Invitation("192.168.1.7", 3030, "lobby", KEY[:12]),
        Invitation("chat.example", 4000),
        Invitation("::1", 3030, "a.b-c_1", KEY[:12]),
        Invitation("chat.example", 4000, None, KEY[:12]),
        Invitation("a.example", 3030, "lobby", KEY[:12], (("::1", 3031), ("c.example", 4000))),
    ],
)
def test_what_is_written_is_read_again(invitation: Invitation) -> None:
    assert read_link(str(invitation)) == invitation


def test_a_link_names_the_key_in_words() -> None:
    link = str(Invitation("192.168.1.7", 3030, "lobby", KEY))
    assert link.startswith("chat://192.168.1.7:3030/lobby#")
    key = read_link(link).key
    assert key is not None
    assert is_same(KEY, key)


def test_a_link_names_all_servers_of_a_chat() -> None:
    """In the order in which they are to be tried."""
    link = "chat://a:3030,b:3031/lobby"
    assert str(read_link(link)) == link
    assert read_link("chat://a,b").others == (("b", DEFAULT_PORT),)


def test_the_whole_key_may_be_given() -> None:
    assert read_link(f"chat://chat.example#{encoded(KEY)}") == Invitation("chat.example", DEFAULT_PORT, None, KEY)


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ("http://chat.example", "write chat://"),
        ("chat://", "write chat://"),
        ("chat://:3030", "write chat://"),
        ("chat://a,,b", "write chat://"),
        ("chat://a,:3030", "write chat://"),
        ("chat://a,b:70000", "use a number"),
        ("chat://chat.example:70000", "use a number"),
        ("chat://chat.example/Lobby Room", "room name"),
        ("chat://chat.example#", "six words"),
        ("chat://chat.example/lobby#lusab", "six words"),
    ],
)
def test_what_is_wrong_is_said(link: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_link(link)
