"""Typed lines about accounts, as requests: for the plain door and for the operator's console. Pure.

Each takes what stands behind the command's word, and returns a request, or how the command is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from chat_common import is_name, room_problem
from server_parts.protocol.account_requests import (
    DEFAULT_INVITATION,
    GIVEN_ROLES,
    INVITATION_TIME,
    INVITATION_USES,
    AccountRequest,
    ChangeRealName,
    Devices,
    GiveRole,
    Link,
    MakeInvitation,
    Recover,
    Release,
    Whois,
)
from server_parts.protocol.durations import seconds_of
from server_parts.protocol.moderation_requests import ROOM_ROLES, SetRoomRole
from server_parts.protocol.real_names import real_name_problem, tidy

Parse = Callable[[str], AccountRequest | SetRoomRole | str]


class AccountLine(NamedTuple):
    usage: str
    help: str
    parse: Parse


def _about(make: Callable[[str], AccountRequest], usage: str) -> Parse:
    """The parser of a command with one name."""
    return lambda rest: make(rest) if is_name(rest) else f"usage: {usage}"


def give_role(rest: str) -> GiveRole | SetRoomRole | str:
    """A role on the server or, with a room behind it, in that room."""
    words = rest.split()
    name, role, room = (*words, "", "", "")[:3]
    role, room = role.lower(), room.removeprefix("#").lower()
    if (
        len(words) > 3
        or not is_name(name)
        or role not in (ROOM_ROLES if room else GIVEN_ROLES)
        or (room and room_problem(room))
    ):
        return f"usage: /role NAME {'|'.join(GIVEN_ROLES)}, or in a room: /role NAME {'|'.join(ROOM_ROLES)} #ROOM"
    return SetRoomRole(name, room, role) if room else GiveRole(name, role)


def invitation(rest: str) -> AccountRequest | str:
    """`[USES] [TIME]`, in any order: a number of people, and a span of time."""
    uses, seconds = 1, DEFAULT_INVITATION
    for word in rest.split():
        span = seconds_of(word)
        if span is not None and 1 <= span <= INVITATION_TIME:
            seconds = span
        elif span is None and word.isascii() and word.isdigit() and len(word) < 9 and 1 <= int(word) <= INVITATION_USES:
            uses = int(word)
        else:
            days = INVITATION_TIME // 86_400
            return f"write how many people (at most {INVITATION_USES}) and a time (at most {days}d), like 5 2h"
    return MakeInvitation(uses, seconds)


def devices(rest: str) -> AccountRequest | str:
    word, _, number = rest.partition(" ")
    number = number.strip()
    if not rest:
        return Devices()
    if word.lower() != "forget" or not (number.isascii() and number.isdigit() and len(number) < 15):
        return "usage: /devices, or /devices forget NUMBER"
    return Devices(int(number))


def real_name(rest: str) -> AccountRequest | str:
    text = tidy(rest)
    return real_name_problem(text) or ChangeRealName(text) if text else ChangeRealName(None)


WHOIS: Final = AccountLine("/whois NAME", "show who somebody is", _about(Whois, "/whois NAME"))
_INVITATION: Final = AccountLine(
    "/invite-code [USES] [TIME]", "make an invitation, such as /invite-code 5 2h", invitation
)
OF_PEOPLE: Final = (
    AccountLine("/whoami", "show your name and what you may do", lambda rest: Whois(None)),
    WHOIS,
    AccountLine("/realname [TEXT]", "show a name of any script beside yours in lists; alone: no more", real_name),
    AccountLine("/devices [forget N]", "list your account's devices, or remove one", devices),
    AccountLine("/link", "make a code that adds another device to your account", lambda rest: Link()),
    AccountLine("/browser", "make a link that opens the chat in a browser as you", lambda rest: Link(browser=True)),
    _INVITATION,
)
OF_OPERATORS: Final = (
    WHOIS,
    AccountLine("/recover NAME", "make a code that opens somebody's account anew", _about(Recover, "/recover NAME")),
    AccountLine("/release NAME", "delete an account and free its name", _about(Release, "/release NAME")),
    AccountLine("/role NAME ROLE [#ROOM]", "give somebody a role on this server, or in a room", give_role),
    _INVITATION,
)
