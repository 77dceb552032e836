"""Who may ask for what: one table, looked at once for each request, before it is carried out.

It must not know sockets, live rooms or how a request is carried out.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from chat_common import partners
from server_parts.people.clients import Client
from server_parts.people.roles import Role
from server_parts.protocol import account_requests as account
from server_parts.protocol import requests as ask
from server_parts.protocol.requests import Refusal, Request
from server_parts.storage.account_store import AccountStore


class _Needs(NamedTuple):
    """What a request needs of whoever makes it."""

    hello: bool = True
    role: Role = Role.GUEST
    own_room: bool = True  # its `room`, if that is a private one, is one's own
    speaking: bool = False  # it is something that is said


_ANYBODY: Final = _Needs(hello=False)
_SOMEBODY: Final = _Needs()
_NEEDS: Final[dict[type, _Needs]] = {
    ask.Hello: _ANYBODY,
    ask.Bye: _ANYBODY,
    ask.Ping: _ANYBODY,
    ask.Answer: _ANYBODY,
    ask.Refusal: _ANYBODY,
    ask.EndConnection: _ANYBODY,
    ask.StartAgain: _ANYBODY,
    ask.Disconnected: _ANYBODY,
    ask.Leave: _Needs(own_room=False),
    ask.Say: _Needs(speaking=True),
    ask.Kick: _Needs(role=Role.OPERATOR),
    account.Login: _ANYBODY,
    account.Redeem: _ANYBODY,
    account.Devices: _Needs(role=Role.MEMBER),
    account.Link: _Needs(role=Role.MEMBER),
    account.MakeInvitation: _Needs(role=Role.MEMBER),
    account.Recover: _Needs(role=Role.OPERATOR),
    account.Release: _Needs(role=Role.OPERATOR),
    account.GiveRole: _Needs(role=Role.OWNER),
}

HELLO_FIRST: Final = Refusal("hello_first", "say hello first", "type")
LOG_IN_FIRST: Final = Refusal("hello_first", "you are not in yet: type /login NAME, or /invite CODE", "type")
NOT_ALLOWED: Final = Refusal("not_allowed", "only the operator of this server may do that", "type")
_WITHOUT_ROLE: Final = {
    Role.MEMBER: NOT_ALLOWED._replace(text="for that you need an account: a name that you have claimed"),
    Role.OPERATOR: NOT_ALLOWED,
    Role.OWNER: NOT_ALLOWED._replace(text="only the owner of this server, at its terminal, may do that"),
}
READ_ONLY: Final = Refusal(
    "not_allowed", "only people with an account may say something on this server: /nick NAME, then /password makes one"
)
DENIED: Final = Refusal("denied", "that conversation is private", "room")


def refusal(client: Client, request: Request) -> Refusal | None:
    """Why this client may not ask for that; None if it may."""
    hello, role, own_room, speaking = _NEEDS.get(type(request), _SOMEBODY)
    if hello and client.session is None:
        return LOG_IN_FIRST if client.encoder.is_for_people else HELLO_FIRST
    if client.role < role:
        return _WITHOUT_ROLE[role]
    if speaking and not client.may_speak:
        return READ_ONLY
    room: str | None = getattr(request, "room", None)
    if room is not None and room.startswith("@") and own_room and not client.takes_part(client.resolve(room)):
        return DENIED
    return None


def floor_of(client: Client, accounts: AccountStore, room: str) -> int | None:
    """The number up to which a client may not read a room; None: it may read nothing that was said."""
    if not partners(room):
        return 0
    if not (client.trusted and client.takes_part(room)):
        return None
    return accounts.private_rooms(client.name).get(room, 0)


def may_know(client: Client, room: str) -> bool:
    """Whether a client may learn that there is such a room."""
    return not partners(room) or room in client.rooms or (client.trusted and client.takes_part(room))
